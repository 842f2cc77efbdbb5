/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which rows the verdicts of operators speak of (lib/feedback), for fit and calibrate. Rows of an
 * attack never train or calibrate. Rows that were called expected stay, also where a time range or
 * a search for attacks leaves rows out. A row of both is one of an attack.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/dataset/split.h"

struct gad_diag;
struct gad_feedback;
struct gad_row;
struct gad_table;

/* Marks of the rows of a table. */
enum { FEEDBACK_ROWS_KEEP = 1, FEEDBACK_ROWS_DROP = 2 };

enum { FEEDBACK_ROWS_METRICS = 4 };

struct feedback_rows {
    struct gad_feedback *list;    /* NULL: no file */
    struct feedback_range *range; /* (n), by first */
    size_t n;                     /* verdicts that stand */
    size_t n_true, n_false, n_undone, n_bad;
    size_t dropped, kept; /* rows that met a verdict, by feedback_rows_count() */
};

struct feedback_metric {
    const char *name;
    double value;
};

/* @path: NULL: no verdicts. A damaged line is an error, or with @skip_bad a warning. */
int feedback_rows_read(const char *path, bool skip_bad, struct feedback_rows *ret,
                       struct gad_diag *d) GAD_MUST_CHECK;
void feedback_rows_deinit(struct feedback_rows *f);

/* The mark of a row. For gad_table_options; @arg: a struct feedback_rows. */
uint8_t feedback_rows_mark(void *arg, const struct gad_row *row);

/* Counts the marked rows of a table: a sample can have fewer than the files. */
void feedback_rows_count(struct feedback_rows *f, const struct gad_table *t);

/* Removes marked rows of attacks from the training and the calibration rows. */
void feedback_rows_drop(const struct gad_table *t, struct gad_split *s);

/* The training rows that must stay, before a search for attacks; free with gad_free(). */
struct feedback_kept {
    uint32_t *row; /* (n) */
    size_t n;
};
int feedback_rows_hold(const struct gad_table *t, const struct gad_split *s,
                       struct feedback_kept *ret) GAD_MUST_CHECK;
/* Puts those back that the search removed. @s had them all before, so there is room. */
void feedback_rows_restore(const struct feedback_kept *k, const struct gad_table *t,
                           struct gad_split *s);

/* Prints what the verdicts changed, and which of them met no row. Nothing without a file. */
void feedback_rows_print(const struct feedback_rows *f, FILE *to);

/* The figures for a checkpoint. Returns how many; 0 without a file. */
size_t feedback_rows_metrics(const struct feedback_rows *f,
                             struct feedback_metric m[static FEEDBACK_ROWS_METRICS]);
