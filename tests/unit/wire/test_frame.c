/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/frame.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "tests/unit/test.h"

enum { KIND_SMALL = 1, KIND_LARGE = 2, CAP_SMALL = 16, CAP_LARGE = 1000 };

/* Counts how often it was asked, to show that nothing is asked before the kind is known. */
static size_t cap(uint8_t kind, const void *arg)
{
    size_t *asked = *(size_t *const *)arg;
    (*asked)++;
    return kind == KIND_SMALL ? CAP_SMALL : kind == KIND_LARGE ? CAP_LARGE : 0;
}

static int next(const void *p, size_t len, struct gad_frame *f, size_t *used)
{
    size_t asked = 0, *arg = &asked;
    return gad_frame_next(p, len, cap, &arg, f, used);
}

static void add(struct gad_buf *b, uint8_t kind, size_t len)
{
    uint8_t fill[CAP_LARGE + 1];
    memset(fill, kind, sizeof(fill));
    gad_frame_add_head(b, kind, len);
    gad_buf_add(b, fill, len);
    assert_false(b->bad);
}

static void every_truncation_wants_more(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(4096);
    add(&b, KIND_SMALL, 7);

    for (size_t len = 0; len < b.len; len++) {
        /* a copy of its own, so that a sanitizer sees a read past the end */
        gad_cleanup(gad_freep) uint8_t *p = gad_calloc(len + 1, 1);
        assert_non_null(p);
        memcpy(p, b.p, len);
        struct gad_frame f = {.kind = 99, .len = 99};
        size_t used = 99;
        assert_int_equal(next(p, len, &f, &used), GAD_MORE);
        assert_int_equal(used, 99);
        assert_int_equal(f.kind, len < GAD_FRAME_HEAD ? 0 : KIND_SMALL);
        assert_int_equal(f.len, len < GAD_FRAME_HEAD ? 0 : 7);
        assert_null(f.p);
    }
    struct gad_frame f;
    size_t used = 0;
    assert_int_equal(next(b.p, b.len, &f, &used), 0);
    assert_int_equal(used, b.len);
    assert_int_equal(f.kind, KIND_SMALL);
    assert_int_equal(f.len, 7);
    assert_ptr_equal(f.p, b.p + GAD_FRAME_HEAD);
    gad_buf_deinit(&b);
}

static void frames_behind_each_other_come_in_order(void **state)
{
    (void)state;
    static const size_t len[] = {0, 1, CAP_SMALL, 0, 3};
    struct gad_buf b = GAD_BUF_INIT(4096);

    for (size_t i = 0; i < 5; i++)
        add(&b, KIND_SMALL, len[i]);
    for (size_t i = 0; i < 5; i++) {
        struct gad_frame f;
        size_t used;
        assert_int_equal(next(b.p + b.pos, gad_buf_left(&b), &f, &used), 0);
        assert_int_equal(f.len, len[i]);
        assert_int_equal(used, GAD_FRAME_HEAD + len[i]);
        gad_buf_consume(&b, used);
    }
    assert_int_equal(gad_buf_left(&b), 0);
    gad_buf_deinit(&b);
}

static void each_kind_has_its_own_cap(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        size_t len;
        int err;
    } t[] = {
        {KIND_SMALL, CAP_SMALL - 1, 0},
        {KIND_SMALL, CAP_SMALL, 0},
        {KIND_SMALL, CAP_SMALL + 1, GAD_ELIMIT},
        {KIND_LARGE, CAP_LARGE - 1, 0},
        {KIND_LARGE, CAP_LARGE, 0},
        {KIND_LARGE, CAP_LARGE + 1, GAD_ELIMIT},
        {3, 0, GAD_EUNKNOWN},
        {255, CAP_LARGE + 1, GAD_EUNKNOWN},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_buf b = GAD_BUF_INIT(4096);
        struct gad_frame f = {0};
        size_t used = 0;
        add(&b, t[i].kind, t[i].len);
        assert_int_equal(next(b.p, b.len, &f, &used), t[i].err);
        assert_int_equal(f.kind, t[i].kind);
        assert_int_equal(f.len, t[i].len);
        assert_int_equal(used, t[i].err ? 0 : b.len);
        gad_buf_deinit(&b);
    }
}

/* The head alone decides: nothing of such a frame is waited for, let alone kept. */
static void hostile_lengths_are_refused_by_the_head_alone(void **state)
{
    (void)state;
    static const uint32_t over[] = {CAP_SMALL + 2, 1u << 16, 1u << 31, UINT32_MAX};
    struct gad_frame f = {0};
    size_t used = 0;

    for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
        struct gad_buf b = GAD_BUF_INIT(64);
        gad_buf_add_u32be(&b, over[i]);
        gad_buf_add(&b, "\x01", 1);
        assert_int_equal(next(b.p, b.len, &f, &used), GAD_ELIMIT);
        assert_int_equal(f.len, over[i] - 1);
        gad_buf_deinit(&b);
    }
    /* length 0 has no room for a kind: refused by its four bytes */
    assert_int_equal(next("\0\0\0\0", 4, &f, &used), GAD_EFORMAT);
    /* kind 0 is never valid, whatever the caller's caps */
    assert_int_equal(next("\0\0\0\x01\0", 5, &f, &used), GAD_EUNKNOWN);
    assert_int_equal(used, 0);
}

static void cap_is_asked_once_the_kind_is_known_and_not_before(void **state)
{
    (void)state;
    static const uint8_t head[] = {0, 0, 0, 9, KIND_SMALL};
    size_t asked = 0, *arg = &asked;
    struct gad_frame f;
    size_t used;

    assert_int_equal(gad_frame_next(head, 4, cap, &arg, &f, &used), GAD_MORE);
    assert_int_equal(asked, 0);
    assert_int_equal(gad_frame_next(head, 5, cap, &arg, &f, &used), GAD_MORE);
    assert_int_equal(asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_wants_more),
        cmocka_unit_test(frames_behind_each_other_come_in_order),
        cmocka_unit_test(each_kind_has_its_own_cap),
        cmocka_unit_test(hostile_lengths_are_refused_by_the_head_alone),
        cmocka_unit_test(cap_is_asked_once_the_kind_is_known_and_not_before),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
