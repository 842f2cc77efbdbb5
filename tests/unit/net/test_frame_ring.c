/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of frames in a ring: exact until overwritten, and then recognised. */

#include <string.h>

#include "lib/net/frame_ring.h"
#include "lib/net/steady.h"
#include "tests/unit/test.h"

enum { BYTES = GAD_FRAME_RING_MIN, SNAPLEN = 2048 };

static struct gad_frame_ring *ring_of(void *memory, uint32_t snaplen)
{
    const struct gad_frame_ring_options o = {
        .memory = memory, .bytes = BYTES, .snaplen = snaplen, .connection_max = BYTES};
    struct gad_frame_ring *r = NULL;

    assert_int_equal(gad_frame_ring_new(&o, &r), 0);
    return r;
}

/* Stores a frame of @len bytes, which all are the low byte of @number. */
static uint64_t store(struct gad_frame_ring *r, enum gad_frame_part part, uint64_t before,
                      uint64_t number, size_t len)
{
    static uint8_t data[GAD_FRAME_SNAPLEN_MAX];
    const struct gad_frame f = {.time = {(int64_t)number * 1000},
                                .link_type = 1,
                                .data = data,
                                .caplen = len,
                                .len = len + 1,
                                .number = number};
    uint32_t bytes = 0;

    memset(data, (int)(number & 0xff), len);
    gad_frame_ring_now(r, &f);
    uint64_t ref = gad_frame_ring_store(r, part, before, &bytes);
    assert_int_equal(bytes, GAD_FRAME_HEAD + (len < r->snaplen ? len : r->snaplen));
    assert_int_not_equal(ref, 0);
    return ref;
}

static void expect(const struct gad_frame_ring *r, uint64_t ref, uint64_t before, uint64_t number,
                   size_t len)
{
    struct gad_stored_frame f;

    assert_true(gad_frame_ring_read(r, ref, &f));
    assert_int_equal(f.before, before);
    assert_int_equal(f.number, number);
    assert_int_equal(f.time.ns, number * 1000);
    assert_int_equal(f.link_type, 1);
    assert_int_equal(f.len, len + 1);
    assert_int_equal(f.caplen, len);
    assert_false(f.is_moved);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(f.data[i], number & 0xff);
}

static void options_are_checked(void **state)
{
    (void)state;
    struct gad_frame_ring_options o = {.bytes = BYTES - 1, .snaplen = 1};
    struct gad_frame_ring *r = NULL;

    assert_int_equal(gad_frame_ring_new(&o, &r), GAD_EINVAL);
    o.bytes = BYTES;
    o.snaplen = 0;
    assert_int_equal(gad_frame_ring_new(&o, &r), GAD_EINVAL);
    o.snaplen = GAD_FRAME_SNAPLEN_MAX + 1;
    assert_int_equal(gad_frame_ring_new(&o, &r), GAD_EINVAL);
    gad_mem_fail_at(1);
    o.snaplen = 1;
    assert_int_equal(gad_frame_ring_new(&o, &r), GAD_ENOMEM);
    gad_mem_fail_at(2);
    assert_int_equal(gad_frame_ring_new(&o, &r), GAD_ENOMEM);
    gad_mem_fail_at(0);
}

static void a_chain_is_exact_and_ends(void **state)
{
    (void)state;
    static uint64_t memory[BYTES / 8];
    struct gad_frame_ring *r = ring_of(memory, SNAPLEN);
    uint64_t a = 0, b = 0, before_a[10];

    for (uint64_t i = 0; i < 10; i++) { /* two connections in turn, of odd lengths */
        before_a[i] = a;
        a = store(r, GAD_FRAMES_YOUNG, a, 2 * i + 1, 51 + i);
        b = store(r, GAD_FRAMES_GROWN, b, 2 * i + 2, 0);
    }
    for (uint64_t i = 10; i-- > 0; a = before_a[i])
        expect(r, a, before_a[i], 2 * i + 1, 51 + i);
    assert_int_equal(a, 0);
    struct gad_stored_frame f;
    assert_false(gad_frame_ring_read(r, 0, &f));
    assert_false(gad_frame_ring_read(r, b + 32, &f)); /* not stored yet */
    gad_frame_ring_free(r);
}

static void overwritten_frames_are_recognised(void **state)
{
    (void)state;
    struct gad_frame_ring *r = ring_of(NULL, SNAPLEN);
    enum { N = 4000, LEN = 700 };
    static uint64_t ref[N + 1];
    struct gad_stored_frame f;
    size_t kept = 0;

    uint64_t other = store(r, GAD_FRAMES_GROWN, 0, 7, 100);
    for (size_t i = 1; i <= N; i++) {
        ref[i] = store(r, GAD_FRAMES_YOUNG, ref[i - 1], i, LEN + i % 13);
        expect(r, ref[i], ref[i - 1], i, LEN + i % 13);
    }
    for (size_t i = N; i > 0 && gad_frame_ring_read(r, ref[i], &f); i--, kept++)
        expect(r, ref[i], ref[i - 1], i, LEN + i % 13);
    assert_in_range(kept, BYTES / 2 / 760, BYTES / 2 / 732);
    for (size_t i = N - kept; i > 0; i--)
        assert_false(gad_frame_ring_read(r, ref[i], &f));
    expect(r, other, 0, 7, 100); /* the parts do not touch each other */
    gad_frame_ring_free(r);
}

static void the_longest_frame_fits_and_longer_ones_are_cut(void **state)
{
    (void)state;
    struct gad_frame_ring *r = ring_of(NULL, GAD_FRAME_SNAPLEN_MAX);
    struct gad_stored_frame f;

    for (uint64_t i = 1; i < 20; i++)
        expect(r, store(r, i % 2, 0, i, GAD_FRAME_SNAPLEN_MAX), 0, i, GAD_FRAME_SNAPLEN_MAX);
    gad_frame_ring_free(r);
    r = ring_of(NULL, 64);
    uint64_t ref = store(r, GAD_FRAMES_YOUNG, 0, 3, 65);
    assert_true(gad_frame_ring_read(r, ref, &f));
    assert_int_equal(f.caplen, 64);
    assert_int_equal(f.len, 66);
    gad_frame_ring_free(r);
}

static void frames_move_and_are_copied(void **state)
{
    (void)state;
    struct gad_frame_ring *r = ring_of(NULL, SNAPLEN);
    struct gad_stored_frame f;

    uint64_t a = store(r, GAD_FRAMES_YOUNG, 0, 1, 60), b = store(r, GAD_FRAMES_YOUNG, a, 2, 61);
    uint64_t copy = gad_frame_ring_copy(r, GAD_FRAMES_GROWN, b, 0);
    expect(r, copy, 0, 2, 61);
    gad_frame_ring_move(r, b);
    assert_true(gad_frame_ring_read(r, b, &f) && f.is_moved && f.before == a);
    uint64_t again = gad_frame_ring_copy(r, GAD_FRAMES_YOUNG, b, a);
    expect(r, again, a, 2, 61);
    gad_frame_ring_link(r, a, copy);
    expect(r, a, copy, 1, 60);
    gad_frame_ring_link(r, 0, copy); /* nothing */
    gad_frame_ring_move(r, 0);
    assert_int_equal(gad_frame_ring_copy(r, GAD_FRAMES_YOUNG, 0, 0), 0);
    gad_frame_ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(a_chain_is_exact_and_ends),
        cmocka_unit_test(overwritten_frames_are_recognised),
        cmocka_unit_test(the_longest_frame_fits_and_longer_ones_are_cut),
        cmocka_unit_test(frames_move_and_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
