/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_this_message(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();

    assert_string_equal(
        fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL),
        "<133>1 2026-11-23T14:05:09.123456Z sensor-07 ganadd 4242 ALERT [ganad@32473 "
        "eventId=\"sensor-07-0123456789abcdef-88123\" seq=\"88123\" sensor=\"sensor-07\" "
        "score=\"12.4099998\" thr=\"7.92000008\" p=\"0.0004\" fpr=\"0.001\" risk=\"68\" "
        "model=\"kdd99-egbad\" "
        "modelSha256=\"02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4\" "
        "src=\"192.0.2.44\" spt=\"51873\" dst=\"198.51.100.7\" dpt=\"80\" proto=\"TCP\" "
        "cid=\"1:wCb3OG7yAFWelaUydu0D+125CLM=\" service=\"http\" state=\"S0\" srcBytes=\"40\" "
        "dstBytes=\"0\" start=\"1795442707123\" end=\"1795442708123\" tunnels=\"1\" cnt=\"511\" "
        "first=\"1795442708123\" last=\"1795442709123\" capture=\"dmz\" iface=\"eth1\" "
        "top=\"serror_rate 0.98 (expected 0.02) 41%, flag S0 (expected SF) 22%\"][meta "
        "sequenceId=\"88123\"] "
        "192.0.2.44 tried 198.51.100.7 port 80 511 times: "
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
        fixture_line("syslog", &h, GAD_DETAIL_ALL, NULL),
        "<134>1 2026-11-23T14:05:09.123456Z sensor-07 ganadd 4242 HEARTBEAT [ganad@32473 "
        "eventId=\"sensor-07-0000000000000abc-7\" seq=\"7\" sensor=\"sensor-07\" "
        "version=\"1.2.3\" uptime=\"3600\" interval=\"60\" records=\"1234567\" alerts=\"89\"]"
        "[meta sequenceId=\"7\"] ganadd 1.2.3 is alive: up 3600 s, 1234567 records, 89 alerts");
    assert_string_equal(
        fixture_line("syslog", &s, GAD_DETAIL_ALL, NULL),
        "<134>1 2026-11-23T14:05:09.123456Z sensor-07 ganadd 4242 STATS [ganad@32473 "
        "eventId=\"sensor-07-0000000000000abc-8\" seq=\"8\" sensor=\"sensor-07\" uptime=\"30\" "
        "records_in=\"4711\" alerts=\"9223372036854775807\"][meta sequenceId=\"8\"] "
        "ganadd counts: 2 counters after 30 s");
    assert_string_equal(
        fixture_line("syslog", &l, GAD_DETAIL_ALL, NULL),
        "<131>1 2026-11-23T14:05:09.123456Z sensor-07 ganadd 4242 LOSS [ganad@32473 "
        "eventId=\"sensor-07-0000000000000abc-loss-100-199\" sensor=\"sensor-07\" "
        "output=\"siem\" lost=\"100\" first_seq=\"100\" last_seq=\"199\" at_most=\"1\"] "
        "at most 100 events were lost, 100 to 199");
}

/* 5 is notice, 4 warning. */
static void a_model_is_reported_and_its_refusal_is_a_warning(void **state)
{
    (void)state;
    const struct gad_event is = fixture_model(false), bad = fixture_model(true);

    assert_string_equal(
        fixture_line("syslog", &is, GAD_DETAIL_ALL, NULL),
        "<133>1 2026-11-23T14:05:09.123456Z sensor-07 ganadd 4242 MODEL [ganad@32473 "
        "eventId=\"sensor-07-0000000000000abc-9\" seq=\"9\" sensor=\"sensor-07\" "
        "action=\"loaded\" model=\"m\" "
        "modelSha256=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" "
        "previousSha256=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"]"
        "[meta sequenceId=\"9\"] model 'm' loaded: aaaaaaaaaaaaaaaa instead of bbbbbbbbbbbbbbbb");
    const char *line = fixture_line("syslog", &bad, GAD_DETAIL_ALL, NULL);
    assert_non_null(strstr(line, "<132>1 "));
    assert_non_null(strstr(line, "reason=\"x.ckpt: its SHA-256 is another one\"]"));
    assert_non_null(strstr(line, " model 'm' refused: x.ckpt: its SHA-256 is another one"));
}

/* Section 6.3.3: these three, with a backslash; a line end or what is not UTF-8 may not be
 * there. */
static void values_are_escaped(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    fixture_fill_texts(&e, "a\"] [b\\c\n=\xff");
    const char *line = fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL);
    assert_non_null(strstr(line, " model=\"a\\\"\\] [b\\\\c =\xef\xbf\xbd\" "));
    assert_non_null(strstr(line, " sensor=\"a\\\"\\] [b\\\\c =\xef\xbf\xbd\" "));
    assert_non_null(strstr(line, "Z a\"]_[b\\c_=_ ganadd 4242 ")); /* HOSTNAME: printable ASCII */
}

static void a_sensor_without_a_name_is_nil(void **state)
{
    (void)state;
    struct gad_event e = fixture_heartbeat();

    e.sensor[0] = '\0';
    const char *line = fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL);
    assert_non_null(strstr(line, "Z - ganadd 4242 HEARTBEAT "));
    assert_null(strstr(line, "sensor="));
}

/* Section 6.4. */
static void only_a_message_beyond_ascii_has_a_bom(void **state)
{
    (void)state;
    struct gad_event e = fixture_heartbeat();

    assert_null(strstr(fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL), "\xef\xbb\xbf"));
    fixture_fill_texts(&e, "\xc3\xa4");
    assert_non_null(strstr(fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL),
                           "\"] \xef\xbb\xbfganadd \xc3\xa4 is alive"));
}

/* Section 7.3.1. */
static void sequence_ids_begin_again_after_31_bits(void **state)
{
    (void)state;
    static const struct {
        uint64_t seq;
        const char *text;
    } rows[] = {{1, "1"},
                {INT32_MAX, "2147483647"},
                {UINT64_C(1) + INT32_MAX, "1"},
                {UINT64_C(2) * INT32_MAX, "2147483647"}};
    struct gad_event e = fixture_heartbeat();
    char meta[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e.seq = rows[i].seq;
        (void)snprintf(meta, sizeof(meta), "[meta sequenceId=\"%s\"] ", rows[i].text);
        assert_non_null(strstr(fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL), meta));
    }
}

/* Section 6.3.3: at most 32. */
static void names_of_parameters_are_short(void **state)
{
    (void)state;
    struct gad_event e = fixture_stats();

    fixture_fill_texts(&e, "0123456789_123456789.123456789-1=tail");
    assert_non_null(strstr(fixture_line("syslog", &e, GAD_DETAIL_ALL, NULL),
                           " 0123456789_123456789.123456789-1=\"4711\" "));
}

static void the_head_alone_makes_a_message_of_any_line(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();
    const struct gad_format_options o = {.pid = 1, .facility = 23};
    struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);

    e.alert.severity = GAD_SEVERITY_HIGH;
    gad_syslog_head(&e, &o, &b);
    gad_buf_add(&b, "", 1);
    assert_string_equal((char *)b.p,
                        "<185>1 2026-11-23T14:05:09.123456Z sensor-07 ganadd 1 ALERT ");
    gad_buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_this_message),
        cmocka_unit_test(other_events_are_these),
        cmocka_unit_test(a_model_is_reported_and_its_refusal_is_a_warning),
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(a_sensor_without_a_name_is_nil),
        cmocka_unit_test(only_a_message_beyond_ascii_has_a_bom),
        cmocka_unit_test(sequence_ids_begin_again_after_31_bits),
        cmocka_unit_test(names_of_parameters_are_short),
        cmocka_unit_test(the_head_alone_makes_a_message_of_any_line),
    };
    return cmocka_run_group_tests_name("format_syslog", tests, NULL, NULL);
}
