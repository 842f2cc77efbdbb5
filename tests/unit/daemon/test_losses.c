/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/losses.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

/* "+5-9" new, "=5-9" reported again. */
static void note(void *arg, const struct gad_loss *part, bool is_new)
{
    char *text = arg, one[64];

    (void)snprintf(one, sizeof(one), "%c%llu-%llu ", is_new ? '+' : '=',
                   (unsigned long long)part->first, (unsigned long long)part->last);
    strncat(text, one, 200);
}

static void reports(struct losses *l, uint64_t first, uint64_t last, uint64_t known,
                    const char *want)
{
    const struct gad_loss gap = {.first = first, .last = last};
    char text[1024] = "";

    losses_take(l, &gap, known, note, text);
    assert_string_equal(text, want);
}

static void a_gap_is_reported_once_and_again_when_it_is_read_again(void **state)
{
    (void)state;
    struct losses l = {0};

    reports(&l, 10, 19, 10, "+10-19 ");
    reports(&l, 10, 19, 10, "=10-19 ");
    reports(&l, 10, 19, 20, "=10-19 ");
    reports(&l, 30, 30, 30, "+30-30 ");
    reports(&l, 10, 30, 25,
            "=10-19 +25-29 =30-30 "); /* 20 to 24 were sent before the spool gave them up */
    reports(&l, 10, 30, 25, "=10-19 =25-29 =30-30 ");
}

/* Reported and not sent: events in between that never left are lost when the spool evicts them. */
static void what_was_never_sent_is_a_loss_before_a_reported_one(void **state)
{
    (void)state;
    struct losses l = {0};

    reports(&l, 101, 200, 1, "+101-200 ");
    reports(&l, 1, 200, 1, "+1-100 =101-200 ");
    reports(&l, 1, 250, 1, "=1-100 =101-200 +201-250 ");
}

static void what_was_sent_is_no_loss(void **state)
{
    (void)state;
    struct losses l = {0};

    reports(&l, 1, 50, 51, "");
    reports(&l, 1, 50, 40, "+40-50 ");
}

struct sum {
    uint8_t *lost; /* by number: counted as lost */
    uint64_t at;   /* behind the last part */
};

static void count(void *arg, const struct gad_loss *part, bool is_new)
{
    struct sum *s = arg;

    assert_true(part->first >= s->at && part->first <= part->last); /* in order, apart */
    s->at = part->last + 1;
    for (uint64_t i = part->first; i <= part->last; i++) {
        assert_int_equal(s->lost[i], is_new ? 0 : 1); /* none is new twice */
        s->lost[i] = 1;
    }
}

/* An output that reads back repeatedly while the spool evicts more: no number is counted twice, and
 * parts are in order. */
static void no_number_is_counted_twice(void **state)
{
    (void)state;
    enum { N = 400 };
    struct gad_rng rng = gad_rng_init(9, 0);

    for (int round = 0; round < 2000; round++) {
        struct losses l = {0};
        uint8_t lost[N + 1] = {0}, gone[N + 1] = {0};
        uint64_t known = 1, released = 1, oldest = 1;
        while (known <= N) {
            /* From what is released up to somewhere, with gaps; the spool has given up what is
             * before oldest. */
            uint64_t to = known + gad_rng_below(&rng, N / 4);
            oldest += gad_rng_below(&rng, 20);
            for (uint64_t i = released; i <= N && i < to;) {
                uint64_t end = i;
                while (end <= N && (end < oldest || gone[end]))
                    gone[end++] = 1;
                if (end > i) {
                    const struct gad_loss gap = {.first = i, .last = end - 1};
                    struct sum s = {lost, 0};
                    losses_take(&l, &gap, known, count, &s);
                    i = end;
                    continue;
                }
                i++;
            }
            /* All that was read is sent but for a tail that the connection's end took. */
            uint64_t sent = to - gad_rng_below(&rng, 10);
            for (uint64_t i = known; i < sent && i <= N; i++)
                known = i + 1;
            released = known > 30 ? known - gad_rng_below(&rng, 30) : 1;
            if (l.n > LOSSES_MAX - 2)
                break; /* beyond what is remembered it may count twice */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_is_reported_once_and_again_when_it_is_read_again),
        cmocka_unit_test(what_was_never_sent_is_a_loss_before_a_reported_one),
        cmocka_unit_test(what_was_sent_is_no_loss),
        cmocka_unit_test(no_number_is_counted_twice),
    };
    return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}
