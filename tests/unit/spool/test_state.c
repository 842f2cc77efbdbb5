/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/state.h"

#include <string.h>

#include "lib/spool/format.h"
#include "tests/unit/test.h"

static struct gad_spool_state sample(uint64_t generation)
{
    struct gad_spool_state s = {.generation = generation,
                                .boot = 99,
                                .next = 1000 + generation,
                                .reserved = 70000,
                                .unused_from = 4,
                                .unused_to = 900,
                                .guessed = true,
                                .sync = GAD_SPOOL_INTERVAL,
                                .clean = true,
                                .totals = {1, 2, 3, 4, 5, 6, 7, 8},
                                .gaps = {.unsure = 3, .n = GAD_SPOOL_GAPS}};

    for (int i = 0; i < GAD_SPOOL_CURSORS; i++) {
        s.cursor[i].next = (uint64_t)i;
        s.cursor[i].lost = UINT64_MAX;
        memset(s.cursor[i].name, 'a' + i, (size_t)(GAD_SPOOL_NAME - 1 - i));
    }
    for (uint64_t i = 0; i < GAD_SPOOL_GAPS; i++)
        s.gaps.gap[i] = (struct gad_spool_gap){1 + 1000 * i, 1000 + 1000 * i,
                                               (enum gad_spool_gap_kind)(i % GAD_SPOOL_GAP_KINDS)};
    return s;
}

static void assert_same(const struct gad_spool_state *a, const struct gad_spool_state *b)
{
    assert_true(a->generation == b->generation && a->boot == b->boot && a->next == b->next);
    assert_true(a->unused_from == b->unused_from && a->unused_to == b->unused_to);
    assert_true(a->guessed == b->guessed && a->reserved == b->reserved && a->sync == b->sync &&
                a->clean == b->clean);
    assert_memory_equal(&a->totals, &b->totals, sizeof(a->totals));
    assert_memory_equal(a->cursor, b->cursor, sizeof(a->cursor));
    assert_true(a->gaps.unsure == b->gaps.unsure && a->gaps.n == b->gaps.n);
    for (size_t i = 0; i < a->gaps.n; i++)
        assert_true(a->gaps.gap[i].first == b->gaps.gap[i].first &&
                    a->gaps.gap[i].end == b->gaps.gap[i].end &&
                    a->gaps.gap[i].kind == b->gaps.gap[i].kind);
}

/* The state of a file of one slot. */
static int read_slot(const uint8_t p[static GAD_SPOOL_SLOT], struct gad_spool_state *ret)
{
    unsigned slot, whole;
    return gad_spool_state_read(p, GAD_SPOOL_SLOT, ret, &slot, &whole);
}

static void a_slot_comes_back(void **state)
{
    (void)state;
    struct gad_spool_state s = sample(5), got;
    uint8_t p[GAD_SPOOL_SLOT];

    gad_spool_slot_write(&s, p);
    assert_int_equal(read_slot(p, &got), 0);
    assert_same(&got, &s);
}

static void no_flipped_bit_of_a_slot_is_believed(void **state)
{
    (void)state;
    struct gad_spool_state s = sample(5), got;
    uint8_t p[GAD_SPOOL_SLOT];

    gad_spool_slot_write(&s, p);
    for (size_t bit = 0; bit < 8 * sizeof(p); bit++) {
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(read_slot(p, &got), 0);
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void numbers_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static struct gad_spool_state bad[9], got;
    uint8_t p[GAD_SPOOL_SLOT];

    for (int i = 0; i < 9; i++)
        bad[i] = sample(1);
    bad[0].next = 0;
    bad[1].next = bad[1].reserved + 1;
    bad[2].reserved = GAD_SPOOL_SEQ_MAX + 1;
    bad[3].cursor[15].next = bad[3].reserved + 1;
    memset(bad[4].cursor[0].name, 'x', GAD_SPOOL_NAME);
    bad[6].unused_from = bad[6].unused_to + 1;
    bad[7].unused_to = bad[7].next + 1;
    bad[5].sync = (enum gad_spool_sync)3;
    bad[8].unused_from = 0; /* 0 is no number */
    for (int i = 0; i < 9; i++) {
        gad_spool_slot_write(&bad[i], p);
        assert_int_equal(read_slot(p, &got), GAD_EMISMATCH);
    }
}

/* Whichever slot is being written, and however far it came. */
static void a_write_torn_at_any_byte_leaves_the_old_state_or_the_new(void **state)
{
    (void)state;
    struct gad_spool_state was = sample(8), is = sample(9), got;
    static uint8_t p[GAD_SPOOL_STATE], fresh[GAD_SPOOL_SLOT];
    unsigned slot, whole;

    for (unsigned to = 0; to < 2; to++) {
        for (size_t n = 0; n <= sizeof(fresh); n++) {
            struct gad_spool_state before = sample(7);
            gad_spool_slot_write(&before, p + to * sizeof(fresh));
            gad_spool_slot_write(&was, p + (1 - to) * sizeof(fresh));
            gad_spool_slot_write(&is, fresh);
            memcpy(p + to * sizeof(fresh), fresh, n);
            assert_int_equal(gad_spool_state_read(p, sizeof(p), &got, &slot, &whole), 0);
            assert_same(&got, n == sizeof(fresh) ? &is : &was);
            assert_int_equal(slot, n == sizeof(fresh) ? to : 1 - to);
        }
    }
}

static void every_length_of_the_file_is_distinguished(void **state)
{
    (void)state;
    struct gad_spool_state one = sample(1), two = sample(2), got;
    static uint8_t p[GAD_SPOOL_STATE + 1];
    unsigned slot, whole;

    gad_spool_slot_write(&one, p);
    gad_spool_slot_write(&two, p + GAD_SPOOL_SLOT);
    for (size_t len = 0; len <= sizeof(p); len++) {
        int r = gad_spool_state_read(p, len, &got, &slot, &whole);
        assert_int_equal(r, len < GAD_SPOOL_SLOT ? GAD_EMISMATCH : 0);
        if (r == 0)
            assert_int_equal(got.generation, len < GAD_SPOOL_STATE ? 1 : 2);
    }
    memset(p, 'x', sizeof(p)); /* another program's file */
    assert_int_equal(gad_spool_state_read(p, sizeof(p), &got, &slot, &whole), GAD_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_comes_back),
        cmocka_unit_test(no_flipped_bit_of_a_slot_is_believed),
        cmocka_unit_test(numbers_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_write_torn_at_any_byte_leaves_the_old_state_or_the_new),
        cmocka_unit_test(every_length_of_the_file_is_distinguished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
