/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Loads files of records and scores them, for all commands.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct cli_list;
struct gad_detector;
struct gad_checkpoint;
struct gad_ckpt_histogram;
struct gad_diag;
struct gad_reference;
struct gad_schema;
struct gad_table;

/* The files to read. The lists are borrowed. */
struct data_request {
    const struct cli_list *files, *normal; /* normal: labels that --normal names */
    bool skip_bad, quiet;
    size_t sample; /* as in struct gad_table_options */
};

/* Loads all files in order. Prints skipped lines, ignored columns and unusual labels to standard
 * error, also if quiet. Files without any row are an error, and so are labels for only some
 * rows. */
int data_load(const struct data_request *r, struct gad_table **ret,
              struct gad_diag *d) GAD_MUST_CHECK;

/* @row: (n) rows of the table; NULL: its first n. @score: (n) */
int data_score(const struct gad_detector *det, const struct gad_table *t, size_t n,
               const uint32_t *row, float *score) GAD_MUST_CHECK;

/* Histograms of rows of a table, and the same for a checkpoint. */
struct data_reference {
    struct gad_reference *made;
    struct gad_ckpt_histogram *column;
};

/* Fits the histograms and sets the reference of @c, which borrows them. @row: as above. */
int data_reference(const struct gad_schema *s, const struct gad_table *t, size_t n,
                   const uint32_t *row, struct data_reference *ret,
                   struct gad_checkpoint *c) GAD_MUST_CHECK;
void data_reference_deinit(struct data_reference *r);
