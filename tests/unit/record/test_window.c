/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/window.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/base/siphash.h"
#include "lib/flow/conn.h"
#include "tests/support/slow_window.h"
#include "tests/unit/test.h"

static const uint64_t test_key[2] = {1, 2};

static struct gad_window *new_window(void)
{
    struct gad_window *w = NULL;
    assert_int_equal(gad_window_new(test_key, &w), 0);
    return w;
}

static struct gad_record record(uint32_t host, const char *service, const char *flag, uint16_t port)
{
    struct gad_record r = {.tuple = {.family = 4, .proto = GAD_IP_TCP, .src_port = port}};

    memcpy(r.tuple.dst, &host, sizeof(host));
    r.v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, service, strlen(service));
    r.v[GAD_FLAG] = gad_name_number(GAD_FLAG, flag, strlen(flag));
    return r;
}

/* n records that are alike; the last one comes back. */
static struct gad_record add(struct gad_window *w, size_t n, double seconds, uint32_t host,
                             const char *service, const char *flag)
{
    struct gad_record r = {0};

    for (size_t i = 0; i < n; i++) {
        r = record(host, service, flag, (uint16_t)i);
        gad_window_add(w, (struct gad_time){(int64_t)(seconds * 1e9)}, &r);
    }
    return r;
}

#define assert_is(r, column, value) assert_true((r).v[column] == (value))

static void the_record_itself_is_in_both_windows(void **state)
{
    (void)state;
    static const struct {
        const char *flag;
        double serror, rerror;
    } t[] = {{"SF", 0, 0},   {"OTH", 0, 0},  {"S0", 1, 0},    {"S1", 1, 0},
             {"S2", 1, 0},   {"S3", 1, 0},   {"SH", 1, 0},    {"REJ", 0, 1},
             {"RSTO", 0, 1}, {"RSTR", 0, 1}, {"RSTOS0", 0, 1}};

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
        struct gad_record r = add(w, 1, 5.0, 7, "http", t[i].flag);
        assert_is(r, GAD_COUNT, 1.0);
        assert_is(r, GAD_SRV_COUNT, 1.0);
        assert_is(r, GAD_SERROR_RATE, t[i].serror);
        assert_is(r, GAD_SRV_SERROR_RATE, t[i].serror);
        assert_is(r, GAD_RERROR_RATE, t[i].rerror);
        assert_is(r, GAD_SRV_RERROR_RATE, t[i].rerror);
        assert_is(r, GAD_SAME_SRV_RATE, 1.0);
        assert_is(r, GAD_DIFF_SRV_RATE, 0.0);
        assert_is(r, GAD_SRV_DIFF_HOST_RATE, 0.0);
        assert_is(r, GAD_DST_HOST_COUNT, 1.0);
        assert_is(r, GAD_DST_HOST_SRV_COUNT, 1.0);
        assert_is(r, GAD_DST_HOST_SAME_SRC_PORT_RATE, 1.0);
        assert_is(r, GAD_DST_HOST_SERROR_RATE, t[i].serror);
        assert_is(r, GAD_DST_HOST_SRV_RERROR_RATE, t[i].rerror);
    }
}

/* diff_srv_rate counts services and not the records of other services: 2/1 is 1.00, 3/2 is 0.67,
 * 4/3 is 0.50. */
static void different_services_and_hosts_count_themselves(void **state)
{
    (void)state;
    static const double want[] = {1.0, 0.67, 0.5};

    for (size_t n = 1; n <= 3; n++) {
        gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
        (void)add(w, 1, 1.0, 7, "smtp", "SF");
        struct gad_record r = add(w, n, 1.0, 7, "http", "SF");
        assert_is(r, GAD_COUNT, (double)n + 1.0);
        assert_is(r, GAD_DIFF_SRV_RATE, want[n - 1]);
        assert_is(r, GAD_DST_HOST_DIFF_SRV_RATE, want[n - 1]);
        assert_is(r, GAD_SRV_DIFF_HOST_RATE, 0.0);
    }
    for (size_t n = 1; n <= 3; n++) {
        gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
        (void)add(w, 1, 1.0, 8, "http", "SF");
        struct gad_record r = add(w, n, 1.0, 7, "http", "SF");
        assert_is(r, GAD_SRV_COUNT, (double)n + 1.0);
        assert_is(r, GAD_COUNT, (double)n);
        assert_is(r, GAD_SRV_DIFF_HOST_RATE, want[n - 1]);
        assert_is(r, GAD_DST_HOST_SRV_DIFF_HOST_RATE, want[n - 1]);
        assert_is(r, GAD_DIFF_SRV_RATE, 0.0);
    }
}

/* In float32 17/40 is above the half, 21/40 and 31/40 below it, in double it is the other way
 * round; 1/8 is exactly half. */
static void rates_are_rounded_as_the_data_are(void **state)
{
    (void)state;
    static const struct {
        size_t k, n;
        double want;
    } t[] = {{17, 40, 0.43}, {21, 40, 0.52}, {31, 40, 0.77}, {1, 8, 0.12},
             {3, 8, 0.38},   {5, 8, 0.62},   {7, 8, 0.88},   {1, 3, 0.33},
             {2, 3, 0.67},   {1, 199, 0.01}, {1, 200, 0.0}};

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
        (void)add(w, t[i].k, 1.0, 7, "http", "S0");
        struct gad_record r = add(w, t[i].n - t[i].k, 1.0, 7, "http", "REJ");
        assert_is(r, GAD_COUNT, (double)t[i].n);
        assert_is(r, GAD_SERROR_RATE, t[i].want);
        assert_is(r, GAD_DST_HOST_SRV_SERROR_RATE, t[i].want);
    }
}

static void the_windows_have_511_and_255_records(void **state)
{
    (void)state;
    static const size_t n[] = {254, 255, 256, 510, 511, 512, 1100};

    for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
        gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
        struct gad_record r = add(w, n[i], 1.0, 7, "ecr_i", "SF");
        assert_is(r, GAD_COUNT, (double)(n[i] < 511 ? n[i] : 511));
        assert_is(r, GAD_SRV_COUNT, (double)(n[i] < 511 ? n[i] : 511));
        assert_is(r, GAD_DST_HOST_COUNT, (double)(n[i] < 255 ? n[i] : 255));
        assert_is(r, GAD_DST_HOST_SRV_COUNT, (double)(n[i] < 255 ? n[i] : 255));
    }

    /* One window for all hosts: the others' records push a host's out. */
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
    (void)add(w, 100, 1.0, 7, "http", "SF");
    (void)add(w, 200, 1.0, 8, "smtp", "SF");
    struct gad_record r = add(w, 1, 1.0, 7, "http", "SF");
    assert_is(r, GAD_DST_HOST_COUNT, 55.0);
    assert_is(r, GAD_COUNT, 101.0);
}

static void two_seconds_ago_is_just_within(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        double count;
    } t[] = {{0, 2.0}, {1999999999, 2.0}, {2000000000, 2.0}, {2000000001, 1.0}, {9000000000, 1.0}};

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
        struct gad_record r = add(w, 1, 1.0, 7, "http", "SF");
        gad_window_add(w, (struct gad_time){1000000000 + t[i].ns}, &r);
        assert_is(r, GAD_COUNT, t[i].count);
        assert_is(r, GAD_SRV_COUNT, t[i].count);
        assert_is(r, GAD_DST_HOST_COUNT, 2.0); /* which knows no time */
    }
}

static void time_that_goes_back_breaks_nothing(void **state)
{
    (void)state;
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();

    /* A little back counts as now, and does not keep what is older from leaving. */
    (void)add(w, 1, 10.0, 7, "http", "SF");
    assert_is(add(w, 1, 8.0, 7, "http", "SF"), GAD_COUNT, 2.0);
    assert_is(add(w, 1, 11.9, 7, "http", "SF"), GAD_COUNT, 3.0);
    assert_is(add(w, 1, 12.1, 7, "http", "SF"), GAD_COUNT, 2.0);
    /* One clock that is years ahead costs a window, not those years. */
    assert_is(add(w, 1, 1e9, 7, "http", "SF"), GAD_COUNT, 1.0);
    assert_is(add(w, 1, 12.2, 7, "http", "SF"), GAD_COUNT, 1.0);
    assert_is(add(w, 1, 14.2, 7, "http", "SF"), GAD_COUNT, 2.0);
    assert_is(add(w, 1, 14.3, 7, "http", "SF"), GAD_COUNT, 2.0);
    assert_is(add(w, 1, 99.0, 7, "http", "SF"), GAD_DST_HOST_COUNT, 9.0);
}

static void hosts_are_distinguished_by_family_too(void **state)
{
    (void)state;
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
    struct gad_record four = record(7, "http", "SF", 1), six = record(7, "http", "SF", 1);

    six.tuple.family = 6;
    gad_window_add(w, (struct gad_time){0}, &four);
    gad_window_add(w, (struct gad_time){0}, &six);
    assert_is(six, GAD_COUNT, 1.0);
    assert_is(six, GAD_SRV_COUNT, 2.0);
    assert_is(six, GAD_SRV_DIFF_HOST_RATE, 1.0);
}

static void the_same_port_of_another_host_is_not_the_same(void **state)
{
    (void)state;
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
    static const struct {
        uint32_t host;
        uint16_t port;
        double want;
    } t[] = {{7, 1000, 1.0}, {8, 1000, 1.0}, {7, 1001, 0.5}, {7, 1000, 0.67}, {8, 1001, 0.5}};

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_record r = record(t[i].host, "http", "SF", t[i].port);
        gad_window_add(w, (struct gad_time){0}, &r);
        assert_is(r, GAD_DST_HOST_SAME_SRC_PORT_RATE, t[i].want);
    }
}

struct world {
    uint32_t hosts, services, ports;
    int64_t step; /* most ns between two */
};

static void against_the_slow_model(const struct world *of, size_t n, uint64_t seed)
{
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
    struct gad_rng rng = gad_rng_init(seed, 0);
    struct slow_window slow = {0};
    struct gad_time t = {0};

    for (size_t i = 0; i < n; i++) {
        struct gad_record r = record(gad_rng_below(&rng, of->hosts), "?", "?",
                                     (uint16_t)gad_rng_below(&rng, of->ports));
        r.v[GAD_SERVICE] = (double)gad_rng_below(&rng, of->services) - 1.0;
        r.v[GAD_FLAG] = gad_rng_below(&rng, 11);
        if (gad_rng_below(&rng, 8) == 0)
            r.notes = gad_rng_below(&rng, 2) ? GAD_NOTE_INTERIM : GAD_NOTE_CUT | GAD_NOTE_GUESSED;
        struct gad_record want = r;
        t.ns += (int64_t)(gad_rng_u64(&rng) % (uint64_t)of->step) - of->step / 16;
        gad_window_add(w, t, &r);
        assert_true(slow_window_add(&slow, t, &want, true));
        assert_memory_equal(r.v, want.v, sizeof(r.v));
        assert_int_equal(gad_record_check(&r), -1);
    }
    slow_window_deinit(&slow);
}

static void any_traffic_is_counted_as_the_definition_has_it(void **state)
{
    (void)state;
    static const struct world worlds[] = {
        {1, 1, 1, 1000},          {1, 73, 65536, 1000000},      {5, 6, 20, 100000000},
        {300, 10, 4, 10000000},   {100000, 73, 65536, 5000000}, {2, 2, 2, 9000000000},
        {100000, 2, 1, 30000000},
    };
    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++)
        against_the_slow_model(&worlds[i], 2000, i);
}

/* Hosts chosen by a peer with the key to share one bucket: slower, but correct. */
static void hosts_of_one_bucket_are_distinguished(void **state)
{
    (void)state;
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();
    uint32_t chosen[300];
    size_t n = 0;

    for (uint32_t host = 0; n < 300; host++) {
        uint64_t key[3] = {0, 0, 4}; /* as in window.c: the address, the family */
        memcpy(key, &host, sizeof(host));
        if ((gad_siphash13(test_key, key, 3) & 511) ==
            0) /* as in lru.c: 512 buckets for 512 slots */
            chosen[n++] = host;
    }
    for (size_t round = 1; round <= 4; round++)
        for (size_t i = 0; i < n; i++) {
            struct gad_record r = record(chosen[i], "http", "SF", 1);
            gad_window_add(w, (struct gad_time){0}, &r);
            assert_is(r, GAD_COUNT, round == 1 ? 1.0 : 2.0);
        }
}

/* 511 hosts in T, and another one that is not added: its features are right, and nothing of it
 * stays. */
static void an_interim_record_leaves_no_trace(void **state)
{
    (void)state;
    gad_cleanup(gad_window_freep) struct gad_window *w = new_window();

    for (uint32_t host = 1; host <= 600; host++)
        (void)add(w, 1, 1.0, host, "http", "SF");
    for (int i = 0; i < 1000; i++) {
        struct gad_record r = record(1000, "smtp", "S1", 1);
        r.notes = GAD_NOTE_INTERIM;
        gad_window_add(w, (struct gad_time){1000000000}, &r);
        assert_is(r, GAD_COUNT, 1.0);
        assert_is(r, GAD_SERROR_RATE, 1.0);
        assert_is(r, GAD_DST_HOST_SAME_SRC_PORT_RATE, 1.0);
    }
    struct gad_record r = add(w, 1, 1.0, 1000, "http", "SF");
    assert_is(r, GAD_COUNT, 1.0);
    assert_is(r, GAD_SRV_COUNT, 511.0);
    assert_is(r, GAD_SERROR_RATE, 0.0);
    assert_is(r, GAD_DST_HOST_SRV_COUNT, 255.0);
}

static void the_key_does_not_show(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(1, 1);
    gad_cleanup(gad_window_freep) struct gad_window *a = new_window();
    gad_cleanup(gad_window_freep) struct gad_window *b = NULL;

    assert_int_equal(gad_window_new((const uint64_t[2]){0, 0}, &b), 0);
    for (int64_t i = 0; i < 2000; i++) {
        struct gad_record r = record(gad_rng_below(&rng, 600), "http", "SF", 1), same = r;
        gad_window_add(a, (struct gad_time){i}, &r);
        gad_window_add(b, (struct gad_time){i}, &same);
        assert_memory_equal(&r, &same, sizeof(r));
    }
}

static void without_memory_there_is_no_window_and_then_none_is_asked_for(void **state)
{
    (void)state;
    struct gad_window *w = NULL;

    for (long k = 1; !w; k++) {
        (void)gad_mem_fail_at(k);
        int r = gad_window_new(test_key, &w);
        (void)gad_mem_fail_at(0);
        assert_int_equal(r, w ? 0 : GAD_ENOMEM);
        assert_true(k < 100);
    }
    (void)gad_mem_fail_at(0);
    for (uint32_t i = 0; i < 2000; i++)
        (void)add(w, 1, 1.0, i, "http", "SF");
    assert_int_equal(gad_mem_fail_at(0), 0);
    gad_window_free(w);
    gad_window_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_itself_is_in_both_windows),
        cmocka_unit_test(different_services_and_hosts_count_themselves),
        cmocka_unit_test(rates_are_rounded_as_the_data_are),
        cmocka_unit_test(the_windows_have_511_and_255_records),
        cmocka_unit_test(two_seconds_ago_is_just_within),
        cmocka_unit_test(time_that_goes_back_breaks_nothing),
        cmocka_unit_test(hosts_are_distinguished_by_family_too),
        cmocka_unit_test(the_same_port_of_another_host_is_not_the_same),
        cmocka_unit_test(any_traffic_is_counted_as_the_definition_has_it),
        cmocka_unit_test(hosts_of_one_bucket_are_distinguished),
        cmocka_unit_test(an_interim_record_leaves_no_trace),
        cmocka_unit_test(the_key_does_not_show),
        cmocka_unit_test(without_memory_there_is_no_window_and_then_none_is_asked_for),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
