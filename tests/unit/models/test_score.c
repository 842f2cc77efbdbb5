/* SPDX-License-Identifier: Apache-2.0 */

/* Scores of random networks against the papers' formulas in plain float64. */

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/model.h"
#include "tests/support/random_model.h"
#include "tests/unit/models/formula.h"
#include "tests/unit/test.h"

enum { N = 50, DIM = FORMULA_DIM, LD = 128 };

struct setup {
    struct random_model *random;
    const struct gad_checkpoint *c;
    const struct gad_model_ops *ops;
    struct gad_model *model;
    float *x, *ws, score[N];
};

/* Rows like scaled connection records: mostly zeros, some ones, some fractions, some values far
 * out. */
static void set_up(struct setup *s, const char *model, const char *score, unsigned degree,
                   const char *condition)
{
    struct gad_rng r = gad_rng_init(5, 0);

    s->random = random_model_new_conditional(model, score, degree, 11, condition);
    s->c = random_model_checkpoint(s->random);
    s->ops = gad_model_find(model);
    assert_non_null(s->ops);
    assert_int_equal(s->ops->load(s->c, &s->model, NULL), 0);
    s->x = gad_calloc_aligned(N * LD, sizeof(float));
    s->ws = gad_calloc_aligned(s->ops->workspace(s->model, N), sizeof(float));
    assert_true(s->x && s->ws);
    for (size_t i = 0; i < N; i++)
        for (int k = 0; k < 20; k++)
            s->x[i * LD + gad_rng_below(&r, DIM)] =
                k < 8 ? 1.0f : gad_rng_uniform(&r) * (k == 19 && i % 5 == 0 ? 1000.0f : 1.0f);
}

static void tear_down(struct setup *s)
{
    s->ops->free(s->model);
    gad_free(s->x);
    gad_free(s->ws);
    random_model_free(s->random);
}

/* Gradients by differences take 64 passes a step, so only three rows. */
static void anogan_is_the_formula(void **state)
{
    (void)state;
    static const char *const kinds[] = {"fm", "cross-e", "fm", "cross-e"};
    static const char *const conditions[] = {"", "", "service", "flag"};
    static const float weight[] = {0.1f, 0.9f, 0.9f, 0.1f};

    for (size_t i = 0; i < 4; i++) {
        struct setup s;

        set_up(&s, "anogan", kinds[i], 1, conditions[i]);
        s.ops->free(s.model);
        random_model_checkpoint(s.random)->score.weight = weight[i];
        assert_int_equal(s.ops->load(s.c, &s.model, NULL), 0);
        s.ops->score(s.model, 4, s.x, s.ws, s.score);
        for (size_t row = 1; row < 4; row++) {
            double x[DIM];
            for (size_t j = 0; j < DIM; j++)
                x[j] = (double)s.x[row * LD + j];
            double want = formula_score(s.c, x);
            assert_true(fabs((double)s.score[row] - want) <= 1e-4 * fabs(want));
        }
        tear_down(&s);
    }
}

/* With a tolerance: the same bits in any batch, fewer steps, and never a lower loss than with
 * all steps. */
static void ends_early(const char *condition)
{
    static const struct gad_ckpt_phase phases[] = {{0, 0.05f}};
    float all[N], early[N], other[N];
    size_t n_same = 0;
    struct setup s;

    set_up(&s, "anogan", "fm", 1, condition);
    struct gad_ckpt_search *search = &random_model_checkpoint(s.random)->score.search;
    search->steps = 200;
    search->n_phases = 1;
    search->phases = phases;
    for (int k = 0; k < 2; k++) {
        s.ops->free(s.model);
        search->tolerance = k ? 0.02f : 0.0f;
        assert_int_equal(s.ops->load(s.c, &s.model, NULL), 0);
        s.ops->score(s.model, N, s.x, s.ws, k ? early : all);
    }
    for (size_t batch = 1; batch < N; batch += 12) {
        for (size_t i = 0; i < N; i += batch)
            s.ops->score(s.model, i + batch < N ? batch : N - i, s.x + i * LD, s.ws, other + i);
        assert_memory_equal(early, other, sizeof(other));
    }
    for (size_t i = 0; i < N; i++) {
        assert_true((double)early[i] < 1.5 * (double)all[i]);
        n_same += early[i] == all[i];
    }
    assert_true(n_same < N); /* some searches ended early */
    tear_down(&s);
}

static void a_search_that_ends_early_leaves_the_others_alone(void **state)
{
    (void)state;
    ends_early("");
    ends_early("service");
}

static void anogan_refuses_what_it_cannot_score(void **state)
{
    (void)state;
    struct random_model *r = random_model_new("anogan", "fm", 1, 1);
    struct gad_checkpoint *c = random_model_checkpoint(r);
    const struct gad_model_ops *ops = gad_model_find("anogan");
    struct gad_model *m = NULL;

    c->score.degree = 2;
    assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
    c->score.degree = 1;
    c->score.kind = "residual";
    assert_int_equal(ops->load(c, &m, NULL), GAD_EUNKNOWN);
    c->score.kind = "fm";
    c->score.search.steps = 0;
    assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
    c->score.search.steps = 1;
    c->nets[1].n_layers = 3;
    assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH); /* it ends with 128, not 1 */
    c->nets[1].n_layers = 4;
    assert_null(m);
    for (long k = 1, err = GAD_ENOMEM; err; k++) {
        assert_null(m);
        (void)gad_mem_fail_at(k);
        err = ops->load(c, &m, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(k < 100 && (err == 0 || err == GAD_ENOMEM));
    }
    assert_int_equal(ops->steps(m), 1);
    ops->free(m);
    random_model_free(r);
}

static void check(const char *model, const char *score, unsigned degree, const char *condition)
{
    struct setup s;

    set_up(&s, model, score, degree, condition);
    s.ops->score(s.model, N, s.x, s.ws, s.score);
    for (size_t i = 0; i < N; i++) {
        double x[DIM];
        for (size_t j = 0; j < DIM; j++)
            x[j] = (double)s.x[i * LD + j];
        double want = formula_score(s.c, x);
        assert_true(fabs((double)s.score[i] - want) <= 1e-5 * fabs(want));
    }
    tear_down(&s);
}

static void egbad_is_the_formula(void **state)
{
    (void)state;
    static const char *const kinds[] = {"fm",       "cross-e",  "cross-e-paper",
                                        "residual", "whitened", "joint"};
    for (size_t i = 0; i < 6; i++)
        for (unsigned degree = 1; degree <= 2; degree++)
            check("egbad", kinds[i], degree, "");
}

static void conditional_egbad_is_the_formula(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {{"fm", "service"},
                                           {"cross-e", "protocol_type"},
                                           {"cross-e-paper", "flag"},
                                           {"residual", "is_host_login"},
                                           {"whitened", "is_guest_login"},
                                           {"whitened", "service"},
                                           {"joint", "service"}};
    for (size_t i = 0; i < 7; i++)
        check("egbad", kinds[i][0], 1, kinds[i][1]);
}

static void ganomaly_is_the_formula(void **state)
{
    (void)state;
    check("ganomaly", "enc", 1, "");
    check("ganomaly", "rec", 1, "");
    check("ganomaly", "whitened", 1, "");
    check("ganomaly", "joint", 1, "");
}

static void a_score_needs_its_maps(void **state)
{
    (void)state;
    static const char *const models[][2] = {
        {"egbad", "whitened"}, {"ganomaly", "whitened"}, {"egbad", "joint"}, {"ganomaly", "joint"}};

    for (size_t i = 0; i < 4; i++) {
        struct random_model *r = random_model_new(models[i][0], models[i][1], 1, 1);
        struct gad_checkpoint *c = random_model_checkpoint(r);
        const struct gad_model_ops *ops = gad_model_find(models[i][0]);
        struct gad_ckpt_layer *map = c->nets[c->n_nets - 1].layers;
        struct gad_model *m = NULL;

        map->act = GAD_CKPT_RELU;
        assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
        map->act = GAD_CKPT_LINEAR;
        if (i >= 2) { /* triangular */
            float *below = (float *)(uintptr_t)map->weight + map->out;
            *below = 1.0f;
            assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
            *below = 0.0f;
        }
        map->in = map->out = 31;
        assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
        c->n_nets--;
        assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
        c->n_nets++; /* it is freed with the others */
        assert_null(m);
        random_model_free(r);
    }
}

/* Nets and condition of one file have to agree: as many elements as the nets were made for, no
 * more and no fewer. */
static void a_condition_needs_nets_that_read_it(void **state)
{
    (void)state;
    static const char *const models[] = {"egbad", "anogan"};
    static const char *const others[] = {"", "flag", "protocol_type", "src_bytes", "nonsense"};

    for (size_t i = 0; i < 2; i++) {
        struct random_model *r = random_model_new_conditional(models[i], "fm", 1, 1, "service");
        struct gad_checkpoint *c = random_model_checkpoint(r);
        const struct gad_model_ops *ops = gad_model_find(models[i]);
        struct gad_model *m = NULL;

        for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
            c->condition = others[k];
            assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
        }
        c->condition = "service";
        for (size_t k = 0; k < c->n_nets; k++) { /* each net one narrower, or with nothing but y */
            uint32_t *in = &c->nets[k].layers[0].in, was = *in;
            *in = was - 1;
            int err = ops->load(c, &m, NULL);
            if (err == 0) /* any latent vector may be searched for */
                ops->free(gad_steal(&m));
            assert_int_equal(err, i == 1 && k == 0 ? 0 : GAD_EMISMATCH);
            *in = 66;
            assert_int_equal(ops->load(c, &m, NULL), GAD_EMISMATCH);
            *in = was;
        }
        for (long k = 1, err = GAD_ENOMEM; err; k++) {
            assert_null(m);
            (void)gad_mem_fail_at(k);
            err = ops->load(c, &m, NULL);
            (void)gad_mem_fail_at(0);
            assert_true(k < 100 && (err == 0 || err == GAD_ENOMEM));
        }
        ops->free(m);
        random_model_free(r);
    }
}

static void a_score_has_the_same_bits_alone_and_in_any_batch(void **state)
{
    (void)state;
    static const char *const kinds[][3] = {
        {"egbad", "fm", ""},
        {"egbad", "cross-e", ""},
        {"egbad", "residual", ""},
        {"ganomaly", "enc", ""},
        {"ganomaly", "rec", ""},
        {"anogan", "fm", ""},
        {"anogan", "cross-e", ""},
        {"egbad", "whitened", ""},
        {"ganomaly", "whitened", ""},
        {"egbad", "joint", ""},
        {"ganomaly", "joint", ""},
        {"egbad", "joint", "service"},
        {"egbad", "cross-e-paper", ""},
        {"egbad", "fm", "service"},
        {"egbad", "whitened", "service"},
        {"egbad", "cross-e", "flag"},
        {"anogan", "fm", "service"},
        {"anogan", "cross-e", "is_host_login"},
    };

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct setup s;
        float other[N];

        set_up(&s, kinds[k][0], kinds[k][1], 1, kinds[k][2]);
        s.ops->score(s.model, N, s.x, s.ws, s.score);
        size_t step = strcmp(kinds[k][0], "anogan") == 0 ? 8 : 1; /* a search is slow */
        for (size_t batch = 1; batch < N; batch += step) {
            for (size_t i = 0; i < N; i += batch)
                s.ops->score(s.model, i + batch < N ? batch : N - i, s.x + i * LD, s.ws, other + i);
            assert_memory_equal(s.score, other, sizeof(other));
        }
        tear_down(&s);
    }
}

static void reconstruct_gives_what_the_residual_is_taken_from(void **state)
{
    (void)state;
    struct setup s;
    float *xhat = gad_calloc_aligned(N * LD, sizeof(float));

    assert_non_null(xhat);
    set_up(&s, "egbad", "residual", 1, "");
    s.ops->score(s.model, N, s.x, s.ws, s.score);
    s.ops->reconstruct(s.model, N, s.x, s.ws, xhat);
    for (size_t i = 0; i < N; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < LD; j++)
            sum += fabs((double)s.x[i * LD + j] - (double)xhat[i * LD + j]);
        assert_true(fabs(sum - (double)s.score[i]) <= 1e-5 * sum);
    }
    gad_free(xhat);
    tear_down(&s);
}

static void scores_stay_finite_at_the_scalers_limit(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {{"egbad", "fm"},
                                           {"egbad", "cross-e"},
                                           {"ganomaly", "enc"},
                                           {"anogan", "fm"},
                                           {"anogan", "cross-e"}};

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (unsigned degree = 1; degree <= (k < 3 ? 2 : 1); degree++) {
            struct setup s;
            set_up(&s, kinds[k][0], kinds[k][1], degree, k < 3 ? "" : "service");
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < DIM; j++)
                    s.x[i * LD + j] = (i + j) % 3 ? 1e12f : -1e12f;
            s.ops->score(s.model, N, s.x, s.ws, s.score);
            for (size_t i = 0; i < N; i++)
                assert_true(isfinite(s.score[i]));
            tear_down(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(egbad_is_the_formula),
        cmocka_unit_test(conditional_egbad_is_the_formula),
        cmocka_unit_test(ganomaly_is_the_formula),
        cmocka_unit_test(a_condition_needs_nets_that_read_it),
        cmocka_unit_test(a_score_needs_its_maps),
        cmocka_unit_test(anogan_is_the_formula),
        cmocka_unit_test(a_search_that_ends_early_leaves_the_others_alone),
        cmocka_unit_test(anogan_refuses_what_it_cannot_score),
        cmocka_unit_test(a_score_has_the_same_bits_alone_and_in_any_batch),
        cmocka_unit_test(reconstruct_gives_what_the_residual_is_taken_from),
        cmocka_unit_test(scores_stay_finite_at_the_scalers_limit),
    };
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}
