/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/event/event.h"
#include "tests/unit/test.h"

struct row {
    enum gad_nature nature;
    uint64_t records, sources, targets, ports;
    int seconds;
    enum gad_hint hint;
    const char *technique;
};

static struct gad_alert alert_of(const struct row *r)
{
    struct gad_alert a = {.incident = {.nature = r->nature,
                                       .first = {INT64_C(1795442709000000000)},
                                       .records = r->records,
                                       .sources = {r->sources, r->sources > 32},
                                       .targets = {r->targets, r->targets > 32},
                                       .ports = {r->ports, r->ports > 32}}};

    a.incident.last.ns = a.incident.first.ns + r->seconds * INT64_C(1000000000);
    a.incident.hint = gad_hint_of(&a.incident, GAD_N_COLUMNS);
    return a;
}

static void numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {GAD_NATURE_PROBE, 1, 1, 1, 1, 0, GAD_HINT_NONE, ""},
        {GAD_NATURE_PROBE, 7, 1, 1, 7, 1, GAD_HINT_NONE, ""},
        {GAD_NATURE_PROBE, 8, 1, 1, 8, 1, GAD_HINT_SCAN, "T1046"},
        {GAD_NATURE_PROBE, 1000, 1, 1, 1000, 5000, GAD_HINT_SCAN, "T1046"}, /* slow */
        {GAD_NATURE_PROBE, 1100, 11, 1, 100, 10, GAD_HINT_SCAN, "T1046"},   /* with decoys */
        {GAD_NATURE_PROBE, 11000, 11, 1, 1000, 10, GAD_HINT_SCAN, "T1046"},
        {GAD_NATURE_PROBE, 500000, 500000, 1, 500, 10, GAD_HINT_FLOOD,
         "T1498"}, /* forged, any port */
        {GAD_NATURE_PROBE, 500000, 500000, 1, 60000, 10, GAD_HINT_FLOOD, "T1498"},
        {GAD_NATURE_PROBE, 500000, 256, 1, 1, 24, GAD_HINT_FLOOD, "T1498"},
        {GAD_NATURE_PROBE, 8000, 1, 1, 1, 7, GAD_HINT_FLOOD, "T1498"},
        {GAD_NATURE_PROBE, 99, 1, 1, 1, 1, GAD_HINT_NONE, ""},
        {GAD_NATURE_PROBE, 200, 1, 1, 1, 86400, GAD_HINT_NONE, ""}, /* a beacon */
        {GAD_NATURE_PROBE, 8, 8, 1, 1, 60, GAD_HINT_NONE, ""}, /* eight clients of a dead server */
        {GAD_NATURE_PROBE, 40, 8, 1, 1, 3600, GAD_HINT_NONE, ""},
        {GAD_NATURE_PROBE, 134, 1, 134, 1, 60, GAD_HINT_SWEEP, "T1046"},
        {GAD_NATURE_PROBE, 400, 1, 134, 3, 60, GAD_HINT_SWEEP, "T1046"},
        {GAD_NATURE_ICMP, 254, 1, 254, 0, 60, GAD_HINT_SWEEP, "T1018"},
        {GAD_NATURE_ICMP, 266, 254, 1, 0, 6, GAD_HINT_FLOOD, "T1498"},
        {GAD_NATURE_TRAFFIC, 12, 1, 12, 1, 60, GAD_HINT_NONE, ""}, /* a client that browses */
        {GAD_NATURE_TRAFFIC, 40, 1, 40, 1, 60, GAD_HINT_SWEEP, "T1046"},
        {GAD_NATURE_TRAFFIC, 200, 1, 1, 1, 60, GAD_HINT_FLOOD, ""}, /* slow HTTP */
        {GAD_NATURE_MALFORMED, 500, 1, 1, 1, 1, GAD_HINT_MALFORMED, ""},
        {GAD_NATURE_CONTENT, 500, 1, 1, 1, 1, GAD_HINT_CONTENT, ""},
        {GAD_NATURE_LOGIN, 2, 1, 1, 1, 1, GAD_HINT_CONTENT, ""},
        {GAD_NATURE_LOGIN, 3, 1, 1, 1, 1, GAD_HINT_GUESSING, "T1110"},
        {GAD_NATURE_LOGIN, 300, 40, 1, 1, 1, GAD_HINT_GUESSING, "T1110"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct gad_alert a = alert_of(&rows[i]);
        if (a.incident.hint != rows[i].hint ||
            strcmp(gad_alert_technique(&a), rows[i].technique) != 0)
            fail_msg("row %zu: %s, %s", i, gad_hint_name(a.incident.hint), gad_alert_technique(&a));
        assert_true(!*rows[i].technique || *gad_technique_name(rows[i].technique));
    }
}

static void a_login_after_failed_ones_is_a_guess(void **state)
{
    (void)state;
    const struct gad_incident i = {
        .nature = GAD_NATURE_LOGIN, .records = 2, .logins = 1, .succeeded = true};

    assert_int_equal(gad_hint_of(&i, GAD_N_COLUMNS), GAD_HINT_GUESSED);
}

static void causes(void **state)
{
    (void)state;
    struct gad_alert a = {.incident = {.nature = GAD_NATURE_TRAFFIC, .records = 1}};
    static const struct {
        enum gad_column cause;
        enum gad_hint hint;
    } rows[] = {{GAD_SRC_BYTES, GAD_HINT_VOLUME},
                {GAD_DST_BYTES, GAD_HINT_VOLUME},
                {GAD_DURATION, GAD_HINT_VOLUME},
                {GAD_SERVICE, GAD_HINT_SERVICE},
                {GAD_PROTOCOL_TYPE, GAD_HINT_SERVICE},
                {GAD_FLAG, GAD_HINT_NONE},
                {GAD_COUNT, GAD_HINT_NONE},
                {GAD_N_COLUMNS, GAD_HINT_NONE}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(gad_hint_of(&a.incident, rows[i].cause), rows[i].hint);

    /* only what was sent, and too much, can be an exfiltration */
    a.incident.hint = GAD_HINT_VOLUME;
    assert_string_equal(gad_alert_technique(&a), "");
    a.n_top = 1;
    a.top[0] = (struct gad_reason){GAD_SRC_BYTES, 1e9, 5000, 0.5};
    assert_string_equal(gad_alert_technique(&a), "T1048");
    a.top[0] = (struct gad_reason){GAD_SRC_BYTES, 0, 5000, 0.5};
    assert_string_equal(gad_alert_technique(&a), "");
    a.top[0] = (struct gad_reason){GAD_DST_BYTES, 1e9, 5000, 0.5};
    assert_string_equal(gad_alert_technique(&a), "");
}

static void each_hint_has_its_words(void **state)
{
    (void)state;
    for (enum gad_hint h = 0; h < GAD_N_HINTS; h++) {
        assert_true(!*gad_hint_name(h) == (h == GAD_HINT_NONE));
        assert_true(!*gad_hint_phrase(h) == (h == GAD_HINT_NONE));
    }
    assert_string_equal(gad_hint_name(GAD_N_HINTS), "");
    assert_string_equal(gad_hint_phrase(GAD_N_HINTS), "");
    assert_string_equal(gad_technique_name("T0"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(a_login_after_failed_ones_is_a_guess),
        cmocka_unit_test(causes),
        cmocka_unit_test(each_hint_has_its_words),
    };
    return cmocka_run_group_tests_name("hint", tests, NULL, NULL);
}
