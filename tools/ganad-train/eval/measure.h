/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Measures a checkpoint on records, for eval and report: the options that both share, the test
 * rows, their scores, the figures, and warnings about the figures.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"
#include "lib/dataset/split.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/eval/evaluate.h"

struct gad_checkpoint;
struct gad_detector;
struct gad_table;
struct json_t;
struct eval_protocol;

struct measure_options {
    const char *checkpoint;
    struct cli_list data, normal;
    const struct eval_protocol *protocol; /* NULL: all rows test */
    double fpr;
    uint64_t rows; /* at most */
    bool skip_bad, fpr_given;
};

#define MEASURE_OPTIONS_INIT ((struct measure_options){.fpr = 0.01, .rows = UINT32_MAX})

/* For the table of getopt_long(). The code 1 and these letters are in use. */
#define MEASURE_LONG_OPTIONS                                                                       \
    {"data", required_argument, NULL, 'd'}, {"protocol", required_argument, NULL, 'p'},            \
        {"fpr", required_argument, NULL, 'f'}, {"rows", required_argument, NULL, 'r'},             \
        {"normal", required_argument, NULL, 'l'},                                                  \
    {                                                                                              \
        "skip-bad", no_argument, NULL, 's'                                                         \
    }

/* Sets one option or bare argument: the first argument is the checkpoint, the others are data. */
int measure_option(struct measure_options *o, int c, const char *arg,
                   struct gad_diag *d) GAD_MUST_CHECK;
void measure_options_deinit(struct measure_options *o);

/* Checks all options together: GAD_EINVAL if one of them would not be used. */
int measure_options_check(const struct measure_options *o, struct gad_diag *d) GAD_MUST_CHECK;

enum { MEASURE_WARNINGS = 6 };

struct measurement {
    struct gad_checkpoint *c;
    struct gad_detector *det;
    struct gad_table *t;
    bool labelled;
    struct gad_diag warning[MEASURE_WARNINGS]; /* "" after the last */
    struct gad_split split;
    size_t n;            /* test rows */
    const uint32_t *row; /* (n) rows of the table; NULL: its first n. Owned by split. */
    float *score;        /* (n) */
    struct evaluation e;
};

/* Loads checkpoint and rows; sets labelled and warning. */
int measure_load(const struct measure_options *o, struct measurement *m,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* Scores the test rows, and with labels computes all figures. */
int measure_run(const struct measure_options *o, struct measurement *m,
                struct gad_diag *d) GAD_MUST_CHECK;
void measure_deinit(struct measurement *m);

/* Text on the use of the labels. */
const char *measure_labels(const struct measure_options *o);

/* The figures of eval. NULL: out of memory. */
struct json_t *measure_json(const struct measure_options *o, const struct measurement *m);
