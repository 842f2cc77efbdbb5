/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cursor.h"

#include <math.h>

#include "tests/unit/test.h"

static const uint8_t bytes[] = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88};

static void reads_have_the_byte_order_of_their_name(void **state)
{
    (void)state;
    struct gad_cursor c = gad_cursor_init(bytes, sizeof(bytes));
    assert_int_equal(gad_cursor_u8(&c), 0x81);
    assert_int_equal(gad_cursor_u16be(&c), 0x8283);
    assert_int_equal(c.left, 5);
    c = gad_cursor_init(bytes, sizeof(bytes));
    assert_int_equal(gad_cursor_u32be(&c), 0x81828384);
    assert_int_equal(gad_cursor_u32le(&c), 0x88878685);
    c = gad_cursor_init(bytes, sizeof(bytes));
    assert_true(gad_cursor_u64le(&c) == UINT64_C(0x8887868584838281));
    assert_false(c.bad);
    c = gad_cursor_init("\0\0\x80\xbf\0\0\xc0\x7f", 8);
    assert_true(gad_cursor_f32le(&c) == -1.0f);
    assert_true(isnan(gad_cursor_f32le(&c)));
    assert_false(c.bad);
}

/* Every read at every length that is too short: zero, bad, and bad for good. */
static void a_read_past_the_end_is_zero_and_bad(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 8; len++) {
        struct gad_cursor c = gad_cursor_init(bytes, len);
        assert_true((gad_cursor_u8(&c) == 0) == (len < 1) && c.bad == (len < 1));
        c = gad_cursor_init(bytes, len);
        assert_true((gad_cursor_u16be(&c) == 0) == (len < 2) && c.bad == (len < 2));
        c = gad_cursor_init(bytes, len);
        assert_true((gad_cursor_u32be(&c) == 0) == (len < 4) && c.bad == (len < 4));
        c = gad_cursor_init(bytes, len);
        assert_true((gad_cursor_u32le(&c) == 0) == (len < 4) && c.bad == (len < 4));
        c = gad_cursor_init(bytes, len);
        (void)gad_cursor_u64le(&c);
        assert_int_equal(c.bad, len < 8);
        c = gad_cursor_init(bytes, len);
        assert_null(gad_cursor_take(&c, len + 1));
        assert_int_equal(gad_cursor_u8(&c), 0); /* although there is one */
        assert_null(gad_cursor_take(&c, 0));
        assert_true(c.bad);
    }
    struct gad_cursor c = gad_cursor_init(bytes, sizeof(bytes));
    assert_null(gad_cursor_take(&c, SIZE_MAX));
    assert_true(c.bad);
}

static void a_nested_length_stays_within_its_parent(void **state)
{
    (void)state;
    struct gad_cursor c = gad_cursor_init(bytes, sizeof(bytes));
    struct gad_cursor inner = gad_cursor_sub(&c, 3);

    assert_int_equal(inner.left, 3);
    assert_int_equal(c.left, 5);
    assert_int_equal(gad_cursor_u32be(&inner), 0);
    assert_true(inner.bad);
    assert_false(c.bad);
    assert_int_equal(gad_cursor_u8(&c), 0x84);

    inner = gad_cursor_sub(&c, 5);
    assert_true(inner.bad && c.bad);
    assert_int_equal(inner.left, 0);
}

static void an_empty_piece_is_not_bad(void **state)
{
    (void)state;
    struct gad_cursor c = gad_cursor_init(NULL, 0);

    assert_non_null(gad_cursor_take(&c, 0));
    struct gad_cursor inner = gad_cursor_sub(&c, 0);
    assert_false(inner.bad);
    assert_false(c.bad);
    assert_int_equal(gad_cursor_u8(&inner), 0);
    assert_true(inner.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_have_the_byte_order_of_their_name),
        cmocka_unit_test(a_read_past_the_end_is_zero_and_bad),
        cmocka_unit_test(a_nested_length_stays_within_its_parent),
        cmocka_unit_test(an_empty_piece_is_not_bad),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
