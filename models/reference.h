/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What normal records looked like: a histogram for each column of a schema, and one of the scores. Records that come
 * later are counted in the same bins, and the population stability index says how far the two are apart:
 *
 *     PSI = sum over the bins of (p - q) log(p / q)        p: share of the later records, q: of the reference
 *
 * which is Kullback and Leibler's divergence (1951), the symmetric one. By custom 0.1 is little and above 0.25 a shift;
 * of n records like the reference it is (bins - 1) / n on average. Each bin has half a record added, on both sides, so
 * that an empty one costs little and not all.
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
    GAD_REFERENCE_EDGES_MAX = 24, /* of those that we make; those of files may have more */
    GAD_REFERENCE_COLUMNS_MAX = GAD_N_COLUMNS + 1,
};

struct gad_reference_column {
    unsigned column;               /* enum gad_column; GAD_N_COLUMNS: the score */
    size_t group;                  /* of the schema, if there are no edges */
    size_t n_edges, n_bins, first; /* first: its first bin among those of all columns */
    double *edge;    /* (n_edges), ascending; bin i is edge[i - 1] <= value < edge[i] */
    uint64_t *count; /* (n_bins) */
};

struct gad_reference {
    uint64_t n; /* records, of the columns; the score's are those that were held out */
    size_t n_columns, n_bins;
    struct gad_reference_column column[GAD_REFERENCE_COLUMNS_MAX];
};

/* The i-th of the records that a reference is made of. */
typedef void gad_reference_get_fn(void *arg, size_t i, struct gad_record *ret);

/**
 * gad_reference_fit() - histograms of n records, without the score's
 *
 * Bins hold about a tenth of the records each; a value that makes up a tenth has a bin of its own, and what is below the
 * least and above the greatest value another. Return: 0; GAD_EINVAL: no records; GAD_ENOMEM.
 */
int gad_reference_fit(const struct gad_schema *s, size_t n, gad_reference_get_fn *get, void *arg,
                      struct gad_reference **ret) GAD_MUST_CHECK;

/* That of a checkpoint, and the score's from the tenths of its calibration; *ret is NULL if it has none. @s: its
 * schema. */
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

/* Where the two are farthest apart: the bin, and the share of its records in both. */
size_t gad_reference_farthest(const struct gad_reference_column *c, const uint64_t *count,
                              double *ret_expected, double *ret_observed);

/* "http", "other", "0", "< 0", "[0, 3.5)", ">= 1032" */
enum { GAD_REFERENCE_BIN_TEXT = 96 };
void gad_reference_bin_text(const struct gad_reference_column *c, const struct gad_schema *s,
                            size_t bin, char text[static GAD_REFERENCE_BIN_TEXT]);
