/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/record.h"

#include <math.h>

#include "tests/unit/test.h"

static int check_with(int c, double v)
{
    struct gad_record r = {0};
    r.v[c] = v;
    return gad_record_check(&r);
}

static void zero_is_legal_everywhere(void **state)
{
    (void)state;
    struct gad_record r = {0};
    assert_int_equal(gad_record_check(&r), -1);
}

static void the_limit_of_each_column_is_the_limit(void **state)
{
    (void)state;
    static const struct {
        enum gad_column c;
        double max;
    } want[] = {
        {GAD_DURATION, 4294967295.0},
        {GAD_SRC_BYTES, 9007199254740992.0},
        {GAD_DST_BYTES, 9007199254740992.0},
        {GAD_LAND, 1.0},
        {GAD_SU_ATTEMPTED, 2.0},
        {GAD_COUNT, 511.0},
        {GAD_SRV_COUNT, 511.0},
        {GAD_DST_HOST_COUNT, 255.0},
        {GAD_DST_HOST_SRV_COUNT, 255.0},
        {GAD_SERROR_RATE, 1.0},
        {GAD_DST_HOST_SRV_RERROR_RATE, 1.0},
        {GAD_SERVICE, 71.0},
        {GAD_FLAG, 10.0},
        {GAD_PROTOCOL_TYPE, 2.0},
    };

    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_true(gad_columns[want[i].c].max == want[i].max);
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        double max = gad_columns[c].max;
        assert_int_equal(check_with(c, max), -1);
        assert_int_equal(check_with(c, max - 1.0), -1);
        assert_int_equal(check_with(c, nextafter(max, (double)INFINITY)), c);
        assert_int_equal(check_with(c, max + fmax(1.0, max * 1e-15)), c);
    }
}

static void nothing_but_numbers_is_legal(void **state)
{
    (void)state;
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        assert_int_equal(check_with(c, (double)NAN), c);
        assert_int_equal(check_with(c, (double)INFINITY), c);
        assert_int_equal(check_with(c, -(double)INFINITY), c);
        assert_int_equal(check_with(c, -0.5), c);
        assert_int_equal(check_with(c, 0.5), gad_columns[c].kind == GAD_KIND_RATE ? -1 : c);
        assert_int_equal(check_with(c, -1.0), gad_columns[c].kind == GAD_KIND_NAME ? -1 : c);
        assert_int_equal(check_with(c, -2.0), c);
    }
}

static void the_first_bad_column_is_named(void **state)
{
    (void)state;
    struct gad_record r = {0};
    r.v[7] = 0.5;
    r.v[40] = 2.0;
    assert_int_equal(gad_record_check(&r), 7);
    r.v[7] = 1.0;
    assert_int_equal(gad_record_check(&r), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_legal_everywhere),
        cmocka_unit_test(the_limit_of_each_column_is_the_limit),
        cmocka_unit_test(nothing_but_numbers_is_legal),
        cmocka_unit_test(the_first_bad_column_is_named),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
