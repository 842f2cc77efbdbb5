/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/buf.h"
#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_this_line(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();

    assert_string_equal(
        fixture_line("leef", &e, GAD_DETAIL_ALL, NULL),
        "LEEF:2.0|ganad|ganadd|1.2.3|32473:1|^|devTime=2026-11-23T14:05:09.123Z"
        "^devTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX^sev=7^cat=Anomaly"
        "^eventId=sensor-07-0123456789abcdef-88123^seq=88123^sensor=sensor-07^score=12.4099998"
        "^threshold=7.92000008^pValue=0.0004^fprBudget=0.001^risk=68^model=kdd99-egbad"
        "^modelSha256=02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4"
        "^src=192.0.2.44^srcPort=51873^dst=198.51.100.7^dstPort=80^proto=TCP"
        "^communityId=1:wCb3OG7yAFWelaUydu0D+125CLM=^service=http^connState=S0^srcBytes=40"
        "^dstBytes=0^start=1795442707123^end=1795442708123^tunnels=1^count=511"
        "^first=1795442708123^last=1795442709123^capture=dmz^interface=eth1"
        "^topFeatures=serror_rate 0.98 (expected 0.02) 41%, flag S0 (expected SF) 22%"
        "^msg=192.0.2.44 tried 198.51.100.7 port 80 511 times: serror_rate 0.98 (expected 0.02)");
}

static void other_events_are_these(void **state)
{
    (void)state;
    static struct gad_event h, s, l; /* large for the stack */

    h = fixture_heartbeat();
    s = fixture_stats();
    l = fixture_loss();
    assert_string_equal(
        fixture_line("leef", &h, GAD_DETAIL_ALL, NULL),
        "LEEF:2.0|ganad|ganadd|1.2.3|32473:2|^|devTime=2026-11-23T14:05:09.123Z"
        "^devTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX^sev=1^cat=Sensor"
        "^eventId=sensor-07-0000000000000abc-7^seq=7^sensor=sensor-07^version=1.2.3^n_uptime=3600"
        "^n_interval=60^n_records=1234567^n_alerts=89"
        "^msg=ganadd 1.2.3 is alive: up 3600 s, 1234567 records, 89 alerts");
    assert_non_null(strstr(fixture_line("leef", &s, GAD_DETAIL_ALL, NULL),
                           "^n_uptime=30^n_records_in=4711^n_alerts=9223372036854775807"));
    assert_non_null(strstr(fixture_line("leef", &l, GAD_DETAIL_ALL, NULL),
                           "^sev=5^cat=Sensor^eventId=sensor-07-0000000000000abc-loss-100-199"
                           "^sensor=sensor-07^output=siem^n_lost=100^n_first_seq=100"
                           "^n_last_seq=199^n_at_most=1"));
}

/* There is no escape: a delimiter in a value would be one. */
static void no_value_has_the_delimiter(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();
    const char *line = fixture_line("leef", &e, GAD_DETAIL_ALL, NULL);
    size_t n = 0, hostile = 0;

    for (const char *s = line; (s = strchr(s, '^')) != NULL; s++)
        n++;
    fixture_fill_texts(&e, "a^sev=10\tb|\xff");
    line = fixture_line("leef", &e, GAD_DETAIL_ALL, NULL);
    for (const char *s = line; (s = strchr(s, '^')) != NULL; s++)
        hostile++;
    assert_int_equal(hostile, n);
    assert_non_null(strstr(line, "^model=a_sev=10 b|\xef\xbf\xbd^"));
    assert_non_null(strstr(line, "^sensor=a_sev=10 b|\xef\xbf\xbd^"));
    assert_non_null(strstr(line, "^communityId=a_sev=10 b|\xef\xbf\xbd^"));
}

static void nor_has_the_head_a_bar(void **state)
{
    (void)state;
    const struct gad_event e = fixture_heartbeat();
    const struct gad_format_options o = {.enterprise = 1, .max = FIXTURE_LINE, .version = "1|2^3"};
    struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);

    assert_int_equal(gad_format_write(gad_format_find("leef"), &e, &o, &b), 0);
    static const char head[] = "LEEF:2.0|ganad|ganadd|1_2^3|1:2|^|devTime=";
    assert_true(b.len > sizeof(head));
    assert_memory_equal(b.p, head, sizeof(head) - 1);
    gad_buf_deinit(&b);
}

static void less_detail_is_one_reason(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert(), s = fixture_stats();

    assert_non_null(
        strstr(fixture_line("leef", &e, GAD_DETAIL_NO_FEATURES, NULL), "flag S0 (expected SF"));
    const char *line = fixture_line("leef", &e, GAD_DETAIL_ONE_REASON, NULL);
    assert_null(strstr(line, "flag S0 (expected SF"));
    assert_non_null(strstr(line, "^topFeatures=serror_rate 0.98 (expected 0.02) 41%"));
    line = fixture_line("leef", &s, GAD_DETAIL_ONE_REASON, NULL);
    assert_non_null(strstr(line, "^n_uptime=30"));
    assert_null(strstr(line, "records_in"));
}

static void severity_is_from_1_to_10(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    e.alert.risk = 0;
    assert_non_null(strstr(fixture_line("leef", &e, GAD_DETAIL_ALL, NULL), "^sev=1^"));
    e.alert.risk = 100;
    assert_non_null(strstr(fixture_line("leef", &e, GAD_DETAIL_ALL, NULL), "^sev=10^"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_this_line),      cmocka_unit_test(other_events_are_these),
        cmocka_unit_test(no_value_has_the_delimiter), cmocka_unit_test(nor_has_the_head_a_bar),
        cmocka_unit_test(less_detail_is_one_reason),  cmocka_unit_test(severity_is_from_1_to_10),
    };
    return cmocka_run_group_tests_name("format_leef", tests, NULL, NULL);
}
