/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_this_line(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();

    assert_string_equal(
        fixture_line("cef", &e, GAD_DETAIL_ALL, NULL),
        "CEF:0|ganad|ganadd|1.2.3|32473:1|Anomalous connection|7|rt=1795442709123 "
        "externalId=sensor-07-0123456789abcdef-88123 ganadSeq=88123 dvchost=sensor-07 "
        "cfp1=12.4099998 cfp1Label=anomalyScore cfp2=7.92000008 cfp2Label=threshold "
        "cfp3=0.0004 cfp3Label=pValue cfp4=0.001 cfp4Label=fprBudget cn1=68 cn1Label=risk "
        "cs2=kdd99-egbad cs2Label=model "
        "cs4=02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4 cs4Label=modelSha256 "
        "src=192.0.2.44 spt=51873 dst=198.51.100.7 dpt=80 proto=TCP "
        "cs1=1:wCb3OG7yAFWelaUydu0D+125CLM\\= cs1Label=communityId app=http "
        "cs5=S0 cs5Label=connState in=40 out=0 ganadStart=1795442707123 ganadEnd=1795442708123 "
        "cn2=1 cn2Label=tunnels cnt=511 start=1795442708123 end=1795442709123 "
        "cs6=dmz cs6Label=capture deviceInboundInterface=eth1 "
        "cs3=serror_rate 0.98 (expected 0.02) 41%, flag S0 (expected SF) 22% cs3Label=topFeatures "
        "msg=192.0.2.44 tried 198.51.100.7 port 80 511 times: "
        "serror_rate 0.98 (expected 0.02)");
}

static void other_events_are_these(void **state)
{
    (void)state;
    static struct gad_event h, s, l; /* large for the stack */

    h = fixture_heartbeat();
    s = fixture_stats();
    l = fixture_loss();
    assert_string_equal(
        fixture_line("cef", &h, GAD_DETAIL_ALL, NULL),
        "CEF:0|ganad|ganadd|1.2.3|32473:2|Heartbeat|0|rt=1795442709123 "
        "externalId=sensor-07-0000000000000abc-7 ganadSeq=7 dvchost=sensor-07 "
        "cs1=1.2.3 cs1Label=version ganad_uptime=3600 ganad_interval=60 ganad_records=1234567 "
        "ganad_alerts=89 msg=ganadd 1.2.3 is alive: up 3600 s, 1234567 records, 89 alerts");
    assert_string_equal(
        fixture_line("cef", &s, GAD_DETAIL_ALL, NULL),
        "CEF:0|ganad|ganadd|1.2.3|32473:3|Counters|0|rt=1795442709123 "
        "externalId=sensor-07-0000000000000abc-8 ganadSeq=8 dvchost=sensor-07 ganad_uptime=30 "
        "ganad_records_in=4711 ganad_alerts=9223372036854775807 "
        "msg=ganadd counts: 2 counters after 30 s");
    assert_string_equal(
        fixture_line("cef", &l, GAD_DETAIL_ALL, NULL),
        "CEF:0|ganad|ganadd|1.2.3|32473:4|Events were lost|5|rt=1795442709123 "
        "externalId=sensor-07-0000000000000abc-loss-100-199 dvchost=sensor-07 "
        "cs1=siem cs1Label=output ganad_lost=100 ganad_first_seq=100 ganad_last_seq=199 "
        "ganad_at_most=1 msg=at most 100 events were lost, 100 to 199");
}

static void values_are_escaped(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    fixture_fill_texts(&e, "a=b\\c|d\ne\xff");
    const char *line = fixture_line("cef", &e, GAD_DETAIL_ALL, NULL);
    assert_non_null(strstr(line, " dvchost=a\\=b\\\\c|d e\xef\xbf\xbd cfp1="));
    assert_non_null(strstr(line, " cs2=a\\=b\\\\c|d e\xef\xbf\xbd cs2Label=model "));
    assert_non_null(strstr(line, " cs6=a\\=b\\\\c|d e\xef\xbf\xbd cs6Label=capture "));
}

static void the_head_is_escaped_by_its_own_rules(void **state)
{
    (void)state;
    const struct gad_event e = fixture_heartbeat();
    const struct gad_format_options o = {
        .enterprise = 1, .max = FIXTURE_LINE, .version = "1|2\\3=4"};
    struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);

    assert_int_equal(gad_format_write(gad_format_find("cef"), &e, &o, &b), 0);
    static const char head[] = "CEF:0|ganad|ganadd|1\\|2\\\\3=4|1:2|Heartbeat|0|";
    assert_true(b.len > sizeof(head));
    assert_memory_equal(b.p, head, sizeof(head) - 1);
    gad_buf_deinit(&b);
}

static void addresses_of_ipv6_have_their_own_keys(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    e.alert.record.tuple.family = 6;
    const char *line = fixture_line("cef", &e, GAD_DETAIL_ALL, NULL);
    assert_non_null(strstr(line, " c6a2=c000:22c:: c6a2Label=Source IPv6 Address "));
    assert_non_null(strstr(line, " c6a3=c633:6407:: c6a3Label=Destination IPv6 Address "));
    assert_null(strstr(line, " src="));
    assert_null(strstr(line, " dst="));
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    static const char *const absent[] = {
        " src=", " spt=", " proto=", "cs1=", "cs6=",         " cn2=",
        "cfp4=", "cs3=",  "Start=",  "End=", "deviceInbound"};
    struct gad_event e = fixture_alert();

    fixture_fill_texts(&e, "");
    e.alert.record.tuple.family = 0;
    e.alert.record.tunnels = 0;
    e.alert.record.start.ns = e.alert.record.end.ns = 0;
    e.alert.fpr_budget = 0;
    e.alert.n_top = 0;
    const char *line = fixture_line("cef", &e, GAD_DETAIL_ALL, NULL);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_null(strstr(line, absent[i]));
}

/* Some parsers end a key at any other character. */
static void keys_of_counters_are_words(void **state)
{
    (void)state;
    struct gad_event e = fixture_stats();

    fixture_fill_texts(&e, "a-b.c d=\xc3\xa4");
    assert_non_null(
        strstr(fixture_line("cef", &e, GAD_DETAIL_ALL, NULL), " ganad_a_b_c_d___=4711 "));
}

static void severity_is_the_risk_in_tenths(void **state)
{
    (void)state;
    static const unsigned risks[][2] = {{0, 0}, {4, 0}, {5, 1}, {94, 9}, {95, 10}, {100, 10}};
    struct gad_event e = fixture_alert();
    char head[64];

    for (size_t i = 0; i < sizeof(risks) / sizeof(risks[0]); i++) {
        e.alert.risk = risks[i][0];
        (void)snprintf(head, sizeof(head), "|Anomalous connection|%u|rt=", risks[i][1]);
        assert_non_null(strstr(fixture_line("cef", &e, GAD_DETAIL_ALL, NULL), head));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_this_line),
        cmocka_unit_test(other_events_are_these),
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(the_head_is_escaped_by_its_own_rules),
        cmocka_unit_test(addresses_of_ipv6_have_their_own_keys),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(keys_of_counters_are_words),
        cmocka_unit_test(severity_is_the_risk_in_tenths),
    };
    return cmocka_run_group_tests_name("format_cef", tests, NULL, NULL);
}
