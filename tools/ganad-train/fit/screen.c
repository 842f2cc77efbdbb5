/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/screen.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/split.h"
#include "lib/dataset/table.h"
#include "lib/feature/schema.h"
#include "models/trainer.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/rows.h"

enum { ROWS_SEEN = 1400 * 64, EPOCHS = 2 };
static const double leave_out = 2.0; /* times the share that --contamination states */

/* Distinct records, in the order of the training rows. */
struct screening {
    uint32_t *first;        /* of each row of the table: the first that is equal to it */
    struct gad_split split; /* train: the first of equal rows */
    struct rows rows;
    float *score, *sorted;
    bool *out; /* by row of the table, only for first ones */
};

static void screening_deinit(struct screening *s)
{
    gad_free(s->first);
    gad_split_deinit(&s->split);
    rows_deinit(&s->rows);
    gad_free(s->score);
    gad_free(s->sorted);
    gad_free(s->out);
}

static int prepare(const struct gad_table *t, const struct gad_split *all,
                   enum gad_scaler_kind kind, struct screening *s, struct gad_diag *d)
{
    size_t n = gad_table_n_rows(t);

    s->first = gad_calloc(n, sizeof(*s->first));
    s->out = gad_calloc(n, sizeof(*s->out));
    s->split.train = gad_calloc(all->n_train, sizeof(*s->split.train));
    if (!s->first || !s->out || !s->split.train || gad_table_first(t, s->first) != 0)
        return GAD_ENOMEM;
    for (size_t i = 0; i < all->n_train; i++) {
        uint32_t row = s->first[all->train[i]];
        if (!s->out[row])
            s->split.train[s->split.n_train++] = row;
        s->out[row] = true; /* here: seen */
    }
    memset(s->out, 0, n * sizeof(*s->out));
    s->score = gad_calloc(s->split.n_train, sizeof(*s->score));
    s->sorted = gad_calloc(s->split.n_train, sizeof(*s->sorted));
    if (!s->score || !s->sorted || rows_init(&s->rows) != 0)
        return GAD_ENOMEM;
    int err = rows_read(&s->rows, t, &s->split, kind, d);
    if (err == 0)
        rows_scale(&s->rows, &s->split);
    return err;
}

static int train(struct gad_trainer *t, const struct screening *s, struct gad_diag *d)
{
    struct gad_epoch_stats stats;
    size_t n = s->split.n_train, most = ROWS_SEEN / EPOCHS;
    int err = 0;

    n = n < most ? n : most;
    for (size_t seen = 0; err == 0 && seen < ROWS_SEEN; seen += n)
        err = gad_trainer_epoch(t, n, s->rows.x, s->rows.ld, NULL, NULL, &stats, d);
    return err;
}

static int score(struct gad_trainer *t, struct screening *s, struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *scorer = NULL;
    struct gad_checkpoint c = {.condition = "", .scaler.dim = gad_schema_dim(s->rows.schema)};

    gad_trainer_fill(t, &c);
    int err = scorer_new(&c, &scorer, d);
    if (err == 0)
        scorer_score(scorer, s->split.n_train, s->rows.x, s->score);
    return err;
}

static int ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Marks the rows with the highest scores; returns their number. */
static size_t mark(double share, struct screening *s)
{
    size_t n = s->split.n_train, stay = n - (size_t)(share * (double)n + 0.5), n_out = 0;

    memcpy(s->sorted, s->score, n * sizeof(*s->score));
    qsort(s->sorted, n, sizeof(*s->sorted), ascending);
    for (size_t i = 0; i < n && stay < n && stay > 0; i++) {
        bool out = s->score[i] > s->sorted[stay - 1];
        s->out[s->split.train[i]] = out;
        n_out += out;
    }
    return n_out;
}

static void report(const struct screening *s, size_t n_out, size_t n_rows)
{
    char out[SHOW_TEXT], of[SHOW_TEXT], rows[SHOW_TEXT];

    cli_say("%s of %s distinct records, %s rows, are least like the others and do not train",
            show_count(n_out, out), show_count(s->split.n_train, of), show_count(n_rows, rows));
}

int screen(const struct fit_options *o, const struct gad_table *t, struct gad_split *split,
           struct gad_diag *d)
{
    gad_cleanup(screening_deinit) struct screening s = {0};
    const struct gad_trainer_ops *ops = gad_trainer_find("ganomaly");
    struct gad_train_options opt = {0};
    gad_cleanup(gad_trainer_freep) struct gad_trainer *trainer = NULL;
    size_t kept = 0;

    int err = prepare(t, split, o->scaler, &s, d);
    ops->defaults("normal", &opt);
    opt.seed = o->train.seed;
    opt.score = "rec";
    if (err == 0)
        err = gad_trainer_new(ops, &opt, gad_schema_dim(s.rows.schema), &trainer, d);
    if (err == 0)
        err = train(trainer, &s, d);
    if (err == 0)
        err = score(trainer, &s, d);
    if (err != 0)
        return err;
    size_t n_out = mark(leave_out * o->contamination, &s);
    for (size_t i = 0; i < split->n_train; i++)
        if (!s.out[s.first[split->train[i]]])
            split->train[kept++] = split->train[i];
    if (!o->quiet)
        report(&s, n_out, split->n_train - kept);
    split->n_train = kept;
    return 0;
}
