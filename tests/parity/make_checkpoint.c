/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_checkpoint MODEL SCORE DEGREE SCALER SEED OUT: a checkpoint with random weights and everything else a real
 * one has, so that the reference can check it as it checks a trained one.
 */

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/dataset.h"
#include "models/detector.h"
#include "tests/support/random_model.h"

enum { DIM_MAX = 256 };

static struct gad_ckpt_self_test self_tests[] = {
    {"0,tcp,http,SF,181,5450,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,8,8,0.00,0.00,0.00,0.00,1.00,0.00,0."
     "00,9,9,1.00,"
     "0.00,0.11,0.00,0.00,0.00,0.00,0.00",
     0.0f},
    {"0,icmp,ecr_i,SF,1032,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,511,511,0.00,0.00,0.00,0.00,1.00,0.00,"
     "0.00,255,255,"
     "1.00,0.00,1.00,0.00,0.00,0.00,0.00,0.00",
     0.0f},
};

/* Offsets and ranges of all sizes, and for log-minmax some logarithms: what training would have found. */
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

static int score(const struct gad_detector *det, const char *line, float *ret, struct gad_diag *d)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *in = NULL;
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    struct gad_row row;

    int r = gad_dataset_open_memory("line", line, strlen(line), NULL, &in, d);
    if (r == 0)
        r = gad_dataset_next(in, &row, d);
    if (r == 0)
        r = gad_workspace_new(det, 1, &ws);
    if (r == 0)
        (void)gad_detector_score(det, ws, 1, &row.rec, ret);
    return r;
}

/* A detector takes a checkpoint in memory without self-tests; a file must have some. */
static int add_self_tests(struct gad_checkpoint *c, struct gad_diag *d)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;

    int r = gad_detector_new("new", c, &det, d);
    c->n_self_tests = sizeof(self_tests) / sizeof(self_tests[0]);
    c->self_tests = self_tests;
    for (size_t i = 0; i < c->n_self_tests && r == 0; i++)
        r = score(det, self_tests[i].record, &self_tests[i].score, d);
    return r;
}

int main(int argc, char **argv)
{
    struct gad_diag d = {0};
    uint64_t degree, seed;

    if (argc != 7 || gad_text_u64(argv[3], strlen(argv[3]), 2, &degree) != 0 ||
        gad_text_u64(argv[5], strlen(argv[5]), UINT64_MAX, &seed) != 0) {
        fprintf(stderr, "usage: make_checkpoint MODEL SCORE DEGREE SCALER SEED OUT\n");
        return 2;
    }
    struct random_model *m = random_model_new(argv[1], argv[2], (unsigned)degree, seed);
    struct gad_checkpoint *c = random_model_checkpoint(m);
    int r = set_scaler(c, argv[4], seed);
    if (r == 0)
        r = add_self_tests(c, &d);
    if (r == 0)
        r = gad_checkpoint_write(c, argv[6], &d);
    if (r != 0)
        fprintf(stderr, "make_checkpoint: %s\n", d.text[0] ? d.text : gad_strerror(r));
    random_model_free(m);
    return r != 0;
}
