/* SPDX-License-Identifier: Apache-2.0 */
/* Which streams lose their memory to others, what they keep, and that the limit holds. */

#include <limits.h>
#include <string.h>

#include "lib/flow/view.h"
#include "tests/unit/flow/fake_inspect.h"
#include "tests/unit/test.h"

enum { N = 200 };

struct streams {
    struct gad_stream_memory m;
    struct gad_flow flow[N];
    size_t cost; /* of one stream */
};

static void streams_init(struct streams *x, size_t n_fit)
{
    fake = (struct fake_inspections){0};
    memset(x, 0, sizeof(*x));
    x->m.max = 1 << 20;
    x->flow[0].stream = gad_stream_new(&x->m, &x->flow[0], GAD_APP_TEXT, 1000);
    x->cost = x->m.used;
    gad_stream_free(x->flow[0].stream, &x->m);
    x->m.max = n_fit * x->cost + 2048; /* what a new stream asks for, beside its own */
    memset(x->flow, 0, sizeof(x->flow));
}

static void streams_deinit(struct streams *x)
{
    for (int i = 0; i < N; i++)
        gad_stream_free(x->flow[i].stream, &x->m);
    assert_int_equal(x->m.used, 0);
    assert_int_equal(x->m.ended_used, 0);
    gad_stream_memory_deinit(&x->m);
}

static void begin(struct streams *x, int i, uint64_t source)
{
    x->m.now += INT64_C(1000000000);
    x->flow[i].key.a[0] = source;
    x->flow[i].stream = gad_stream_new(&x->m, &x->flow[i], GAD_APP_TEXT, 1000);
    assert_true(x->m.used <= x->m.max);
}

static void give(struct streams *x, int i, int64_t offset, const char *text)
{
    uint32_t len = (uint32_t)strlen(text);

    x->m.now += INT64_C(1000000000);
    gad_stream_data(x->flow[i].stream, &x->m, 1, offset, (const uint8_t *)text, len, len, 0);
    assert_true(x->m.used <= x->m.max);
}

static bool is_live(const struct streams *x, int i)
{
    return x->flow[i].stream && x->flow[i].stream->is_live;
}

static void the_one_without_progress_loses_its_memory(void **state)
{
    (void)state;
    static struct streams x;

    streams_init(&x, 10);
    for (int i = 0; i < 8; i++)
        begin(&x, i, 7);
    give(&x, 0, 1, "a"); /* has progress */
    for (int i = 8; i < 40; i++) {
        begin(&x, i, 7);
        give(&x, 0, i, "a");
    }
    assert_true(is_live(&x, 0));
    assert_int_equal(x.flow[0].notes, 0);
    assert_false(is_live(&x, 1));
    assert_int_equal(x.flow[1].notes, GAD_NOTE_BLIND);
    assert_true(is_live(&x, 39));
    assert_true(x.m.evicted > 20);
    streams_deinit(&x);
}

static void a_source_that_uses_much_pays_first(void **state)
{
    (void)state;
    static struct streams x;

    streams_init(&x, 20);
    for (int i = 0; i < 3; i++)
        begin(&x, i, 1000 + (uint64_t)i); /* the oldest, idle from now on */
    for (int i = 3; i < N; i++)
        begin(&x, i, 7);
    for (int i = 0; i < 3; i++) {
        assert_true(is_live(&x, i));
        assert_int_equal(x.flow[i].notes, 0);
    }
    streams_deinit(&x);
}

static void many_sources_share_by_age(void **state)
{
    (void)state;
    static struct streams x;

    streams_init(&x, 60);
    for (int i = 0; i < N; i++)
        begin(&x, i, (uint64_t)i * 3);
    assert_false(is_live(&x, 0));
    assert_true(is_live(&x, N - 1));
    streams_deinit(&x);
}

static void an_evicted_inspection_continues_with_later_bytes(void **state)
{
    (void)state;
    static struct streams x;
    struct gad_content c;

    streams_init(&x, 10);
    begin(&x, 0, 7);
    give(&x, 0, 1, "abc");
    for (int i = 1; is_live(&x, 0); i++)
        begin(&x, i, 7);
    assert_non_null(x.flow[0].stream); /* keeps its result */
    give(&x, 0, 4, "de");
    assert_true(is_live(&x, 0));
    gad_stream_result(x.flow[0].stream, &c);
    assert_int_equal(c.hot, 5);
    assert_int_equal(x.flow[0].notes, GAD_NOTE_BLIND);
    streams_deinit(&x);
}

static void held_bytes_are_passed_on_before_an_inspection_ends(void **state)
{
    (void)state;
    static struct streams x;
    struct gad_content c;

    streams_init(&x, 10);
    begin(&x, 0, 7);
    give(&x, 0, 3, "behind a hole");
    for (int i = 1; is_live(&x, 0); i++)
        begin(&x, i, 7);
    gad_stream_result(x.flow[0].stream, &c);
    assert_int_equal(c.hot, strlen("behind a hole"));
    assert_int_equal(x.m.gap_bytes, 2);
    streams_deinit(&x);
}

static void results_of_ended_inspections_use_no_more_than_half(void **state)
{
    (void)state;
    static struct streams x;

    streams_init(&x, 20);
    fake.enough = 1;
    for (int i = 0; i < N; i++) {
        begin(&x, i, 7);
        give(&x, i, 1, "x");
        assert_true(x.m.ended_used <= x.m.max / 2 + x.cost || x.m.used < x.m.max);
    }
    assert_null(x.flow[0].stream);
    assert_true(x.flow[0].not_inspected); /* its inspection had ended */
    assert_int_equal(x.flow[0].notes, GAD_NOTE_BLIND);
    assert_non_null(x.flow[N - 1].stream);
    streams_deinit(&x);
}

/* Everything that a stream does, while one allocation fails. */
static void a_failed_allocation_loses_no_memory(void **state)
{
    (void)state;
    static struct streams x;
    long n = LONG_MAX, k;

    for (k = 1; n >= k - 1; k++) { /* until none failed */
        streams_init(&x, 100);
        (void)gad_mem_fail_at(k);
        begin(&x, 0, 7);
        for (int i = 0; i < 3 && x.flow[0].stream; i++) {
            static const char *const copies[] = {"first", "other", "third"};
            struct gad_stream *s = x.flow[0].stream;
            gad_stream_data(s, &x.m, 0, 3, (const uint8_t *)copies[i], 5, 5, 1);
            gad_stream_data(s, &x.m, 1, 20 + i, (const uint8_t *)copies[i], 5, 9, 1);
            give(&x, 0, 1 + i * 5, copies[i]);
        }
        if (x.flow[0].stream) {
            gad_stream_acked(x.flow[0].stream, &x.m, 0, 6);
            gad_stream_finish(x.flow[0].stream, &x.m);
        }
        n = gad_mem_fail_at(0);
        streams_deinit(&x);
    }
    assert_true(k > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_without_progress_loses_its_memory),
        cmocka_unit_test(a_source_that_uses_much_pays_first),
        cmocka_unit_test(many_sources_share_by_age),
        cmocka_unit_test(an_evicted_inspection_continues_with_later_bytes),
        cmocka_unit_test(held_bytes_are_passed_on_before_an_inspection_ends),
        cmocka_unit_test(results_of_ended_inspections_use_no_more_than_half),
        cmocka_unit_test(a_failed_allocation_loses_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
