/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whole files of connection records in memory, in compact form, for training and evaluation: 41
 * float32 and a label number a row (166 bytes), and 8 more where a file has times. A model uses
 * float32, so scores are the same bits as from the file; a whole number above 2^24 is rounded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/dataset/attack.h"

struct gad_diag;
struct gad_record;
struct gad_table;

enum {
    GAD_TABLE_ROWS_MAX = 16 * 1024 * 1024, /* 2.8 GB; the full KDD99 file has 4,898,431 */
    GAD_TABLE_LABELS_MAX = 1024            /* different ones; KDD99 and NSL-KDD together have 40 */
};

struct gad_table_options {
    bool skip_bad;   /* as in gad_dataset_options */
    size_t max_rows; /* 0: GAD_TABLE_ROWS_MAX */
    /* Rows to keep at most: a sample of the files (thin.h), which can have any number. At least
     * GAD_THIN_LEAST; 0: all rows are kept, and more than max_rows are an error. */
    size_t sample;
    /* Labels of normal rows, compared byte by byte, with or without their dot; n_normal 0: those
     * of gad_label_is_normal(). Borrowed for the call. */
    const char *const *normal;
    size_t n_normal;
};

/* Origin of rows, one for each file in the order given. */
struct gad_table_source {
    char *name;      /* without its directory; "stdin" for "-" */
    char sha256[65]; /* of the stored bytes, hex */
    uint64_t rows, bad_lines, unknown_names;
    uint64_t bytes;  /* of text, unpacked */
    char *first_bad; /* the first skipped bad line; "" */
    /* its name in the head; "" if there is no head, or no column is the label */
    char *label_column;
    char *passed_over; /* other columns that were not read, as "a, b and 3 more"; "" */
};

/**
 * gad_table_load() - reads files, one after the other
 * @path:  n_paths paths for gad_dataset_open()
 * Return: 0; an error of gad_dataset_next(); GAD_ELIMIT over max_rows or GAD_TABLE_LABELS_MAX;
 * GAD_ENOMEM.
 */
int gad_table_load(const char *const *path, size_t n_paths, const struct gad_table_options *opt,
                   struct gad_table **ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_table_free(struct gad_table *t);
GAD_DEFINE_CLEANUP(struct gad_table, gad_table_free);

size_t gad_table_n_rows(const struct gad_table *t);

/* Rows of the files; the share of them that was drawn for the sample, 1 / a power of two; and
 * whether row i is one of these, else it was kept because its service is rare. Without a sample all
 * rows are. */
uint64_t gad_table_n_seen(const struct gad_table *t);
double gad_table_share(const struct gad_table *t);
bool gad_table_is_drawn(const struct gad_table *t, size_t i);
size_t gad_table_n_sources(const struct gad_table *t);
const struct gad_table_source *gad_table_source(const struct gad_table *t, size_t i);

/* Writes row i as a record, without tuple and times. */
void gad_table_record(const struct gad_table *t, size_t i, struct gad_record *ret);

/* The number of rows with a time; and row i's time, false: it has no time. */
size_t gad_table_n_timed(const struct gad_table *t);
bool gad_table_time(const struct gad_table *t, size_t i, struct gad_time *ret);

/* Returns the 41 features of row i, like gad_record.v. */
const float *gad_table_features(const struct gad_table *t, size_t i);

/**
 * gad_table_first() - finds equal rows
 * @first: (rows) for each row the number of the first one with the same 41 features, which can be
 *         its own
 * Return: 0 or GAD_ENOMEM.
 */
int gad_table_first(const struct gad_table *t, uint32_t *first) GAD_MUST_CHECK;

/* Labels are numbered in order of appearance; "" for rows of a file without labels. */
size_t gad_table_n_labels(const struct gad_table *t);
const char *gad_table_label_name(const struct gad_table *t, size_t label);
size_t gad_table_label(const struct gad_table *t, size_t i);
bool gad_table_has_label(const struct gad_table *t, const char *name); /* with its dot or without */
uint64_t gad_table_label_rows(const struct gad_table *t,
                              size_t label); /* how many have it, in the files */
bool gad_table_label_is_normal(const struct gad_table *t, size_t label);
/* By its name; but if the caller named normal labels, exactly those are normal. */
enum gad_attack_class gad_table_label_class(const struct gad_table *t, size_t label);
bool gad_table_is_normal(const struct gad_table *t, size_t i);
bool gad_table_is_labelled(const struct gad_table *t); /* every row has a label */
