/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/severity.h"

#include "lib/event/event.h"
#include "tests/unit/test.h"

#define MIB UINT64_C(1048576)

static void the_table_gives_these_levels(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct severity_facts f;
        unsigned points, severity;
    } rows[] = {
        {"one probe",
         {.p_value = 9e-4,
          .budget = 1e-3,
          .nature = GAD_NATURE_PROBE,
          .records = 1,
          .sources = 1,
          .targets = 1,
          .ports = 1},
         0,
         GAD_SEVERITY_LOW},
        {"an odd transfer",
         {.p_value = 1e-4,
          .budget = 1e-3,
          .nature = GAD_NATURE_TRAFFIC,
          .records = 1,
          .sources = 1,
          .targets = 1,
          .ports = 1,
          .answered = true},
         25,
         GAD_SEVERITY_LOW},
        {"a rarer one",
         {.p_value = 1e-6,
          .budget = 1e-3,
          .nature = GAD_NATURE_TRAFFIC,
          .records = 1,
          .sources = 1,
          .targets = 1,
          .ports = 1,
          .answered = true},
         35,
         GAD_SEVERITY_MEDIUM},
        {"a scan of a thousand ports of a hundred hosts",
         {.p_value = 1e-12,
          .budget = 1e-3,
          .nature = GAD_NATURE_PROBE,
          .records = 100000,
          .sources = 1,
          .targets = 100,
          .ports = 1000,
          .answered = true},
         50,
         GAD_SEVERITY_MEDIUM},
        {"a flood of forged SYNs",
         {.p_value = 1e-12,
          .budget = 1e-3,
          .nature = GAD_NATURE_PROBE,
          .records = 100000,
          .sources = 90000,
          .targets = 1,
          .ports = 1,
          .answered = true},
         60,
         GAD_SEVERITY_HIGH},
        {"failed logins",
         {.p_value = 1e-5,
          .budget = 1e-3,
          .nature = GAD_NATURE_LOGIN,
          .records = 24,
          .sources = 1,
          .targets = 1,
          .ports = 1,
          .answered = true},
         45,
         GAD_SEVERITY_MEDIUM},
        {"failed logins and then one that succeeded",
         {.p_value = 1e-5,
          .budget = 1e-3,
          .nature = GAD_NATURE_LOGIN,
          .records = 24,
          .sources = 1,
          .targets = 1,
          .ports = 1,
          .answered = true,
          .logged_in = true},
         80,
         GAD_SEVERITY_HIGH},
        {"a root shell in a single record that is barely anomalous",
         {.p_value = 9e-4,
          .budget = 1e-3,
          .nature = GAD_NATURE_CONTENT,
          .records = 1,
          .sources = 1,
          .targets = 1,
          .ports = 1,
          .root_shell = true},
         90,
         GAD_SEVERITY_HIGH},
        {"a gibibyte out",
         {.p_value = 9e-4,
          .budget = 1e-3,
          .nature = GAD_NATURE_TRAFFIC,
          .records = 1,
          .sources = 1,
          .targets = 1,
          .ports = 1,
          .bytes_out = 1024 * MIB},
         70,
         GAD_SEVERITY_HIGH},
        {"a configured threshold",
         {.p_value = 1e-4,
          .nature = GAD_NATURE_CONTENT,
          .records = 1,
          .sources = 1,
          .targets = 1,
          .ports = 1},
         35,
         GAD_SEVERITY_MEDIUM},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned points = severity_points(&rows[i].f);
        if (points != rows[i].points || severity_of(points) != rows[i].severity)
            fail_msg("%s: %u points", rows[i].what, points);
    }
}

static void levels_begin_at_their_limits(void **state)
{
    (void)state;
    assert_int_equal(severity_of(0), GAD_SEVERITY_LOW);
    assert_int_equal(severity_of(34), GAD_SEVERITY_LOW);
    assert_int_equal(severity_of(35), GAD_SEVERITY_MEDIUM);
    assert_int_equal(severity_of(59), GAD_SEVERITY_MEDIUM);
    assert_int_equal(severity_of(60), GAD_SEVERITY_HIGH);
    assert_int_equal(severity_of(100), GAD_SEVERITY_HIGH);
}

/* A sender of more cannot make an incident look smaller: each fact alone is raised, from each
 * of many others. */
static void more_of_anything_never_takes_points_away(void **state)
{
    (void)state;
    static const uint64_t n[] = {1,   9,    10,     31,  32,        99,
                                 100, 1000, 100000, MIB, 100 * MIB, UINT64_MAX};
    static const double p[] = {1.0, 1e-3, 5e-4, 1e-4, 1e-5, 1e-6, 1e-12};
    enum { N = sizeof(n) / sizeof(n[0]), P = sizeof(p) / sizeof(p[0]) };

    for (unsigned at = 0; at < 100000; at++) {
        unsigned r = at * 2654435761u;
        struct severity_facts f = {.p_value = p[r % P],
                                   .budget = r & 64 ? 1e-3 : 0,
                                   .nature = (enum gad_nature)((r >> 4) % GAD_N_NATURES),
                                   .records = n[(r >> 7) % N],
                                   .sources = n[(r >> 11) % N],
                                   .targets = n[(r >> 15) % N],
                                   .ports = n[(r >> 19) % N],
                                   .bytes_out = n[(r >> 23) % N],
                                   .answered = r & 1u << 27,
                                   .logged_in = (r >> 28) == 1,
                                   .root_shell = (r >> 28) == 2};
        unsigned points = severity_points(&f);
        assert_in_range(points, 0, 100);
#define RAISED(field, value)                                                                       \
    do {                                                                                           \
        struct severity_facts g = f;                                                               \
        g.field = (value);                                                                         \
        assert_true(severity_points(&g) >= points);                                                \
    } while (0)
        RAISED(p_value, f.p_value / 10);
        RAISED(nature, f.nature + 1 < GAD_N_NATURES ? f.nature + 1 : f.nature);
        RAISED(records, f.records > UINT64_MAX / 10 ? UINT64_MAX : f.records * 10);
        RAISED(sources, f.sources > UINT64_MAX / 10 ? UINT64_MAX : f.sources * 10);
        RAISED(targets, f.targets > UINT64_MAX / 10 ? UINT64_MAX : f.targets * 10);
        RAISED(ports, f.ports > UINT64_MAX / 10 ? UINT64_MAX : f.ports * 10);
        RAISED(bytes_out, f.bytes_out > UINT64_MAX / 10 ? UINT64_MAX : f.bytes_out * 10);
        RAISED(answered, true);
        RAISED(logged_in, true);
        RAISED(root_shell, true);
#undef RAISED
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_gives_these_levels),
        cmocka_unit_test(levels_begin_at_their_limits),
        cmocka_unit_test(more_of_anything_never_takes_points_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
