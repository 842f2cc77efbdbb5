/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics/text.h"

#include <math.h>
#include <string.h>

#include "daemon/histogram.h"
#include "lib/base/buf.h"
#include "tests/unit/test.h"

static void says(struct gad_buf *b, const char *want)
{
    gad_buf_add(b, "", 1);
    assert_false(b->bad);
    assert_string_equal((const char *)b->p, want);
    gad_buf_deinit(b);
}

static void a_value_is_in_the_bucket_that_its_limit_closes(void **state)
{
    (void)state;
    struct histogram h = {.low = -2};
    static const double values[] = {-5, 0, 0.1, 0.25, 0.2500001, 0.5, 0.75, 1, 3, 4, 1e300};
    static const int bucket[] = {0, 0, 0, 0, 1, 1, 2, 2, 4, 4, HISTOGRAM_BUCKETS};

    for (size_t i = 0; i < sizeof(bucket) / sizeof(bucket[0]); i++) {
        struct histogram before = h;
        histogram_add(&h, values[i]);
        for (int k = 0; k <= HISTOGRAM_BUCKETS; k++)
            assert_int_equal(h.count[k] - before.count[k], k == bucket[i]);
        if (bucket[i] < HISTOGRAM_BUCKETS)
            assert_true(values[i] <= histogram_limit(&h, bucket[i]));
    }
    uint64_t n = 0;
    for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++)
        n += h.count[i];
    assert_int_equal(n, sizeof(bucket) / sizeof(bucket[0]));
}

static void a_histogram_adds_up(void **state)
{
    (void)state;
    struct histogram h = {.low = 0};
    struct gad_buf b = GAD_BUF_INIT(1 << 16);

    histogram_add(&h, 1);
    histogram_add(&h, 1.5);
    text_histogram(&b, "x", (struct text_label){"m", "a"}, &h);
    gad_buf_add(&b, "", 1);
    const char *text = (const char *)b.p;
    assert_non_null(strstr(text, "x_bucket{m=\"a\",le=\"1\"} 1\nx_bucket{m=\"a\",le=\"2\"} 2\n"));
    assert_non_null(strstr(text, "x_bucket{m=\"a\",le=\"+Inf\"} 2\nx_sum{m=\"a\"} 2.5\n"));
    assert_non_null(strstr(text, "x_count{m=\"a\"} 2\n"));
    gad_buf_deinit(&b);
}

static void a_label_cannot_leave_its_quotes(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(1 << 16);

    text_count(&b, "x", (struct text_label){"l", "a\"} 9\nb\\c\x01"}, 1);
    gad_buf_add(&b, "", 1);
    const char *line = strchr((const char *)b.p, '\n');
    assert_non_null(line);
    assert_string_equal(line, "\n"); /* one line */
    assert_non_null(strstr((const char *)b.p, "x{l=\"a\\\"} 9"));
    gad_buf_deinit(&b);
}

static void numbers_come_back(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(1 << 16);
    const struct text_label none = {NULL, NULL};

    text_number(&b, "a", none, 0.1);
    text_number(&b, "a", none, 1.0 / 3);
    text_number(&b, "a", none, (double)INFINITY);
    text_number(&b, "a", none, -(double)INFINITY);
    text_number(&b, "a", none, (double)NAN);
    text_count(&b, "a", none, UINT64_MAX);
    says(&b, "a 0.1\na 0.3333333333333333\na +Inf\na -Inf\na NaN\na 18446744073709551615\n");
}

static void several_labels_have_commas_between(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(1 << 16);

    text_family(&b, "x", TEXT_GAUGE, "help");
    text_begin(&b, "x");
    text_label(&b, "a", "1");
    text_label(&b, "b", "2");
    text_end(&b, 1);
    says(&b, "# HELP x help\n# TYPE x gauge\nx{a=\"1\",b=\"2\"} 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_in_the_bucket_that_its_limit_closes),
        cmocka_unit_test(a_histogram_adds_up),
        cmocka_unit_test(a_label_cannot_leave_its_quotes),
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(several_labels_have_commas_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
