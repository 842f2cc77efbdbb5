/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_a_detection_finding(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);

    assert_int_equal(fixture_int(j, "category_uid"), 2);
    assert_int_equal(fixture_int(j, "class_uid"), 2004);
    assert_int_equal(fixture_int(j, "activity_id"), 1);
    assert_int_equal(fixture_int(j, "type_uid"), 200401);
    assert_int_equal(fixture_int(j, "severity_id"), 2);
    assert_true(fixture_int(j, "time") == INT64_C(1795442709123));
    assert_string_equal(fixture_text(j, "metadata.version"), "1.5.0");
    assert_string_equal(fixture_text(j, "metadata.product.name"), "ganadd");
    assert_string_equal(fixture_text(j, "metadata.product.version"), "1.2.3");
    assert_string_equal(fixture_text(j, "metadata.uid"), "sensor-07-0123456789abcdef-88123");
    assert_int_equal(fixture_int(j, "metadata.sequence"), 88123);
    assert_string_equal(fixture_text(j, "finding_info.uid"), "sensor-07-0123456789abcdef-88123");
    assert_string_equal(fixture_text(j, "finding_info.analytic.name"), "kdd99-egbad");
    assert_int_equal(fixture_int(j, "finding_info.analytic.type_id"), 4); /* learning */
    assert_int_equal(fixture_int(j, "risk_score"), 68);
    json_decref(j);
}

/* The schema: count is of the time from start_time to end_time. */
static void its_period_is_that_of_all_its_connections(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);

    assert_int_equal(fixture_int(j, "count"), 511);
    assert_true(fixture_int(j, "start_time") == e.alert.first.ns / 1000000);
    assert_true(fixture_int(j, "end_time") == e.alert.last.ns / 1000000);
    assert_true(fixture_int(j, "evidences.0.data.start_time") == e.alert.record.start.ns / 1000000);
    assert_true(fixture_int(j, "evidences.0.data.end_time") == e.alert.record.end.ns / 1000000);
    json_decref(j);
}

static void the_connection_is_evidence(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);
    const json_t *x = fixture_at(j, "evidences.0");

    assert_string_equal(fixture_text(x, "src_endpoint.ip"), "192.0.2.44");
    assert_int_equal(fixture_int(x, "src_endpoint.port"), 51873);
    assert_string_equal(fixture_text(x, "src_endpoint.interface_name"), "eth1");
    assert_string_equal(fixture_text(x, "dst_endpoint.ip"), "198.51.100.7");
    assert_int_equal(fixture_int(x, "dst_endpoint.port"), 80);
    assert_int_equal(fixture_int(x, "connection_info.protocol_num"), 6);
    assert_int_equal(fixture_int(x, "connection_info.protocol_ver_id"), 4);
    assert_string_equal(fixture_text(x, "connection_info.community_uid"),
                        e.alert.record.community_id);
    assert_string_equal(fixture_text(x, "data.source"), "dmz");
    assert_int_equal(fixture_int(x, "data.bytes_out"), 40);
    assert_int_equal(fixture_int(x, "data.tunnels"), 1);
    json_decref(j);
    e.alert.record.tuple.family = 0;
    j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);
    assert_int_equal(json_object_size(fixture_at(j, "evidences.0")), 1);
    json_decref(j);
}

static void reasons_are_anomalies_beside_their_baselines(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);
    const json_t *a = fixture_at(j, "anomaly_analyses.0");

    assert_string_equal(fixture_text(a, "anomalies.0.observation_parameter"), "serror_rate");
    assert_string_equal(fixture_text(a, "anomalies.0.observations.0.value"), "0.98");
    assert_string_equal(fixture_text(a, "baselines.0.observation_parameter"), "serror_rate");
    assert_string_equal(fixture_text(a, "baselines.0.observations.0.value"), "0.02");
    assert_string_equal(fixture_text(a, "anomalies.1.observations.0.value"), "S0");
    assert_string_equal(fixture_text(a, "baselines.1.observations.0.value"), "SF");
    assert_int_equal(json_object_size(fixture_at(j, "unmapped.features")), GAD_N_COLUMNS);
    json_decref(j);
    j = fixture_json("ocsf", &e, GAD_DETAIL_NO_FEATURES);
    assert_null(fixture_at(j, "unmapped.features"));
    assert_int_equal(json_array_size(fixture_at(j, "anomaly_analyses.0.anomalies")), 2);
    json_decref(j);
    j = fixture_json("ocsf", &e, GAD_DETAIL_ONE_REASON);
    assert_int_equal(json_array_size(fixture_at(j, "anomaly_analyses.0.anomalies")), 1);
    assert_int_equal(json_array_size(fixture_at(j, "anomaly_analyses.0.baselines")), 1);
    json_decref(j);
}

static void an_alert_without_reasons_is_still_a_finding(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    e.alert.n_top = 0;
    json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ONE_REASON);
    assert_int_equal(json_array_size(fixture_at(j, "anomaly_analyses.0.anomalies")), 0);
    json_decref(j);
}

static void severities_are_those_of_the_schema(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    for (unsigned s = GAD_SEVERITY_HIGH; s <= GAD_SEVERITY_LOW; s++) {
        e.alert.severity = s;
        json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);
        assert_int_equal(fixture_int(j, "severity_id"), 5 - s); /* 4 high, 3 medium, 2 low */
        json_decref(j);
    }
}

static void other_events_are_base_events(void **state)
{
    (void)state;
    static struct gad_event h, s, l; /* large for the stack */
    json_t *j;

    h = fixture_heartbeat();
    s = fixture_stats();
    l = fixture_loss();
    j = fixture_json("ocsf", &h, GAD_DETAIL_ALL);

    assert_int_equal(fixture_int(j, "class_uid"), 0);
    assert_int_equal(fixture_int(j, "activity_id"), 99);
    assert_int_equal(fixture_int(j, "type_uid"), 99);
    assert_string_equal(fixture_text(j, "activity_name"), "heartbeat");
    assert_int_equal(fixture_int(j, "severity_id"), 1);
    assert_int_equal(fixture_int(j, "unmapped.records"), 1234567);
    json_decref(j);
    j = fixture_json("ocsf", &s, GAD_DETAIL_ALL);
    assert_int_equal(fixture_int(j, "unmapped.records_in"), 4711);
    json_decref(j);
    j = fixture_json("ocsf", &l, GAD_DETAIL_ALL);
    assert_int_equal(fixture_int(j, "severity_id"), 3);
    assert_int_equal(fixture_int(j, "unmapped.first_seq"), 100);
    assert_null(fixture_at(j, "metadata.sequence"));
    json_decref(j);
}

static void any_text_comes_back(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    fixture_fill_texts(&e, "a\"b\\c\n\x01\xff\xc3\xa4");
    json_t *j = fixture_json("ocsf", &e, GAD_DETAIL_ALL);
    const char *text = fixture_text(j, "metadata.log_provider");
    assert_string_equal(text, "a\"b\\c\n\x01\xef\xbf\xbd\xc3\xa4");
    assert_string_equal(fixture_text(j, "finding_info.analytic.name"), text);
    assert_string_equal(fixture_text(j, "evidences.0.data.source"), text);
    assert_string_equal(fixture_text(j, "evidences.0.src_endpoint.interface_name"), text);
    assert_string_equal(fixture_text(j, "evidences.0.connection_info.community_uid"), text);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_a_detection_finding),
        cmocka_unit_test(its_period_is_that_of_all_its_connections),
        cmocka_unit_test(the_connection_is_evidence),
        cmocka_unit_test(reasons_are_anomalies_beside_their_baselines),
        cmocka_unit_test(an_alert_without_reasons_is_still_a_finding),
        cmocka_unit_test(severities_are_those_of_the_schema),
        cmocka_unit_test(other_events_are_base_events),
        cmocka_unit_test(any_text_comes_back),
    };
    return cmocka_run_group_tests_name("format_ocsf", tests, NULL, NULL);
}
