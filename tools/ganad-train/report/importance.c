/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/importance.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/dataset/table.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "tools/ganad-train/eval/measure.h"

enum { WORKSPACE_ROWS = 48 };

/* Rows of one group: their indices among the test rows. */
struct members {
    size_t n;
    uint32_t *at;
};

static void explain(const struct measurement *m, struct gad_workspace *ws, const struct members *g,
                    struct importance_group *ret)
{
    size_t max = gad_detector_steps(m->det) > 1 ? IMPORTANCE_ROWS_SEARCHED : IMPORTANCE_ROWS;

    ret->rows = g->n;
    ret->n = g->n < max ? g->n : max;
    for (size_t k = 0; k < ret->n; k++) {
        struct gad_reason reason[GAD_N_COLUMNS];
        struct gad_record rec;
        uint32_t at = g->at[k * g->n / ret->n]; /* k < 500, n < 2^32 */
        gad_table_record(m->t, m->row ? m->row[at] : at, &rec);
        (void)gad_detector_explain(m->det, ws, &rec, reason);
        for (size_t i = 0; i < GAD_N_COLUMNS; i++)
            ret->share[reason[i].column] += reason[i].share;
    }
    for (size_t i = 0; ret->n > 0 && i < GAD_N_COLUMNS; i++)
        ret->share[i] /= (double)ret->n;
}

static bool is_flagged(const struct evaluation *e, float score)
{
    return e->inclusive ? (double)score >= e->threshold : (double)score > e->threshold;
}

static void flagged_of(const struct measurement *m, enum gad_attack_class class, struct members *g)
{
    g->n = 0;
    for (size_t i = 0; i < m->n; i++) {
        size_t row = m->row ? m->row[i] : i;
        bool wanted =
            !m->labelled ||
            (m->e.positive[i] && gad_table_label_class(m->t, gad_table_label(m->t, row)) == class);
        if (wanted && is_flagged(&m->e, m->score[i]))
            g->at[g->n++] = (uint32_t)i;
    }
}

static int highest_first(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a < *b) - (*a > *b);
}

/* The 1 % of the negatives with the highest scores, in the order of the rows, with all rows of
 * the lowest of these scores. */
static int highest_of(const struct measurement *m, struct members *g)
{
    gad_cleanup(gad_freep) float *score = gad_calloc(m->n, sizeof(*score));
    size_t n = 0;

    if (!score)
        return GAD_ENOMEM;
    g->n = 0;
    for (size_t i = 0; i < m->n; i++)
        if (!m->labelled || !m->e.positive[i])
            score[n++] = m->score[i];
    if (n == 0)
        return 0;
    qsort(score, n, sizeof(*score), highest_first);
    float least = score[n / 100];
    for (size_t i = 0; i < m->n; i++)
        if ((!m->labelled || !m->e.positive[i]) && m->score[i] >= least)
            g->at[g->n++] = (uint32_t)i;
    return 0;
}

static void sort_columns(struct importance *r)
{
    for (size_t i = 0; i < GAD_N_COLUMNS; i++) {
        const double *by = r->n_groups > 0 ? r->overall : r->highest.share;
        size_t j = i;
        for (; j > 0 && by[r->order[j - 1]] < by[i]; j--)
            r->order[j] = r->order[j - 1];
        r->order[j] = (enum gad_column)i;
    }
}

int importance_find(const struct measurement *m, struct importance *ret)
{
    struct importance r = {0};
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    gad_cleanup(gad_freep) uint32_t *at = gad_calloc(m->n, sizeof(*at));
    struct members g = {.at = at};

    int err = at ? gad_workspace_new(m->det, WORKSPACE_ROWS, &ws) : GAD_ENOMEM;
    if (err == 0)
        err = highest_of(m, &g);
    if (err != 0)
        return err;
    explain(m, ws, &g, &r.highest);
    for (enum gad_attack_class c = 0; c < (m->labelled ? GAD_N_CLASSES : 1); c++) {
        struct importance_group *group = &r.group[r.n_groups];
        flagged_of(m, c, &g);
        if (g.n == 0)
            continue;
        group->name = m->labelled ? gad_attack_class_name(c) : "flagged";
        explain(m, ws, &g, group);
        r.n_groups++;
    }
    for (size_t k = 0; k < r.n_groups; k++)
        for (size_t i = 0; i < GAD_N_COLUMNS; i++)
            r.overall[i] += r.group[k].share[i] / (double)r.n_groups;
    sort_columns(&r);
    *ret = r;
    return 0;
}
