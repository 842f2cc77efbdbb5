/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_table.h"

#include <string.h>

#include "tests/unit/test.h"

#define SECOND INT64_C(1000000000)

static unsigned evicted[HOST_N_PARTS];
static struct host_table *table;
static struct gad_time now;

static void on_evicted(void *arg, enum host_part part, struct host *h)
{
    (void)arg;
    assert_int_equal(h->part, part);
    evicted[part]++;
}

static int make(void **state)
{
    (void)state;
    memset(evicted, 0, sizeof(evicted));
    now.ns = 1000 * SECOND;
    return host_table_new(40, on_evicted, NULL, &table);
}

static int unmake(void **state)
{
    (void)state;
    host_table_free(table);
    return 0;
}

static struct thing v4(uint32_t address)
{
    return (struct thing){0, UINT64_C(0xffff00000000) | address};
}

/* A record of a host, as host_signs_add() counts it. */
static struct host *saw(uint32_t address, bool is_proven)
{
    struct host *h = host_table_get(table, v4(address), now);

    h->records++;
    if (is_proven)
        h->proven = now;
    return host_table_place(table, h, now);
}

static void a_host_moves_up_with_what_it_has_shown(void **state)
{
    (void)state;
    assert_int_equal(saw(0x0a000001, false)->part, HOST_NEW);
    for (int i = 0; i < 10; i++)
        (void)saw(0x0a000001, false);
    assert_int_equal(saw(0x0a000001, false)->part, HOST_NEW); /* many at once prove nothing */
    now.ns += HOST_STEADY_NS;
    struct host *h = saw(0x0a000001, false);
    assert_int_equal(h->part, HOST_STEADY);
    assert_int_equal(h->records, 13);
    h = saw(0x0a000001, true);
    assert_int_equal(h->part, HOST_INSIDE);
    assert_int_equal(h->records, 14);
    assert_int_equal(saw(0x08080808, true)->part, HOST_OUTSIDE);
    assert_int_equal(saw(0x0a000001, false)->part, HOST_INSIDE);
    assert_int_equal(host_table_count(table), 2);
}

/* A flood of forged sources evicts only its like, also with 100 records of each over a minute. */
static void forged_sources_evict_no_real_host(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        (void)saw(0x0a000000 + i, true);
        (void)saw(0x08080800 + i, true);
    }
    for (uint32_t round = 0; round < 100; round++, now.ns += SECOND)
        for (uint32_t i = 0; i < 15; i++)
            (void)saw(0x0b000000 + i % 8, false);
    for (uint32_t i = 0; i < 1000; i++)
        (void)saw(0x0c000000 + i, false);
    assert_int_equal(evicted[HOST_INSIDE] + evicted[HOST_OUTSIDE] + evicted[HOST_STEADY], 0);
    assert_true(evicted[HOST_NEW] >= 990);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(saw(0x0a000000 + i, false)->records, 2);
}

/* Whole networks of real public hosts evict no private host. */
static void public_hosts_evict_no_private_one(void **state)
{
    (void)state;
    (void)saw(0x0a000001, true);
    for (uint32_t i = 0; i < 1000; i++)
        (void)saw(0x50000000 + i, true);
    assert_int_equal(evicted[HOST_INSIDE], 0);
    assert_int_equal(evicted[HOST_OUTSIDE], 990);
    assert_int_equal(saw(0x0a000001, false)->records, 2);
}

static void the_silent_longest_is_evicted(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        (void)saw(0x0a000000 + i, true);
    (void)saw(0x0a000000, false);
    (void)saw(0x0a0000ff, true);
    assert_int_equal(evicted[HOST_INSIDE], 1);
    assert_int_equal(saw(0x0a000000, false)->records, 3);
    assert_int_equal(host_table_get(table, v4(0x0a000001), now)->part, HOST_NEW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_moves_up_with_what_it_has_shown, make, unmake),
        cmocka_unit_test_setup_teardown(forged_sources_evict_no_real_host, make, unmake),
        cmocka_unit_test_setup_teardown(public_hosts_evict_no_private_one, make, unmake),
        cmocka_unit_test_setup_teardown(the_silent_longest_is_evicted, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
