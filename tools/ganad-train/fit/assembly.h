/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A checkpoint under construction, and the storage of everything it points to. It is filled in this
 * order: provenance, schema and scaler, networks (by the trainer), calibration, metrics, self-test
 * records.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/checkpoint/checkpoint.h"
#include "tools/ganad-train/data.h"

struct fit_options;
struct gad_calibration;
struct gad_diag;
struct gad_scaler;
struct gad_schema;
struct gad_table;
struct training;

enum { ASSEMBLY_METRICS = 24, ASSEMBLY_SELF_TESTS = 16 };

struct assembly {
    struct gad_checkpoint c;
    const char **names; /* numeric columns, then all categories */
    struct gad_ckpt_group *groups;
    struct gad_buf command;
    struct gad_ckpt_source *data;
    char *source_names; /* of data */
    struct gad_ckpt_metric metrics[ASSEMBLY_METRICS];
    struct gad_calibration *calibration;
    struct data_reference reference;
    struct gad_ckpt_self_test self_tests[ASSEMBLY_SELF_TESTS];
    char *lines; /* of the self-tests */
};

void assembly_deinit(struct assembly *a);

/* Sets schema and scaler. Borrows the schema's names and the scaler's arrays. */
int assembly_input(struct assembly *a, const struct gad_schema *schema,
                   const struct gad_scaler *scaler) GAD_MUST_CHECK;

/* Sets program, command and data. Called before training, so that names that are too long fail
 * early. */
int assembly_provenance(struct assembly *a, const struct fit_options *o, const struct gad_table *t,
                        struct gad_diag *d) GAD_MUST_CHECK;

/* Borrows the figures of the finished epochs. Leaves the history out if one of them is not
 * finite, which a checkpoint cannot hold. */
void assembly_history(struct assembly *a, const struct training *t);

/* @score: (n) held-out scores; @contamination: as in gad_calibration_new(). Replaces an earlier
 * one. */
int assembly_calibration(struct assembly *a, size_t n, const float *score, double contamination,
                         struct gad_diag *d) GAD_MUST_CHECK;

/* Adds a metric unless it is not finite. */
void assembly_metric(struct assembly *a, const char *name, double value);

/**
 * assembly_self_tests() - sets the self-test records, whose scores a reader must reproduce
 * @row:   (n) numbers of rows of the table
 * @score: (n) their scores
 *
 * Half are spread evenly over the range of scores, half are the first of each class.
 */
int assembly_self_tests(struct assembly *a, const struct gad_table *t, size_t n,
                        const uint32_t *row, const float *score) GAD_MUST_CHECK;
