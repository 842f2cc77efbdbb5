/* SPDX-License-Identifier: Apache-2.0 */
/* The histograms that drift is measured against: from a message, checked, and back to one. */
#include <inttypes.h>
#include <math.h>

#include "lib/base/diag.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/checkpoint/internal.h"

int gad_ckpt_convert_reference(const Ganad__Checkpoint__Reference *m, struct gad_ckpt_arena *a,
                               struct gad_checkpoint *c, struct gad_diag *d)
{
    size_t n = c->schema.n_numeric + c->schema.n_groups;

    if (m->n_column != n)
        return gad_fail(d, GAD_EMISMATCH, "reference: %zu histograms, the schema has %zu columns",
                        m->n_column, n);
    if (m->n == 0)
        return gad_fail(d, GAD_EFORMAT, "reference: of no records");
    c->reference.column = gad_ckpt_arena_alloc(a, n, sizeof(*c->reference.column));
    if (!c->reference.column)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < n; i++)
        c->reference.column[i] = (struct gad_ckpt_histogram){.n_edges = m->column[i]->n_edge,
                                                             .n_bins = m->column[i]->n_count,
                                                             .edge = m->column[i]->edge,
                                                             .count = m->column[i]->count};
    c->reference.n = m->n;
    c->reference.n_columns = n;
    return 0;
}

static int check_edges(const struct gad_ckpt_histogram *h, const char *column, struct gad_diag *d)
{
    if (h->n_edges == 0 || h->n_edges > GAD_CKPT_EDGES_MAX)
        return gad_fail(d, GAD_ELIMIT, "reference: column '%.64s': %zu edges, 1 to %d can be",
                        column, h->n_edges, GAD_CKPT_EDGES_MAX);
    for (size_t i = 0; i < h->n_edges; i++)
        if (!isfinite(h->edge[i]) || (i > 0 && h->edge[i] <= h->edge[i - 1]))
            return gad_fail(d, GAD_EFORMAT, "reference: column '%.64s': edge %zu does not ascend",
                            column, i);
    return 0;
}

static int check_counts(const struct gad_checkpoint *c, const struct gad_ckpt_histogram *h,
                        size_t n_bins, const char *column, struct gad_diag *d)
{
    uint64_t left = c->reference.n;

    if (h->n_bins != n_bins)
        return gad_fail(d, GAD_EMISMATCH, "reference: column '%.64s': %zu counts, not %zu", column,
                        h->n_bins, n_bins);
    for (size_t i = 0; i < n_bins && h->count[i] <= left; i++) {
        left -= h->count[i];
        if (i + 1 == n_bins && left == 0)
            return 0;
    }
    return gad_fail(d, GAD_EMISMATCH,
                    "reference: column '%.64s': the counts are not of %" PRIu64 " records", column,
                    c->reference.n);
}

int gad_ckpt_verify_reference(const struct gad_checkpoint *c, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->reference.n_columns; i++) {
        const struct gad_ckpt_histogram *h = &c->reference.column[i];
        if (i < c->schema.n_numeric) {
            r = check_edges(h, c->schema.numeric[i], d);
            if (r == 0)
                r = check_counts(c, h, h->n_edges + 1, c->schema.numeric[i], d);
            continue;
        }
        const struct gad_ckpt_group *g = &c->schema.groups[i - c->schema.n_numeric];
        if (h->n_edges > 0)
            return gad_fail(d, GAD_EFORMAT, "reference: column '%.64s': a group has no edges",
                            g->column);
        r = check_counts(c, h, g->n_categories + 1, g->column, d);
    }
    return r;
}

Ganad__Checkpoint__Reference *gad_ckpt_build_reference(struct gad_ckpt_arena *a,
                                                       const struct gad_checkpoint *c)
{
    size_t n = c->reference.n_columns;
    Ganad__Checkpoint__Reference *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    Ganad__Checkpoint__Reference__Column *column = gad_ckpt_arena_alloc(a, n, sizeof(*column));

    if (!m || !column)
        return NULL;
    ganad__checkpoint__reference__init(m);
    m->n = c->reference.n;
    m->column = gad_ckpt_arena_alloc(a, n, sizeof(*m->column));
    for (size_t i = 0; m->column && i < n; i++) {
        const struct gad_ckpt_histogram *h = &c->reference.column[i];
        ganad__checkpoint__reference__column__init(&column[i]);
        column[i].n_edge = h->n_edges;
        column[i].edge = (double *)(uintptr_t)h->edge; /* packing only reads */
        column[i].n_count = h->n_bins;
        column[i].count = (uint64_t *)(uintptr_t)h->count;
        m->column[m->n_column++] = &column[i];
    }
    return m->column ? m : NULL;
}
