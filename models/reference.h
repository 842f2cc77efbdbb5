/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Histograms of normal records: one for each column of a schema, and one of the scores. Later
 * records are counted in the same bins, and the population stability index measures how far the two
 * are apart:
 *
 *     PSI = sum over the bins of (p - q) log(p / q)
 *     p: share of the later records in a bin, q: share of the reference
 *
 * This is the symmetric divergence of Kullback and Leibler (1951). By convention 0.1 is a small
 * change and above 0.25 a shift; for n records like the reference it is (bins - 1) / n on average.
 * Half a record is added to each bin on both sides, so that the index stays finite with empty bins.
 *
 * Immutable after it is made; threads may share it.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/record/column.h"

struct gad_checkpoint;
struct gad_record;
struct gad_schema;

enum {
    GAD_REFERENCE_EDGES_MAX = 24, /* of gad_reference_fit(); checkpoints can have more */
    GAD_REFERENCE_COLUMNS_MAX = GAD_N_COLUMNS + 1,
};

struct gad_reference_column {
    unsigned column;               /* enum gad_column; GAD_N_COLUMNS: the score */
    size_t group;                  /* group of the schema, if there are no edges */
    size_t n_edges, n_bins, first; /* first: index of its first bin among all bins */
    /* (n_edges), ascending; bin i is edge[i - 1] <= value < edge[i], of float32 values */
    double *edge;
    uint64_t *count; /* (n_bins) */
};

struct gad_reference {
    uint64_t n; /* records in the columns; the score has the held-out ones */
    size_t n_columns, n_bins;
    struct gad_reference_column column[GAD_REFERENCE_COLUMNS_MAX];
};

/* Writes record i of those that a reference is fitted to. */
typedef void gad_reference_get_fn(void *arg, size_t i, struct gad_record *ret);

/**
 * gad_reference_fit() - histograms of n records, without the score's
 *
 * Each bin holds about a tenth of the records. A value of at least a tenth of the records has a
 * separate bin. So have values below the lowest and above the highest. Returns 0; GAD_EINVAL: no
 * records; GAD_ENOMEM.
 */
int gad_reference_fit(const struct gad_schema *s, size_t n, gad_reference_get_fn *get, void *arg,
                      struct gad_reference **ret) GAD_MUST_CHECK;

/* The reference of a checkpoint, with the score's from the tenths of its calibration; *ret is
 * NULL if the checkpoint has no reference. @s: its schema. */
int gad_reference_load(const struct gad_checkpoint *c, const struct gad_schema *s,
                       struct gad_reference **ret) GAD_MUST_CHECK;

void gad_reference_free(struct gad_reference *r);
GAD_DEFINE_CLEANUP(struct gad_reference, gad_reference_free);

const char *gad_reference_name(const struct gad_reference_column *c); /* "src_bytes"; "score" */

/* Bin of the column that a record is in, below n_bins. */
size_t gad_reference_bin(const struct gad_reference_column *c, const struct gad_schema *s,
                         const struct gad_record *rec, float score);

/* @count: (n_bins) later records in the column's bins. */
double gad_reference_psi(const struct gad_reference_column *c, const uint64_t *count);

/* The bin with the largest part of the index, and its share of the records in both. */
size_t gad_reference_farthest(const struct gad_reference_column *c, const uint64_t *count,
                              double *ret_expected, double *ret_observed);

/* "http", "other", "0", "< 0", "0 to 3.5", "> 1032" */
enum { GAD_REFERENCE_BIN_TEXT = 96 };
void gad_reference_bin_text(const struct gad_reference_column *c, const struct gad_schema *s,
                            size_t bin, char text[static GAD_REFERENCE_BIN_TEXT]);
