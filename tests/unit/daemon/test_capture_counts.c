/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/capture_counts.h"

#include <string.h>

#include "lib/event/event.h"
#include "tests/unit/test.h"

/* "capture_" and the NUL fit beside it. */
static void each_name_is_unique_and_fits_an_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAPTURE_COUNTERS; i++) {
        const struct gad_counter_item *item = capture_counter(i);
        assert_true(strlen("capture_") + strlen(item->name) < GAD_EVENT_COUNTER_NAME);
        assert_int_equal(strspn(item->name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
                         strlen(item->name));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(item->name, capture_counter(k)->name);
    }
}

/* So no two lines of a table name the same field, and none is left out. */
static void each_counter_is_another_field(void **state)
{
    (void)state;
    struct capture_counts c;
    uint64_t number[sizeof(struct capture_counts) / sizeof(uint64_t)];
    const size_t n = sizeof(number) / sizeof(number[0]);
    bool seen[sizeof(number) / sizeof(number[0])] = {false};

    for (size_t i = 0; i < n; i++)
        number[i] = i;
    memcpy(&c, number, sizeof(c));
    for (size_t i = 0; i < CAPTURE_COUNTERS; i++) {
        uint64_t v = capture_count(&c, i);
        assert_true(v < n);
        assert_false(seen[v]);
        seen[v] = true;
    }
}

static void a_sum_follows_its_parts(void **state)
{
    (void)state;
    struct capture_counts sum = {.lost = 5}, was = {.lost = 2}, is = {.lost = 3};

    sum.net.fate[GAD_NET_CUT] = was.net.fate[GAD_NET_CUT] = 7;
    sum.flow.flows = 10;
    was.flow.flows = 4; /* a gauge can fall */
    is.net.fate[GAD_NET_CUT] = 9;
    capture_counts_move(&sum, &was, &is);
    assert_int_equal(sum.lost, 6);
    assert_int_equal(sum.net.fate[GAD_NET_CUT], 9);
    assert_int_equal(sum.flow.flows, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_unique_and_fits_an_event),
        cmocka_unit_test(each_counter_is_another_field),
        cmocka_unit_test(a_sum_follows_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
