/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a complete checkpoint file without training, for tests that start the real programs.
 * Usage: random_checkpoint egbad|ganomaly|anogan SEED RECORDS OUT [SCORE DEGREE SCALER [CONDITION]]
 *
 * Weights are random. Calibration and self-test use the scores of RECORDS, a file of KDD99 lines,
 * so that a budget gives a threshold among real scores. SCALER none, minmax, log-minmax or standard
 * stands for a fitted one; without it the scaler divides by round numbers.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/dataset.h"
#include "models/calibrate.h"
#include "models/detector.h"
#include "tests/support/random_model.h"

enum { ROWS_MAX = 10000, N_SELF_TESTS = 8, DIM_MAX = 256 };

struct rows {
    size_t n;
    struct gad_record rec[ROWS_MAX];
    float score[ROWS_MAX];
    char line[N_SELF_TESTS][GAD_DATASET_LINE_MAX];
};

static int read_rows(const char *path, struct rows *rows, struct gad_diag *d)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *in = NULL;
    struct gad_row row;
    int err = gad_dataset_open(path, NULL, &in, d);

    while (!err && rows->n < ROWS_MAX && (err = gad_dataset_next(in, &row, d)) == 0) {
        if (rows->n < N_SELF_TESTS) {
            char *line = rows->line[rows->n];
            line[gad_row_write(&row.rec, NULL, line) - 1] = '\0';
        }
        rows->rec[rows->n++] = row.rec;
    }
    return err == GAD_END ? 0 : err;
}

static int score_rows(const struct gad_checkpoint *c, struct rows *rows, struct gad_diag *d)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    int err = gad_detector_new("random", c, &det, d);

    if (!err)
        err = gad_workspace_new(det, 64, &ws);
    if (!err)
        (void)gad_detector_score(det, ws, rows->n, rows->rec, rows->score);
    return err;
}

/* Offsets and ranges of all sizes, and for log-minmax some logarithms, as training would give. */
static int set_scaler(struct gad_checkpoint *c, const char *kind, uint64_t seed)
{
    static bool log[DIM_MAX];
    static float offset[DIM_MAX], range[DIM_MAX];
    struct gad_rng r = gad_rng_init(seed, 1);

    if (c->scaler.dim > DIM_MAX)
        return GAD_ELIMIT;
    for (size_t j = 0; j < c->scaler.dim; j++) {
        range[j] = 1.0f;
        if (strcmp(kind, "none") == 0)
            continue;
        log[j] = strcmp(kind, "log-minmax") == 0 && j < c->schema.n_numeric && j % 3 != 2;
        offset[j] = gad_rng_uniform(&r) - 0.5f;
        if (j < c->schema.n_numeric)
            range[j] =
                log[j] ? 1.0f + 10.0f * gad_rng_uniform(&r) : c->scaler.range[j] + offset[j] + 1.0f;
    }
    c->scaler.kind = kind;
    c->scaler.log = log;
    c->scaler.offset = offset;
    c->scaler.range = range;
    return 0;
}

struct choice {
    const char *model, *score, *scaler, *condition;
    uint64_t seed, degree;
};

static int make(const struct choice *o, const char *records, const char *out, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct rows *rows = gad_calloc(1, sizeof(*rows));
    gad_cleanup(gad_calibration_freep) struct gad_calibration *cal = NULL;
    struct gad_ckpt_self_test self_test[N_SELF_TESTS];

    if (!rows)
        return GAD_ENOMEM;
    int err = read_rows(records, rows, d);
    if (err)
        return err;
    struct random_model *m = random_model_new_conditional(o->model, o->score, (unsigned)o->degree,
                                                          o->seed, o->condition);
    struct gad_checkpoint *c = random_model_checkpoint(m);
    if (o->scaler)
        err = set_scaler(c, o->scaler, o->seed);
    if (!err)
        err = score_rows(c, rows, d);
    if (!err)
        err = gad_calibration_new(rows->n, rows->score, 0.0, &cal, d);
    if (!err) {
        gad_calibration_store(cal, c);
        for (; c->n_self_tests < N_SELF_TESTS && c->n_self_tests < rows->n; c->n_self_tests++)
            self_test[c->n_self_tests] = (struct gad_ckpt_self_test){rows->line[c->n_self_tests],
                                                                     rows->score[c->n_self_tests]};
        c->self_tests = self_test;
        err = gad_checkpoint_write(c, out, d);
    }
    random_model_free(m);
    return err;
}

int main(int argc, char **argv)
{
    struct gad_diag d = {0};
    struct choice o = {.model = argc > 1 ? argv[1] : "", .degree = 1};

    if ((argc != 5 && argc != 8 && argc != 9) ||
        gad_text_u64(argv[2], strlen(argv[2]), UINT32_MAX, &o.seed) != 0 ||
        (argc >= 8 && gad_text_u64(argv[6], strlen(argv[6]), 2, &o.degree) != 0)) {
        (void)fprintf(stderr, "usage: random_checkpoint egbad|ganomaly|anogan SEED RECORDS OUT "
                              "[SCORE DEGREE SCALER [CONDITION]]\n");
        return 2;
    }
    o.score = argc >= 8 ? argv[5] : strcmp(o.model, "ganomaly") == 0 ? "enc" : "fm";
    o.scaler = argc >= 8 ? argv[7] : NULL;
    o.condition = argc == 9 ? argv[8] : "";
    int err = make(&o, argv[3], argv[4], &d);
    if (err)
        (void)fprintf(stderr, "random_checkpoint: %s\n", *d.text ? d.text : gad_strerror(err));
    return err ? 1 : 0;
}
