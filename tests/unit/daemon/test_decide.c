/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/decide.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/config/config.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/rng.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "tests/unit/test.h"

enum { ROWS = 64, NUMBERS = 1 << 20, RANDOM_MS = 250 };
#define MS INT64_C(1000000)

static struct config *config;
static struct models *models[2]; /* in use, then others after a reload */
static struct stats stats;
static struct decider *decider;
static uint64_t taken, emitted, n_alerts;
static uint64_t limits; /* records in events about the rate */
static struct gad_alert last;
static uint64_t of_number[NUMBERS]; /* counts of the alerts of an incident */
static struct gad_time packet_time;

static struct gad_record rec[ROWS];
static float score[ROWS], p_value[ROWS];
static uint8_t anomalous[ROWS];
static struct job_origin origin[ROWS];
static struct gad_reason reason[ROWS * GAD_N_COLUMNS];

static void emit(void *arg, const struct gad_alert *a, struct gad_time wall)
{
    (void)arg;
    (void)wall;
    emitted += a->count;
    n_alerts++;
    last = *a;
    if (a->incident.number == 0)
        return;
    assert_true(a->incident.number < NUMBERS);
    of_number[a->incident.number] += a->count;
    assert_true(a->incident.records >= of_number[a->incident.number]);
    if (a->incident.state == GAD_INCIDENT_CLOSED)
        assert_int_equal(a->incident.records, of_number[a->incident.number]);
}

static void limited(void *arg, const struct gad_limit_event *l)
{
    (void)arg;
    limits += l->high + l->medium + l->low;
}

static void begin(bool by_packets)
{
    const struct decider_options o = {.config = config,
                                      .stats = &stats,
                                      .by_packets = by_packets,
                                      .emit = emit,
                                      .limited = limited};

    assert_int_equal(decider_new(&o, &decider), 0);
}

static int make(void **state)
{
    static const char conf[] = "[model a]\ncheckpoint = /a\n[model search]\ncheckpoint = /search\n";
    (void)state;
    stats = (struct stats){0};
    taken = emitted = limits = n_alerts = 0;
    memset(of_number, 0, sizeof(of_number));
    packet_time.ns = INT64_C(1700000000000000000);
    return config_parse("t", conf, sizeof(conf) - 1, &config, NULL) != 0 ||
           models_load(config, &models[0], NULL) != 0 || models_load(config, &models[1], NULL) != 0;
}

static int unmake(void **state)
{
    (void)state;
    decider_free(decider);
    decider = NULL;
    bool are_free = true;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < models[i]->n; k++)
            are_free = are_free && models[i]->model[k]->holders == 1;
        models_free(models[i]);
    }
    config_free(config);
    return are_free ? 0 : -1;
}

/* --- records --- */

static struct gad_record between(unsigned source, unsigned target)
{
    struct gad_record r = {.tuple = {.family = 4, .proto = 6, .dst_port = 80}};

    memcpy(r.tuple.src, (uint8_t[4]){203, 0, (uint8_t)(source >> 8), (uint8_t)source}, 4);
    memcpy(r.tuple.dst, (uint8_t[4]){10, 0, (uint8_t)(target >> 8), (uint8_t)target}, 4);
    r.v[GAD_FLAG] = GAD_FLAG_S0;
    return r;
}

static struct gad_record failed_login(unsigned source, unsigned target)
{
    struct gad_record r = between(source, target);

    r.v[GAD_FLAG] = GAD_FLAG_SF;
    r.v[GAD_DST_BYTES] = 10;
    r.v[GAD_NUM_FAILED_LOGINS] = 1;
    return r;
}

static struct gad_record login(unsigned source, unsigned target)
{
    struct gad_record r = failed_login(source, target);

    r.v[GAD_NUM_FAILED_LOGINS] = 0;
    r.v[GAD_LOGGED_IN] = 1;
    return r;
}

static void take(struct model *m, size_t n, bool is_captured)
{
    struct job j = {.model = m,
                    .n = n,
                    .rec = rec,
                    .client_name = is_captured ? NULL : "sensor-7",
                    .origin = is_captured ? origin : NULL,
                    .score = score,
                    .p_value = p_value,
                    .anomalous = anomalous,
                    .may_alert = true,
                    .is_done = true,
                    .top = m->steps > 1 ? 3 : 0,
                    .stride = m->steps > 1 ? m->top_features : 0,
                    .reason = reason};

    for (size_t i = 0; i < n; i++) {
        origin[i] = (struct job_origin){packet_time, "a", ""};
        taken += anomalous[i];
    }
    decider_take(decider, &j);
}

static void take_one(struct gad_record r, float s)
{
    rec[0] = r;
    score[0] = s;
    p_value[0] = 1 / (1 + s);
    anomalous[0] = s > 0;
    take(models[0]->model[0], 1, true);
}

/* --- random operations --- */

static struct gad_record random_record(struct gad_rng *g)
{
    struct gad_record r = between(gad_rng_below(g, 40), gad_rng_below(g, 40));

    if (gad_rng_below(g, 8) == 0)
        r = failed_login(gad_rng_below(g, 4), gad_rng_below(g, 4));
    if (gad_rng_below(g, 16) == 0)
        r = login(gad_rng_below(g, 4), gad_rng_below(g, 4));
    if (gad_rng_below(g, 16) == 0)
        r.tuple.family = 0;
    r.v[GAD_SERVICE] = gad_rng_below(g, 4);
    r.v[GAD_PROTOCOL_TYPE] = gad_rng_below(g, 3);
    r.v[GAD_SRC_BYTES] = gad_rng_below(g, 3) * 1e6;
    r.v[GAD_DST_BYTES] = gad_rng_below(g, 2) * 1e5;
    r.v[GAD_ROOT_SHELL] = gad_rng_below(g, 30) == 0;
    return r;
}

static void take_some(struct gad_rng *g)
{
    const struct models *of = models[gad_rng_below(g, 8) == 0];
    size_t n = 1 + gad_rng_below(g, ROWS);

    for (size_t i = 0; i < n; i++) {
        rec[i] = random_record(g);
        score[i] = (float)(1 + gad_rng_below(g, 1000));
        p_value[i] = 1 / (1 + score[i]);
        anomalous[i] = gad_rng_below(g, 4) > 0;
    }
    packet_time.ns += gad_rng_below(g, 20) * MS;
    take(of->model[gad_rng_below(g, 8) == 0], n, gad_rng_below(g, 3) > 0);
}

static void choose(struct gad_rng *g)
{
    static const uint64_t keys[] = {16, 16, 17, 64};
    static const int64_t rollup[] = {0, 2 * MS, 3 * MS, 2 * MS};

    config->alerts.rollup_keys = keys[gad_rng_below(g, 4)];
    config->alerts.rollup.ns = rollup[gad_rng_below(g, 4)];
    config->alerts.idle.ns = (1 + gad_rng_below(g, 10)) * MS;
    config->alerts.rate = gad_rng_below(g, 3) * 100;
}

static void expect_sum(bool is_all)
{
    uint64_t sum = stats.alerts_limited + stats.alerts_bystanders + emitted;

    assert_true(is_all ? sum == taken : sum <= taken);
    assert_int_equal(stats.alerts, n_alerts);
}

static void step(struct gad_rng *g)
{
    uint32_t what = gad_rng_below(g, 64);

    if (what < 48) {
        take_some(g);
    } else if (what < 58) {
        struct gad_time before = gad_time_monotonic();
        assert_true(decider_tick(decider).ns > before.ns);
    } else if (what < 60) {
        choose(g);
        assert_int_equal(decider_configure(decider, config), 0);
    } else if (what == 60) {
        decider_release_models(decider);
    } else if (what == 61) {
        decider_flush(decider);
        assert_int_equal(stats.incidents, 0);
        expect_sum(true);
    } else {
        (void)nanosleep(&(struct timespec){.tv_nsec = MS}, NULL);
    }
}

static void random_operations(bool by_packets)
{
    struct gad_rng g = gad_rng_init(by_packets, 1);
    struct gad_time end = {gad_time_monotonic().ns + RANDOM_MS * MS};

    choose(&g);
    begin(by_packets);
    while (gad_time_monotonic().ns < end.ns) {
        step(&g);
        expect_sum(false);
    }
    decider_flush(decider);
    expect_sum(true);
    assert_true(limits >= stats.alerts_limited && limits <= taken);
    assert_true(limits == 0 || !by_packets);
}

static void each_record_is_counted_once(void **state)
{
    (void)state;
    random_operations(false);
}

static void each_record_is_counted_once_by_packets(void **state)
{
    (void)state;
    random_operations(true);
}

/* An incident of before is not looked at through what was attacked. */
static void another_number_of_incidents_forgets_attacks(void **state)
{
    (void)state;
    begin(true);
    for (unsigned i = 0; i < 300; i++)
        take_one(between(1, i % 100), 100);
    config->alerts.rollup_keys = 32;
    assert_int_equal(decider_configure(decider, config), 0);
    for (unsigned i = 0; i < 300; i++)
        take_one(between(2 + i, i % 100), 100);
    decider_flush(decider);
    expect_sum(true);
}

/* The caller's timer may be set to the end of an incident that rests. */
static void a_record_moves_what_is_due(void **state)
{
    (void)state;
    config->alerts.rate = 1; /* 10 at once */
    begin(false);
    take_one(between(1, 1), 100);
    struct gad_time rests = decider_due(decider);
    for (unsigned i = 2; i < 40; i++) {
        struct gad_record r = between(i, i);
        r.v[GAD_ROOT_SHELL] = 1;
        take_one(r, 100);
    }
    assert_true(decider_due(decider).ns < rests.ns - 1000 * MS);
    assert_true(decider_due(decider).ns <= gad_time_monotonic().ns + 50 * MS);
}

static bool is_of(const struct gad_record *r, uint8_t source)
{
    return r->tuple.src[3] == source;
}

/* Two forged sources with eight packets each do not use up the names. */
static void a_source_among_many_is_named(void **state)
{
    (void)state;
    begin(true);
    take_one(between(100, 1), 100);
    for (unsigned i = 0; i < 32; i++)
        take_one(between(1 + i % 2, 1), 100);
    uint64_t before = n_alerts;
    for (unsigned i = 0; i < 200; i++)
        take_one(between(7, 1), 100);
    assert_true(n_alerts > before);
    assert_true(is_of(&last.record, 7));
    before = n_alerts;
    for (unsigned i = 0; i < 40000; i++)
        take_one(between(1 + i % 5, 1), 100);
    assert_true(n_alerts <= before + 8);
}

/* A login that is itself in the incident is counted once. */
static void a_guessed_login_is_counted_once(void **state)
{
    (void)state;
    begin(true);
    for (unsigned i = 0; i < 10; i++)
        take_one(failed_login(1, 1), 100);
    struct gad_record r = failed_login(1, 1);
    r.v[GAD_LOGGED_IN] = 1;
    take_one(r, 100);
    assert_int_equal(last.incident.hint, GAD_HINT_GUESSED);
    assert_int_equal(last.incident.logins, 1);
    assert_int_equal(last.incident.records, 11);
}

/* The fake model finds nothing anomalous without the windows of an attacked target. */
static void few_probes_are_bystanders(void **state)
{
    (void)state;
    begin(true);
    for (unsigned i = 0; i < 2000; i++)
        take_one(between(1, i), 100);
    for (unsigned i = 0; i < 2000; i++)
        take_one(between(1000 + i, i), 100);
    assert_true(stats.alerts_bystanders <= 256);
    decider_flush(decider);
    expect_sum(true);
}

/* Data that leaves by UDP without an answer, among probes with higher scores. */
static void much_payload_is_no_probe(void **state)
{
    (void)state;
    begin(true);
    for (unsigned i = 0; i < 100; i++)
        take_one(between(i, i), 1000);
    struct gad_record r = between(200, 200);
    r.v[GAD_PROTOCOL_TYPE] = GAD_PROTOCOL_UDP;
    r.v[GAD_SRC_BYTES] = 90e6;
    take_one(r, 100);
    assert_true(is_of(&last.record, 200));
    assert_int_equal(last.incident.records, 1);
    r = between(201, 201);
    r.v[GAD_PROTOCOL_TYPE] = GAD_PROTOCOL_ICMP;
    r.v[GAD_SRC_BYTES] = 90e6;
    take_one(r, 100);
    assert_true(is_of(&last.record, 201));
}

static void an_alert_names_the_client_of_its_record(void **state)
{
    (void)state;
    begin(false);
    take_one(between(1, 1), 100);
    assert_string_equal(last.client, "");
    take(models[0]->model[0], 1, false);
    assert_string_equal(last.client, "sensor-7");
}

/* Forty incidents with ten records each: ten alerts leave, and the table has 16 places. */
static void what_is_held_back_is_counted_once(void **state)
{
    (void)state;
    config->alerts.rate = 1;
    config->alerts.rollup_keys = 16;
    begin(false);
    for (unsigned i = 0; i < 400; i++) {
        struct gad_record r = between(i / 10, 1);
        r.v[GAD_ROOT_SHELL] = 1;
        take_one(r, 100);
    }
    decider_flush(decider);
    expect_sum(true);
    assert_true(stats.alerts_limited > 0);
    assert_in_range(limits, stats.alerts_limited + 150, stats.alerts_limited + 160);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(each_record_is_counted_once),       WITH(each_record_is_counted_once_by_packets),
        WITH(a_record_moves_what_is_due),        WITH(a_source_among_many_is_named),
        WITH(a_guessed_login_is_counted_once),   WITH(few_probes_are_bystanders),
        WITH(much_payload_is_no_probe),          WITH(an_alert_names_the_client_of_its_record),
        WITH(what_is_held_back_is_counted_once), WITH(another_number_of_incidents_forgets_attacks),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
