/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/merge.h"

#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

static struct gad_merge *new_merge(size_t n)
{
    struct gad_merge *m = NULL;
    assert_int_equal(gad_merge_new(n, &m), 0);
    return m;
}

static void put(struct gad_merge *m, size_t source, int64_t at, double mark)
{
    struct gad_record *r = gad_merge_put(m, source, (struct gad_time){at});
    assert_non_null(r);
    r->v[0] = mark;
}

/* -1: nothing can be taken yet. */
static double take(struct gad_merge *m)
{
    const struct gad_merge_item *item = gad_merge_take(m);
    return item ? item->rec.v[0] : -1.0;
}

static void one_source_waits_for_no_other(void **state)
{
    (void)state;
    gad_cleanup(gad_merge_freep) struct gad_merge *m = new_merge(1);

    assert_true(take(m) == -1.0);
    put(m, 0, 5, 1.0);
    put(m, 0, 5, 2.0);
    assert_true(take(m) == 1.0);
    assert_true(take(m) == 2.0);
    assert_true(take(m) == -1.0);
    assert_int_equal(gad_merge_slowest(m), 0);
    gad_merge_end(m, 0);
    assert_true(take(m) == -1.0);
    assert_int_equal(gad_merge_slowest(m), 1);
}

static void a_record_waits_until_none_can_come_before_it(void **state)
{
    (void)state;
    gad_cleanup(gad_merge_freep) struct gad_merge *m = new_merge(2);

    put(m, 1, 10, 1.0);
    assert_true(take(m) == -1.0);
    assert_int_equal(gad_merge_slowest(m), 0);
    gad_merge_reach(m, 0, (struct gad_time){10});
    assert_true(take(m) == -1.0); /* source 0 may still have one at 10, which goes first */
    gad_merge_reach(m, 0, (struct gad_time){11});
    assert_true(take(m) == 1.0);

    put(m, 0, 20, 2.0);
    gad_merge_reach(m, 1, (struct gad_time){20});
    assert_true(take(m) == 2.0); /* and source 1 one that goes after it */
    put(m, 1, 20, 3.0);
    gad_merge_end(m, 0);
    assert_true(take(m) == 3.0);
}

static void what_comes_late_counts_as_now(void **state)
{
    (void)state;
    gad_cleanup(gad_merge_freep) struct gad_merge *m = new_merge(1);
    const struct gad_merge_item *item;

    put(m, 0, 10, 1.0);
    put(m, 0, 9, 2.0);
    assert_true(take(m) == 1.0);
    item = gad_merge_take(m);
    assert_true(item && item->rec.v[0] == 2.0 && item->decided.ns == 10);
}

enum { SOURCES = 5, EACH = 500 };

/* Reads sources in an order of its own; returns the order that came out. */
static size_t merge_all(uint64_t seed, int64_t times[SOURCES][EACH], double out[SOURCES * EACH])
{
    gad_cleanup(gad_merge_freep) struct gad_merge *m = new_merge(SOURCES);
    struct gad_rng rng = gad_rng_init(seed, 0);
    size_t next[SOURCES] = {0}, n = 0, ended = 0;
    double mark;

    while (ended < SOURCES) {
        size_t s = seed == 0 ? gad_merge_slowest(m) : gad_rng_below(&rng, SOURCES);
        if (next[s] > EACH)
            continue;
        if (next[s] == EACH) {
            gad_merge_end(m, s);
            next[s]++;
            ended++;
        } else {
            put(m, s, times[s][next[s]], (double)(s * EACH + next[s]));
            next[s]++;
        }
        while ((mark = take(m)) >= 0.0)
            out[n++] = mark;
    }
    assert_true(take(m) == -1.0);
    return n;
}

static void no_source_waits_for_an_idle_one(void **state)
{
    (void)state;
    gad_cleanup(gad_merge_freep) struct gad_merge *m = new_merge(2);

    put(m, 0, 5, 1.0);
    put(m, 1, 10, 2.0);
    put(m, 1, 20, 3.0);
    assert_true(take(m) == 1.0);
    assert_true(take(m) == -1.0);
    gad_merge_set_idle(m, 0, true);
    assert_int_equal(gad_merge_slowest(m), 1);
    assert_true(take(m) == 2.0);
    gad_merge_set_idle(m, 0, false); /* before 3 was taken, so it may come before it */
    put(m, 0, 6, 4.0);
    assert_int_equal(gad_merge_slowest(m), 0);
    const struct gad_merge_item *item = gad_merge_take(m);
    assert_true(item && item->rec.v[0] == 4.0);
    assert_int_equal(item->decided.ns, 10); /* not before 2 */

    put(m, 0, 11, 5.0); /* what an idle one has given already keeps its place */
    gad_merge_set_idle(m, 0, true);
    assert_true(take(m) == 5.0);
    assert_true(take(m) == 3.0);
    gad_merge_set_idle(m, 1, true);
    assert_int_equal(gad_merge_slowest(m), 2); /* no source, although none has ended */
    assert_true(take(m) == -1.0);
}

/* The end of an input has late deadlines; the next input continues from its last packet. */
static void when_all_are_idle_the_order_begins_again(void **state)
{
    (void)state;
    gad_cleanup(gad_merge_freep) struct gad_merge *m = new_merge(2);
    const struct gad_merge_item *item;

    put(m, 0, 300, 1.0);
    gad_merge_set_idle(m, 0, true);
    gad_merge_end(m, 1);
    gad_merge_set_idle(m, 0, false); /* its record is not taken yet */
    put(m, 0, 4, 2.0);
    assert_true(take(m) == 1.0);
    item = gad_merge_take(m);
    assert_true(item && item->decided.ns == 300);
    gad_merge_set_idle(m, 0, true);
    gad_merge_set_idle(m, 0, false);
    put(m, 0, 5, 3.0);
    item = gad_merge_take(m);
    assert_true(item && item->decided.ns == 5);
}

static void the_order_does_not_depend_on_who_was_read_when(void **state)
{
    (void)state;
    static int64_t times[SOURCES][EACH];
    static double first[SOURCES * EACH], again[SOURCES * EACH];
    struct gad_rng rng = gad_rng_init(1, 0);

    for (size_t s = 0; s < SOURCES; s++)
        for (size_t i = 0; i < EACH; i++)
            times[s][i] = (i ? times[s][i - 1] : 0) + gad_rng_below(&rng, 3);
    assert_int_equal(merge_all(0, times, first), SOURCES * EACH);
    for (size_t i = 1; i < SOURCES * EACH; i++) {
        size_t a = (size_t)first[i - 1], b = (size_t)first[i];
        int64_t ta = times[a / EACH][a % EACH], tb = times[b / EACH][b % EACH];
        assert_true(ta < tb || (ta == tb && a < b));
    }
    for (uint64_t seed = 1; seed < 20; seed++) {
        assert_int_equal(merge_all(seed, times, again), SOURCES * EACH);
        assert_memory_equal(first, again, sizeof(first));
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long k = 1, done = 0; !done; k++) {
        struct gad_merge *m = NULL;
        int err;
        (void)gad_mem_fail_at(k);
        err = gad_merge_new(1, &m);
        size_t n = 0;
        for (; err == 0 && n < 100; n++) {
            struct gad_record *r = gad_merge_put(m, 0, (struct gad_time){0});
            if (r)
                r->v[0] = 0.0;
            err = r ? 0 : GAD_ENOMEM;
        }
        (void)gad_mem_fail_at(0);
        done = err == 0;
        assert_true(done || err == GAD_ENOMEM);
        for (; err != 0 && m && n > 1; n--) /* those before are all there */
            assert_true(take(m) == 0.0);
        gad_merge_free(m);
    }
    gad_merge_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_waits_for_no_other),
        cmocka_unit_test(a_record_waits_until_none_can_come_before_it),
        cmocka_unit_test(what_comes_late_counts_as_now),
        cmocka_unit_test(no_source_waits_for_an_idle_one),
        cmocka_unit_test(when_all_are_idle_the_order_begins_again),
        cmocka_unit_test(the_order_does_not_depend_on_who_was_read_when),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
