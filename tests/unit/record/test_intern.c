/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/intern.h"

#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

enum { N = 40, KEYS = 64 };

static const uint64_t test_key[2] = {3, 4};

static size_t hold(struct gad_intern *t, uint8_t which)
{
    uint8_t key[GAD_INTERN_KEY] = {0};
    key[GAD_INTERN_KEY - 1] = which;
    return gad_intern_hold(t, key);
}

static void a_key_has_one_number_while_it_is_held(void **state)
{
    (void)state;
    gad_cleanup(gad_intern_freep) struct gad_intern *t = NULL;
    assert_int_equal(gad_intern_new(test_key, 2, &t), 0);

    size_t a = hold(t, 1), b = hold(t, 2);
    assert_true(a != b && a < 2 && b < 2);
    assert_int_equal(hold(t, 1), a);
    assert_int_equal(gad_intern_holds(t, a), 2);
    gad_intern_drop(t, a);
    assert_int_equal(hold(t, 1), a);
    gad_intern_drop(t, a);
    gad_intern_drop(t, a);
    assert_int_equal(gad_intern_holds(t, a), 0);
    assert_int_equal(hold(t, 3), a); /* the only one that is free */
    assert_int_equal(hold(t, 2), b);
}

/* Full and empty again, over and over, in any order. */
static void numbers_never_run_out_nor_double(void **state)
{
    (void)state;
    gad_cleanup(gad_intern_freep) struct gad_intern *t = NULL;
    struct gad_rng rng = gad_rng_init(5, 0);
    size_t number[KEYS] = {0}, holds[KEYS] = {0}, n_held = 0;

    assert_int_equal(gad_intern_new(test_key, N, &t), 0);
    for (int i = 0; i < 100000; i++) {
        uint8_t k = (uint8_t)gad_rng_below(&rng, KEYS);
        if (holds[k] > 0 && gad_rng_below(&rng, 2)) {
            gad_intern_drop(t, number[k]);
            n_held -= --holds[k] == 0;
        } else if (holds[k] > 0 || n_held < N) {
            size_t got = hold(t, k);
            assert_true(got < N && (holds[k] == 0 || got == number[k]));
            for (size_t other = 0; other < KEYS; other++)
                assert_true(other == k || holds[other] == 0 || number[other] != got);
            number[k] = got;
            n_held += holds[k]++ == 0;
            assert_int_equal(gad_intern_holds(t, got), holds[k]);
        }
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct gad_intern *t = NULL;

    for (long k = 1; !t; k++) {
        (void)gad_mem_fail_at(k);
        int r = gad_intern_new(test_key, N, &t);
        (void)gad_mem_fail_at(0);
        assert_int_equal(r, t ? 0 : GAD_ENOMEM);
    }
    gad_intern_free(t);
    gad_intern_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_one_number_while_it_is_held),
        cmocka_unit_test(numbers_never_run_out_nor_double),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
