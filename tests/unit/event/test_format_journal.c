/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_these_fields(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();

    assert_string_equal(
        fixture_line("journal", &e, GAD_DETAIL_ALL, NULL),
        "MESSAGE=192.0.2.44 tried 198.51.100.7 port 80 511 times: "
        "serror_rate 0.98 (expected 0.02)\n"
        "MESSAGE_ID=" GAD_MESSAGE_ID_ALERT "\nPRIORITY=5\nSYSLOG_IDENTIFIER=ganadd\n"
        "GANAD_EVENT_ID=sensor-07-0123456789abcdef-88123\nGANAD_SEQ=88123\n"
        "GANAD_SENSOR=sensor-07\nGANAD_SCORE=12.4099998\nGANAD_THRESHOLD=7.92000008\n"
        "GANAD_P_VALUE=0.0004\nGANAD_FPR_BUDGET=0.001\nGANAD_RISK=68\nGANAD_MODEL=kdd99-egbad\n"
        "GANAD_MODEL_SHA256=02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4\n"
        "GANAD_SRC=192.0.2.44\nGANAD_SRC_PORT=51873\nGANAD_DST=198.51.100.7\nGANAD_DST_PORT=80\n"
        "GANAD_PROTO=TCP\nGANAD_COMMUNITY_ID=1:wCb3OG7yAFWelaUydu0D+125CLM=\n"
        "GANAD_SERVICE=http\nGANAD_CONN_STATE=S0\nGANAD_SRC_BYTES=40\nGANAD_DST_BYTES=0\n"
        "GANAD_START=1795442707123\nGANAD_END=1795442708123\nGANAD_TUNNELS=1\nGANAD_COUNT=511\n"
        "GANAD_FIRST=1795442708123\nGANAD_LAST=1795442709123\nGANAD_CAPTURE=dmz\n"
        "GANAD_INTERFACE=eth1\n"
        "GANAD_TOP_FEATURES=serror_rate 0.98 (expected 0.02) 41%, flag S0 (expected SF) 22%\n");
}

static void other_events_are_these(void **state)
{
    (void)state;
    static struct gad_event h, s, l; /* large for the stack */

    h = fixture_heartbeat();
    s = fixture_stats();
    l = fixture_loss();
    assert_string_equal(
        fixture_line("journal", &h, GAD_DETAIL_ALL, NULL),
        "MESSAGE=ganadd 1.2.3 is alive: up 3600 s, 1234567 records, 89 alerts\n"
        "MESSAGE_ID=" GAD_MESSAGE_ID_HEARTBEAT "\nPRIORITY=6\nSYSLOG_IDENTIFIER=ganadd\n"
        "GANAD_EVENT_ID=sensor-07-0000000000000abc-7\nGANAD_SEQ=7\nGANAD_SENSOR=sensor-07\n"
        "GANAD_VERSION=1.2.3\nGANAD_N_UPTIME=3600\nGANAD_N_INTERVAL=60\n"
        "GANAD_N_RECORDS=1234567\nGANAD_N_ALERTS=89\n");
    assert_string_equal(fixture_line("journal", &s, GAD_DETAIL_ALL, NULL),
                        "MESSAGE=ganadd counts: 2 counters after 30 s\n"
                        "MESSAGE_ID=" GAD_MESSAGE_ID_STATS
                        "\nPRIORITY=6\nSYSLOG_IDENTIFIER=ganadd\n"
                        "GANAD_EVENT_ID=sensor-07-0000000000000abc-8\nGANAD_SEQ=8\n"
                        "GANAD_SENSOR=sensor-07\nGANAD_N_UPTIME=30\nGANAD_N_RECORDS_IN=4711\n"
                        "GANAD_N_ALERTS=9223372036854775807\n");
    assert_string_equal(fixture_line("journal", &l, GAD_DETAIL_ALL, NULL),
                        "MESSAGE=at most 100 events were lost, 100 to 199\n"
                        "MESSAGE_ID=" GAD_MESSAGE_ID_LOSS "\nPRIORITY=3\nSYSLOG_IDENTIFIER=ganadd\n"
                        "GANAD_EVENT_ID=sensor-07-0000000000000abc-loss-100-199\n"
                        "GANAD_SENSOR=sensor-07\nGANAD_OUTPUT=siem\nGANAD_N_LOST=100\n"
                        "GANAD_N_FIRST_SEQ=100\nGANAD_N_LAST_SEQ=199\nGANAD_N_AT_MOST=1\n");
}

/* Bytes of any kind: only a line end needs the form with a length. */
static void a_value_with_a_line_end_has_its_length_before_it(void **state)
{
    (void)state;
    struct gad_event e = fixture_loss();
    static const char field[] =
        "GANAD_OUTPUT\n\x0a\0\0\0\0\0\0\0a\nB=\xff\x01\n\n\n\n\nGANAD_N_LOST=100\n";
    size_t len;

    memcpy(e.loss.output, "a\nB=\xff\x01\n\n\n\n", 11);
    const char *line = fixture_line("journal", &e, GAD_DETAIL_ALL, &len);
    assert_non_null(memmem(line, len, field, sizeof(field) - 1));
    memcpy(e.loss.output, "=\xff\x01\x7f", 5);
    line = fixture_line("journal", &e, GAD_DETAIL_ALL, &len);
    assert_non_null(strstr(line, "\nGANAD_OUTPUT==\xff\x01\x7f\n"));
}

/* journald drops a field whose name has anything but capitals, digits and '_'. */
static void counters_are_fields(void **state)
{
    (void)state;
    struct gad_event e = fixture_stats();
    static const char field[] = "\nGANAD_N_AZ9_B_C____=4711\n";
    size_t len;

    fixture_fill_texts(&e, "aZ9-b.c\xc3\xa4\n=");
    const char *line = fixture_line("journal", &e, GAD_DETAIL_ALL, &len);
    assert_non_null(memmem(line, len, field, sizeof(field) - 1));
}

static void each_kind_has_a_message_id(void **state)
{
    (void)state;
    static const char *const ids[] = {GAD_MESSAGE_ID_ALERT, GAD_MESSAGE_ID_HEARTBEAT,
                                      GAD_MESSAGE_ID_STATS, GAD_MESSAGE_ID_LOSS,
                                      GAD_MESSAGE_ID_MODEL};

    for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
        assert_int_equal(strlen(ids[k]), 32);
        assert_int_equal(strspn(ids[k], "0123456789abcdef"), 32);
        for (size_t other = 0; other < k; other++)
            assert_string_not_equal(ids[k], ids[other]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_these_fields),
        cmocka_unit_test(other_events_are_these),
        cmocka_unit_test(a_value_with_a_line_end_has_its_length_before_it),
        cmocka_unit_test(counters_are_fields),
        cmocka_unit_test(each_kind_has_a_message_id),
    };
    return cmocka_run_group_tests_name("format_journal", tests, NULL, NULL);
}
