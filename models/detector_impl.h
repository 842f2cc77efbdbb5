/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of a detector, only for detector.c and explain.c. */

#include <stddef.h>
#include <stdint.h>

#include "lib/checkpoint/checkpoint.h"
#include "models/detector.h"

struct gad_model;
struct gad_model_ops;
struct gad_reference;
struct gad_scaler;
struct gad_schema;

struct gad_detector {
    char *name;
    struct gad_schema *schema;
    struct gad_scaler *scaler;
    const struct gad_model_ops *ops;
    struct gad_model *model;
    uint64_t n_calibration, worth; /* worth: independent rows that say as much, 1 .. n */
    size_t n_levels;
    double *level;                   /* (n_levels) ascending from 0 to 1 */
    float *value;                    /* (n_levels) ascending */
    struct gad_ckpt_tail tail;       /* state FITTED: for p-values beyond the highest value */
    struct gad_reference *reference; /* NULL: not in the checkpoint */
    uint8_t sha256[32];
    char sha256_hex[65];
};

/* Rows that gad_detector_explain() scores: the record, and one for each column that it tries. */
enum { GAD_EXPLAIN_ROWS = 16 };

struct gad_workspace {
    size_t n;       /* rows of a tile, at least GAD_EXPLAIN_ROWS */
    float *x;       /* (n, ld) */
    float *xhat;    /* (1, ld) */
    float *scratch; /* the model's, for n rows */
    float score[GAD_EXPLAIN_ROWS];
};
