/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/folds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/split.h"
#include "lib/feature/schema.h"
#include "lib/record/window.h"
#include "models/calibrate.h"
#include "models/model.h"
#include "models/trainer.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/fit/assembly.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/state.h"
#include "tools/ganad-train/fit/train.h"
#include "tools/ganad-train/fit/whiten.h"
#include "tools/ganad-train/rows.h"

enum { MANY_FOLDS_ROWS = 2000, FEW_FOLDS = 5, ROWS_SEEN = 1400000, GAP_SHARE = 20 };

void folds_deinit(struct folds *f)
{
    gad_free(f->all);
    gad_free(f->score);
    *f = (struct folds){0};
}

size_t folds_rows_max(unsigned asked)
{
    return asked == 0 ? 0 : asked == FOLDS_AUTO ? FOLDS_ROWS_MAX : SIZE_MAX;
}

size_t folds_number(size_t n, unsigned asked)
{
    size_t k = n > folds_rows_max(asked) ? 0
               : asked != FOLDS_AUTO     ? asked
               : n <= MANY_FOLDS_ROWS    ? FOLDS_MAX
                                         : FEW_FOLDS;
    k = k < n / 2 ? k : n / 2;
    return k >= 2 ? k : 0;
}

bool folds_fit(const struct fit_options *o, struct gad_diag *why)
{
    const char *needs = o->protocol->trains_on_attacks               ? "--protocol survey"
                        : o->keep != FIT_KEEP_LAST                   ? "--keep best"
                        : o->contamination > 0.0                     ? "--contamination"
                        : gad_model_find(o->model->name)->steps != 0 ? "--model anogan"
                                                                     : NULL;
    if (needs)
        (void)gad_fail(why, 0, "--folds: %s needs rows that are held out", needs);
    return !needs;
}

void folds_layout(size_t n, size_t k, size_t last, size_t apart, struct folds *ret)
{
    gad_assert(k >= 2 && k <= FOLDS_MAX && last < n);
    size_t equal = last > 0 ? k - 1 : k, rest = n - last, gap = n / k / GAP_SHARE;

    *ret = (struct folds){.n = n, .k = k, .gap = gap < apart ? gap : apart};
    for (size_t f = 0; f <= equal; f++)
        ret->begin[f] = f * rest / equal;
    ret->begin[k] = n;
}

static int by_row(const void *pa, const void *pb)
{
    const uint32_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

int folds_choose(struct folds *f, struct fit_options *o, struct gad_split *s, bool in_order,
                 size_t last)
{
    size_t n = s->n_train + s->n_calibration;

    o->folds = (unsigned)folds_number(n, o->folds);
    if (o->folds == 0)
        return 0;
    uint32_t *all = gad_realloc_array(s->train, n, sizeof(*all));
    if (!all)
        return GAD_ENOMEM;
    s->train = all;
    if (s->n_calibration > 0)
        memcpy(all + s->n_train, s->calibration, s->n_calibration * sizeof(*all));
    s->n_train = n;
    s->n_calibration = 0;
    if (in_order)
        qsort(all, n, sizeof(*all), by_row);
    folds_layout(n, o->folds, last, in_order || last > 0 ? GAD_WINDOW_T_MAX : 0, f);
    return 0;
}

bool folds_trains(const struct folds *f, size_t fold, size_t row)
{
    return row + f->gap < f->begin[fold] || row >= f->begin[fold + 1] + f->gap;
}

uint32_t folds_epochs(const struct folds *f, uint32_t epochs)
{
    size_t most = ROWS_SEEN / (f->n * (f->k - 1));

    return most >= epochs ? epochs : most > 1 ? (uint32_t)most : 1;
}

/* One fold's model, freed together. */
struct model {
    struct fit_options o; /* borrows everything */
    struct gad_split split;
    struct rows rows; /* held_out: all rows */
    struct gad_trainer *trainer;
    struct training training;
    struct whitening whitening;
    struct scorer *scorer;
};

static void model_deinit(struct model *m)
{
    scorer_free(m->scorer);
    whitening_deinit(&m->whitening);
    training_deinit(&m->training);
    gad_trainer_free(m->trainer);
    rows_deinit(&m->rows);
    gad_split_deinit(&m->split);
}

static int choose(const struct folds *f, size_t fold, const uint32_t *row, struct gad_split *s)
{
    s->train = gad_calloc(f->n, sizeof(*s->train));
    s->calibration = gad_calloc(f->n, sizeof(*s->calibration));
    if (!s->train || !s->calibration)
        return GAD_ENOMEM;
    for (size_t i = 0; i < f->n; i++)
        if (folds_trains(f, fold, i))
            s->train[s->n_train++] = row[i];
    memcpy(s->calibration, row, f->n * sizeof(*row));
    s->n_calibration = f->n;
    return 0;
}

static int train(struct model *m, const struct gad_table *t, struct gad_diag *d)
{
    struct gad_checkpoint c = {.condition = m->o.condition ? m->o.condition : ""};

    int err = rows_init(&m->rows);
    if (err == 0)
        err = rows_read(&m->rows, t, &m->split, m->o.scaler, d);
    if (err != 0)
        return err;
    rows_scale(&m->rows, &m->split);
    c.scaler.dim = gad_schema_dim(m->rows.schema);
    err = gad_trainer_new(m->o.model, &m->o.train, c.scaler.dim, &m->trainer, d);
    struct train_rows rows = {.n = m->split.n_train, .ld = m->rows.ld, .x = m->rows.x};
    if (err == 0)
        err = train_run(&m->o, m->trainer, &rows, &c, &m->training, d);
    if (err == 0 && m->training.interrupted)
        return GAD_END;
    if (err == 0 && m->o.whitened)
        err = whitening_fit(&m->whitening, &c, m->split.n_train, m->rows.x, d);
    return err != 0 ? err : scorer_new(&c, &m->scorer, d);
}

static int run_one(struct folds *f, size_t fold, const struct fit_options *o,
                   const struct gad_table *t, const uint32_t *row, struct gad_diag *d)
{
    gad_cleanup(model_deinit) struct model m = {.o = *o};
    size_t at = f->begin[fold], n = f->begin[fold + 1] - at;

    m.o.resume = NULL;
    m.o.quiet = true;
    m.o.epochs = f->epochs;
    int err = choose(f, fold, row, &m.split);
    if (err == 0)
        err = train(&m, t, d);
    if (err != 0)
        return err;
    scorer_score(m.scorer, f->n, m.rows.held_out, f->all + fold * f->n);
    f->residual +=
        scorer_residual(m.scorer, n, m.rows.held_out + at * m.rows.ld) * (double)n / (double)f->n;
    return 0;
}

int folds_run(struct folds *f, const struct fit_options *o, const struct gad_table *t,
              const uint32_t *row, struct gad_diag *d)
{
    f->epochs = folds_epochs(f, o->epochs);
    f->all = gad_calloc(f->k * f->n, sizeof(*f->all));
    if (!f->all)
        return GAD_ENOMEM;
    for (size_t fold = 0; fold < f->k; fold++) {
        int err = run_one(f, fold, o, t, row, d);
        if (err != 0)
            return err;
        if (!o->quiet)
            cli_say("fold %zu of %zu: scored by a model that trained on the others, %u epochs",
                    fold + 1, f->k, f->epochs);
    }
    return 0;
}

static int ascending(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Median of whole / fold over the rows that trained both; 1 if most of them have a score of 0. */
static double median_ratio(const struct folds *f, size_t fold, const float *whole, double *ratio)
{
    const float *score = f->all + fold * f->n;
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (folds_trains(f, fold, i) && score[i] > 0.0f && whole[i] > 0.0f)
            ratio[n++] = (double)whole[i] / (double)score[i];
    if (2 * n < f->n)
        return 1.0;
    qsort(ratio, n, sizeof(*ratio), ascending);
    return ratio[n / 2];
}

int folds_map(struct folds *f, const float *whole)
{
    gad_cleanup(gad_freep) double *ratio = gad_calloc(f->n, sizeof(*ratio));

    f->score = gad_calloc(f->n, sizeof(*f->score));
    if (!ratio || !f->score)
        return GAD_ENOMEM;
    for (size_t fold = 0; fold < f->k; fold++) {
        f->ratio[fold] = median_ratio(f, fold, whole, ratio);
        for (size_t i = f->begin[fold]; i < f->begin[fold + 1]; i++)
            f->score[i] = (float)((double)f->all[fold * f->n + i] * f->ratio[fold]);
    }
    return 0;
}

static int float_ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

uint64_t folds_worth(const struct folds *f, size_t k)
{
    size_t n = f->begin[k], high = n / 50 > 5 * k ? n / 50 : 5 * k;
    gad_cleanup(gad_freep) float *sorted = gad_calloc(n, sizeof(*sorted));
    double sum = 0.0;

    if (!sorted || k < 2 || high >= n)
        return k;
    memcpy(sorted, f->score, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), float_ascending);
    float level = sorted[n - 1 - high];
    size_t above = 0;
    for (size_t i = 0; i < n; i++)
        above += f->score[i] > level;
    if (above == 0)
        return n;
    double p = (double)above / (double)n;
    for (size_t fold = 0; fold < k; fold++) {
        double of = (double)(f->begin[fold + 1] - f->begin[fold]), count = 0.0;
        for (size_t i = f->begin[fold]; i < f->begin[fold + 1]; i++)
            count += f->score[i] > level;
        sum += (count - of * p) * (count - of * p) / (of * p * (1.0 - p));
    }
    double times = fmax(sum / (double)(k - 1), 1.0);
    return (uint64_t)fmax((double)n / times, (double)k);
}

int folds_calibration(const struct folds *f, size_t k, struct assembly *a, struct gad_diag *d)
{
    int err = assembly_calibration(a, f->begin[k], f->score, 0.0, d);

    if (err != 0)
        return err;
    a->calibration->folds = (uint32_t)k;
    a->calibration->worth = folds_worth(f, k);
    gad_calibration_store(a->calibration, &a->c);
    return 0;
}
