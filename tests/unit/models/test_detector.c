/* SPDX-License-Identifier: Apache-2.0 */
#include "models/detector.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"
#include "lib/record/reason.h"
#include "lib/record/record.h"
#include "models/detector_impl.h"
#include "models/interval.h"
#include "models/model.h"
#include "tests/support/random_model.h"
#include "tests/unit/test.h"

static const char normal_line[] = "0,tcp,http,SF,181,5450,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,8,8,0.00,"
                                  "0.00,0.00,0.00,1.00,0.00,0.00,9,9,1.00,0.00,"
                                  "0.11,0.00,0.00,0.00,0.00,0.00";

static struct gad_record normal_record(void)
{
    struct gad_record r = {0};

    r.v[GAD_PROTOCOL_TYPE] = gad_name_number(GAD_PROTOCOL_TYPE, "tcp", 3);
    r.v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, "http", 4);
    r.v[GAD_FLAG] = gad_name_number(GAD_FLAG, "SF", 2);
    r.v[GAD_SRC_BYTES] = 181;
    r.v[GAD_DST_BYTES] = 5450;
    r.v[GAD_LOGGED_IN] = 1;
    r.v[GAD_COUNT] = r.v[GAD_SRV_COUNT] = 8;
    r.v[GAD_SAME_SRV_RATE] = r.v[GAD_DST_HOST_SAME_SRV_RATE] = 1;
    r.v[GAD_DST_HOST_COUNT] = r.v[GAD_DST_HOST_SRV_COUNT] = 9;
    r.v[GAD_DST_HOST_SAME_SRC_PORT_RATE] = 0.11;
    return r;
}

struct setup {
    struct random_model *random;
    struct gad_checkpoint *c;
    struct gad_detector *det;
    struct gad_workspace *ws;
};

static void set_up_conditional(struct setup *s, const char *model, const char *score,
                               const char *condition)
{
    *s = (struct setup){.random = random_model_new_conditional(model, score, 1, 3, condition)};
    s->c = random_model_checkpoint(s->random);
    assert_int_equal(gad_detector_new("test", s->c, &s->det, NULL), 0);
    assert_int_equal(gad_workspace_new(s->det, 100, &s->ws), 0);
}

static void set_up(struct setup *s, const char *model, const char *score)
{
    set_up_conditional(s, model, score, "");
}

static void tear_down(struct setup *s)
{
    gad_workspace_free(s->ws);
    gad_detector_free(s->det);
    random_model_free(s->random);
}

static void scores_do_not_depend_on_tiles_or_workspace(void **state)
{
    (void)state;
    enum { N = 200 };
    struct setup s;
    struct gad_workspace *one;
    static struct gad_record rec[N];
    float a[N], b[N];

    set_up(&s, "egbad", "fm");
    assert_int_equal(gad_workspace_new(s.det, 1, &one), 0);
    for (size_t i = 0; i < N; i++) {
        rec[i] = normal_record();
        rec[i].v[GAD_SRC_BYTES] = (double)(i * 37);
    }
    assert_true(gad_detector_score(s.det, s.ws, N, rec, a) == 0);
    assert_true(gad_detector_score(s.det, one, N, rec, b) == 0);
    assert_memory_equal(a, b, sizeof(a));
    gad_workspace_free(one);
    tear_down(&s);
}

static void an_unknown_name_is_counted_and_scored(void **state)
{
    (void)state;
    struct setup s;
    struct gad_record rec[2] = {normal_record(), normal_record()};
    float score[2];

    set_up(&s, "ganomaly", "rec");
    rec[1].v[GAD_SERVICE] = GAD_NAME_UNKNOWN;
    assert_true(gad_detector_score(s.det, s.ws, 2, rec, score) == 1);
    assert_true(isfinite(score[1]) && score[0] != score[1]);
    tear_down(&s);
}

/* The calibration of a random model is 0, 1, 2 at 0, 0.5, 1, from 1,000 rows. */
static void p_values_fall_with_the_score_and_are_never_0(void **state)
{
    (void)state;
    struct setup s;
    double last = 2.0;

    set_up(&s, "egbad", "fm");
    assert_true(fabs(gad_detector_p_value(s.det, 1.0f) - 501.0 / 1001.0) < 1e-9);
    assert_true(fabs(gad_detector_p_value(s.det, 1.5f) - 251.0 / 1001.0) < 1e-9);
    assert_true(gad_detector_p_value(s.det, -1.0f) == 1.0);
    assert_true(fabs(gad_detector_p_value(s.det, 1e30f) - 1.0 / 1001.0) < 1e-9);
    for (float x = -1.0f; x < 3.0f; x += 0.01f) {
        double p = gad_detector_p_value(s.det, x);
        assert_true(p > 0.0 && p <= 1.0 && p <= last);
        last = p;
    }
    tear_down(&s);
}

/* As random models, with a tail: of the highest 2 % above 1.9. */
static void set_up_tail(struct setup *s, double shape)
{
    *s = (struct setup){.random = random_model_new_conditional("egbad", "fm", 1, 3, "")};
    s->c = random_model_checkpoint(s->random);
    s->c->calibration.tail = (struct gad_ckpt_tail){.state = GAD_CKPT_TAIL_FITTED,
                                                    .level = 1.9f,
                                                    .n_peaks = 20,
                                                    .shape = shape,
                                                    .scale = 0.2,
                                                    .goodness = 0.5};
    for (size_t i = 0; i < GAD_CKPT_TAIL_CURVE; i++) {
        s->c->calibration.tail.curve_shape[i] = shape + 0.01 * (double)i;
        s->c->calibration.tail.curve_scale[i] = 0.2 + 0.001 * (double)i;
    }
    assert_int_equal(gad_detector_new("test", s->c, &s->det, NULL), 0);
    assert_int_equal(gad_workspace_new(s->det, 100, &s->ws), 0);
}

static void a_tail_changes_only_what_lies_beyond_the_sample(void **state)
{
    (void)state;
    static const double shapes[] = {-0.3, 0.0, 0.5, 3.0};
    struct setup old;

    set_up(&old, "egbad", "fm");
    assert_false(gad_detector_has_tail(old.det));
    for (size_t k = 0; k < 4; k++) {
        struct setup s;
        set_up_tail(&s, shapes[k]);
        assert_true(gad_detector_has_tail(s.det));
        for (float x = -1.0f; x <= 2.0f; x += 0.0078125f) {
            double p = gad_detector_p_value(s.det, x);
            assert_true(p == gad_detector_p_value(old.det, x));
            assert_false(gad_detector_p_is_extrapolated(s.det, p));
            assert_false(gad_detector_p_is_extrapolated(s.det, (double)(float)p));
        }
        double last = gad_detector_p_value(s.det, 2.0f);
        assert_true(gad_detector_p_value(s.det, nextafterf(2.0f, 3.0f)) > 0.9999 * last);
        for (float x = 2.01f; x < 1e38f; x *= 1.1f) {
            double p = gad_detector_p_value(s.det, x);
            struct gad_interval in = gad_detector_p_interval(s.det, x);
            assert_true(p <= last && p >= 1e-12 && in.low <= p && p <= in.high);
            assert_true(gad_detector_p_is_extrapolated(s.det, p));
            assert_true(gad_detector_p_value(old.det, x) == 1.0 / 1001.0);
            last = p;
        }
        assert_false(gad_detector_p_is_extrapolated(old.det, 1.0 / 1001.0));
        tear_down(&s);
    }
    tear_down(&old);
}

static void the_tail_gives_thresholds_of_small_budgets(void **state)
{
    (void)state;
    static const double shapes[] = {-0.3, 0.0, 0.5, 90.0};

    for (size_t k = 0; k < 4; k++) {
        struct setup s;
        float last = 2.0f;
        set_up_tail(&s, shapes[k]);
        assert_true(gad_detector_threshold(s.det, 0.5) == 1.0f);
        assert_true(gad_detector_threshold(s.det, 1.0 / 1000) == 2.0f);
        for (double fpr = 9e-4; fpr > 1e-15; fpr /= 3) {
            float t = gad_detector_threshold(s.det, fpr);
            struct gad_interval in = gad_detector_fpr_interval(s.det, fpr);
            assert_true(t >= last && isfinite(t) && t < FLT_MAX);
            if (t < 1e38f) {
                assert_true(gad_detector_p_value(s.det, t) <= fmax(fpr, 1e-12));
                assert_true(gad_detector_p_value(s.det, nextafterf(t, 0.0f)) >= fmax(fpr, 1e-12));
            }
            assert_true(in.low <= in.high && in.high <= 1.0);
            last = t;
        }
        tear_down(&s);
    }
}

/* Thresholds and p-values stay; only their intervals grow. */
static void rows_that_depend_on_each_other_widen_intervals(void **state)
{
    (void)state;
    struct setup few, all;

    set_up_tail(&all, 0.5);
    set_up_tail(&few, 0.5);
    gad_detector_free(few.det);
    few.det = NULL;
    few.c->calibration.worth = 250;
    assert_int_equal(gad_detector_new("few", few.c, &few.det, NULL), 0);
    for (double fpr = 0.2; fpr > 1e-6; fpr /= 3) {
        float t = gad_detector_threshold(all.det, fpr);
        struct gad_interval wide = gad_detector_fpr_interval(few.det, fpr);
        struct gad_interval in = gad_detector_fpr_interval(all.det, fpr);
        assert_true(gad_detector_threshold(few.det, fpr) == t);
        assert_true(gad_detector_p_value(few.det, t) == gad_detector_p_value(all.det, t));
        assert_true(wide.low <= in.low && wide.high > in.high && wide.high <= 1.0);
        struct gad_interval p = gad_detector_p_interval(few.det, t);
        double of = gad_detector_p_value(few.det, t);
        assert_true(p.low <= of && of <= p.high);
    }
    tear_down(&few);
    tear_down(&all);
}

static void a_smaller_budget_never_lowers_the_threshold(void **state)
{
    (void)state;
    struct setup s;

    set_up(&s, "egbad", "fm");
    assert_true(gad_detector_threshold(s.det, 0.5) == 1.0f);
    assert_true(gad_detector_threshold(s.det, 0.499) == 2.0f);
    assert_true(gad_detector_threshold(s.det, 1e-9) == 2.0f);
    assert_true(gad_detector_threshold(s.det, 0.999) == 1.0f);
    tear_down(&s);
}

static void reasons_are_sorted_and_their_shares_sum_to_one(void **state)
{
    (void)state;
    static const char *const models[][3] = {{"egbad", "fm", ""},
                                            {"ganomaly", "enc", ""},
                                            {"ganomaly", "rec", ""},
                                            {"egbad", "fm", "service"},
                                            {"anogan", "fm", "service"}};

    for (size_t k = 0; k < 5; k++) {
        struct setup s;
        struct gad_record rec = normal_record();
        struct gad_reason why[GAD_N_COLUMNS];
        bool seen[GAD_N_COLUMNS] = {false};
        double sum = 0.0;

        set_up_conditional(&s, models[k][0], models[k][1], models[k][2]);
        size_t n = gad_detector_explain(s.det, s.ws, &rec, why);
        for (size_t i = 0; i < GAD_N_COLUMNS; i++) {
            assert_true(gad_reason_says(&why[i]) == (i < n));
            assert_true(i == 0 || i == n || why[i].share <= why[i - 1].share);
            assert_true(why[i].share >= 0.0 && isfinite(why[i].expected));
            assert_true(why[i].value == rec.v[why[i].column]);
            assert_false(seen[why[i].column]);
            seen[why[i].column] = true;
            sum += why[i].share;
        }
        assert_true(fabs(sum - 1.0) < 1e-9);
        tear_down(&s);
    }
}

/* With a generator whose output is always the same row, the residual is the difference to that
 * row. */
static void a_planted_outlier_is_the_first_reason(void **state)
{
    (void)state;
    static const enum gad_column planted[] = {GAD_SRC_BYTES, GAD_DURATION, GAD_NUM_FAILED_LOGINS,
                                              GAD_HOT};
    struct setup s;
    static const float nothing[128 * 121];

    s.random = random_model_new("egbad", "fm", 1, 3);
    s.c = random_model_checkpoint(s.random);
    const float *trained = s.c->nets[1].layers[2].weight;
    s.c->nets[1].layers[2].weight = nothing;
    s.det = NULL;
    assert_int_equal(gad_detector_new("test", s.c, &s.det, NULL), 0);
    assert_int_equal(gad_workspace_new(s.det, 1, &s.ws), 0);
    s.c->nets[1].layers[2].weight = trained;

    for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
        struct gad_record rec = normal_record();
        struct gad_reason why[GAD_N_COLUMNS];
        rec.v[planted[i]] = 1e6;
        assert_true(gad_detector_explain(s.det, s.ws, &rec, why) > 0);
        assert_int_equal(why[0].column, planted[i]);
        assert_true(why[0].share > 0.9);
    }
    tear_down(&s);
}

/* Shares are proportional to the falls of the score, and a row's condition is that of its own
 * elements. */
static void a_conditioned_column_changes_the_condition_too(void **state)
{
    (void)state;
    enum { LD = 128, SERVICE = 37, N_SERVICES = 66, SRC_BYTES = 1 };
    static _Alignas(64) float x[3 * LD], xhat[LD];
    struct gad_record rec = normal_record();
    struct gad_reason why[GAD_N_COLUMNS];
    double share[2] = {0};
    float score[3];
    struct setup s;

    set_up_conditional(&s, "egbad", "residual", "service");
    rec.v[GAD_SRC_BYTES] = 1e6;
    (void)gad_vectorize(s.det->schema, 1, &rec, x, LD);
    gad_scaler_apply(s.det->scaler, 1, x, LD);
    s.det->ops->reconstruct(s.det->model, 1, x, s.ws->scratch, xhat);
    for (size_t k = 1; k < 3; k++)
        memcpy(x + k * LD, x, LD * sizeof(*x));
    memcpy(x + LD + SERVICE, xhat + SERVICE, N_SERVICES * sizeof(*x));
    x[2 * LD + SRC_BYTES] = xhat[SRC_BYTES];
    s.det->ops->score(s.det->model, 3, x, s.ws->scratch, score);
    assert_true(score[1] < score[0] && score[2] < score[0]);

    (void)gad_detector_explain(s.det, s.ws, &rec, why);
    for (size_t i = 0; i < GAD_N_COLUMNS; i++)
        if (why[i].column == GAD_SERVICE || why[i].column == GAD_SRC_BYTES)
            share[why[i].column == GAD_SRC_BYTES] = why[i].share;
    double falls[2] = {(double)score[0] - (double)score[1], (double)score[0] - (double)score[2]};
    assert_true(fabs(share[0] * falls[1] - share[1] * falls[0]) < 1e-9 * falls[1]);
    assert_true(share[0] > 0.0 && share[1] > 0.0);
    tear_down(&s);
}

static void self_test_must_come_true(void **state)
{
    (void)state;
    struct setup s;
    struct gad_record rec = normal_record();
    struct gad_detector *det = NULL;
    struct gad_diag d;
    float score;

    set_up(&s, "egbad", "fm");
    (void)gad_detector_score(s.det, s.ws, 1, &rec, &score);
    struct gad_ckpt_self_test t = {.record = normal_line, .score = score};
    s.c->self_tests = &t;
    s.c->n_self_tests = 1;
    assert_int_equal(gad_detector_new("good", s.c, &det, &d), 0);
    gad_detector_free(det);
    det = NULL;

    t.score = score * 1.001f;
    assert_int_equal(gad_detector_new("bad", s.c, &det, &d), GAD_EMISMATCH);
    assert_non_null(strstr(d.text, "bad: self-test: score "));
    t = (struct gad_ckpt_self_test){.record = "0,tcp", .score = score};
    assert_true(gad_detector_new("bad", s.c, &det, &d) < 0);
    t = (struct gad_ckpt_self_test){.record = "", .score = score};
    assert_true(gad_detector_new("bad", s.c, &det, &d) < 0);
    assert_null(det);
    tear_down(&s);
}

/* The checkpoint reader does not know the models; these errors are found here. */
static void refuses_what_no_model_can_score(void **state)
{
    (void)state;
    struct gad_detector *det = NULL;
    struct gad_diag d;
    struct random_model *m = random_model_new("egbad", "fm", 1, 3);
    struct gad_checkpoint good = *random_model_checkpoint(m), c;

    c = good;
    c.model = "autoencoder";
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EUNKNOWN);
    assert_string_equal(d.text, "x: unknown model 'autoencoder'");
    c = good;
    c.score.kind = "enc";
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EUNKNOWN);
    c = good;
    c.score.degree = 3;
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EMISMATCH);
    c = good;
    c.score.weight = NAN;
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EMISMATCH);
    c = good;
    c.scaler.kind = "rank";
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EUNKNOWN);
    c = good;
    c.scaler.dim = 120;
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EMISMATCH);
    c = good;
    c.n_nets = 4;
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EMISMATCH);
    assert_string_equal(d.text, "x: model 'egbad' needs a net 'disc_head'");
    c = good;
    c.model = "ganomaly";
    c.score.kind = "enc";
    assert_int_equal(gad_detector_new("x", &c, &det, &d), GAD_EMISMATCH);
    good.nets[0].layers[1].act = GAD_CKPT_TANH;
    assert_int_equal(gad_detector_new("x", &good, &det, &d), GAD_EMISMATCH);
    assert_null(det);
    random_model_free(m);
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    struct random_model *m = random_model_new("egbad", "fm", 1, 3);
    struct gad_detector *det = NULL;
    int r = GAD_ENOMEM;

    for (long k = 1; r != 0; k++) {
        gad_mem_fail_at(k);
        r = gad_detector_new("x", random_model_checkpoint(m), &det, NULL);
        gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && !det));
        assert_true(k < 1000);
    }
    gad_detector_free(det);
    random_model_free(m);
}

/* Searches that took another path on another machine: a quarter must match, none may be far off. */
static void self_tests_of_a_search_may_go_another_way(void **state)
{
    (void)state;
    enum { N = 4 };
    static const struct {
        float factor[N];
        int r;
    } rows[] = {
        {{1, 1, 1, 1}, 0},
        {{1, 1.24f, 0.8f, 1.1f}, 0},
        {{1.0009f, 1.24f, 0.8f, 1.1f}, 0},
        {{1.002f, 1.002f, 1.002f, 1.002f}, GAD_EMISMATCH},
        {{1, 1, 1, 1.3f}, GAD_EMISMATCH},
        {{1, 1, 0.7f, 1}, GAD_EMISMATCH},
    };
    struct gad_record rec = normal_record();
    struct gad_ckpt_self_test t[N];
    struct setup s;
    float score;

    set_up(&s, "anogan", "fm");
    assert_int_equal(gad_detector_steps(s.det), 20);
    (void)gad_detector_score(s.det, s.ws, 1, &rec, &score);
    s.c->self_tests = t;
    s.c->n_self_tests = N;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gad_detector *det = NULL;

        for (size_t k = 0; k < N; k++)
            t[k] = (struct gad_ckpt_self_test){normal_line, score / rows[i].factor[k]};
        assert_int_equal(gad_detector_new("t", s.c, &det, NULL), rows[i].r);
        gad_detector_free(det);
    }
    tear_down(&s);
    set_up(&s, "egbad", "fm");
    assert_int_equal(gad_detector_steps(s.det), 1);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_do_not_depend_on_tiles_or_workspace),
        cmocka_unit_test(an_unknown_name_is_counted_and_scored),
        cmocka_unit_test(p_values_fall_with_the_score_and_are_never_0),
        cmocka_unit_test(a_tail_changes_only_what_lies_beyond_the_sample),
        cmocka_unit_test(the_tail_gives_thresholds_of_small_budgets),
        cmocka_unit_test(rows_that_depend_on_each_other_widen_intervals),
        cmocka_unit_test(a_smaller_budget_never_lowers_the_threshold),
        cmocka_unit_test(reasons_are_sorted_and_their_shares_sum_to_one),
        cmocka_unit_test(a_planted_outlier_is_the_first_reason),
        cmocka_unit_test(a_conditioned_column_changes_the_condition_too),
        cmocka_unit_test(self_test_must_come_true),
        cmocka_unit_test(self_tests_of_a_search_may_go_another_way),
        cmocka_unit_test(refuses_what_no_model_can_score),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests_name("detector", tests, NULL, NULL);
}
