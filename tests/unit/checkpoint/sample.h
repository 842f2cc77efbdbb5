/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A small checkpoint that a reader likes, for tests to break, and the test's own idea of what is
 * legal. */

#include "lib/checkpoint/checkpoint.h"

enum {
    SAMPLE_NETS = 2,
    SAMPLE_LAYERS = 2,
    SAMPLE_DIM = 6,
    SAMPLE_HIDDEN = 4,
    SAMPLE_LEVELS = 5,
    SAMPLE_EPOCHS = 10,
};

/* Everything stands in the struct; a test changes what it likes and points c elsewhere. */
struct sample {
    struct gad_checkpoint c;
    struct gad_ckpt_net nets[SAMPLE_NETS];
    struct gad_ckpt_layer layers[SAMPLE_NETS][SAMPLE_LAYERS];
    float weights[SAMPLE_NETS][SAMPLE_LAYERS][SAMPLE_DIM * SAMPLE_HIDDEN];
    float biases[SAMPLE_NETS][SAMPLE_LAYERS][SAMPLE_DIM];
    const char *numeric[3], *protocols[2], *flags[1];
    struct gad_ckpt_group groups[2];
    bool log[SAMPLE_DIM];
    float offset[SAMPLE_DIM], range[SAMPLE_DIM];
    uint32_t knots[SAMPLE_DIM];
    float knot_x[3], knot_y[3];
    double level[SAMPLE_LEVELS];
    float value[SAMPLE_LEVELS];
    struct gad_ckpt_source data[1];
    struct gad_ckpt_metric metrics[2];
    double history[4][SAMPLE_EPOCHS];
    struct gad_ckpt_self_test self_tests[2];
    struct gad_ckpt_phase phases[2];
    double edges[3][2];
    uint64_t counts[5][3];
    struct gad_ckpt_histogram histograms[5];
};

/* Points into s, which must not move afterwards. */
void sample_init(struct sample *s);

/* Whether all that checkpoint.h promises holds, written without a look at lib/checkpoint; fails
 * the test if not. */
void assert_legal(const struct gad_checkpoint *c);

void assert_same(const struct gad_checkpoint *a, const struct gad_checkpoint *b);

/* A writer refuses s->c with this code and a text that contains @why. */
void assert_fault(struct sample *s, int err, const char *why);

/* A writer takes s->c, a reader gives it back, and it is legal. */
void assert_fine(struct sample *s);

/* Sets length and sum in the header of a file of len >= 56 bytes to those of the message. */
void seal(uint8_t *file, size_t len);
