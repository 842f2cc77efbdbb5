/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A checkpoint in the making, and the storage of everything it points to. Filled in the order in which
 * things become known: schema and scaler, provenance, networks (by the trainer), calibration, metrics,
 * self-test vectors.
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

/* Borrow the schema's names and the scaler's arrays, which must live as long. */
int assembly_input(struct assembly *a, const struct gad_schema *schema,
                   const struct gad_scaler *scaler) GAD_MUST_CHECK;

/* Who, how and from what; before training, so that a name too long does not cost a night. */
int assembly_provenance(struct assembly *a, const struct fit_options *o, const struct gad_table *t,
                        struct gad_diag *d) GAD_MUST_CHECK;

/* Borrows the figures of the finished epochs, which must live as long. Leaves the history out if one is not finite:
 * a checkpoint could not hold it, and the networks are worth more. */
void assembly_history(struct assembly *a, const struct training *t);

/* @score: (n) held-out scores; @contamination as gad_calibration_new() takes it */
int assembly_calibration(struct assembly *a, size_t n, const float *score, double contamination,
                         struct gad_diag *d) GAD_MUST_CHECK;

void assembly_metric(struct assembly *a, const char *name,
                     double value); /* skips what is not finite */

/**
 * assembly_self_tests() - rows whose scores a reader must find again
 * @row:   (n) numbers of rows of the table
 * @score: (n) their scores
 *
 * Half are spread evenly over the range of scores, half are the first of each class.
 */
int assembly_self_tests(struct assembly *a, const struct gad_table *t, size_t n,
                        const uint32_t *row, const float *score) GAD_MUST_CHECK;
