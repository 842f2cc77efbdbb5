/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/model.h"
#include "models/trainer.h"
#include "tests/unit/test.h"

/* Rows on a curved surface of 3 dimensions in 20: there is something to learn. */
enum { DIM = 20, LD = 32, N = 2000, N_HELD = 64 };
static _Alignas(64) float rows[(N + N_HELD) * LD];

static int make_rows(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(77, 0);
    float a[3 * DIM], u[3];

    gad_rng_normal(&rng, 3 * DIM, a);
    for (size_t i = 0; i < N + N_HELD; i++) {
        gad_rng_normal(&rng, 3, u);
        for (size_t j = 0; j < DIM; j++) {
            float v = u[0] * a[j] + u[1] * a[DIM + j] + u[2] * a[2 * DIM + j];
            rows[i * LD + j] = 0.5f + 0.5f * tanhf(v);
        }
    }
    return 0;
}

static struct gad_train_options options(const struct gad_trainer_ops *ops)
{
    struct gad_train_options o = {.seed = 5};

    ops->defaults("normal", &o);
    o.learning_rate = 1e-3; /* the test runs only few steps */
    if (o.ema > 0)
        o.ema = 0.95;
    return o;
}

static struct gad_trainer *start(const struct gad_trainer_ops *ops,
                                 const struct gad_train_options *o)
{
    struct gad_trainer *t = NULL;
    struct gad_diag d = {""};

    if (gad_trainer_new(ops, o, DIM, &t, &d))
        fail_msg("%s", d.text);
    return t;
}

static struct gad_epoch_stats train(struct gad_trainer *t, int epochs)
{
    struct gad_epoch_stats stats = {0};
    struct gad_diag d = {""};

    for (int i = 0; i < epochs; i++)
        if (gad_trainer_epoch(t, N, rows, LD, NULL, NULL, &stats, &d))
            fail_msg("%s", d.text);
    return stats;
}

/* Held-out error of a scorer that is loaded from the filled checkpoint. */
static double held_out_error(struct gad_trainer *t, struct gad_checkpoint *c)
{
    struct gad_diag d = {""};
    struct gad_model *m = NULL;
    double sum = 0;

    gad_trainer_fill(t, c);
    const struct gad_model_ops *model = gad_model_find(c->model);
    assert_non_null(model);
    if (model->load(c, &m, &d))
        fail_msg("%s", d.text);
    float *ws = gad_calloc_aligned(model->workspace(m, N_HELD), sizeof(*ws));
    float *xhat = gad_calloc_aligned(N_HELD * LD, sizeof(*xhat));
    assert_true(ws && xhat);
    model->reconstruct(m, N_HELD, rows + N * LD, ws, xhat);
    for (size_t i = 0; i < N_HELD; i++)
        for (size_t j = 0; j < DIM; j++)
            sum += fabs((double)(xhat[i * LD + j] - rows[(N + i) * LD + j]));
    gad_free(ws);
    gad_free(xhat);
    model->free(m);
    return sum / (N_HELD * DIM);
}

static void training_lowers_held_out_error(void **state)
{
    (void)state;
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_trainer *t = start(ops, &o);
        struct gad_checkpoint c = {.condition = "", .scaler.dim = DIM};
        double before = held_out_error(t, &c), after;

        (void)train(t, 25);
        after = held_out_error(t, &c);
        print_message("    %s: %.4f -> %.4f\n", ops->name, before, after);
        assert_true(after < 0.25 * before);
        gad_trainer_free(t);
    }
}

static void all_weights(struct gad_trainer *t, uint64_t *ret)
{
    struct gad_checkpoint c = {0};
    uint64_t h = UINT64_C(14695981039346656037);

    gad_trainer_fill(t, &c);
    for (size_t i = 0; i < c.n_nets; i++)
        for (size_t k = 0; k < c.nets[i].n_layers; k++) {
            const struct gad_ckpt_layer *l = &c.nets[i].layers[k];
            const float *part[] = {l->weight, l->bias};
            size_t n[] = {(size_t)l->in * l->out, l->out};

            for (size_t q = 0; q < 2; q++)
                for (size_t j = 0; j < n[q]; j++) {
                    uint32_t bits;
                    memcpy(&bits, &part[q][j], sizeof(bits));
                    assert_true(isfinite(part[q][j]));
                    h = (h ^ bits) * UINT64_C(1099511628211);
                }
        }
    *ret = h;
}

static void same_seed_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        uint64_t hash[3];

        for (size_t k = 0; k < 3; k++) {
            struct gad_train_options o = options(ops);
            o.seed += k / 2; /* the third differs */
            struct gad_trainer *t = start(ops, &o);
            (void)train(t, 2);
            all_weights(t, &hash[k]);
            gad_trainer_free(t);
        }
        assert_true(hash[0] == hash[1]);
        assert_true(hash[0] != hash[2]);
    }
}

static void every_variant_trains(void **state)
{
    (void)state;
    const struct gad_trainer_ops *ops = gad_trainer_find("egbad");

    for (int v = 0; v < 8; v++) {
        struct gad_train_options o = options(ops);
        uint64_t hash;

        o.adversarial = v & 1 ? GAD_ADV_FEATURE_MATCHING : GAD_ADV_BCE;
        o.residual = v & 2 ? 10 : 0;
        o.ema = v & 4 ? 0.9 : 0;
        struct gad_trainer *t = start(ops, &o);
        struct gad_epoch_stats s = train(t, 2);
        assert_int_equal(s.steps, N / o.batch);
        assert_true(s.loss_d > 0 && s.loss_g > 0 && s.loss_e > 0);
        all_weights(t, &hash);
        gad_trainer_free(t);
    }
}

/* Conditional, on elements in the middle of a row: learns, loads, allocates nothing in a step,
 * and depends on its seed. */
static void a_condition_is_trained(void **state)
{
    (void)state;
    static const char *const categories[] = {"a", "b", "c", "d"};
    struct gad_ckpt_group groups[] = {{"g", (const char **)(uintptr_t)categories, 2},
                                      {"y", (const char **)(uintptr_t)categories, 4}};

    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_checkpoint c = {.condition = "y",
                                   .scaler.dim = DIM,
                                   .schema = {.n_numeric = 14, .n_groups = 2, .groups = groups}};
        struct gad_epoch_stats stats;
        struct gad_diag d = {""};
        struct gad_trainer *t = NULL;
        uint64_t hash[2];

        o.condition = (struct gad_condition){.first = 16, .n = 4};
        if (strcmp(ops->name, "ganomaly") == 0) {
            assert_int_equal(gad_trainer_new(ops, &o, DIM, &t, &d), GAD_EINVAL);
            assert_non_null(strstr(d.text, "takes no condition"));
            continue;
        }
        for (size_t k = 0; k < 2; k++) {
            t = start(ops, &o);
            double before = held_out_error(t, &c);
            (void)gad_mem_fail_at(0);
            assert_int_equal(gad_trainer_epoch(t, N, rows, LD, NULL, NULL, &stats, NULL), 0);
            assert_true(gad_mem_fail_at(0) <= 2); /* the orders */
            (void)train(t, 24);
            double after = held_out_error(t, &c);
            print_message("    %s: %.4f -> %.4f\n", ops->name, before, after);
            assert_true(after < 0.25 * before);
            all_weights(t, &hash[k]);
            gad_trainer_free(t);
        }
        assert_true(hash[0] == hash[1]);
        for (o.condition.first = 15; o.condition.first < 18; o.condition.first++) {
            int err = gad_trainer_new(ops, &o, DIM, &t, &d);
            assert_int_equal(err, o.condition.first <= 16 ? 0 : GAD_EINVAL);
            if (err == 0)
                gad_trainer_free(t);
        }
        o.condition = (struct gad_condition){.first = SIZE_MAX, .n = 2};
        assert_int_equal(gad_trainer_new(ops, &o, DIM, &t, &d), GAD_EINVAL);
        assert_non_null(strstr(d.text, "condition"));
    }
}

static void fill_is_what_the_format_says(void **state)
{
    (void)state;
    static const struct {
        const char *model, *net;
        size_t n_layers, dims[5];
        float slope, dropout;
    } expected[] = {
        {"egbad", "encoder", 2, {DIM, 64, 32}, 0.1f, 0},
        {"egbad", "generator", 3, {32, 64, 128, DIM}, 0, 0},
        {"egbad", "disc_x", 1, {DIM, 128}, 0.1f, 0.2f},
        {"egbad", "disc_z", 1, {32, 128}, 0.1f, 0.2f},
        {"egbad", "disc_head", 2, {256, 128, 1}, 0.1f, 0.2f},
        {"ganomaly", "encoder", 2, {DIM, 96, 32}, 0.2f, 0},
        {"ganomaly", "decoder", 3, {32, 64, 160, DIM}, 0, 0},
        {"ganomaly", "encoder2", 2, {DIM, 96, 32}, 0.2f, 0},
        {"ganomaly", "disc", 3, {DIM, 256, 128, 1}, 0.2f, 0},
        {"anogan", "generator", 3, {32, 64, 128, DIM}, 0, 0},
        {"anogan", "disc", 4, {DIM, 256, 128, 128, 1}, 0.1f, 0.2f},
    };
    size_t at = 0;

    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_trainer *t = start(ops, &o);
        struct gad_checkpoint c = {0};

        gad_trainer_fill(t, &c);
        gad_trainer_fill(t, &c); /* once more is the same, not twice as much */
        for (size_t k = 0; k < c.n_nets; k++, at++) {
            const struct gad_ckpt_net *net = &c.nets[k];

            assert_true(at < sizeof(expected) / sizeof(expected[0]));
            assert_string_equal(c.model, expected[at].model);
            assert_string_equal(net->name, expected[at].net);
            assert_int_equal(net->n_layers, expected[at].n_layers);
            for (size_t l = 0; l < net->n_layers; l++) {
                assert_int_equal(net->layers[l].in, expected[at].dims[l]);
                assert_int_equal(net->layers[l].out, expected[at].dims[l + 1]);
            }
            assert_true(net->layers[0].slope == expected[at].slope);
            assert_true(net->layers[0].dropout == expected[at].dropout);
        }
        gad_trainer_free(t);
    }
    assert_int_equal(at, sizeof(expected) / sizeof(expected[0]));
}

/* Weights that read element @e of x, over all networks that read x: how many are not 0. */
static size_t weights_of(struct gad_trainer *t, size_t e)
{
    struct gad_checkpoint c = {0};
    size_t n = 0;

    gad_trainer_fill(t, &c);
    for (size_t i = 0; i < c.n_nets; i++) {
        const struct gad_ckpt_layer *l = c.nets[i].layers;
        for (size_t j = 0; l->in == DIM && j < l->out; j++)
            n += l->weight[e * l->out + j] != 0.0f;
    }
    return n;
}

/* The encoder reads no element that is always 0. The survey's protocol keeps its draws. */
static void unseen_elements_have_no_weights(void **state)
{
    (void)state;
    enum { UNSEEN = 7 };
    static float some[N * LD];
    static const char *const protocols[] = {"normal", "survey"};

    memcpy(some, rows, sizeof(some));
    for (size_t i = 0; i < N; i++)
        some[i * LD + UNSEEN] = 0;
    for (size_t k = 0; k < 2; k++) {
        const struct gad_trainer_ops *ops = gad_trainer_find("egbad");
        struct gad_train_options o = {.seed = 5};
        struct gad_epoch_stats stats;
        struct gad_diag d = {""};
        size_t before;

        ops->defaults(protocols[k], &o);
        o.ema = 0;
        struct gad_trainer *t = start(ops, &o);
        before = weights_of(t, UNSEEN);
        assert_int_equal(before, o.widths.encoder + 128);
        assert_int_equal(gad_trainer_epoch(t, N, some, LD, NULL, NULL, &stats, &d), 0);
        /* the discriminator also reads what G makes, so its weights are learned */
        assert_int_equal(weights_of(t, UNSEEN), k == 0 ? 128 : before);
        assert_int_equal(weights_of(t, UNSEEN + 1), before);
        gad_trainer_free(t);
    }
}

static void anogan_fills_in_its_search(void **state)
{
    (void)state;
    static const struct {
        uint32_t steps;
        size_t n_phases;
        uint32_t from[3];
    } expected[] = {{500, 3, {0, 300, 400}}, {100, 3, {0, 60, 80}}, {1, 1, {0}}, {2, 2, {0, 1}}};
    const struct gad_trainer_ops *ops = gad_trainer_find("anogan");

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct gad_train_options o = options(ops);
        struct gad_checkpoint c = {0};

        o.search_steps = expected[i].steps;
        o.search_tolerance = 0.5;
        struct gad_trainer *t = start(ops, &o);
        gad_trainer_fill(t, &c);
        assert_int_equal(c.score.search.steps, expected[i].steps);
        assert_int_equal(c.score.search.n_phases, expected[i].n_phases);
        assert_true(c.score.search.tolerance == 0.5f && c.score.search.seed == o.seed);
        for (size_t k = 0; k < expected[i].n_phases; k++)
            assert_int_equal(c.score.search.phases[k].from, expected[i].from[k]);
        gad_trainer_free(t);
    }
}

static void anogan_refuses_what_it_cannot_search(void **state)
{
    (void)state;
    const struct gad_trainer_ops *ops = gad_trainer_find("anogan");
    struct gad_train_options bad[5];
    static const char *const word[5] = {"degree", "steps", "steps", "tolerance", "tolerance"};

    for (size_t k = 0; k < 5; k++)
        bad[k] = options(ops);
    bad[0].score_degree = 2;
    bad[1].search_steps = 0;
    bad[2].search_steps = GAD_CKPT_SEARCH_STEPS_MAX + 1;
    bad[3].search_tolerance = 1;
    bad[4].search_tolerance = (double)NAN;
    for (size_t k = 0; k < 5; k++) {
        struct gad_trainer *t = NULL;
        struct gad_diag d = {""};

        assert_int_equal(gad_trainer_new(ops, &bad[k], DIM, &t, &d), GAD_EINVAL);
        assert_null(t);
        assert_non_null(strstr(d.text, word[k]));
    }
}

static void divergence_is_reported(void **state)
{
    (void)state;
    static float bad[N * LD];

    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_epoch_stats stats;
        struct gad_diag d = {""};

        memcpy(bad, rows, sizeof(bad));
        bad[1234 * LD + 3] = INFINITY; /* one row whose first product is not a number */
        bad[1234 * LD + 4] = -INFINITY;
        struct gad_trainer *t = start(ops, &o);
        assert_int_equal(gad_trainer_epoch(t, N, bad, LD, NULL, NULL, &stats, &d), GAD_EMISMATCH);
        assert_non_null(strstr(d.text, "diverged"));
        gad_trainer_free(t);
    }
}

struct ticks {
    size_t calls, rows, stop_at;
};

static bool tick(void *arg, size_t done)
{
    struct ticks *t = arg;

    assert_true(done > t->rows);
    t->rows = done;
    return ++t->calls != t->stop_at;
}

static void tick_counts_and_stops(void **state)
{
    (void)state;
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_trainer *t = start(ops, &o);
        struct gad_epoch_stats stats;
        struct ticks all = {0}, some = {.stop_at = 1};
        uint64_t hash;

        assert_int_equal(gad_trainer_epoch(t, N, rows, LD, tick, &all, &stats, NULL), 0);
        assert_true(all.calls >= 1 && all.rows <= N);
        assert_int_equal(gad_trainer_epoch(t, N, rows, LD, tick, &some, &stats, NULL), GAD_END);
        assert_int_equal(stats.steps * o.batch, some.rows);
        all_weights(t, &hash); /* still whole */
        gad_trainer_free(t);
    }
}

static void options_out_of_range_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options good = options(ops), bad[12];
        static const char *const word[12] = {"batch", "batch",      "learning",   "learning",
                                             "beta1", "beta2",      "decay",      "residual",
                                             "score", "contextual", "'nonsense'", "degree"};
        struct gad_trainer *t = NULL;

        for (size_t k = 0; k < 12; k++)
            bad[k] = good;
        bad[0].batch = 0;
        bad[1].batch = 1 << 20;
        bad[2].learning_rate = 0;
        bad[3].learning_rate = (double)NAN;
        bad[4].beta1 = 1;
        bad[5].beta2 = -0.1;
        bad[6].ema = 1;
        bad[7].residual = -1;
        bad[8].score_weight = 1.5;
        bad[9].w_contextual = (double)INFINITY;
        bad[10].score = "nonsense";
        bad[11].score_degree = 3;
        for (size_t k = 0; k < 12; k++) {
            struct gad_diag d = {""};
            assert_int_equal(gad_trainer_new(ops, &bad[k], DIM, &t, &d), GAD_EINVAL);
            assert_null(t);
            if (!strstr(d.text, word[k]))
                fail_msg("'%s' does not name '%s'", d.text, word[k]);
        }
        assert_int_equal(gad_trainer_new(ops, &good, 0, &t, NULL), GAD_EINVAL);
        assert_int_equal(gad_trainer_new(ops, &good, GAD_CKPT_DIM_MAX + 1, &t, NULL), GAD_EINVAL);
    }
    assert_null(gad_trainer_find("nonsense"));
}

static void fewer_rows_than_a_batch_is_an_error(void **state)
{
    (void)state;
    const struct gad_trainer_ops *ops = gad_trainer_find("egbad");
    struct gad_train_options o = options(ops);
    struct gad_trainer *t = start(ops, &o);
    struct gad_epoch_stats stats;
    struct gad_diag d = {""};

    assert_int_equal(gad_trainer_epoch(t, o.batch - 1, rows, LD, NULL, NULL, &stats, &d),
                     GAD_EINVAL);
    assert_int_equal(gad_trainer_epoch(t, o.batch, rows, LD, NULL, NULL, &stats, &d), 0);
    assert_int_equal(stats.steps, 1);
    assert_int_equal(gad_trainer_epoch(t, 2 * o.batch - 1, rows, LD, NULL, NULL, &stats, &d), 0);
    assert_int_equal(stats.steps, 1);
    gad_trainer_free(t);
}

static void no_memory_is_an_error_and_nothing_leaks(void **state)
{
    (void)state;
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_epoch_stats stats;
        int r = GAD_ENOMEM;

        for (long k = 1; r; k++) {
            struct gad_trainer *t = NULL;

            (void)gad_mem_fail_at(k);
            r = gad_trainer_new(ops, &o, DIM, &t, NULL);
            if (!r)
                r = gad_trainer_epoch(t, N, rows, LD, NULL, NULL, &stats, NULL);
            (void)gad_mem_fail_at(0);
            gad_trainer_free(t);
            assert_true(r == 0 || r == GAD_ENOMEM);
            assert_true(k < 100);
        }
    }
}

/* An epoch allocates its orders and its steps nothing. */
static void steps_do_not_allocate(void **state)
{
    (void)state;
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);
        struct gad_train_options o = options(ops);
        struct gad_trainer *t = start(ops, &o);
        struct gad_epoch_stats stats;

        (void)gad_mem_fail_at(0);
        assert_int_equal(gad_trainer_epoch(t, N, rows, LD, NULL, NULL, &stats, NULL), 0);
        assert_true(gad_mem_fail_at(0) <= 2); /* the orders */
        gad_trainer_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_lowers_held_out_error),
        cmocka_unit_test(same_seed_same_bits),
        cmocka_unit_test(every_variant_trains),
        cmocka_unit_test(a_condition_is_trained),
        cmocka_unit_test(fill_is_what_the_format_says),
        cmocka_unit_test(unseen_elements_have_no_weights),
        cmocka_unit_test(anogan_fills_in_its_search),
        cmocka_unit_test(anogan_refuses_what_it_cannot_search),
        cmocka_unit_test(divergence_is_reported),
        cmocka_unit_test(tick_counts_and_stops),
        cmocka_unit_test(options_out_of_range_are_named),
        cmocka_unit_test(fewer_rows_than_a_batch_is_an_error),
        cmocka_unit_test(no_memory_is_an_error_and_nothing_leaks),
        cmocka_unit_test(steps_do_not_allocate),
    };
    return cmocka_run_group_tests_name("train", tests, make_rows, NULL);
}
