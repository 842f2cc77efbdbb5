/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/folds_run.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/split.h"
#include "lib/record/window.h"
#include "models/calibrate.h"
#include "models/model.h"
#include "models/trainer.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/fit/assembly.h"
#include "tools/ganad-train/fit/folds.h"
#include "tools/ganad-train/fit/joint.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/state.h"
#include "tools/ganad-train/fit/train.h"
#include "tools/ganad-train/rows.h"

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

/* One fold's model, freed together. */
struct model {
    struct fit_options o; /* borrows everything */
    struct gad_split split;
    struct rows rows; /* held_out: all rows */
    struct gad_trainer *trainer;
    struct training training;
    struct joint joint;
    struct assembly assembly;
    struct scorer *scorer;
};

static void model_deinit(struct model *m)
{
    scorer_free(m->scorer);
    assembly_deinit(&m->assembly);
    joint_deinit(&m->joint);
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
    struct gad_checkpoint *c = &m->assembly.c;

    c->condition = m->o.condition ? m->o.condition : "";
    int err = rows_init(&m->rows);
    if (err == 0)
        err = rows_read(&m->rows, t, &m->split, m->o.scaler, d);
    if (err != 0)
        return err;
    rows_scale(&m->rows, &m->split);
    err = assembly_input(&m->assembly, m->rows.schema, m->rows.scaler);
    if (err == 0)
        err = gad_trainer_new(m->o.model, &m->o.train, c->scaler.dim, &m->trainer, d);
    struct train_rows rows = {.n = m->split.n_train, .ld = m->rows.ld, .x = m->rows.x};
    if (err == 0)
        err = train_run(&m->o, m->trainer, &rows, c, &m->training, d);
    if (err == 0 && m->training.interrupted)
        return GAD_END;
    if (err == 0 && m->o.is_joint)
        err = joint_fit(&m->joint, c, m->split.n_train, m->rows.x, d);
    return err != 0 ? err : scorer_new(c, &m->scorer, d);
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
