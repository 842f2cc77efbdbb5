/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static void an_alert_is_in_the_fields_of_ecs(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ecs", &e, GAD_DETAIL_ALL);

    assert_string_equal(fixture_text(j, "@timestamp"), "2026-11-23T14:05:09.123456Z");
    assert_string_equal(fixture_text(j, "event.kind"), "alert");
    assert_string_equal(fixture_text(j, "event.category.0"), "network");
    assert_string_equal(fixture_text(j, "event.category.1"), "intrusion_detection");
    assert_string_equal(fixture_text(j, "event.dataset"), "ganad.alert");
    assert_string_equal(fixture_text(j, "event.id"), "sensor-07-0123456789abcdef-88123");
    assert_int_equal(fixture_int(j, "event.sequence"), 88123);
    assert_true((float)fixture_real(j, "event.risk_score") == 12.41f);
    assert_int_equal(fixture_int(j, "event.risk_score_norm"), 68);
    assert_int_equal(fixture_int(j, "event.severity"), 1); /* low: here more is worse */
    assert_string_equal(fixture_text(j, "event.start"), "2026-11-23T14:05:07.123456Z");
    assert_string_equal(fixture_text(j, "event.end"), "2026-11-23T14:05:08.123456Z");
    assert_string_equal(fixture_text(j, "event.reason"), fixture_text(j, "message"));
    assert_string_equal(fixture_text(j, "observer.name"), "sensor-07");
    assert_string_equal(fixture_text(j, "observer.version"), "1.2.3");
    assert_string_equal(fixture_text(j, "observer.ingress.interface.name"), "eth1");
    assert_string_equal(fixture_text(j, "rule.id"), "32473:1");
    assert_string_equal(fixture_text(j, "rule.ruleset"), "kdd99-egbad");
    json_decref(j);
}

static void the_connection_is_in_the_fields_of_ecs(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ecs", &e, GAD_DETAIL_ALL);

    assert_string_equal(fixture_text(j, "source.ip"), "192.0.2.44");
    assert_int_equal(fixture_int(j, "source.port"), 51873);
    assert_int_equal(fixture_int(j, "source.bytes"), 40);
    assert_string_equal(fixture_text(j, "destination.ip"), "198.51.100.7");
    assert_int_equal(fixture_int(j, "destination.port"), 80);
    assert_int_equal(fixture_int(j, "destination.bytes"), 0);
    assert_string_equal(fixture_text(j, "network.transport"), "tcp");
    assert_string_equal(fixture_text(j, "network.iana_number"), "6");
    assert_string_equal(fixture_text(j, "network.type"), "ipv4");
    assert_string_equal(fixture_text(j, "network.protocol"), "http");
    assert_string_equal(fixture_text(j, "network.community_id"), e.alert.record.community_id);
    assert_string_equal(fixture_text(j, "related.ip.0"), "192.0.2.44");
    assert_string_equal(fixture_text(j, "related.ip.1"), "198.51.100.7");
    json_decref(j);
}

static void addresses_are_related_once(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    memcpy(e.alert.record.tuple.dst, e.alert.record.tuple.src, 16); /* KDD99's land */
    json_t *j = fixture_json("ecs", &e, GAD_DETAIL_ALL);
    assert_int_equal(json_array_size(fixture_at(j, "related.ip")), 1);
    json_decref(j);
    e.alert.record.tuple.family = 6;
    e.alert.record.tuple.proto = GAD_IP_ICMP6;
    j = fixture_json("ecs", &e, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "network.type"), "ipv6");
    assert_string_equal(fixture_text(j, "network.transport"), "ipv6-icmp");
    json_decref(j);
    e.alert.record.tuple.family = 0;
    j = fixture_json("ecs", &e, GAD_DETAIL_ALL);
    assert_null(fixture_at(j, "related"));
    assert_null(fixture_at(j, "source.ip"));
    assert_null(fixture_at(j, "network.transport"));
    json_decref(j);
}

static void the_rest_is_ours(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();
    json_t *j = fixture_json("ecs", &e, GAD_DETAIL_ALL);

    assert_true((float)fixture_real(j, "ganad.threshold") == 7.92f);
    assert_true(fixture_real(j, "ganad.p_value") == 0.0004);
    assert_string_equal(fixture_text(j, "ganad.source"), "dmz");
    assert_int_equal(fixture_int(j, "ganad.tunnels"), 1);
    assert_int_equal(fixture_int(j, "ganad.rollup.count"), 511);
    assert_string_equal(fixture_text(j, "ganad.top_features.1.value"), "S0");
    assert_int_equal(json_object_size(fixture_at(j, "ganad.features")), GAD_N_COLUMNS);
    json_decref(j);
    j = fixture_json("ecs", &e, GAD_DETAIL_NO_FEATURES);
    assert_null(fixture_at(j, "ganad.features"));
    assert_int_equal(json_array_size(fixture_at(j, "ganad.top_features")), 2);
    json_decref(j);
    j = fixture_json("ecs", &e, GAD_DETAIL_ONE_REASON);
    assert_int_equal(json_array_size(fixture_at(j, "ganad.top_features")), 1);
    json_decref(j);
}

static void kinds_are_those_of_ecs(void **state)
{
    (void)state;
    static struct gad_event h, s, l; /* large for the stack */
    json_t *j;

    h = fixture_heartbeat();
    s = fixture_stats();
    l = fixture_loss();
    j = fixture_json("ecs", &h, GAD_DETAIL_ALL);

    assert_string_equal(fixture_text(j, "event.kind"), "state");
    assert_int_equal(fixture_int(j, "ganad.numbers.records"), 1234567);
    json_decref(j);
    j = fixture_json("ecs", &s, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "event.kind"), "metric");
    assert_string_equal(fixture_text(j, "event.dataset"), "ganad.stats");
    assert_int_equal(fixture_int(j, "ganad.numbers.records_in"), 4711);
    json_decref(j);
    j = fixture_json("ecs", &s, GAD_DETAIL_ONE_REASON);
    assert_int_equal(json_object_size(fixture_at(j, "ganad.numbers")), 1);
    json_decref(j);
    j = fixture_json("ecs", &l, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "event.kind"), "event");
    assert_string_equal(fixture_text(j, "message"), "at most 100 events were lost, 100 to 199");
    assert_null(fixture_at(j, "event.sequence"));
    assert_int_equal(fixture_int(j, "ganad.numbers.lost"), 100);
    json_decref(j);
}

static void any_text_comes_back(void **state)
{
    (void)state;
    struct gad_event e = fixture_alert();

    fixture_fill_texts(&e, "a\"b\\c\n\x01\xff\xc3\xa4");
    json_t *j = fixture_json("ecs", &e, GAD_DETAIL_ALL);
    assert_string_equal(fixture_text(j, "observer.name"), "a\"b\\c\n\x01\xef\xbf\xbd\xc3\xa4");
    assert_string_equal(fixture_text(j, "rule.ruleset"), fixture_text(j, "observer.name"));
    assert_string_equal(fixture_text(j, "network.community_id"), fixture_text(j, "observer.name"));
    assert_string_equal(fixture_text(j, "ganad.source"), fixture_text(j, "observer.name"));
    assert_string_equal(fixture_text(j, "observer.ingress.interface.name"),
                        fixture_text(j, "observer.name"));
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_in_the_fields_of_ecs),
        cmocka_unit_test(the_connection_is_in_the_fields_of_ecs),
        cmocka_unit_test(addresses_are_related_once),
        cmocka_unit_test(the_rest_is_ours),
        cmocka_unit_test(kinds_are_those_of_ecs),
        cmocka_unit_test(any_text_comes_back),
    };
    return cmocka_run_group_tests_name("format_ecs", tests, NULL, NULL);
}
