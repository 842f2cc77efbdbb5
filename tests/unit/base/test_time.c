/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/time.h"

#include <time.h>

#include "tests/unit/test.h"

static void text_is_rfc_3339_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } t[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {999, "1970-01-01T00:00:00.000000Z"}, /* cut, not rounded */
        {1000, "1970-01-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {-1000000000, "1969-12-31T23:59:59.000000Z"},
        {-1000000001, "1969-12-31T23:59:58.999999Z"},
        {INT64_C(951782400000000000), "2000-02-29T00:00:00.000000Z"},
        {INT64_C(1795446309123456789), "2026-11-23T15:05:09.123456Z"},
        {INT64_C(2147483648000000000), "2038-01-19T03:14:08.000000Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224Z"},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char text[GAD_TIME_TEXT];
        gad_time_text((struct gad_time){t[i].ns}, text);
        assert_string_equal(text, t[i].text);
    }
}

static void differences_saturate(void **state)
{
    (void)state;
    struct gad_time lo = {INT64_MIN}, hi = {INT64_MAX}, one = {1};

    assert_true(gad_time_sub(one, one).ns == 0);
    assert_true(gad_time_sub((struct gad_time){5}, one).ns == 4);
    assert_true(gad_time_sub(lo, one).ns == INT64_MIN);
    assert_true(gad_time_sub(hi, (struct gad_time){-1}).ns == INT64_MAX);
    assert_true(gad_time_sub(hi, lo).ns == INT64_MAX);
    assert_true(gad_time_sub(lo, hi).ns == INT64_MIN);
    assert_true(gad_time_seconds((struct gad_time){1500000000}) == 1.5);
}

static void clocks_go_forward_and_agree_with_the_system(void **state)
{
    (void)state;
    struct gad_time last = gad_time_monotonic();

    for (int i = 0; i < 1000; i++) {
        struct gad_time now = gad_time_monotonic();
        assert_true(now.ns >= last.ns);
        last = now;
    }
    time_t before = time(NULL);
    struct gad_time wall = gad_time_wall();
    /* time() may lag the clock by a tick of the kernel */
    assert_true(wall.ns / 1000000000 >= before && wall.ns / 1000000000 <= time(NULL) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_rfc_3339_in_utc),
        cmocka_unit_test(differences_saturate),
        cmocka_unit_test(clocks_go_forward_and_agree_with_the_system),
    };
    return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
