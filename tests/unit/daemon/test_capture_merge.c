/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/capture_merge.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/ring.h"
#include "lib/record/record.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* A pcap file of one ICMP echo request. */
static const uint8_t ping[] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0,  0, 0, 0, 0,  0, 0,
                               0,    0,    0,    4,    0, 1, 0, 0, 0, /* link type Ethernet */
                               1,    0,    0,    0,    0, 0, 0, 0, 42, 0, 0, 0, 42, 0, 0,
                               0,    2,    0,    0,    0, 0, 1, 2, 0,  0, 0, 0, 2,  8, 0, /* IPv4 */
                               0x45, 0,    0,    28,   0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0,
                               1,    10,   0,    0,    2, 8, 0, 0, 0,  0, 1, 0, 1};

/* The test pops the scorer's jobs itself: the scorer thread does not run. */
struct room {
    struct event_base *base;
    struct config *config;
    struct models *models;
    struct scorer *scorer;
    struct stats stats;
    size_t room;
    unsigned ended;
    char file[64];
};

static size_t room_of(void *arg)
{
    return ((const struct room *)arg)->room;
}

static void ended(void *arg)
{
    struct room *m = arg;
    m->ended++;
    (void)event_base_loopbreak(m->base);
}

static int make(void **state)
{
    static struct room m;
    char text[256];

    m = (struct room){.base = event_base_new(), .room = SIZE_MAX};
    int fd = mkstemp(scratch_path(m.file, sizeof(m.file), "sensor.XXXXXX"));
    if (!m.base || fd < 0 || write(fd, ping, sizeof(ping)) != (ssize_t)sizeof(ping))
        return -1;
    (void)close(fd);
    int n = snprintf(text, sizeof(text),
                     "[capture a]\nfile = %s\nmax_flows = 16\n"
                     "[capture b]\nfile = %s\nmax_flows = 16\n[capture c]\n"
                     "[records]\nservices = tcp/8080 = http\n[model m]\ncheckpoint = /m\n",
                     m.file, m.file);
    *state = &m;
    if (config_parse("t", text, (size_t)n, &m.config, NULL) != 0 ||
        models_load(m.config, &m.models, NULL) != 0)
        return -1;
    return scorer_new(&m.scorer);
}

static int unmake(void **state)
{
    struct room *m = *state;

    scorer_free(m->scorer);
    models_free(m->models);
    config_free(m->config);
    event_base_free(m->base);
    return unlink(m->file);
}

static struct capture_merge_options options_of(struct room *m)
{
    return (struct capture_merge_options){.base = m->base,
                                          .config = m->config,
                                          .models = m->models,
                                          .scorer = m->scorer,
                                          .stats = &m->stats,
                                          .room = room_of,
                                          .ended = ended,
                                          .arg = m};
}

/* Turns of the loop until something is true, or seconds have passed. */
#define TURN_UNTIL(m, condition)                                                                   \
    for (int turn = 0; !(condition); turn++) {                                                     \
        const struct timeval turn_tv = {0, 5000};                                                  \
        assert_true(turn < 4000);                                                                  \
        (void)event_base_loopexit((m)->base, &turn_tv);                                            \
        assert_true(event_base_dispatch((m)->base) >= 0);                                          \
    }

static void every_failed_allocation_is_an_error_that_leaves_nothing(void **state)
{
    struct room *m = *state;
    const struct capture_merge_options o = options_of(m);
    int r = GAD_ENOMEM;

    for (long k = 1; r != 0; k++) {
        struct capture_merge *s = NULL;
        struct gad_diag d = {""};
        (void)gad_mem_fail_at(k);
        r = capture_merge_new(&o, &s, &d);
        (void)gad_mem_fail_at(0);
        if (r != 0) {
            assert_null(s);
            assert_true(d.text[0] != '\0');
        } else {
            assert_true(k > 20);
        }
        capture_merge_free(s);
    }
}

static void all_captures_become_jobs_and_then_it_has_ended(void **state)
{
    struct room *m = *state;
    const struct capture_merge_options o = options_of(m);
    struct capture_merge_source source;
    struct capture_merge *s = NULL;
    struct job *j;
    size_t n = 0;

    assert_int_equal(capture_merge_new(&o, &s, NULL), 0);
    assert_int_equal(capture_merge_start(s, NULL), 0);
    TURN_UNTIL(m, m->stats.records_in == 2);
    assert_int_equal(m->ended, 0); /* not before its jobs are back */
    while ((j = scorer_take_back(m->scorer)) != NULL) {
        assert_null(j->client);
        assert_true(j->may_alert);
        assert_int_equal(j->rec[0].tuple.src[3], 1);
        assert_true(j->rec[0].id_follows);
        assert_int_equal(job_n_scored(j), 0); /* the scorer has not had it */
        for (size_t i = 0; i < j->n; i++, n++) {
            assert_string_equal(j->origin[i].source, n == 0 ? "a" : "b");
            assert_int_equal(j->origin[i].decided.ns, INT64_C(1000000000));
        }
        capture_merge_returned(s, j);
    }
    assert_int_equal(n, 2);
    TURN_UNTIL(m, m->ended == 1);
    for (size_t i = 0; i < 2; i++) {
        assert_true(capture_merge_source(s, i, &source));
        assert_string_equal(source.name, i == 0 ? "a" : "b");
        assert_string_equal(source.target, m->file);
        assert_string_equal(source.state, "ended");
        assert_int_equal(source.records, 1);
        assert_int_equal(source.stats.counts.net.frames, 1);
    }
    assert_false(capture_merge_source(s, 2, &source)); /* c has neither */
    capture_merge_free(s);
}

static void files_wait_for_room(void **state)
{
    struct room *m = *state;
    const struct capture_merge_options o = options_of(m);
    struct capture_merge *s = NULL;
    struct job *j;

    m->room = 0;
    assert_int_equal(capture_merge_new(&o, &s, NULL), 0);
    assert_int_equal(capture_merge_start(s, NULL), 0);
    const struct timeval tv = {0, 50000};
    (void)event_base_loopexit(m->base, &tv);
    assert_true(event_base_dispatch(m->base) >= 0);
    assert_int_equal(m->stats.records_in, 0);
    m->room = 1; /* for one at a time */
    for (uint64_t n = 1; n <= 2; n++) {
        TURN_UNTIL(m, m->stats.records_in == n);
        j = scorer_take_back(m->scorer);
        assert_non_null(j);
        assert_int_equal(j->n, 1);
        assert_null(scorer_take_back(m->scorer));
        capture_merge_returned(s, j);
    }
    TURN_UNTIL(m, m->ended == 1);
    capture_merge_free(s);
}

static void without_captures_it_ends_on_request(void **state)
{
    struct room *m = *state;
    const struct capture_merge_options o = options_of(m);
    struct capture_merge_source source;
    struct capture_merge *s = NULL;

    for (size_t i = 0; i < m->config->n_captures; i++)
        m->config->capture[i].file = "";
    assert_int_equal(capture_merge_new(&o, &s, NULL), 0);
    assert_int_equal(capture_merge_start(s, NULL), 0);
    assert_false(capture_merge_source(s, 0, &source));
    assert_true(event_base_loop(m->base, EVLOOP_NONBLOCK) >= 0);
    assert_int_equal(m->ended, 0);
    capture_merge_stop(s);
    TURN_UNTIL(m, m->ended == 1);
    capture_merge_free(s);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(every_failed_allocation_is_an_error_that_leaves_nothing),
        WITH(all_captures_become_jobs_and_then_it_has_ended),
        WITH(files_wait_for_room),
        WITH(without_captures_it_ends_on_request),
    };
    return cmocka_run_group_tests_name("sensor", tests, NULL, NULL);
}
