/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_level.h"

#include <math.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

#define HOUR INT64_C(3600000000000)
enum { DAY = 24, WEEK = 7 * DAY, HOSTS = 60 };

static struct host_levels levels;
static struct gad_time now;
static struct gad_rng rng;

static int make(void **state)
{
    (void)state;
    now.ns = 1000 * HOUR;
    levels = (struct host_levels){.begun = now, .updated = now, .week = now, .budget = 1};
    rng = gad_rng_init(1, 0);
    return 0;
}

/* Exponential with this mean. */
static float value(float mean)
{
    return -mean * logf(1 - gad_rng_uniform(&rng));
}

/* An hour in which each host has values of one sign; the last @extra hosts have another one. */
static void hour(enum gad_sign s, float mean, int extra, float most)
{
    for (int h = 0; h < HOSTS; h++) {
        float v[GAD_N_SIGNS] = {0};
        v[s] = h >= HOSTS - extra ? most : value(mean);
        host_levels_add(&levels, v, (uint64_t)h);
    }
    now.ns += HOUR;
    host_levels_update(&levels, now);
}

/* How often the level is exceeded, in weeks of another traffic of the same kind. */
static double exceeded(enum gad_sign s, float mean)
{
    double n = 0;

    for (int i = 0; i < 100 * WEEK * HOSTS; i++)
        n += value(mean) > levels.sign[s].at;
    return n / 100;
}

/* One sign may use its part of the budget: within a factor of ten, as the tail is extrapolated. */
static void the_budget_holds_on_the_next_weeks(void **state)
{
    (void)state;
    for (int i = 0; i < WEEK; i++)
        hour(GAD_SIGN_RARITY, 10, 0, 0);
    double n = exceeded(GAD_SIGN_RARITY, 10) * (GAD_N_SIGNS - 1);
    assert_true(levels.sign[GAD_SIGN_RARITY].at > 60);
    assert_true(n < 10 && n > 0.1);
}

static void a_quiet_network_has_the_floor(void **state)
{
    (void)state;
    for (int i = 0; i < DAY; i++)
        hour(GAD_SIGN_BEACON, 0, 0, 0);
    assert_true(levels.sign[GAD_SIGN_BEACON].at == 22);
    assert_true(levels.sign[GAD_SIGN_FAILED].at > 4 && levels.sign[GAD_SIGN_FAILED].at < 8);
    assert_true(levels.sign[GAD_SIGN_RARITY].is_mute);
}

static void two_hosts_teach_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < DAY; i++)
        hour(GAD_SIGN_FAILED, 0.3F, 0, 0);
    float before = levels.sign[GAD_SIGN_FAILED].at;
    for (int i = 0; i < 3 * DAY; i++)
        hour(GAD_SIGN_FAILED, 0.3F, 2, 60);
    assert_true(levels.sign[GAD_SIGN_FAILED].at < 1.5F * before);
}

/* Ten hosts do, but after the first week slowly, and not for ever. */
static void many_hosts_teach_slowly_and_to_a_ceiling(void **state)
{
    (void)state;
    for (int i = 0; i < WEEK; i++)
        hour(GAD_SIGN_FAILED, 0.3F, 0, 0);
    float before = levels.sign[GAD_SIGN_FAILED].at;
    for (int i = 0; i < DAY; i++)
        hour(GAD_SIGN_FAILED, 0.3F, 10, 60);
    assert_true(levels.sign[GAD_SIGN_FAILED].at < 1.15F * before);
    assert_true(levels.held > 0);
    for (int i = 0; i < 8 * WEEK; i++)
        hour(GAD_SIGN_FAILED, 0.3F, 10, 60);
    float at = levels.sign[GAD_SIGN_FAILED].at;
    assert_true(at > 2 * before && at <= HOST_LEVEL_CEILING * before * 1.001F);
}

static void scales_go_back(void **state)
{
    (void)state;
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        for (float v = 1; v < 1e6F; v *= 3)
            assert_true(fabsf(host_level_value(s, host_level_scale(s, v)) / v - 1) < 1e-3F);
    assert_true(host_level_beyond_own(GAD_SIGN_UPLOAD, 20) == 21);
    assert_true(host_level_beyond_own(GAD_SIGN_FAILED, 0) == 0);
}

/* Values of any size have a bin, and no level is ever below 0 or not a number. */
static void any_value_is_taken(void **state)
{
    (void)state;
    static const float values[] = {0, 1e-30F, 63.9F, 64, 1e30F, INFINITY, NAN, -1};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        float v[GAD_N_SIGNS];
        for (enum gad_sign s = 0; s < GAD_N_SIGNS; s++)
            v[s] = values[i];
        for (uint64_t h = 0; h < 10; h++)
            host_levels_add(&levels, v, h);
    }
    now.ns += HOUR;
    host_levels_update(&levels, now);
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++) {
        assert_true(isfinite(levels.sign[s].at) && levels.sign[s].at > 0);
        double p = host_level_p(&levels, s, 1e30F);
        assert_true(p >= 0 && p <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_budget_holds_on_the_next_weeks, make),
        cmocka_unit_test_setup(a_quiet_network_has_the_floor, make),
        cmocka_unit_test_setup(two_hosts_teach_nothing, make),
        cmocka_unit_test_setup(many_hosts_teach_slowly_and_to_a_ceiling, make),
        cmocka_unit_test_setup(scales_go_back, make),
        cmocka_unit_test_setup(any_value_is_taken, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
