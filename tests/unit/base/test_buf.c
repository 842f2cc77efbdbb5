/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/buf.h"

#include <string.h>

#include "lib/base/mem.h"
#include "tests/unit/test.h"

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(1 << 20);
    uint8_t next_in = 0, next_out = 0;

    for (size_t round = 0; round < 2000; round++) {
        uint8_t chunk[300];
        size_t n = round * 7 % sizeof(chunk);
        for (size_t i = 0; i < n; i++)
            chunk[i] = next_in++;
        gad_buf_add(&b, chunk, n);
        assert_false(b.bad);
        size_t take = round % 5 == 4 ? gad_buf_left(&b) : gad_buf_left(&b) / 2;
        for (size_t i = 0; i < take; i++)
            assert_int_equal(b.p[b.pos + i], next_out++);
        gad_buf_consume(&b, take);
    }
    assert_true(b.cap <= 4096); /* consumed bytes make room; only what is unread may make it grow */
    gad_buf_deinit(&b);
    assert_null(b.p);
    assert_int_equal(b.max, 1 << 20);
}

static void integers_have_the_byte_order_of_their_name(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(64);

    gad_buf_add_u32be(&b, 0x01020304);
    gad_buf_add_u32le(&b, 0x01020304);
    gad_buf_add_u64le(&b, UINT64_C(0x0102030405060708));
    assert_int_equal(b.len, 16);
    assert_memory_equal(b.p, "\1\2\3\4\4\3\2\1\x8\7\6\5\4\3\2\1", 16);
    gad_buf_deinit(&b);
}

static void the_limit_holds_to_the_byte(void **state)
{
    (void)state;
    static const size_t limits[] = {0, 1, 2, 255, 256, 257, 1000, 4096};

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct gad_buf b = GAD_BUF_INIT(limits[i]);
        for (size_t n = 0; n < limits[i]; n++)
            gad_buf_add(&b, "x", 1);
        assert_false(b.bad);
        assert_int_equal(b.len, limits[i]);
        gad_buf_add(&b, "", 0);
        assert_false(b.bad);
        gad_buf_add(&b, "x", 1);
        assert_true(b.bad);
        assert_int_equal(b.len, limits[i]);
        gad_buf_deinit(&b);
    }
}

static void bad_stays_bad_and_changes_nothing(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(8);

    gad_buf_add(&b, "12345", 5);
    assert_null(gad_buf_room(&b, 4));
    assert_true(b.bad);
    gad_buf_add(&b, "6", 1);
    gad_buf_printf(&b, "7");
    gad_buf_add_u32be(&b, 8);
    assert_int_equal(b.len, 5);
    assert_null(gad_buf_room(&b, SIZE_MAX));
    gad_buf_deinit(&b);
    assert_false(b.bad);
    gad_buf_add(&b, "12345678", 8);
    assert_false(b.bad);
    assert_null(gad_buf_room(&b, SIZE_MAX));
    gad_buf_deinit(&b);
}

static void room_is_kept_for_unread_bytes_alone(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(8);

    gad_buf_add(&b, "12345678", 8);
    gad_buf_consume(&b, 5);
    gad_buf_add(&b, "9abcd", 5);
    assert_false(b.bad);
    assert_int_equal(gad_buf_left(&b), 8);
    assert_memory_equal(b.p + b.pos, "6789abcd", 8);
    gad_buf_consume(&b, 8);
    assert_int_equal(b.pos, 0);
    assert_int_equal(b.len, 0);
    gad_buf_deinit(&b);
}

static void printf_appends_text_without_its_nul(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(1000);

    gad_buf_printf(&b, "%s=%d", "a", 1);
    gad_buf_printf(&b, "%s", "");
    gad_buf_printf(&b, ";%0*d", 500, 7);
    assert_false(b.bad);
    assert_int_equal(b.len, 3 + 501);
    assert_memory_equal(b.p, "a=1;0000", 8);
    assert_int_equal(b.p[b.len - 1], '7');
    gad_buf_printf(&b, "%0*d", 497, 7); /* with its NUL one more than fits */
    assert_true(b.bad);
    gad_buf_deinit(&b);
}

static void an_allocation_that_fails_loses_nothing(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(10000);

    for (size_t i = 0; i < 256; i++)
        gad_buf_add(&b, "x", 1);
    (void)gad_mem_fail_at(1);
    gad_buf_add(&b, "y", 1);
    (void)gad_mem_fail_at(0);
    assert_true(b.bad);
    assert_int_equal(b.len, 256);
    assert_int_equal(b.p[255], 'x');
    gad_buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(integers_have_the_byte_order_of_their_name),
        cmocka_unit_test(the_limit_holds_to_the_byte),
        cmocka_unit_test(bad_stays_bad_and_changes_nothing),
        cmocka_unit_test(room_is_kept_for_unread_bytes_alone),
        cmocka_unit_test(printf_appends_text_without_its_nul),
        cmocka_unit_test(an_allocation_that_fails_loses_nothing),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
