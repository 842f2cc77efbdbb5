/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/scorer.h"

#include <poll.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/base/rng.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "tests/unit/test.h"

enum { N_JOBS = 30000 };

static struct config *config;
static struct models *models;
static struct job_pool *pool;
static struct scorer *scorer;

static int make(void **state)
{
    static const char conf[] =
        "[model a]\ncheckpoint = /a\n[model b]\ncheckpoint = /b\nthreshold = 50\n";
    (void)state;
    return config_parse("t", conf, sizeof(conf) - 1, &config, NULL) != 0 ||
           models_load(config, &models, NULL) != 0 || job_pool_new(64 << 20, &pool) != 0 ||
           scorer_new(&scorer) != 0;
}

static int unmake(void **state)
{
    (void)state;
    scorer_free(scorer);
    job_pool_free(pool);
    models_free(models);
    config_free(config);
    return 0;
}

/* Everything about job i follows from i, so that an answer can be checked without a copy. */
static size_t size_of(uint64_t i)
{
    return i % 7 == 0 ? i % 200 : i % 5;
}

static double value_of(uint64_t i, size_t row)
{
    return (double)((i * 31 + row * 7) % 100);
}

static struct job *make_job(uint64_t i)
{
    struct job *j = job_get(pool);
    if (!j)
        return NULL;
    j->id = i;
    if (i % 11 == 3) {
        j->error = 3;
        return j;
    }
    j->model = model_hold(models->model[i / 3 % 2]);
    j->top = i % 4 == 0 ? 2 : 0;
    assert_int_equal(job_reserve(pool, j, size_of(i), i % 2 ? 3 : j->top), 0);
    for (size_t row = 0; row < j->n; row++) {
        memset(&j->rec[row], 0, sizeof(j->rec[row]));
        j->rec[row].v[GAD_SRC_BYTES] = value_of(i, row);
        j->rec[row].v[GAD_SERVICE] = row % 2 ? GAD_NAME_UNKNOWN : 0;
    }
    return j;
}

static void check_job(const struct job *j, uint64_t i)
{
    size_t n_anomalous = 0;

    assert_int_equal(j->id, i);
    if (i % 11 == 3) {
        assert_int_equal(j->error, 3);
        return;
    }
    assert_int_equal(j->n, size_of(i));
    for (size_t row = 0; row < j->n; row++) {
        float want = (float)value_of(i, row);
        assert_true(j->score[row] == want);
        assert_true(j->p_value[row] == (float)(1.0 / (1.0 + (double)want)));
        assert_int_equal(j->anomalous[row], want > j->model->threshold);
        n_anomalous += j->anomalous[row];
        if (j->top > 0) {
            const struct gad_reason *r = &j->reason[row * j->stride];
            assert_int_equal(r->column, GAD_SRC_BYTES);
            assert_true(r->value == (double)want && r->share == 1.0);
        }
    }
    assert_int_equal(j->n_anomalous, n_anomalous);
}

/* A lost wake-up would hang here until meson's timeout. */
static void jobs_come_back_scored_in_the_order_they_went(void **state)
{
    (void)state;
    struct gad_ring *done = scorer_done(scorer);
    struct pollfd p = {.fd = gad_ring_items_fd(done), .events = POLLIN};
    struct gad_rng rng = gad_rng_init(3, 0);
    uint64_t sent = 0, got = 0, batches = 0, unknown = 0, want_unknown = 0;

    assert_int_equal(scorer_start(scorer), 0);
    while (got < N_JOBS) {
        uint32_t burst = gad_rng_below(&rng, 100);
        struct job *j;
        while (sent < N_JOBS && burst-- > 0 && (j = make_job(sent)) != NULL) {
            want_unknown += j->n / 2;
            scorer_push(scorer, &(void *){j}, 1);
            sent++;
        }
        while ((j = gad_ring_pop(done)) != NULL) {
            check_job(j, got++);
            batches += j->begins_batch;
            unknown += j->n_unknown;
            job_put(pool, j);
        }
        if (got < sent && gad_rng_below(&rng, 4) == 0) { /* now and then sleep */
            if (!gad_ring_arm_items(done))
                (void)poll(&p, 1, -1);
            gad_ring_disarm_items(done);
        }
    }
    assert_int_equal(unknown, want_unknown);
    assert_true(batches > 0 && batches <= N_JOBS);
    assert_int_equal(job_pool_in_use(pool), 0);
}

static void stopping_leaves_jobs_to_be_taken_back(void **state)
{
    (void)state;
    struct job *j;
    size_t n = 0;

    void *many[100];
    for (uint64_t i = 0; i < 100; i++)
        many[i] = make_job(i);
    scorer_push(scorer, many, 100);
    assert_int_equal(scorer_start(scorer), 0);
    scorer_stop(scorer);
    scorer_stop(scorer);                                      /* again is fine */
    while ((j = gad_ring_pop(scorer_done(scorer))) != NULL) { /* some batches may have been done */
        check_job(j, n++);
        job_put(pool, j);
    }
    while ((j = scorer_take_back(scorer)) != NULL) {
        assert_int_equal(j->id, n++);
        job_put(pool, j);
    }
    assert_int_equal(n, 100);
}

static void models_are_found_by_either_name(void **state)
{
    (void)state;
    assert_ptr_equal(models_find(models, ""), models->model[0]);
    assert_ptr_equal(models_find(models, "b"), models->model[1]);
    assert_ptr_equal(models_find(models, "fake-a"), models->model[0]);
    assert_null(models_find(models, "c"));
    assert_true(models->model[0]->threshold == 1000.0f && models->model[0]->fpr_budget == 0.001);
    assert_true(models->model[1]->threshold == 50.0f && models->model[1]->fpr_budget == 0.0);
}

static void a_model_that_cannot_be_loaded_is_named(void **state)
{
    (void)state;
    static const char conf[] = "[model a]\ncheckpoint = /a\n[model b]\ncheckpoint = /missing\n";
    struct config *c = NULL;
    struct models *m = NULL;
    struct gad_diag d;

    assert_int_equal(config_parse("t", conf, sizeof(conf) - 1, &c, NULL), 0);
    assert_int_equal(models_load(c, &m, &d), -ENOENT);
    assert_null(m);
    assert_string_equal(d.text, "model 'b': /missing: cannot open: No such file or directory");
    config_free(c);
}

static void a_model_that_takes_too_many_steps_is_refused(void **state)
{
    (void)state;
    static const char *const conf[] = {"[model a]\ncheckpoint = /search\nsearch_steps = 500\n",
                                       "[model a]\ncheckpoint = /search\nsearch_steps = 499\n",
                                       "[model a]\ncheckpoint = /a\nsearch_steps = 1\n"};

    for (size_t i = 0; i < 3; i++) {
        struct config *c = NULL;
        struct models *m = NULL;
        struct gad_diag d;

        assert_int_equal(config_parse("t", conf[i], strlen(conf[i]), &c, NULL), 0);
        assert_int_equal(models_load(c, &m, &d), i == 1 ? GAD_ELIMIT : 0);
        if (i == 1)
            assert_non_null(strstr(d.text,
                                   "model 'a': /search: needs 500 steps per record, search_steps "
                                   "allows 499"));
        else
            assert_true(m->model[0]->search_rate == (i == 0 ? 100.0 : 0.0));
        models_free(m);
        config_free(c);
    }
}

/*
 * A tenth of 1,000 searches a second: 100. Searches that were kept for explanations and not needed
 * score further records; the scored records are the first ones.
 */
static void a_budget_is_used_up_and_no_further(void **state)
{
    (void)state;
    static const char conf[] = "[model a]\ncheckpoint = /search\nsearch_rate = 1000\nmemo = 0\n";
    enum { N = 150 };
    struct config *c = NULL;
    struct models *m = NULL;
    struct scorer *s = NULL;

    assert_int_equal(config_parse("t", conf, sizeof(conf) - 1, &c, NULL), 0);
    for (int anomalous = 0; anomalous < 2; anomalous++) {
        struct job *j = job_get(pool);
        struct pollfd p;

        assert_int_equal(models_load(c, &m, NULL), 0); /* with a full budget */
        assert_int_equal(scorer_new(&s), 0);
        j->model = model_hold(m->model[0]);
        assert_int_equal(job_reserve(pool, j, N, 3), 0);
        memset(j->rec, 0, N * sizeof(j->rec[0]));
        for (size_t i = 0; i < N; i++)
            j->rec[i].v[GAD_SRC_BYTES] = anomalous ? 5000 : 5;
        scorer_push(s, &(void *){j}, 1);
        p = (struct pollfd){.fd = gad_ring_items_fd(scorer_done(s)), .events = POLLIN};
        assert_int_equal(scorer_start(s), 0);
        if (!gad_ring_arm_items(scorer_done(s)))
            (void)poll(&p, 1, -1);
        gad_ring_disarm_items(scorer_done(s));
        assert_ptr_equal(gad_ring_pop(scorer_done(s)), j);
        size_t n = job_n_scored(j);
        assert_int_equal(n, anomalous ? 50 : 99); /* the last would have needed two at hand */
        assert_int_equal(j->n_anomalous, anomalous ? n : 0);
        for (size_t i = 0; i < n; i++)
            assert_true(j->score[i] == (anomalous ? 5000.0f : 5.0f));
        job_put(pool, j);
        scorer_free(s);
        models_free(m);
    }
    config_free(c);
}

/* Scores the job on a thread of its own. */
static void score_one(struct job *j)
{
    struct scorer *s = NULL;

    assert_int_equal(scorer_new(&s), 0);
    struct pollfd p = {.fd = gad_ring_items_fd(scorer_done(s)), .events = POLLIN};
    scorer_push(s, &(void *){j}, 1);
    assert_int_equal(scorer_start(s), 0);
    if (!gad_ring_arm_items(scorer_done(s)))
        (void)poll(&p, 1, -1);
    gad_ring_disarm_items(scorer_done(s));
    assert_ptr_equal(gad_ring_pop(scorer_done(s)), j);
    scorer_free(s);
}

/* Searches at hand: 100. The records repeat three others, as often as there are searches. */
static void a_known_score_takes_no_search(void **state)
{
    (void)state;
    static const char conf[] = "[model a]\ncheckpoint = /search\nsearch_rate = 1000\n";
    enum { N = 300 };
    struct config *c = NULL;
    struct models *m = NULL;

    assert_int_equal(config_parse("t", conf, sizeof(conf) - 1, &c, NULL), 0);
    for (uint32_t stride = 0; stride < 2; stride++) {
        struct job *j = job_get(pool);

        assert_int_equal(models_load(c, &m, NULL), 0);
        j->model = model_hold(m->model[0]);
        assert_int_equal(job_reserve(pool, j, N, stride), 0);
        memset(j->rec, 0, N * sizeof(j->rec[0]));
        for (size_t i = 0; i < N; i++)
            j->rec[i].v[GAD_SRC_BYTES] = (double)(i % 3);
        score_one(j);
        assert_int_equal(job_n_scored(j), N);
        assert_int_equal(j->n_computed, 3);
        assert_int_equal(j->n_found, N - 3);
        for (size_t i = 0; i < N; i++)
            assert_true(j->score[i] == (float)(i % 3));
        job_put(pool, j);
        models_free(m);
    }
    config_free(c);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        struct scorer *s = NULL;
        (void)gad_mem_fail_at(k);
        int r = scorer_new(&s);
        (void)gad_mem_fail_at(0);
        if (r == 0) {
            scorer_free(s);
            assert_true(k > 3);
            return;
        }
        assert_int_equal(r, GAD_ENOMEM);
        assert_null(s);
    }
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(jobs_come_back_scored_in_the_order_they_went),
        WITH(stopping_leaves_jobs_to_be_taken_back),
        WITH(models_are_found_by_either_name),
        WITH(a_model_that_cannot_be_loaded_is_named),
        WITH(a_model_that_takes_too_many_steps_is_refused),
        WITH(a_budget_is_used_up_and_no_further),
        WITH(a_known_score_takes_no_search),
        WITH(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("scorer", tests, NULL, NULL);
}
