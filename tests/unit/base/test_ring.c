/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ring.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

#include "tests/unit/test.h"

static void keeps_order_and_knows_full_and_empty(void **state)
{
    (void)state;
    struct gad_ring *r = NULL;
    int item[5];

    assert_int_equal(gad_ring_new(4, &r), 0);
    assert_null(gad_ring_pop(r));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            assert_true(gad_ring_push(r, &item[i]));
        assert_false(gad_ring_push(r, &item[4]));
        assert_int_equal(gad_ring_count(r), 4);
        for (int i = 0; i < 4; i++)
            assert_ptr_equal(gad_ring_pop(r), &item[i]);
        assert_null(gad_ring_pop(r));
    }
    gad_ring_free(r);
}

static void many_at_once_are_as_many_one_by_one(void **state)
{
    (void)state;
    struct gad_ring *r = NULL;
    int item[6];
    void *many[6];

    for (int i = 0; i < 6; i++)
        many[i] = &item[i];
    assert_int_equal(gad_ring_new(4, &r), 0);
    assert_int_equal(gad_ring_push_many(r, many, 0), 0);
    for (int round = 0; round < 5; round++) { /* beginning at each place of the ring */
        assert_true(gad_ring_push(r, &item[5]));
        assert_int_equal(gad_ring_push_many(r, many, 2), 2);
        assert_int_equal(gad_ring_push_many(r, many + 2, 4), 1); /* it is full then */
        assert_int_equal(gad_ring_push_many(r, many, 6), 0);
        assert_ptr_equal(gad_ring_pop(r), &item[5]);
        for (int i = 0; i < 3; i++)
            assert_ptr_equal(gad_ring_pop(r), &item[i]);
        assert_null(gad_ring_pop(r));
        assert_true(gad_ring_push(r, &item[0]));
        assert_ptr_equal(gad_ring_pop(r), &item[0]);
    }
    gad_ring_free(r);
}

static void a_lazy_push_wakes_when_there_is_enough(void **state)
{
    (void)state;
    struct gad_ring *r = NULL;
    int item[4];

    assert_int_equal(gad_ring_new(4, &r), 0);
    struct pollfd p = {.fd = gad_ring_items_fd(r), .events = POLLIN};
    assert_false(gad_ring_arm_items(r));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(gad_ring_push_lazily(r, &(void *){&item[i]}, 1, 3), 1);
        assert_int_equal(poll(&p, 1, 0), i >= 2);
    }
    assert_int_equal(gad_ring_push_lazily(r, &(void *){item}, 1, 3), 0);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(gad_ring_pop(r), &item[i]);
    gad_ring_free(r);
}

static void refuses_silly_capacities(void **state)
{
    (void)state;
    struct gad_ring *r = NULL;

    assert_int_equal(gad_ring_new(0, &r), GAD_EINVAL);
    assert_int_equal(gad_ring_new((1 << 20) + 1, &r), GAD_EINVAL);
    assert_null(r);
    gad_ring_free(NULL);
}

enum { N_ITEMS = 200000 };

static void *produce(void *arg)
{
    struct gad_ring *r = arg;

    for (uintptr_t i = 1; i <= N_ITEMS;)
        if (gad_ring_push(r, (void *)i))
            i++;
        else
            (void)sched_yield();
    return NULL;
}

/* A lost wake-up would hang here until meson's timeout. */
static void two_threads_lose_nothing_and_never_sleep_for_ever(void **state)
{
    (void)state;
    struct gad_ring *r = NULL;
    pthread_t t;

    assert_int_equal(gad_ring_new(16, &r), 0);
    assert_int_equal(pthread_create(&t, NULL, produce, r), 0);
    struct pollfd p = {.fd = gad_ring_items_fd(r), .events = POLLIN};
    for (uintptr_t want = 1; want <= N_ITEMS;) {
        void *item = gad_ring_pop(r);
        if (item) {
            assert_int_equal((uintptr_t)item, want);
            want++;
            continue;
        }
        if (!gad_ring_arm_items(r))
            (void)poll(&p, 1, -1);
        gad_ring_disarm_items(r);
    }
    pthread_join(t, NULL);
    assert_null(gad_ring_pop(r));
    gad_ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_knows_full_and_empty),
        cmocka_unit_test(many_at_once_are_as_many_one_by_one),
        cmocka_unit_test(a_lazy_push_wakes_when_there_is_enough),
        cmocka_unit_test(refuses_silly_capacities),
        cmocka_unit_test(two_threads_lose_nothing_and_never_sleep_for_ever),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
