/* SPDX-License-Identifier: Apache-2.0 */
/* What each format has of an incident, of a limit and of what belongs to it. */
#include <string.h>

#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

#define ID "sensor-07-0123456789abcdef-i7"
#define SENTENCE                                                                                   \
    "256 sources (estimated, +-3 %) sent 512,820 probes to 198.51.100.7 port 80 in 24 s; "         \
    "source addresses may be forged; looks like a flood; still going on; "                         \
    "39 records of others follow from it"
#define OBJECT                                                                                     \
    "\"incident\":{\"id\":\"" ID                                                                   \
    "\",\"state\":\"update\",\"records\":512820,\"line\":\"target\",\"nature\":\"probe\","         \
    "\"first\":\"2026-11-23T14:04:45.123456Z\",\"last\":\"2026-11-23T14:05:09.123456Z\","          \
    "\"bystanders\":39,\"logins\":0,\"succeeded\":false,"                                          \
    "\"bytes_toserver\":20512800,\"bytes_toclient\":0,\"sources\":{\"n\":256,\"estimate\":true,"   \
    "\"top\":[{\"ip\":\"203.0.113.7\",\"n\":2100},{\"ip\":\"2001:db8::\",\"n\":1900}]},"           \
    "\"targets\":{\"n\":1,\"estimate\":false,\"top\":[{\"ip\":\"198.51.100.7\",\"n\":512820}],"    \
    "\"answered\":1},\"ports\":{\"n\":1,\"estimate\":false,\"top\":[{\"port\":80,\"n\":512820}]}}"
#define HINT  "\"hint\":\"flood\",\"technique\":\"T1498\""
#define PLACE "\"pcap_filename\":\"/var/lib/x.pcap\",\"pcap_cnt\":4711"

static void all_are_in(const char *format, const struct gad_event *e, const char *const *texts)
{
    const char *line = fixture_line(format, e, GAD_DETAIL_ALL, NULL);

    for (; *texts; texts++)
        if (!strstr(line, *texts))
            fail_msg("%s: '%s' is not in %s", format, *texts, line);
}

static void an_incident_in_each_format(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text[13];
    } rows[] = {
        {"json",
         {OBJECT, HINT, PLACE, "\"sentence\":\"" SENTENCE "\"", "\"p_extrapolated\":true",
          "\"client\":\"probe-3\"", "\"evidence\":\"/var/lib/7.pcapng\"",
          "\"flow\":{\"bytes_toserver\":40,\"bytes_toclient\":0,\"pkts_toserver\":1,"
          "\"pkts_toclient\":0,"}},
        {"eve",
         {OBJECT, HINT, PLACE, "\"sentence\":\"" SENTENCE "\"", "\"p_extrapolated\":true",
          "\"client\":\"probe-3\"", "\"evidence\":\"/var/lib/7.pcapng\"",
          "\"bytes_toclient\":0,\"pkts_toserver\":1,\"pkts_toclient\":0,",
          "\"signature_id\":2,\"rev\":1,\"signature\":\"GANAD looks like a flood (model ",
          "\"metadata\":{\"mitre_technique_id\":[\"T1498\"],"
          "\"mitre_technique_name\":[\"Network_Denial_of_Service\"]}"}},
        {"ecs",
         {OBJECT, HINT, PLACE, "\"message\":\"" SENTENCE "\"", "\"p_extrapolated\":true",
          "\"client\":\"probe-3\"", "\"evidence\":\"/var/lib/7.pcapng\"",
          "\"bytes\":40,\"packets\":1}",
          "\"related\":{\"ip\":[\"192.0.2.44\",\"198.51.100.7\",\"203.0.113.7\",\"2001:db8::\"]}",
          "\"threat\":{\"framework\":\"MITRE ATT&CK\",\"technique\":{\"id\":[\"T1498\"],"
          "\"name\":[\"Network Denial of Service\"]}}",
          "\"rule\":{\"id\":\"32473:2\",\"name\":\"looks like a flood\""}},
        {"ocsf",
         {OBJECT, HINT, PLACE, "\"message\":\"" SENTENCE "\"", "\"p_extrapolated\":true",
          "\"activity_id\":2,\"activity_name\":\"Update\",\"type_uid\":200402",
          "\"finding_info\":{\"title\":\"Looks like a flood\",\"uid\":\"" ID "\"",
          "\"attacks\":[{\"technique\":{\"uid\":\"T1498\",\"name\":\"Network Denial of "
          "Service\"}}]",
          "\"correlation_uid\":\"" ID "\"", "\"packets_out\":1,\"packets_in\":0",
          "\"client\":\"probe-3\""}},
        {"cef",
         {"|32473:1|Looks like a flood|", "msg=" SENTENCE, " ganadIncident=" ID " ",
          " ganadHint=flood ganadTechnique=T1498 ",
          " ganadIncidentState=update ganadIncidentRecords=512820 ganadIncidentLine=target ",
          " ganadBystanders=39 ganadLogins=0 ",
          " ganadSources=256 ganadTargets=1 ganadPorts=1 ganadAnswered=1 ganadEstimated=sources ",
          " ganadTopSources=203.0.113.7 (2100), 2001:db8:: (1900) ", " ganadTopPorts=80 (512820) ",
          " ganadPExtrapolated=1 ", " ganadSrcPackets=1 ganadDstPackets=0 ",
          " ganadPcapFilename=/var/lib/x.pcap ganadPcapCnt=4711 ganadEvidence="}},
        {"leef",
         {"^msg=" SENTENCE,
          "^incident=" ID "^incidentState=update^incidentRecords=512820^incidentLine=target^",
          "^sources=256^targets=1^ports=1^answered=1^estimated=sources^topSources=203.0.113.7 ",
          "^hint=flood^technique=T1498^", "^pcapFilename=/var/lib/x.pcap^pcapCnt=4711^"}},
        {"syslog",
         {"] " SENTENCE, " incident=\"" ID "\" incidentState=\"update\" ",
          " sources=\"256\" targets=\"1\" ports=\"1\" answered=\"1\" estimated=\"sources\" ",
          " hint=\"flood\" technique=\"T1498\" ", " client=\"probe-3\" pcapFilename="}},
        {"journal",
         {"MESSAGE=" SENTENCE "\n", "\nGANAD_INCIDENT=" ID "\nGANAD_INCIDENT_STATE=update\n",
          "\nGANAD_TOP_TARGETS=198.51.100.7 (512820)\n", "\nGANAD_HINT=flood\n",
          "\nGANAD_EVIDENCE=/var/lib/7.pcapng\n"}}};
    const struct gad_event e = fixture_incident();

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        all_are_in(rows[i].format, &e, rows[i].text);
}

static void a_limit_in_each_format(void **state)
{
    (void)state;
    static const char json[] = "\"causes\":[{\"n\":34000,\"hint\":\"flood\"},{\"n\":579}],"
                               "\"sources\":[{\"ip\":\"203.0.113.7\",\"n\":30000}]";
    static const char numbers[] = "\"period\":60,\"high\":12,\"medium\":34567,\"low\":0";
    static const struct {
        const char *format, *text[5];
    } rows[] = {
        {"json",
         {"\"event_type\":\"limit\"", json, numbers, "\"sentence\":\"alerts were limited: "}},
        {"eve", {"\"event_type\":\"engine\"", json, numbers}},
        {"ecs", {"\"dataset\":\"ganad.limit\"", json, numbers}},
        {"ocsf", {"\"activity_name\":\"limit\"", "\"severity_id\":3", json, numbers}},
        {"cef", {"|32473:8|Alerts were limited|5|", " ganadCauses=flood (34000), none (579) "}},
        {"leef", {"|32473:8|", "^sev=5^", "^topSources=203.0.113.7 (30000)^", "^n_high=12^"}},
        {"syslog", {"<132>1 ", " LIMIT ", " causes=\"flood (34000), none (579)\" "}},
        {"journal", {"MESSAGE_ID=" GAD_MESSAGE_ID_LIMIT "\n", "\nGANAD_N_MEDIUM=34567\n"}}};
    const struct gad_event e = fixture_limit();

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        all_are_in(rows[i].format, &e, rows[i].text);
}

/* Without the lists when the line has to be short. */
static void less_detail_has_no_lists(void **state)
{
    (void)state;
    const struct gad_event e = fixture_incident();
    const char *line = fixture_line("json", &e, GAD_DETAIL_ONE_REASON, NULL);

    assert_non_null(strstr(line, "\"sources\":{\"n\":256,\"estimate\":true,\"top\":[]}"));
    assert_null(strstr(fixture_line("leef", &e, GAD_DETAIL_ONE_REASON, NULL), "topSources"));
}

static void what_is_expected_is_no_reason(void **state)
{
    (void)state;
    static const char *const formats[] = {"json", "eve",  "ecs",    "ocsf",
                                          "cef",  "leef", "syslog", "journal"};
    struct gad_event e = fixture_alert();

    e.alert.top[0] = (struct gad_reason){GAD_SERVICE, 5, 5, 0.58};
    e.alert.top[1] = (struct gad_reason){GAD_RERROR_RATE, 0.5, 0.004, 0.2};
    for (size_t i = 0; i < 8; i++)
        for (int d = GAD_DETAIL_NO_FEATURES; d <= GAD_DETAIL_ONE_REASON; d++) {
            const char *line = fixture_line(formats[i], &e, (enum gad_detail)d, NULL);
            assert_non_null(strstr(line, "rerror_rate"));
            assert_null(strstr(line, "58%"));
            assert_null(strstr(line, "\"expected\":\"smtp\""));
            assert_null(strstr(line, "0.58"));
        }
}

static void one_ticket_an_incident(void **state)
{
    (void)state;
    static const struct {
        enum gad_incident_state state;
        int activity;
    } rows[] = {{GAD_INCIDENT_OPEN, 1}, {GAD_INCIDENT_UPDATE, 2}, {GAD_INCIDENT_CLOSED, 3}};
    struct gad_event e = fixture_incident();
    json_t *j;

    for (size_t i = 0; i < 3; i++) {
        e.seq++;
        e.alert.incident.state = rows[i].state;
        j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);
        assert_int_equal(fixture_int(j, "activity_id"), rows[i].activity);
        assert_int_equal(fixture_int(j, "type_uid"), 200400 + rows[i].activity);
        assert_string_equal(fixture_text(j, "finding_info.uid"), ID);
        assert_string_not_equal(fixture_text(j, "metadata.uid"), ID);
        json_decref(j);
    }
    const struct gad_event lone = fixture_alert();
    j = fixture_json("ocsf", &lone, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "finding_info.uid"), fixture_text(j, "metadata.uid"));
    assert_int_equal(fixture_int(j, "activity_id"), 1);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incident_in_each_format),
        cmocka_unit_test(a_limit_in_each_format),
        cmocka_unit_test(less_detail_has_no_lists),
        cmocka_unit_test(what_is_expected_is_no_reason),
        cmocka_unit_test(one_ticket_an_incident),
    };
    return cmocka_run_group_tests_name("format_incident", tests, NULL, NULL);
}
