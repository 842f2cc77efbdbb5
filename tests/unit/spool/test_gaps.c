/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/gaps.h"

#include <string.h>

#include "lib/base/rng.h"
#include "lib/spool/format.h"
#include "tests/unit/test.h"

enum { NUMBERS = 4000, NONE = GAD_SPOOL_GAP_KINDS };

static struct gad_spool_gaps list;

static void add(uint64_t first, uint64_t end, enum gad_spool_gap_kind kind)
{
    gad_spool_gaps_add(&list, first, end, kind);
    assert_true(gad_spool_gaps_are_sane(&list, NUMBERS));
}

/* The same as an array with a kind for each number. */
static void a_list_is_what_an_array_of_numbers_would_be(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(3, 1);
    static int kind[NUMBERS];

    for (int round = 0; round < 300; round++) {
        list = (struct gad_spool_gaps){0};
        for (int i = 0; i < NUMBERS; i++)
            kind[i] = NONE;
        for (int k = 0; k < 20; k++) {
            uint64_t first = 1 + gad_rng_below(&rng, NUMBERS - 200);
            uint64_t end = first + gad_rng_below(&rng, 200);
            int of = (int)gad_rng_below(&rng, GAD_SPOOL_GAP_KINDS);
            add(first, end, (enum gad_spool_gap_kind)of);
            for (uint64_t i = first; i < end; i++)
                kind[i] = kind[i] == NONE ? of : kind[i];
        }
        uint64_t from = 1 + gad_rng_below(&rng, NUMBERS / 2), to = from + NUMBERS / 3;
        for (int of = 0; of < GAD_SPOOL_GAP_KINDS; of++) {
            uint64_t n = 0;
            for (uint64_t i = from; i < to; i++)
                n += kind[i] == of;
            assert_int_equal(gad_spool_gaps_count(&list, from, to, (enum gad_spool_gap_kind)of), n);
        }
        for (uint64_t at = from; at < to;) {
            enum gad_spool_gap_kind got;
            uint64_t end = gad_spool_gaps_part(&list, at, to, &got);
            assert_true(end > at && end <= to);
            for (; at < end; at++)
                assert_int_equal(got, kind[at] == NONE ? GAD_SPOOL_LOST : kind[at]);
        }
        gad_spool_gaps_forget(&list, from);
        assert_int_equal(gad_spool_gaps_count(&list, 1, from, GAD_SPOOL_LOST), 0);
        assert_true(gad_spool_gaps_are_sane(&list, NUMBERS));
    }
}

/* Lost ones go first; when unused ones have to go, what is lost there is an upper limit from then
 * on. */
static void a_full_list_forgets_what_costs_least(void **state)
{
    (void)state;
    enum gad_spool_gap_kind kind;

    list = (struct gad_spool_gaps){0};
    add(1, 2, GAD_SPOOL_LOST);
    for (uint64_t i = 1; i < GAD_SPOOL_GAPS; i++)
        add(10 * i, 10 * i + 5, GAD_SPOOL_UNUSED);
    assert_int_equal(list.n, GAD_SPOOL_GAPS);
    add(10 * GAD_SPOOL_GAPS, 10 * GAD_SPOOL_GAPS + 5, GAD_SPOOL_UNUSED);
    assert_true(list.n == GAD_SPOOL_GAPS && list.unsure == 0 && list.gap[0].first == 10);
    add(10 * GAD_SPOOL_GAPS + 5, 10 * GAD_SPOOL_GAPS + 7, GAD_SPOOL_UNUSED); /* no range more */
    assert_true(list.n == GAD_SPOOL_GAPS && list.unsure == 0);
    add(2000, 2001, GAD_SPOOL_UNUSED);
    assert_true(list.unsure == 15 && list.gap[0].first == 20);
    assert_int_equal(gad_spool_gaps_part(&list, 12, 18, &kind), 18);
    assert_int_equal(kind, GAD_SPOOL_MAYBE);
    gad_spool_gaps_forget(&list, 15);
    assert_int_equal(list.unsure, 0);
}

static struct gad_spool_share share(uint64_t oldest, uint64_t end, uint64_t next, uint64_t gone,
                                    uint64_t known)
{
    const struct gad_spool_place p = {.next = next, .gone = gone, .known = known};
    return gad_spool_gaps_share(&list, oldest, end, &p);
}

static void waiting_and_lost_are_of_records_that_existed(void **state)
{
    (void)state;
    struct gad_spool_share s;

    list = (struct gad_spool_gaps){0};
    add(100, 200, GAD_SPOOL_UNUSED);
    add(300, 310, GAD_SPOOL_LOST);
    add(400, 404, GAD_SPOOL_MAYBE);

    s = share(1, 501, 1, 1, 1); /* all of it is there */
    assert_true(s.waiting == 500 - 100 - 10 - 4 && s.lost == 14 && s.at_most == 4);
    s = share(251, 501, 1, 1, 1); /* the quota took 1 .. 250, of which 150 were records */
    assert_true(s.waiting == 250 - 14 && s.lost == 150 + 14 && s.at_most == 4);
    s = share(251, 501, 1, 221, 1); /* 1 .. 220 can still be read, in an open file */
    assert_true(s.waiting == 120 + 250 - 14 && s.lost == 30 + 14);
    s = share(251, 501, 1, UINT64_MAX, 1);
    assert_true(s.waiting == 150 + 250 - 14 && s.lost == 14);
    s = share(251, 501, 1, 1, 241); /* 1 .. 240 were delivered before the quota took them */
    assert_true(s.waiting == 250 - 14 && s.lost == 10 + 14);
    s = share(1, 501, 250, 250,
              405); /* what is sent again waits, what was reported does not count twice */
    assert_true(s.waiting == 251 - 14 && s.lost == 0);
    s = share(501, 501, 501, 501, 501);
    assert_true(s.waiting == 0 && s.lost == 0 && s.at_most == 0);
    s = share(501, 501, 300, 300, 300); /* nothing is left */
    assert_true(s.waiting == 0 && s.lost == 201 && s.at_most == 4);
    s = share(1, 350, 350, 350, 350); /* what is missing behind the last record is known as well */
    assert_true(s.waiting == 0 && s.lost == 4 && s.at_most == 4);
    list.unsure = 100;
    s = share(251, 501, 1, 1, 1);
    assert_true(s.lost == 150 + 14 && s.at_most == 99 + 4);
}

static void a_list_from_a_file_is_checked(void **state)
{
    (void)state;
    list = (struct gad_spool_gaps){0};
    add(5, 8, GAD_SPOOL_UNUSED);
    add(9, 12, GAD_SPOOL_LOST);
    assert_true(gad_spool_gaps_are_sane(&list, 12));
    assert_false(gad_spool_gaps_are_sane(&list, 11));
    for (int what = 0; what < 6; what++) {
        struct gad_spool_gaps bad = list;
        if (what == 0)
            bad.gap[0].first = 0;
        else if (what == 1)
            bad.gap[0].end = 5;
        else if (what == 2)
            bad.gap[1].first = 7;
        else if (what == 3)
            bad.gap[1].kind = GAD_SPOOL_GAP_KINDS;
        else if (what == 4)
            bad.n = GAD_SPOOL_GAPS + 1;
        else
            bad.unsure = 13;
        assert_false(gad_spool_gaps_are_sane(&bad, 12));
    }
    assert_false(gad_spool_gaps_are_sane(&list, GAD_SPOOL_SEQ_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_what_an_array_of_numbers_would_be),
        cmocka_unit_test(a_full_list_forgets_what_costs_least),
        cmocka_unit_test(waiting_and_lost_are_of_records_that_existed),
        cmocka_unit_test(a_list_from_a_file_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
