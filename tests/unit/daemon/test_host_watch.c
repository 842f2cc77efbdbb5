/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_watch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/stats.h"
#include "lib/flow/conn.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

#define SECOND INT64_C(1000000000)
enum { DAY = 86400, CLIENTS = 20 };

static struct host_watch *watch;
static struct stats stats;
static const char *state_file = "";
static int64_t second;
static unsigned n_found;
static struct host_finding last;

static int make(void **state)
{
    static const char text[] = "[model a]\ncheckpoint = /a\n[host]\nleast_records = 100\n";
    struct config *c;

    (void)state;
    stats = (struct stats){0};
    second = 1700006400; /* a full hour */
    n_found = 0;
    if (config_parse("t", text, sizeof(text) - 1, &c, NULL) != 0)
        return -1;
    int r = host_watch_new(c, 1, state_file, &stats, &watch);
    config_free(c);
    return r;
}

static int unmake(void **state)
{
    (void)state;
    host_watch_free(watch);
    watch = NULL;
    return 0;
}

static struct gad_record record(unsigned source, unsigned target, uint16_t port, int flag)
{
    struct gad_record r = {.tuple = {.family = 4, .proto = 6, .dst_port = port}};

    memcpy(r.tuple.src, (uint8_t[4]){10, 0, (uint8_t)(source >> 8), (uint8_t)source}, 4);
    memcpy(r.tuple.dst, (uint8_t[4]){10, 1, (uint8_t)(target >> 8), (uint8_t)target}, 4);
    r.v[GAD_PROTOCOL_TYPE] = GAD_PROTOCOL_TCP;
    r.v[GAD_FLAG] = flag;
    return r;
}

static bool take(struct gad_record r, bool may_find)
{
    r.start.ns = r.end.ns = second * SECOND;
    const struct host_finding *f = host_watch_take(watch, &r, 0.5, r.end, may_find);
    if (f && f->is_new) {
        n_found++;
        last = *f;
    }
    return f != NULL;
}

/* Hosts that contact a few servers, for some time. */
static void live(int64_t seconds, bool may_find)
{
    int64_t end = second + seconds;

    for (unsigned i = 0; second < end; i++, second += 97)
        (void)take(record(i % CLIENTS, 1 + i % 3, 443, i % 401 == 0 ? GAD_FLAG_S0 : GAD_FLAG_SF),
                   may_find);
}

/* Returns after how many targets a scan was found; 0: not. */
static unsigned scan(unsigned source, unsigned most, bool may_find)
{
    for (unsigned i = 1; i <= most; i++, second++) {
        unsigned before = n_found;
        (void)take(record(source, 1000 + i, 445, GAD_FLAG_S0), may_find);
        if (n_found > before)
            return i;
    }
    return 0;
}

static void a_scan_is_found_once(void **state)
{
    (void)state;
    live(2 * DAY, true);
    assert_int_equal(n_found, 0);
    assert_false(host_watch_is_learning(watch));
    unsigned after = scan(3, 30, true);
    assert_in_range(after, 4, 9);
    assert_int_equal(last.unusual[0].sign, GAD_SIGN_FAILED);
    assert_false(last.may_be_forged);
    assert_true(last.n_past >= after - 1);
    /* its next records belong to it, and others of the host do not */
    assert_true(take(record(3, 1500, 445, GAD_FLAG_S0), true));
    assert_false(take(record(3, 1, 443, GAD_FLAG_SF), true));
    assert_false(take(record(4, 1, 445, GAD_FLAG_S0), true));
    assert_int_equal(n_found, 1);
    assert_int_equal(stats.hosts_unusual, 1);
    assert_int_equal(stats.hosts_forgeable, 0);
    /* it is reported again when it has grown as much again */
    assert_true(scan(3, 200, true) > 0);
}

static void nothing_is_found_while_it_learns(void **state)
{
    (void)state;
    live(3600, true);
    assert_true(host_watch_is_learning(watch));
    assert_int_equal(scan(3, 200, true), 0);
    live(2 * DAY, false); /* alerts are off */
    assert_int_equal(scan(4, 200, false), 0);
    assert_int_equal(n_found, 0);
    assert_true(scan(5, 200, true) > 0);
}

/* What a host did while the detector learned is usual for it, not for others. */
static void a_host_is_compared_with_itself(void **state)
{
    (void)state;
    live(DAY / 2, true);
    assert_int_equal(scan(3, 30, true), 0);
    live(2 * DAY, true);
    assert_int_equal(scan(3, 30, true), 0);
    assert_in_range(scan(4, 30, true), 4, 12);
}

/* Scans of sources without a handshake are marked, and cannot be more than a few. */
static void forged_scans_are_marked_and_limited(void **state)
{
    (void)state;
    live(2 * DAY, true);
    unsigned found = 0;
    for (unsigned i = 0; i < 100; i++)
        found += scan(1000 + i, 30, true) > 0;
    assert_true(last.may_be_forged);
    assert_in_range(found, 1, HOST_FORGEABLE_AT_ONCE + 1);
    assert_int_equal(stats.hosts_forgeable, found);
    assert_true(stats.hosts_limited > 0);
    /* and do not use up the limit of real hosts */
    assert_true(scan(3, 30, true) > 0);
    assert_false(last.may_be_forged);
}

static void a_beacon_is_found(void **state)
{
    (void)state;
    live(2 * DAY, true);
    unsigned after = 0;
    for (unsigned i = 1; i < 40 && after == 0; i++, second += 60) {
        (void)take(record(7, 2000, 443, GAD_FLAG_SF), true);
        after = n_found > 0 ? i : 0;
    }
    assert_int_equal(after, 11);
    assert_int_equal(last.unusual[0].sign, GAD_SIGN_BEACON);
    assert_true(last.unusual[0].value > 59 && last.unusual[0].value < 61);
    assert_int_equal(last.n_past, 10);
}

/* Parts of a connection, guesses and unknown hosts count for nothing. */
static void some_records_do_not_count(void **state)
{
    (void)state;
    live(2 * DAY, true);
    for (unsigned i = 0; i < 100; i++) {
        struct gad_record r = record(3, 1000 + i, 445, GAD_FLAG_S0);
        r.notes = (uint8_t[]){GAD_NOTE_GUESSED, GAD_NOTE_INTERIM, GAD_NOTE_CUT,
                              GAD_NOTE_BACKGROUND}[i % 4];
        assert_false(take(r, true));
        r.notes = 0;
        r.tuple.family = 0;
        assert_false(take(r, true));
    }
    assert_int_equal(n_found, 0);
}

/* A clock that jumps neither breaks nor finds anything. */
static void time_can_jump(void **state)
{
    (void)state;
    live(2 * DAY, true);
    second -= 100 * DAY;
    live(DAY / 8, true);
    second += 4000 * (int64_t)DAY;
    live(DAY, true);
    assert_int_equal(n_found, 0);
}

/* Begins again with what the file has. */
static void restart(void)
{
    host_watch_free(watch);
    watch = NULL;
    int64_t at = second;
    assert_int_equal(make(NULL), 0);
    second = at;
}

/* After a restart nothing is learned again: what was usual is usual, a scan is found at once. */
static void a_restart_forgets_nothing(void **state)
{
    char path[] = "/tmp/ganad-hosts-XXXXXX";

    (void)state;
    unmake(NULL);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    state_file = path;
    assert_int_equal(make(NULL), 0);
    live(DAY / 2, true);
    assert_int_equal(scan(3, 30, true), 0);
    live(DAY, true);
    restart();
    second += 3 * DAY;
    live(600, true);
    assert_false(host_watch_is_learning(watch));
    assert_int_equal(scan(3, 30, true), 0);
    assert_in_range(scan(4, 30, true), 4, 12);

    /* a damaged file is replaced */
    assert_int_equal(truncate(path, 1000), 0);
    restart();
    assert_int_equal(truncate(path, 1000), 0);
    restart();
    live(600, true);
    assert_true(host_watch_is_learning(watch));
    unmake(NULL);
    state_file = "";
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_scan_is_found_once, make, unmake),
        cmocka_unit_test_setup_teardown(nothing_is_found_while_it_learns, make, unmake),
        cmocka_unit_test_setup_teardown(a_host_is_compared_with_itself, make, unmake),
        cmocka_unit_test_setup_teardown(forged_scans_are_marked_and_limited, make, unmake),
        cmocka_unit_test_setup_teardown(a_beacon_is_found, make, unmake),
        cmocka_unit_test_setup_teardown(some_records_do_not_count, make, unmake),
        cmocka_unit_test_setup_teardown(time_can_jump, make, unmake),
        cmocka_unit_test_setup_teardown(a_restart_forgets_nothing, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
