/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "daemon/alert/distinct.h"
#include "daemon/alert/host.h"
#include "tests/unit/test.h"

static const uint64_t secret[2] = {7, 9};

static void up_to_32_are_exact(void **state)
{
    (void)state;
    struct distinct d = {0};

    for (uint64_t i = 0; i < 1000; i++)
        (void)distinct_add(&d, secret, (struct thing){0, i % DISTINCT_EXACT});
    assert_int_equal(distinct_n(&d), DISTINCT_EXACT);
    assert_false(d.is_over);
    assert_int_equal(distinct_count(&d, (struct thing){0, 3}), 32); /* 3, 35, ... 995 */
    assert_int_equal(distinct_count(&d, (struct thing){1, 3}), 0);
    distinct_deinit(&d);
}

/* Within four standard errors, over four decades. */
static void more_are_estimated(void **state)
{
    (void)state;

    for (uint64_t n = 33; n <= 300000; n = n * 3 + 1) {
        struct distinct d = {0};
        for (uint64_t i = 0; i < n; i++) {
            (void)distinct_add(&d, secret, (struct thing){i, i * i});
            (void)distinct_add(&d, secret, (struct thing){i, i * i});
        }
        assert_true(d.is_over);
        double error = (double)distinct_n(&d) / (double)n - 1;
        assert_true(fabs(error) < 4 * 0.0325);
        distinct_deinit(&d);
    }
}

/* One frequent thing among many rare ones keeps its place, and its count is a lower bound. */
static void the_frequent_are_found(void **state)
{
    (void)state;
    struct distinct d = {0};
    uint32_t place[5];

    for (uint64_t i = 0; i < 100000; i++)
        (void)distinct_add(&d, secret, (struct thing){0, i % 10 == 0 ? 42 : 1000 + i});
    assert_int_equal(distinct_top(&d, 5, place), 5);
    assert_int_equal(d.thing[place[0]].low, 42);
    uint64_t count = distinct_count(&d, (struct thing){0, 42});
    assert_true(count > 9000 && count <= 10000);
    /* rare ones do not look frequent */
    assert_true(distinct_at_least(&d, place[1]) < 100);
    distinct_deinit(&d);
}

static void top_is_sorted_and_short(void **state)
{
    (void)state;
    struct distinct d = {0};
    uint32_t place[5];

    assert_int_equal(distinct_top(&d, 5, place), 0);
    for (uint64_t i = 1; i <= 9; i++)
        for (uint64_t k = 0; k < i; k++)
            (void)distinct_add(&d, secret, (struct thing){0, i});
    assert_int_equal(distinct_top(&d, 3, place), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(d.thing[place[i]].low, 9 - i);
    distinct_deinit(&d);
}

static void hosts_keep_their_family(void **state)
{
    (void)state;
    struct distinct d = {0};
    struct gad_host_count h[3];
    const uint8_t v4[16] = {192, 0, 2, 1}, v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};

    (void)distinct_add(&d, secret, host_thing(4, v4));
    (void)distinct_add(&d, secret, host_thing(6, v6));
    (void)distinct_add(&d, secret, host_thing(6, v6));
    assert_int_equal(host_top(&d, 3, h), 2);
    assert_int_equal(h[0].family, 6);
    assert_memory_equal(h[0].address, v6, 16);
    assert_int_equal(h[0].count, 2);
    assert_int_equal(h[1].family, 4);
    assert_memory_equal(h[1].address, v4, 4);
    distinct_deinit(&d);
}

static void private_addresses_are_known(void **state)
{
    (void)state;
    static const struct {
        uint8_t a[4];
        bool is_private;
    } cases[] = {{{10, 1, 2, 3}, true},     {{172, 15, 0, 1}, false}, {{172, 16, 0, 1}, true},
                 {{172, 31, 9, 1}, true},   {{172, 32, 0, 1}, false}, {{192, 168, 0, 1}, true},
                 {{192, 169, 0, 1}, false}, {{169, 254, 1, 1}, true}, {{11, 0, 0, 1}, false},
                 {{127, 0, 0, 1}, true},    {{203, 0, 113, 1}, false}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t a[16] = {cases[i].a[0], cases[i].a[1], cases[i].a[2], cases[i].a[3]};
        assert_int_equal(host_is_private(host_thing(4, a)), cases[i].is_private);
    }
    assert_true(host_is_private(host_thing(6, (const uint8_t[16]){0xfd, 1})));
    assert_true(host_is_private(host_thing(6, (const uint8_t[16]){0xfe, 0x80, [15] = 1})));
    assert_true(host_is_private(host_thing(6, (const uint8_t[16]){[15] = 1})));
    assert_false(host_is_private(host_thing(6, (const uint8_t[16]){0x20, 1})));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_to_32_are_exact),      cmocka_unit_test(more_are_estimated),
        cmocka_unit_test(the_frequent_are_found),  cmocka_unit_test(top_is_sorted_and_short),
        cmocka_unit_test(hosts_keep_their_family), cmocka_unit_test(private_addresses_are_known),
    };
    return cmocka_run_group_tests_name("distinct", tests, NULL, NULL);
}
