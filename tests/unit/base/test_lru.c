/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/lru.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/base/siphash.h"
#include "tests/unit/test.h"

static const uint64_t secret[2] = {1, 2};

static struct gad_lru *make(size_t capacity, size_t words)
{
    struct gad_lru *t = NULL;
    assert_int_equal(gad_lru_new(capacity, words, secret, &t), 0);
    return t;
}

static uint32_t add(struct gad_lru *t, uint64_t key)
{
    return gad_lru_add(t, &key);
}

static uint32_t find(const struct gad_lru *t, uint64_t key)
{
    return gad_lru_find(t, &key);
}

static void it_is_full_at_its_capacity(void **state)
{
    (void)state;
    enum { N = 5 };
    struct gad_lru *t = make(N, 1);
    bool used[N + 1] = {false};

    assert_int_equal(gad_lru_oldest(t), 0);
    for (uint64_t i = 0; i < N; i++) {
        assert_false(gad_lru_is_full(t));
        assert_int_equal(find(t, i), 0);
        uint32_t slot = add(t, i);
        assert_in_range(slot, 1, N);
        assert_false(used[slot]);
        used[slot] = true;
        assert_int_equal(gad_lru_count(t), i + 1);
    }
    assert_true(gad_lru_is_full(t));
    /* one more: in the place of the oldest, which its caller removes */
    uint32_t oldest = gad_lru_oldest(t);
    assert_int_equal(oldest, find(t, 0));
    gad_lru_remove(t, oldest);
    assert_false(gad_lru_is_full(t));
    assert_int_equal(find(t, 0), 0);
    assert_int_equal(add(t, N), oldest);
    assert_true(gad_lru_is_full(t));
    for (uint64_t i = 1; i <= N; i++)
        assert_int_not_equal(find(t, i), 0);
    gad_lru_free(t);
}

static void the_oldest_is_the_one_longest_untouched(void **state)
{
    (void)state;
    struct gad_lru *t = make(3, 1);
    uint32_t a = add(t, 'a'), b = add(t, 'b'), c = add(t, 'c');

    assert_int_equal(gad_lru_oldest(t), a);
    assert_int_equal(find(t, 'a'), a); /* finding is no use */
    assert_int_equal(gad_lru_oldest(t), a);
    gad_lru_touch(t, a);
    assert_int_equal(gad_lru_oldest(t), b);
    gad_lru_touch(t, a); /* the newest already */
    gad_lru_remove(t, b);
    assert_int_equal(gad_lru_oldest(t), c);
    gad_lru_remove(t, a);
    assert_int_equal(gad_lru_oldest(t), c);
    gad_lru_remove(t, c);
    assert_int_equal(gad_lru_oldest(t), 0);
    assert_int_equal(gad_lru_count(t), 0);
    gad_lru_free(t);
}

struct hashed {
    uint32_t hash;
    uint64_t key;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Of 300,000 keys about ten pairs share the 32 bits that the table keeps. */
static void keys_of_one_hash_are_distinguished_by_all_their_words(void **state)
{
    (void)state;
    enum { N = 300000 };
    struct hashed *all = gad_calloc(N, sizeof(*all));
    size_t pairs = 0;

    assert_non_null(all);
    for (size_t i = 0; i < N; i++) {
        all[i].key = i;
        all[i].hash = (uint32_t)gad_siphash13(secret, &all[i].key, 1);
    }
    qsort(all, N, sizeof(*all), by_hash);
    for (size_t i = 1; i < N; i++) {
        if (all[i].hash != all[i - 1].hash)
            continue;
        struct gad_lru *t = make(4, 1);
        uint32_t one = add(t, all[i].key);
        assert_int_equal(find(t, all[i - 1].key), 0);
        uint32_t two = add(t, all[i - 1].key);
        assert_int_not_equal(one, two);
        assert_int_equal(find(t, all[i].key), one);
        assert_int_equal(find(t, all[i - 1].key), two);
        gad_lru_remove(t, one); /* the second of its bucket */
        assert_int_equal(find(t, all[i].key), 0);
        assert_int_equal(find(t, all[i - 1].key), two);
        gad_lru_free(t);
        pairs++;
    }
    assert_true(pairs > 0);
    gad_free(all);

    struct gad_lru *t = make(8, GAD_LRU_KEY_WORDS_MAX);
    uint64_t key[GAD_LRU_KEY_WORDS_MAX] = {0};
    uint32_t slot = gad_lru_add(t, key);
    for (size_t i = 0; i < GAD_LRU_KEY_WORDS_MAX; i++) {
        key[i] = 1;
        assert_int_equal(gad_lru_find(t, key), 0);
        key[i] = 0;
    }
    assert_int_equal(gad_lru_find(t, key), slot);
    gad_lru_free(t);
}

/* Any operations, against the time of the last use of each key; in tables of one slot up. */
static void it_does_as_a_slow_list_does(void **state)
{
    (void)state;
    enum { KEYS = 60 };
    struct gad_rng rng = gad_rng_init(7, 0);

    for (size_t capacity = 1; capacity <= 33; capacity += 4) {
        struct gad_lru *t = make(capacity, 1);
        uint64_t used[KEYS] = {0}, clock = 0; /* 0: not in it */
        uint32_t slot[KEYS] = {0};
        size_t n = 0;
        for (int i = 0; i < 20000; i++) {
            uint64_t key = gad_rng_below(&rng, KEYS);
            size_t oldest = 0;
            for (size_t k = 1; k < KEYS; k++)
                if (used[k] != 0 && (used[oldest] == 0 || used[k] < used[oldest]))
                    oldest = k;
            assert_int_equal(gad_lru_oldest(t), n > 0 ? slot[oldest] : 0);
            assert_int_equal(find(t, key), used[key] != 0 ? slot[key] : 0);
            if (used[key] != 0 && gad_rng_below(&rng, 4) == 0) {
                gad_lru_remove(t, slot[key]);
                used[key] = 0;
                n--;
            } else if (used[key] != 0) {
                gad_lru_touch(t, slot[key]);
                used[key] = ++clock;
            } else {
                if (gad_lru_is_full(t)) {
                    gad_lru_remove(t, slot[oldest]);
                    used[oldest] = 0;
                    n--;
                }
                slot[key] = add(t, key);
                used[key] = ++clock;
                n++;
            }
            assert_int_equal(gad_lru_count(t), n);
        }
        gad_lru_free(t);
    }
}

static void a_size_out_of_range_is_refused(void **state)
{
    (void)state;
    struct gad_lru *t = NULL;

    assert_int_equal(gad_lru_new(0, 1, secret, &t), GAD_EINVAL);
    assert_int_equal(gad_lru_new((size_t)GAD_LRU_MAX + 1, 1, secret, &t), GAD_EINVAL);
    assert_int_equal(gad_lru_new(1, 0, secret, &t), GAD_EINVAL);
    assert_int_equal(gad_lru_new(1, GAD_LRU_KEY_WORDS_MAX + 1, secret, &t), GAD_EINVAL);
    assert_null(t);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        struct gad_lru *t = NULL;
        (void)gad_mem_fail_at(k);
        int e = gad_lru_new(4, 2, secret, &t);
        bool failed = gad_mem_fail_at(0) >= k;
        assert_int_equal(e, failed ? GAD_ENOMEM : 0);
        gad_lru_free(t);
        if (!failed)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_full_at_its_capacity),
        cmocka_unit_test(the_oldest_is_the_one_longest_untouched),
        cmocka_unit_test(keys_of_one_hash_are_distinguished_by_all_their_words),
        cmocka_unit_test(it_does_as_a_slow_list_does),
        cmocka_unit_test(a_size_out_of_range_is_refused),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("lru", tests, NULL, NULL);
}
