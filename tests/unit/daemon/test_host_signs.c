/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_signs.h"

#include <math.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

#define SECOND INT64_C(1000000000)

static struct host host;
static struct host_usual usual;
static struct host_values values;
static double second;
static struct gad_rng rng;

static int make(void **state)
{
    (void)state;
    host = (struct host){.address = {0, 1}};
    usual = (struct host_usual){.secret = {1, 2}, .records = HOST_RECORDS, .epoch = 1000000};
    second = 1000000;
    rng = gad_rng_init(3, 0);
    return 0;
}

static struct gad_record to(uint32_t target, uint16_t port, int flag)
{
    struct gad_record r = {.tuple = {.family = 4, .proto = 6, .dst_port = port}};

    memcpy(r.tuple.dst, &target, sizeof(target));
    r.v[GAD_PROTOCOL_TYPE] = GAD_PROTOCOL_TCP;
    r.v[GAD_FLAG] = flag;
    return r;
}

static struct gad_record icmp(uint32_t target, const char *service)
{
    struct gad_record r = to(target, 0, GAD_FLAG_SF);

    r.tuple.proto = 1;
    r.v[GAD_PROTOCOL_TYPE] = GAD_PROTOCOL_ICMP;
    r.v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, service, strlen(service));
    r.v[GAD_SRC_BYTES] = 56;
    return r;
}

static float add(struct gad_record r, double p, enum gad_sign s)
{
    r.start.ns = (int64_t)(second * 1e9);
    host_signs_add(&host, &usual, &r, p, r.start, &values);
    return values.v[s];
}

static void failed_targets_are_counted_by_hour(void **state)
{
    (void)state;
    float n = 0;

    for (uint32_t i = 0; i < 30; i++, second += 60)
        n = add(to(i, 445, i % 2 ? GAD_FLAG_S0 : GAD_FLAG_REJ), 1, GAD_SIGN_FAILED);
    assert_true(n > 22 && n < 38);
    assert_true(add(to(3, 445, GAD_FLAG_S0), 1, GAD_SIGN_FAILED) == n); /* again the same one */
    second += 2 * 3600;
    n = add(to(77, 445, GAD_FLAG_S0), 1, GAD_SIGN_FAILED);
    assert_true(n > 0.9F && n < 1.2F);
    assert_true(values.v[GAD_SIGN_FAILED_SLOW] > 22);
    second += 13 * 3600;
    host_signs_age(&host, &usual, (struct gad_time){(int64_t)second * SECOND});
    assert_true(add(to(78, 445, GAD_FLAG_S0), 1, GAD_SIGN_FAILED_SLOW) < 1.2F);
}

/* Ports of one target, and a connection that was answered is no failure. */
static void ports_and_answers(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < 20; i++)
        (void)add(to(1, i, GAD_FLAG_S0), 1, GAD_SIGN_PORTS);
    assert_true(values.v[GAD_SIGN_PORTS] > 14 && values.v[GAD_SIGN_FAILED] < 1.2F);
    assert_true(add(to(9, 80, GAD_FLAG_SF), 1, GAD_SIGN_FAILED) == 0);
    assert_true(host.proven.ns > 0);
}

/* Pings of hosts that answer fail only until the answer; those of others fail. */
static void an_echo_fails_without_its_answer(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 30; i++) {
        assert_true(add(icmp(i, "eco_i"), 1, GAD_SIGN_FAILED) < 1.2F);
        (void)add(icmp(i, "ecr_i"), 1, GAD_SIGN_FAILED);
    }
    for (uint32_t i = 0; i < 30; i++)
        (void)add(icmp(i, "urp_i"), 1, GAD_SIGN_FAILED);
    assert_true(host.proven.ns == 0);
    for (uint32_t i = 0; i < 10; i++)
        (void)add(icmp(100 + i, "eco_i"), 1, GAD_SIGN_FAILED);
    assert_true(values.v[GAD_SIGN_FAILED] > 7);
}

/* n contacts with one target at intervals of 60 s, which vary by this part. */
static float beats(int n, double part)
{
    float v = 0;

    for (int i = 0; i < n; i++) {
        v = add(to(5, 443, GAD_FLAG_SF), 1, GAD_SIGN_BEACON);
        second += 60 * (1 + part * (2 * (double)gad_rng_uniform(&rng) - 1));
    }
    return v;
}

static void a_rhythm_is_found(void **state)
{
    (void)state;
    assert_true(beats(5, 0) == 0);
    assert_true(beats(6, 0) > 22);
    assert_true(values.pair->period > 59 && values.pair->period < 61);
    (void)make(NULL);
    assert_true(beats(24, 0.1) > 22);
    (void)make(NULL);
    assert_true(beats(45, 0.2) > 22);
    second += 60; /* one is missing */
    assert_true(beats(1, 0.2) > 22);
}

static void chance_is_no_rhythm(void **state)
{
    (void)state;
    for (int run = 0; run < 200; run++) {
        (void)make(NULL);
        rng = gad_rng_init((uint64_t)run, 0);
        for (int i = 0; i < 200; i++) {
            assert_true(add(to(5, 443, GAD_FLAG_SF), 1, GAD_SIGN_BEACON) < 22);
            second += -60 * log(1 - (double)gad_rng_uniform(&rng));
        }
    }
}

/* A target of many hosts is a service of the network, so its rhythm counts for nothing. */
static void a_popular_target_is_no_beacon(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20; i++) {
        host = (struct host){.address = {0, 100 + i}};
        (void)beats(2, 0);
    }
    host = (struct host){.address = {0, 1}};
    assert_true(beats(20, 0) == 0);
}

/* A host that browses a lot between two beats keeps their pair. */
static void a_beat_outlives_other_targets(void **state)
{
    (void)state;
    float v = 0;

    for (uint32_t i = 0; i < 20; i++) {
        v = add(to(5, 443, GAD_FLAG_SF), 1, GAD_SIGN_BEACON);
        double next = second + 60;
        for (uint32_t k = 0; k < 25; k++) {
            second += 2;
            (void)add(to(1000 + 25 * i + k, 443, GAD_FLAG_SF), 1, GAD_SIGN_BEACON);
        }
        second = next;
    }
    assert_true(v > 22);
    assert_true(usual.pairs_evicted > 100);
}

static struct gad_record udp(uint32_t target, double up, double down)
{
    struct gad_record r = to(target, 53, GAD_FLAG_SF);

    r.tuple.proto = 17;
    r.v[GAD_PROTOCOL_TYPE] = GAD_PROTOCOL_UDP;
    r.v[GAD_SRC_BYTES] = up;
    r.v[GAD_DST_BYTES] = down;
    return r;
}

static void a_tunnel_is_beyond_the_usual_size(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++, second += 61)
        (void)add(udp(1, 30 + i % 30, 100), 1, GAD_SIGN_TUNNEL);
    float before = values.v[GAD_SIGN_TUNNEL];
    for (int i = 0; i < 100; i++)
        (void)add(udp(1, 200, 100), 1, GAD_SIGN_TUNNEL);
    assert_true(values.v[GAD_SIGN_TUNNEL] > before + 8000);
    float after = values.v[GAD_SIGN_TUNNEL];
    second += 3600;
    float later = add(udp(1, 30, 100), 1, GAD_SIGN_TUNNEL);
    assert_true(later < 0.51F * after && later > 0.49F * after);
    /* without an answer, nothing shows that this host sent it */
    uint64_t one_way = usual.one_way;
    (void)add(udp(1, 60000, 0), 1, GAD_SIGN_TUNNEL);
    assert_true(values.v[GAD_SIGN_TUNNEL] == 0);
    assert_int_equal(usual.one_way, one_way + 1);
}

static void uploads_and_logins_add_up(void **state)
{
    (void)state;
    struct gad_record r = to(4, 443, GAD_FLAG_SF), ssh = to(4, 22, GAD_FLAG_SF);
    struct gad_record forged = to(4, 443, GAD_FLAG_S0), ftp = to(4, 21, GAD_FLAG_SF);

    r.v[GAD_SRC_BYTES] = 1e6;
    forged.v[GAD_SRC_BYTES] = 1e9;
    for (int i = 0; i < 10; i++)
        (void)add(r, 1, GAD_SIGN_UPLOAD);
    assert_true(fabsf(values.v[GAD_SIGN_UPLOAD] / 1e7F - 1) < 0.01F);
    assert_true(add(forged, 1, GAD_SIGN_UPLOAD) == 0);
    ssh.v[GAD_SRC_BYTES] = 3000;
    ssh.v[GAD_LOGGED_IN] = 1; /* as each session with payload both ways has */
    for (int i = 0; i < 9; i++)
        (void)add(ssh, 1, GAD_SIGN_GUESSING);
    assert_true(values.v[GAD_SIGN_GUESSING] == 9);
    ssh.v[GAD_SRC_BYTES] = 30000; /* a session that works */
    assert_true(add(ssh, 1, GAD_SIGN_GUESSING) == 9);
    ftp.v[GAD_NUM_FAILED_LOGINS] = 3;
    assert_true(add(ftp, 1, GAD_SIGN_GUESSING) == 3);
}

/* Surprise is relative to the records here: if all of them are rare, none is a surprise. */
static void rarity_is_relative(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5000; i++)
        (void)add(to(i, 80, GAD_FLAG_SF), 1e-9, GAD_SIGN_RARITY);
    assert_true(values.v[GAD_SIGN_RARITY] < 1);
    for (uint32_t i = 0; i < 100000; i++)
        (void)add(to(i, 80, GAD_FLAG_SF), (double)gad_rng_uniform(&rng), GAD_SIGN_RARITY);
    for (uint32_t i = 0; i < 12; i++)
        (void)add(to(i, 80, GAD_FLAG_SF), 0.01, GAD_SIGN_RARITY);
    float half = values.v[GAD_SIGN_RARITY];
    for (uint32_t i = 0; i < 12; i++)
        (void)add(to(100 + i, 80, GAD_FLAG_SF), 0.01, GAD_SIGN_RARITY);
    assert_true(values.v[GAD_SIGN_RARITY] > half && values.v[GAD_SIGN_RARITY] > 60);
    for (uint32_t i = 0; i < 24; i++) /* one thing that is odd adds up once */
        (void)add(to(1, 80, GAD_FLAG_SF), 0.01, GAD_SIGN_RARITY);
    assert_true(values.v[GAD_SIGN_RARITY] < 8);
}

/* Any legal record gives finite signs. */
static void no_sign_is_ever_infinite(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct gad_record r = to(gad_rng_below(&rng, 100), (uint16_t)gad_rng_below(&rng, 60),
                                 (int)gad_rng_below(&rng, 11));
        r.v[GAD_PROTOCOL_TYPE] = gad_rng_below(&rng, 3);
        r.tuple.proto = (uint8_t[3]){6, 17, 1}[gad_rng_below(&rng, 3)];
        r.v[GAD_SERVICE] = gad_rng_below(&rng, 66);
        r.v[GAD_SRC_BYTES] = ldexp(1, (int)gad_rng_below(&rng, 53));
        r.v[GAD_DST_BYTES] = gad_rng_below(&rng, 2) * 1e9;
        second += gad_rng_below(&rng, 100) == 0 ? 1e6 : gad_rng_below(&rng, 50);
        (void)add(r, ldexp(1, -(int)gad_rng_below(&rng, 1100)), GAD_SIGN_FAILED);
        for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
            assert_true(isfinite(values.v[s]) && values.v[s] >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(failed_targets_are_counted_by_hour, make),
        cmocka_unit_test_setup(ports_and_answers, make),
        cmocka_unit_test_setup(an_echo_fails_without_its_answer, make),
        cmocka_unit_test_setup(a_rhythm_is_found, make),
        cmocka_unit_test_setup(chance_is_no_rhythm, make),
        cmocka_unit_test_setup(a_popular_target_is_no_beacon, make),
        cmocka_unit_test_setup(a_beat_outlives_other_targets, make),
        cmocka_unit_test_setup(a_tunnel_is_beyond_the_usual_size, make),
        cmocka_unit_test_setup(uploads_and_logins_add_up, make),
        cmocka_unit_test_setup(rarity_is_relative, make),
        cmocka_unit_test_setup(no_sign_is_ever_infinite, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
