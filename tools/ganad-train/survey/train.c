/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/train.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/feature/schema.h"
#include "models/metrics.h"
#include "models/model.h"
#include "tools/ganad-train/interrupt.h"
#include "tools/ganad-train/progress.h"
#include "tools/ganad-train/rows.h"
#include "tools/ganad-train/survey/data.h"

/* Rows for the mean error, in random order; fewer if each is a search. */
enum { RESIDUAL_ROWS = 10000, RESIDUAL_SEARCHED = 500 };

void survey_training_deinit(struct survey_training *t)
{
    gad_free(t->point);
    *t = (struct survey_training){0};
}

/* A training under way. */
struct run {
    const struct survey_plan *plan;
    const struct survey_data *data;
    double percent;
    struct gad_trainer *trainer;
    float *distinct; /* (n_distinct) scores of one kind */
    float *score;    /* (n) scores of all rows of a sample */
    struct progress progress;
};

static void run_deinit(struct run *r)
{
    gad_trainer_free(r->trainer);
    gad_free(r->distinct);
    gad_free(r->score);
}

static int run_init(struct run *r, uint64_t seed, struct gad_diag *d)
{
    struct gad_train_options o = {0};

    const struct gad_trainer_ops *ops = gad_trainer_find(r->plan->model);
    gad_assert(ops);
    ops->defaults("survey", &o);
    o.seed = seed;
    o.adversarial = r->plan->loss;
    o.residual = r->plan->residual;
    o.residual_e_only = true;
    r->distinct = gad_calloc(r->data->n_distinct, sizeof(*r->distinct));
    r->score = gad_calloc(r->data->sample[SURVEY_ALL].n, sizeof(*r->score));
    if (!r->distinct || !r->score)
        return GAD_ENOMEM;
    return gad_trainer_new(ops, &o, gad_schema_dim(r->data->rows.schema), &r->trainer, d);
}

static int measure(const struct run *r, const struct survey_rows *rows, struct survey_figure *ret,
                   struct gad_diag *d)
{
    gad_cleanup(gad_ranking_freep) struct gad_ranking *ranking = NULL;
    struct gad_confusion c = {0};

    for (size_t i = 0; i < rows->n; i++)
        r->score[i] = r->distinct[rows->at[i]];
    int err = gad_ranking_new(rows->n, r->score, rows->positive, &ranking, d);
    if (err != 0)
        return err;
    double threshold = gad_ranking_percentile(ranking, r->percent);
    for (size_t i = 0; i < rows->n; i++)
        gad_confusion_add(&c, rows->positive[i], (double)r->score[i] >= threshold);
    *ret = (struct survey_figure){.precision = gad_confusion_precision(&c),
                                  .recall = gad_confusion_recall(&c),
                                  .f1 = gad_confusion_f1(&c),
                                  .auroc = gad_ranking_auroc(ranking)};
    return 0;
}

static int score(const struct run *r, struct gad_checkpoint *c, const char *kind, size_t n,
                 struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = NULL;

    c->score.kind = kind;
    int err = scorer_new(c, &s, d);
    if (err == 0)
        scorer_score(s, n, r->data->rows.test, r->distinct);
    return err;
}

static int residual(const struct run *r, const struct gad_checkpoint *c, double *ret,
                    struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = NULL;
    size_t n = r->data->split.n_train,
           max = gad_model_find(c->model)->steps ? RESIDUAL_SEARCHED : RESIDUAL_ROWS;

    int err = scorer_new(c, &s, d);
    if (err == 0)
        *ret = scorer_residual(s, n < max ? n : max, r->data->rows.x);
    return err;
}

/* Computes every view of the current networks. */
static int look(struct run *r, uint32_t epoch, struct survey_point *ret, struct gad_diag *d)
{
    struct gad_checkpoint c = {.condition = "", .scaler.dim = gad_schema_dim(r->data->rows.schema)};
    const char *scored = NULL;

    ret->epoch = epoch;
    gad_trainer_fill(r->trainer, &c);
    int err = residual(r, &c, &ret->residual, d);
    for (size_t v = 0; err == 0 && v < r->plan->n_views; v++) {
        const struct survey_view *view = &r->plan->view[v];
        const struct survey_rows *rows = &r->data->sample[view->sample];
        if (!scored || strcmp(scored, view->score) != 0)
            err = score(r, &c, view->score, rows->n_scored, d);
        scored = view->score;
        if (err == 0)
            err = measure(r, rows, &ret->figure[v], d);
    }
    return err;
}

static bool tick(void *arg, size_t rows_done)
{
    progress_tick(arg, rows_done);
    return !interrupt_seen();
}

static double seconds_since(struct gad_time t)
{
    return gad_time_seconds(gad_time_sub(gad_time_monotonic(), t));
}

static int epochs(struct run *r, uint32_t n, struct survey_training *t, struct gad_diag *d)
{
    const struct rows *rows = &r->data->rows;

    for (uint32_t epoch = 1; epoch <= n; epoch++) {
        struct gad_epoch_stats stats = {0};
        struct gad_time start = gad_time_monotonic();

        progress_epoch(&r->progress, epoch);
        int err = gad_trainer_epoch(r->trainer, r->data->split.n_train, rows->x, rows->ld, tick,
                                    &r->progress, &stats, d);
        if (err != 0)
            return err;
        t->train_s += seconds_since(start);
        if (interrupt_seen()) /* an epoch of few batches has no ticks */
            return GAD_END;
        if (epoch % r->plan->every != 0 && epoch != n)
            continue;
        start = gad_time_monotonic();
        err = look(r, epoch, &t->point[t->n_points], d);
        if (err != 0)
            return err;
        t->n_points++;
        t->look_s += seconds_since(start);
    }
    return 0;
}

int survey_train(const struct survey_plan *p, uint32_t n_epochs, uint64_t seed, double percent,
                 struct survey_data *data, bool quiet, struct survey_training *ret,
                 struct gad_diag *d)
{
    gad_cleanup(survey_training_deinit) struct survey_training t = {.seed = seed};
    gad_cleanup(run_deinit) struct run r = {.plan = p, .data = data, .percent = percent};

    int err = survey_data_scale(data, p->scaler, d);
    if (err == 0)
        err = run_init(&r, seed, d);
    if (err != 0)
        return err;
    t.point = gad_calloc(n_epochs, sizeof(*t.point));
    if (!t.point)
        return GAD_ENOMEM;
    progress_init(&r.progress, quiet, n_epochs, data->split.n_train);
    err = epochs(&r, n_epochs, &t, d);
    progress_clear(&r.progress);
    if (err != 0)
        return err;
    *ret = t;
    t = (struct survey_training){0};
    return 0;
}
