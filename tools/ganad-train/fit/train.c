/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/train.h"

#include "lib/base/mem.h"
#include "models/metrics.h"
#include "models/model.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/state.h"
#include "tools/ganad-train/interrupt.h"
#include "tools/ganad-train/progress.h"
#include "tools/ganad-train/rows.h"

/* Enough for a mean; held-out rows are in random order. */
enum { HELD_OUT_MAX = 10000, HELD_OUT_SEARCHED = 500 };

static bool tick(void *arg, size_t rows_done)
{
    progress_tick(arg, rows_done);
    return !interrupt_seen();
}

static int held_out_error(const struct gad_checkpoint *c, const struct train_rows *rows,
                          double *ret, struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = NULL;
    size_t max = gad_model_find(c->model)->steps ? HELD_OUT_SEARCHED : HELD_OUT_MAX;
    int err = scorer_new(c, &s, d);

    if (err == 0)
        *ret = scorer_residual(s, rows->n_held_out < max ? rows->n_held_out : max, rows->held_out);
    return err;
}

/* 1 - F1 on the test rows, by which the survey chose its epochs. */
static int test_error(const struct gad_checkpoint *c, const struct train_rows *rows, double *ret,
                      struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = NULL;
    gad_cleanup(gad_ranking_freep) struct gad_ranking *ranking = NULL;
    gad_cleanup(gad_freep) float *score = gad_calloc(rows->n_test, sizeof(*score));
    struct gad_confusion confusion = {0};

    if (!score)
        return GAD_ENOMEM;
    int err = scorer_new(c, &s, d);
    if (err != 0)
        return err;
    scorer_score(s, rows->n_test, rows->test, score);
    err = gad_ranking_new(rows->n_test, score, rows->positive, &ranking, d);
    if (err != 0)
        return err;
    double threshold = gad_ranking_percentile(ranking, rows->percentile);
    for (size_t i = 0; i < rows->n_test; i++)
        gad_confusion_add(&confusion, rows->positive[i], (double)score[i] >= threshold);
    *ret = 1.0 - gad_confusion_f1(&confusion);
    return 0;
}

/* The figure by which epochs are compared. */
static int judge(const struct fit_options *o, const struct train_rows *rows,
                 const struct gad_checkpoint *c, double held_out, double *ret, struct gad_diag *d)
{
    if (o->keep == FIT_KEEP_TEST_LABELS)
        return test_error(c, rows, ret, d);
    *ret = held_out;
    return 0;
}

static int history_new(uint32_t epochs, struct train_history *ret)
{
    double *p = gad_calloc(epochs ? epochs : 1, 4 * sizeof(*p));
    if (!p)
        return GAD_ENOMEM;
    *ret = (struct train_history){p, p + epochs, p + 2 * (size_t)epochs, p + 3 * (size_t)epochs};
    return 0;
}

static void note(struct train_history *h, size_t at, const struct gad_epoch_stats *stats,
                 double held_out)
{
    h->loss_d[at] = stats->loss_d;
    h->loss_g[at] = stats->loss_g;
    h->loss_e[at] = stats->loss_e;
    h->held_out[at] = held_out;
}

/* Measures a finished epoch, and keeps its networks if --keep asks for them. */
static int settle(const struct fit_options *o, struct gad_trainer *t, const struct train_rows *rows,
                  struct gad_checkpoint *c, struct training *r, double *ret_error,
                  struct gad_diag *d)
{
    gad_trainer_fill(t, c);
    double figure;
    int err = held_out_error(c, rows, ret_error, d);
    if (err == 0)
        err = judge(o, rows, c, *ret_error, &figure, d);
    if (err != 0)
        return err;

    r->epochs++;
    if (o->keep != FIT_KEEP_LAST && r->kept && !(figure < r->figure))
        return 0;
    snapshot_free(gad_steal(&r->kept));
    r->held_out = *ret_error;
    r->figure = figure;
    r->epoch = r->epochs;
    return snapshot_new(c, &r->kept);
}

/* Returns GAD_END if Ctrl-C ended the epoch. */
static int one_epoch(const struct fit_options *o, struct gad_trainer *t,
                     const struct train_rows *rows, struct gad_checkpoint *c, struct progress *p,
                     struct training *r, struct gad_diag *d)
{
    struct gad_epoch_stats stats = {0};
    double error = 0.0;

    progress_epoch(p, r->epochs + 1);
    int err = gad_trainer_epoch(t, rows->n, rows->x, rows->ld, tick, p, &stats, d);
    if (err == 0)
        err = settle(o, t, rows, c, r, &error, d);
    if (err != 0)
        return err;
    note(&r->history, r->epochs - 1, &stats, error);
    progress_line(p, &stats, error);
    return o->resume ? state_save(o->resume, o, t, c, r, d) : 0;
}

static bool is_done(const struct fit_options *o, const struct training *r)
{
    return r->epochs >= o->epochs || (o->patience > 0 && r->epochs - r->epoch >= o->patience);
}

/* Measures the first weights, which are also kept if there are no epochs. */
static int begin(const struct fit_options *o, struct gad_trainer *t, const struct train_rows *rows,
                 struct gad_checkpoint *c, struct training *r, double *ret_error,
                 struct gad_diag *d)
{
    gad_trainer_fill(t, c);
    int err = held_out_error(c, rows, ret_error, d);
    if (err != 0 || o->epochs > 0)
        return err;
    r->held_out = *ret_error;
    return snapshot_new(c, &r->kept);
}

static int check_progress(const struct fit_options *o, const struct training *r, double first,
                          struct gad_diag *d)
{
    if (o->protocol->trains_on_attacks || !r->kept || r->held_out <= first)
        return 0;
    return gad_fail(d, GAD_EMISMATCH,
                    "training diverged: mean |x - x'| of held-out rows is %g, and was %g before "
                    "the first epoch. Try a lower --lr, more --epochs or the default settings",
                    r->held_out, first);
}

/* Continues from the state file if it exists. */
static int resume(const struct fit_options *o, struct gad_trainer *t, struct gad_checkpoint *c,
                  struct training *r, struct gad_diag *d)
{
    int err = o->resume ? state_load(o->resume, o, t, c, r, d) : GAD_END;

    if (err == 0 && !o->quiet)
        cli_say("continuing from '%s': %u of %u epochs are done", o->resume, r->epochs, o->epochs);
    return err == GAD_END ? 0 : err;
}

int train_run(const struct fit_options *o, struct gad_trainer *t, const struct train_rows *rows,
              struct gad_checkpoint *c, struct training *ret, struct gad_diag *d)
{
    struct progress p;
    struct training r = {0};
    double first = 0.0;

    int err = history_new(o->epochs, &r.history);
    if (err == 0)
        err = begin(o, t, rows, c, &r, &first, d);
    if (err == 0)
        err = resume(o, t, c, &r, d);
    progress_init(&p, o->quiet, o->epochs, rows->n);
    while (err == 0 && !r.interrupted && !is_done(o, &r)) {
        err = one_epoch(o, t, rows, c, &p, &r, d);
        r.interrupted = err == GAD_END || (interrupt_seen() && !is_done(o, &r));
        err = err == GAD_END ? 0 : err;
    }
    progress_clear(&p);
    if (err == 0)
        err = check_progress(o, &r, first, d);
    if (err != 0) {
        training_deinit(&r);
        return err;
    }
    if (r.kept)
        snapshot_fill(r.kept, c);
    *ret = r;
    return 0;
}

void training_deinit(struct training *r)
{
    snapshot_free(gad_steal(&r->kept));
    gad_free(gad_steal(&r->history.loss_d));
}
