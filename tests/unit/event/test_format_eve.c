/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_one_of_suricatas(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("eve", &e, GAD_DETAIL_ALL);

    assert_string_equal(fixture_text(j, "timestamp"), "2026-11-23T14:05:09.123456+0000");
    assert_string_equal(fixture_text(j, "event_type"), "alert");
    assert_string_equal(fixture_text(j, "host"), "sensor-07");
    assert_string_equal(fixture_text(j, "in_iface"), "eth1");
    assert_string_equal(fixture_text(j, "src_ip"), "192.0.2.44");
    assert_int_equal(fixture_int(j, "src_port"), 51873);
    assert_string_equal(fixture_text(j, "dest_ip"), "198.51.100.7");
    assert_int_equal(fixture_int(j, "dest_port"), 80);
    assert_string_equal(fixture_text(j, "proto"), "TCP");
    assert_int_equal(fixture_int(j, "ip_v"), 4);
    assert_string_equal(fixture_text(j, "app_proto"), "http");
    assert_string_equal(fixture_text(j, "community_id"), e.alert.record.community_id);
    assert_int_equal(fixture_int(j, "flow.bytes_toserver"), 40);
    assert_int_equal(fixture_int(j, "flow.bytes_toclient"), 0);
    assert_string_equal(fixture_text(j, "flow.start"), "2026-11-23T14:05:07.123456+0000");
    assert_string_equal(fixture_text(j, "flow.end"), "2026-11-23T14:05:08.123456+0000");
    assert_int_equal(fixture_int(j, "alert.gid"), FIXTURE_ENTERPRISE);
    assert_int_equal(fixture_int(j, "alert.signature_id"), 1);
    assert_int_equal(fixture_int(j, "alert.severity"), 3);
    assert_string_equal(fixture_text(j, "alert.signature"),
                        "GANAD anomalous connection (model kdd99-egbad)");
    json_decref(j);
}

static void what_eve_has_no_place_for_is_in_the_context(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("eve", &e, GAD_DETAIL_ALL);
    const json_t *g = fixture_at(j, "alert.context.ganad");

    assert_int_equal(fixture_int(g, "schema"), 1);
    assert_string_equal(fixture_text(g, "event_id"), "sensor-07-0123456789abcdef-88123");
    assert_int_equal(fixture_int(g, "seq"), 88123);
    assert_int_equal(fixture_int(g, "risk"), 68);
    assert_true((float)fixture_real(g, "score") == 12.41f);
    assert_true((float)fixture_real(g, "threshold") == 7.92f);
    assert_true(fixture_real(g, "p_value") == 0.0004);
    assert_string_equal(fixture_text(g, "model"), "kdd99-egbad");
    assert_string_equal(fixture_text(g, "source"), "dmz");
    assert_int_equal(fixture_int(g, "tunnels"), 1);
    assert_int_equal(fixture_int(g, "rollup.count"), 511);
    assert_string_equal(fixture_text(g, "top_features.0.name"), "serror_rate");
    assert_true(fixture_real(g, "top_features.0.value") == 0.98);
    assert_string_equal(fixture_text(g, "top_features.1.expected"), "SF");
    assert_int_equal(json_object_size(fixture_at(g, "features")), GAD_N_COLUMNS);
    json_decref(j);
}

static void less_detail_is_less_context(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("eve", &e, GAD_DETAIL_NO_FEATURES);

    assert_null(fixture_at(j, "alert.context.ganad.features"));
    assert_int_equal(json_array_size(fixture_at(j, "alert.context.ganad.top_features")), 2);
    json_decref(j);
    j = fixture_json("eve", &e, GAD_DETAIL_ONE_REASON);
    assert_int_equal(json_array_size(fixture_at(j, "alert.context.ganad.top_features")), 1);
    json_decref(j);
}

static json_int_t flow_id(const struct gad_event *e)
{
    json_t *j = fixture_json("eve", e, GAD_DETAIL_ALL);
    json_int_t id = fixture_int(j, "flow_id");
    json_decref(j);
    return id;
}

/* Receivers join on it, in doubles. */
static void a_connection_has_one_flow_id(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();
    json_int_t id = flow_id(&e);

    assert_true(id > 0 && id < INT64_C(1) << 53);
    e.seq++;
    e.alert.score = 99;
    assert_true(flow_id(&e) == id);
    e.alert.record.tuple.src_port++;
    assert_true(flow_id(&e) != id);
    e = fixture_alert();
    e.alert.record.start.ns++;
    assert_true(flow_id(&e) != id);
}

static void without_addresses_there_is_no_flow(void **state)
{
    (void)state;
    static const char *const absent[] = {"flow_id", "src_ip",   "dest_port",    "proto",
                                         "ip_v",    "in_iface", "community_id", "flow.start"};
    struct gad_event e = fixture_alert();

    e.alert.record.tuple.family = 0;
    e.alert.record.start.ns = e.alert.record.end.ns = 0;
    e.alert.record.community_id[0] = e.alert.interface[0] = '\0';
    json_t *j = fixture_json("eve", &e, GAD_DETAIL_ALL);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_null(fixture_at(j, absent[i]));
    json_decref(j);
}

static void other_events_are_stats_and_engine(void **state)
{
    (void)state;
    static struct gad_event h, s, l; /* large for the stack */
    json_t *j;

    h = fixture_heartbeat();
    s = fixture_stats();
    l = fixture_loss();
    j = fixture_json("eve", &s, GAD_DETAIL_ALL);

    assert_string_equal(fixture_text(j, "event_type"), "stats");
    assert_int_equal(fixture_int(j, "stats.uptime"), 30);
    assert_int_equal(fixture_int(j, "metadata.flowints.seq"), 8);
    assert_int_equal(fixture_int(j, "metadata.flowints.records_in"), 4711);
    assert_true(fixture_int(j, "metadata.flowints.alerts") == INT64_MAX);
    json_decref(j);
    j = fixture_json("eve", &s, GAD_DETAIL_ONE_REASON);
    assert_int_equal(json_object_size(fixture_at(j, "metadata.flowints")), 2); /* seq, uptime */
    json_decref(j);
    j = fixture_json("eve", &h, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "event_type"), "engine");
    assert_string_equal(fixture_text(j, "engine.message"),
                        "ganadd 1.2.3 is alive: up 3600 s, 1234567 records, 89 alerts");
    assert_int_equal(fixture_int(j, "metadata.flowints.interval"), 60);
    json_decref(j);
    j = fixture_json("eve", &l, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "event_type"), "engine");
    assert_int_equal(fixture_int(j, "metadata.flowints.lost"), 100);
    assert_int_equal(fixture_int(j, "metadata.flowints.at_most"), 1);
    assert_null(fixture_at(j, "metadata.flowints.seq"));
    assert_string_equal(fixture_text(j, "metadata.flowvars.0.event_id"),
                        "sensor-07-0000000000000abc-loss-100-199");
    json_decref(j);
}

static void any_text_comes_back(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    fixture_fill_texts(&e, "a\"b\\c\n\x01\xff\xc3\xa4");
    json_t *j = fixture_json("eve", &e, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "host"), "a\"b\\c\n\x01\xef\xbf\xbd\xc3\xa4");
    assert_string_equal(fixture_text(j, "in_iface"), fixture_text(j, "host"));
    assert_string_equal(fixture_text(j, "community_id"), fixture_text(j, "host"));
    assert_string_equal(fixture_text(j, "alert.context.ganad.model"), fixture_text(j, "host"));
    assert_string_equal(fixture_text(j, "alert.context.ganad.source"), fixture_text(j, "host"));
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_one_of_suricatas),
        cmocka_unit_test(what_eve_has_no_place_for_is_in_the_context),
        cmocka_unit_test(less_detail_is_less_context),
        cmocka_unit_test(a_connection_has_one_flow_id),
        cmocka_unit_test(without_addresses_there_is_no_flow),
        cmocka_unit_test(other_events_are_stats_and_engine),
        cmocka_unit_test(any_text_comes_back),
    };
    return cmocka_run_group_tests_name("format_eve", tests, NULL, NULL);
}
