/* SPDX-License-Identifier: Apache-2.0 */
/* One frame with a wrong time moves no other frame; a clock that was set does. */

#include <string.h>

#include "lib/net/steady.h"
#include "tests/unit/test.h"

enum { MAX = 32 };

struct log {
    int64_t seconds[MAX];
    uint8_t first[MAX]; /* first byte of the frame */
    size_t n;
};

static void keep(struct log *l, const struct gad_frame *f)
{
    assert_true(l->n < MAX);
    l->seconds[l->n] = f->time.ns / 1000000000;
    l->first[l->n++] = f->caplen > 0 ? f->data[0] : 0;
}

static void frame_at(struct gad_steady *s, struct log *l, int64_t seconds)
{
    uint8_t byte = (uint8_t)(l->n + s->has_held);
    struct gad_frame f = {{seconds * 1000000000}, 1, &byte, 1, 1, 0}, first;
    enum gad_steady_fate fate;

    while ((fate = gad_steady_next(s, &f, &first)) == GAD_STEADY_RELEASED)
        keep(l, &first);
    if (fate == GAD_STEADY_NOW)
        keep(l, &f);
    byte = 0xff; /* a held frame is a copy */
}

static void at_end(struct gad_steady *s, struct log *l)
{
    struct gad_frame f;

    while (gad_steady_release(s, s->now, true, &f))
        keep(l, &f);
}

static void run(const int64_t *in, const int64_t *out, size_t n, uint64_t steps, uint64_t strays)
{
    struct gad_steady s = {0};
    struct log l = {0};

    for (size_t i = 0; i < n; i++)
        frame_at(&s, &l, in[i]);
    at_end(&s, &l);
    assert_int_equal(l.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(l.seconds[i], out[i]);
        assert_int_equal(l.first[i], i); /* in their order */
    }
    assert_int_equal(s.steps, steps);
    assert_int_equal(s.strays, strays);
    gad_steady_deinit(&s);
}

#define RUN(steps, strays, n, ...)                                                                 \
    do {                                                                                           \
        const int64_t rows_[2][n] = {__VA_ARGS__};                                                 \
        run(rows_[0], rows_[1], n, steps, strays);                                                 \
    } while (0)

static void a_stray_frame_has_the_time_before_it(void **state)
{
    (void)state;
    RUN(0, 1, 4, {1000, 90000, 1001, 1002}, {1000, 1000, 1001, 1002});
    RUN(0, 1, 4, {90000, 5, 90001, 90002}, {90000, 90000, 90001, 90002});
    RUN(0, 2, 5, {1000, 90000, 5, 1001, 1002}, {1000, 1000, 1000, 1001, 1002});
}

static void a_step_is_confirmed_by_the_next_frame(void **state)
{
    (void)state;
    RUN(1, 0, 4, {1000, 90000, 90001, 90002}, {1000, 90000, 90001, 90002});
    RUN(1, 0, 4, {90000, 5, 6, 7}, {90000, 5, 6, 7});
    RUN(0, 0, 4, {1000, 1060, 1001, 1059}, {1000, 1060, 1001, 1059}); /* less than a step */
}

static void a_quiet_link_loses_no_time(void **state)
{
    (void)state;
    RUN(3, 0, 4, {1000, 2000, 3000, 4000}, {1000, 2000, 3000, 4000});
}

static void the_last_frame_has_its_own_time(void **state)
{
    (void)state;
    RUN(1, 0, 2, {1000, 90000}, {1000, 90000});
}

static void the_clock_of_a_live_source_confirms(void **state)
{
    (void)state;
    struct gad_steady s = {0};
    struct log l = {0};
    struct gad_frame f;

    frame_at(&s, &l, 1000);
    frame_at(&s, &l, 2000);
    assert_int_equal(l.n, 1);
    assert_false(gad_steady_release(&s, (struct gad_time){INT64_C(1500000000000)}, false, &f));
    assert_true(gad_steady_release(&s, (struct gad_time){INT64_C(1999000000000)}, false, &f));
    assert_int_equal(f.time.ns, INT64_C(2000000000000));
    gad_steady_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stray_frame_has_the_time_before_it),
        cmocka_unit_test(a_step_is_confirmed_by_the_next_frame),
        cmocka_unit_test(a_quiet_link_loses_no_time),
        cmocka_unit_test(the_last_frame_has_its_own_time),
        cmocka_unit_test(the_clock_of_a_live_source_confirms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
