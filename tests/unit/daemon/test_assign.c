/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the networks of a record to the model that scores it, and the scores of its shadow models.
 * The real scorer is between them.
 */
#include "daemon/ingest/assign.h"

#include <poll.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "tests/unit/test.h"

/* Thresholds that identify the model that scored: the score is src_bytes. */
static const char conf[] = "[model trial]\ncheckpoint = /t\nthreshold = 150\nshadow = yes\n"
                           "[model all]\ncheckpoint = /a\nthreshold = 100\ntop_features = 2\n"
                           "[model ten]\ncheckpoint = /b\nthreshold = 200\nnetworks = 10.0.0.0/8\n"
                           "[model deep]\ncheckpoint = /c\nthreshold = 300\ntop_features = 9\n"
                           "networks = 10.1.0.0/16, 192.0.2.0/24\n"
                           "[model part]\ncheckpoint = /p\nthreshold = 0\nshadow = yes\n"
                           "networks = 10.0.0.0/8\n";
enum { TRIAL, ALL, TEN, DEEP, PART };

static struct config *config;
static struct models *models;
static struct job_pool *pool;
static struct scorer *scorer;

static int make(void **state)
{
    (void)state;
    return config_parse("t", conf, sizeof(conf) - 1, &config, NULL) != 0 ||
           models_load(config, &models, NULL) != 0 || job_pool_new(64 << 20, &pool) != 0 ||
           scorer_new(&scorer) != 0 || scorer_start(scorer) != 0;
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

/* n records from 10.x.0.1, with as many bytes as they have numbers; x < 0: no address. */
static struct job *job_of(size_t n, const int *x, const char *name)
{
    struct job *j = job_get(pool);

    assert_non_null(j);
    j->model = model_hold(models_find(models, name));
    assert_int_equal(job_reserve(pool, j, n, assign_begin(models, j, *name)), 0);
    memset(j->rec, 0, n * sizeof(j->rec[0]));
    for (size_t i = 0; i < n; i++) {
        j->rec[i].v[GAD_SRC_BYTES] = (double)i;
        j->rec[i].tuple.family = x[i] < 0 ? 0 : 4;
        j->rec[i].tuple.src[0] = 10;
        j->rec[i].tuple.src[1] = (uint8_t)x[i];
    }
    return j;
}

static void score(struct job *j)
{
    struct pollfd p = {.fd = gad_ring_items_fd(scorer_done(scorer)), .events = POLLIN};

    scorer_push(scorer, &(void *){j}, 1);
    if (!gad_ring_arm_items(scorer_done(scorer)))
        (void)poll(&p, 1, -1);
    gad_ring_disarm_items(scorer_done(scorer));
    assert_ptr_equal(gad_ring_pop(scorer_done(scorer)), j);
}

static void a_record_goes_where_the_longest_prefix_says(void **state)
{
    (void)state;
    enum { N = 400 };
    int x[N];
    size_t n_anomalous = 0, n[5] = {0};

    for (int i = 0; i < N; i++)
        x[i] = i % 3 - 1; /* none, 10.0, 10.1 */
    struct job *j = job_of(N, x, "");
    assert_int_equal(j->stride, 9);
    assign_models(models, j);
    assert_int_equal(j->n_parts, 3);
    assert_ptr_equal(j->model, models->model[ALL]); /* the first record's */
    score(j);
    for (size_t i = 0; i < N; i++) {
        const struct model *want = models->model[i % 3 == 0 ? ALL : i % 3 == 1 ? TEN : DEEP];
        assert_ptr_equal(job_model(j, i), want);
        assert_true(j->score[i] == (float)i);
        assert_int_equal(j->anomalous[i], j->score[i] > want->threshold);
        n_anomalous += j->anomalous[i];
        n[TRIAL] += (i > 150) != j->anomalous[i];
        n[PART] += i % 3 != 0 && (i > 0) != j->anomalous[i];
    }
    assert_int_equal(j->n_anomalous, n_anomalous);
    assign_count(j);
    assert_int_equal(models->model[ALL]->counts->scored, 134);
    assert_int_equal(models->model[TEN]->counts->scored, 133);
    assert_int_equal(models->model[DEEP]->counts->scored, 133);
    assert_int_equal(models->model[DEEP]->counts->anomalous, 33); /* 302, 305, ... 398 */
    assert_int_equal(models->model[TRIAL]->counts->scored, N);
    assert_int_equal(models->model[TRIAL]->counts->anomalous, N - 151);
    assert_int_equal(models->model[TRIAL]->counts->disagreed, n[TRIAL]);
    assert_int_equal(models->model[PART]->counts->scored, 266); /* those in its network */
    assert_int_equal(models->model[PART]->counts->disagreed, n[PART]);
    job_put(pool, j);
    assert_int_equal(models->model[TEN]->holders, 1); /* finished jobs hold no model */
    assert_int_equal(models->model[TRIAL]->holders, 1);
}

static void records_of_one_place_have_one_model(void **state)
{
    (void)state;
    struct job *j = job_of(3, (const int[]){1, 1, 1}, "");

    assign_models(models, j);
    assert_int_equal(j->n_parts, 0);
    assert_ptr_equal(j->model, models->model[DEEP]);
    score(j);
    job_put(pool, j);
    j = job_of(0, NULL, "");
    assign_models(models, j);
    assert_ptr_equal(j->model, models->model[ALL]);
    score(j);
    job_put(pool, j);
}

static void who_names_a_model_gets_it(void **state)
{
    (void)state;
    struct job *j = job_of(2, (const int[]){0, 1}, "all");

    assert_int_equal(j->stride, 2);
    assign_models(models, j);
    assert_int_equal(j->n_parts, 0);
    assert_ptr_equal(j->model, models->model[ALL]);
    assert_int_equal(j->n_shadows, 2);
    score(j);
    job_put(pool, j);

    j = job_of(2, (const int[]){0, 1}, "trial");
    assign_models(models, j);
    assert_int_equal(j->n_shadows, 0); /* a shadow is not shadowed */
    score(j);
    job_put(pool, j);
}

/* The second job's shadow is another one than the first's, as after a reload. */
static void jobs_of_one_batch_may_have_different_shadows(void **state)
{
    (void)state;
    struct models *fresh = NULL;
    struct job *j[2];

    assert_int_equal(models_load(config, &fresh, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        j[i] = job_of(3, (const int[]){-1, -1, -1}, "all");
        assign_models(i == 0 ? models : fresh, j[i]);
    }
    scorer_free(scorer); /* the next one finds both when it starts */
    assert_int_equal(scorer_new(&scorer), 0);
    scorer_push(scorer, (void *[]){j[0], j[1]}, 2);
    assert_int_equal(scorer_start(scorer), 0);
    for (size_t i = 0; i < 2; i++) {
        struct pollfd p = {.fd = gad_ring_items_fd(scorer_done(scorer)), .events = POLLIN};
        if (!gad_ring_arm_items(scorer_done(scorer)))
            (void)poll(&p, 1, -1);
        gad_ring_disarm_items(scorer_done(scorer));
        assert_ptr_equal(gad_ring_pop(scorer_done(scorer)), j[i]);
        assert_int_equal(j[i]->shadow[0].scored, 3);
        assert_ptr_equal(j[i]->shadow[0].model, (i == 0 ? models : fresh)->model[TRIAL]);
        job_put(pool, j[i]);
    }
    models_free(fresh);
}

static void what_searches_is_no_place_to_go_to(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[model a]\ncheckpoint = /search\n[model b]\ncheckpoint = /b\nnetworks = 10.0.0.0/8\n",
        "[model b]\ncheckpoint = /b\n[model a]\ncheckpoint = /search\nnetworks = 10.0.0.0/8\n"};
    static const char fine[] =
        "[model b]\ncheckpoint = /b\nnetworks = 10.0.0.0/8\n[model s]\ncheckpoint = /search\n"
        "[model t]\ncheckpoint = /search\nshadow = yes\n";
    struct config *c = NULL;
    struct models *m = NULL;
    struct gad_diag d;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(config_parse("t", bad[i], strlen(bad[i]), &c, NULL), 0);
        assert_int_equal(models_load(c, &m, &d), GAD_EINVAL);
        assert_non_null(strstr(d.text, "model 'a': needs a search for each record"));
        config_free(c);
    }
    assert_int_equal(config_parse("t", fine, sizeof(fine) - 1, &c, NULL), 0);
    assert_int_equal(models_load(c, &m, &d), 0);
    models_free(m);
    config_free(c);
}

/* A tenth of 1,000 searches a second; the job itself is scored whole. */
static void a_shadow_that_searches_keeps_its_budget(void **state)
{
    (void)state;
    static const char searching[] = "[model a]\ncheckpoint = /a\n[model s]\ncheckpoint = /search\n"
                                    "search_rate = 1000\nthreshold = 9\nshadow = yes\n";
    enum { N = 130 };
    static int nowhere[N];
    struct config *c = NULL;

    for (size_t i = 0; i < N; i++)
        nowhere[i] = -1;
    assert_int_equal(config_parse("t", searching, sizeof(searching) - 1, &c, NULL), 0);
    models_free(models);
    models = NULL;
    assert_int_equal(models_load(c, &models, NULL), 0); /* with a full budget */
    struct job *j = job_of(N, nowhere, "");
    assign_models(models, j);
    score(j);
    assert_int_equal(job_n_scored(j), N);
    assert_true(j->score[N - 1] == (float)(N - 1));
    assert_int_equal(j->n_shadows, 1);
    assert_int_equal(j->shadow[0].scored, 100);
    assert_int_equal(j->shadow[0].unscored, N - 100);
    assert_int_equal(j->shadow[0].anomalous, 90); /* 10 .. 99 */
    assert_int_equal(j->shadow[0].disagreed, 90);
    job_put(pool, j);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_goes_where_the_longest_prefix_says, make, unmake),
        cmocka_unit_test_setup_teardown(records_of_one_place_have_one_model, make, unmake),
        cmocka_unit_test_setup_teardown(who_names_a_model_gets_it, make, unmake),
        cmocka_unit_test_setup_teardown(jobs_of_one_batch_may_have_different_shadows, make, unmake),
        cmocka_unit_test_setup_teardown(a_shadow_that_searches_keeps_its_budget, make, unmake),
        cmocka_unit_test(what_searches_is_no_place_to_go_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
