/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/time.h"

#include <string.h>
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

static void rfc_3339_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-23T15:05:09.123456789Z", INT64_C(1795446309123456789)},
        {"2026-11-23T15:05:09.1234567899Z", INT64_C(1795446309123456789)},
        {"2026-11-23T16:35:09.5+01:30", INT64_C(1795446309500000000)},
        {"2026-11-23T10:05:09-05:00", INT64_C(1795446309000000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000000000)},
        {"1970-01-01T01:00:00+01:00", 0},
        {"2261-12-31T23:59:59Z", INT64_C(9214646399000000000)},
    };
    static const char *const bad[] = {
        "",
        "2026-11-23",
        "2026-11-23T15:05:09",
        "2026-11-23 15:05:09Z",
        "2026-11-23t15:05:09Z",
        "2026-11-23T15:05:09z",
        "2026-11-23T15:05:09ZZ",
        "2026-11-23T15:05:09Z ",
        " 2026-11-23T15:05:09Z",
        "2026-11- 3T15:05:09Z",
        "2026-11-3T15:05:09Z",
        "+026-11-23T15:05:09Z",
        "2026-02-29T00:00:00Z",
        "2026-02-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.",
        "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+01:00Z",
    };
    static const char *const beyond[] = {"1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
                                         "2262-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
                                         "0000-01-01T00:00:00Z"};
    struct gad_time t;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(gad_time_parse(good[i].text, strlen(good[i].text), &t), 0);
        assert_true(t.ns == good[i].ns);
        for (size_t len = 0; len < strlen(good[i].text); len++)
            assert_int_equal(gad_time_parse(good[i].text, len, &t), GAD_EFORMAT);
    }
    t.ns = 7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (gad_time_parse(bad[i], strlen(bad[i]), &t) != GAD_EFORMAT)
            fail_msg("'%s' is taken", bad[i]);
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
        assert_int_equal(gad_time_parse(beyond[i], strlen(beyond[i]), &t), GAD_ELIMIT);
    assert_true(t.ns == 7); /* untouched on failure */
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
        cmocka_unit_test(rfc_3339_is_read_strictly),
        cmocka_unit_test(differences_saturate),
        cmocka_unit_test(clocks_go_forward_and_agree_with_the_system),
    };
    return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
