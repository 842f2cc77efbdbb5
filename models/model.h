/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A trained network that scores feature vectors. Models are made from a checkpoint, immutable, and may be
 * shared by threads, each with a workspace of its own. Training is elsewhere (models/trainer.h): a program
 * that only scores links none of it.
 *
 * The score of a row does not depend on the rows it is scored with: the same bits alone, in a batch of
 * 4,096, by socket or in the trainer. lib/nn/kernel.h is how.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_checkpoint;
struct gad_diag;
struct gad_model; /* each model's own */

/* Feature vectors have a leading dimension that fills whole vector registers. */
enum { GAD_LD_STEP = 16 };

static inline size_t gad_ld(size_t dim)
{
    return (dim + GAD_LD_STEP - 1) / GAD_LD_STEP * GAD_LD_STEP;
}

/* What a model compares, in its workspace: x with x', and e with e' of a width of its own. */
struct gad_errors {
    const float *xhat;     /* (n, gad_ld(dim)) */
    const float *e, *ehat; /* (n, gad_ld(n_e)) */
    size_t n_e;
};

struct gad_model_ops {
    const char *name;    /* in checkpoints and on command lines */
    const char *summary; /* one line for people */

    /* Takes what it needs out of the checkpoint, which may be freed after. GAD_EMISMATCH if the nets do not
     * have the shapes that the model needs. */
    int (*load)(const struct gad_checkpoint *c, struct gad_model **ret, struct gad_diag *d);
    void (*free)(struct gad_model *m);

    /* Floats of workspace for batches of up to n rows; 64-byte aligned when handed in. */
    size_t (*workspace)(const struct gad_model *m, size_t n);

    /* Times that a record passes the networks, for a model that searches; NULL: once. Who scores many rows, or
     * has little time, asks first. */
    uint32_t (*steps)(const struct gad_model *m);

    /**
     * score() - anomaly scores; higher is stranger
     * @x:     (n, gad_ld(dim)) scaled rows, elements dim .. ld zero, 64-byte aligned
     * @ws:    workspace(m, n) floats; overwritten
     * @score: (n), finite
     * Does not allocate and cannot fail.
     */
    void (*score)(const struct gad_model *m, size_t n, const float *x, float *ws, float *score);

    /* xhat (n, gad_ld(dim)): what the network makes of x; its distance from x is the residual. */
    void (*reconstruct)(const struct gad_model *m, size_t n, const float *x, float *ws,
                        float *xhat);

    /* What the whitened score (models/whiten.h) is fitted to, for a model that has one; else NULL. */
    void (*errors)(const struct gad_model *m, size_t n, const float *x, float *ws,
                   struct gad_errors *ret);
};

/* The models. A new one is a file that defines its operations, a line here and one in model.c. */
extern const struct gad_model_ops gad_egbad;
extern const struct gad_model_ops gad_ganomaly;
extern const struct gad_model_ops gad_anogan;

/* NULL if there is no model of this name. */
const struct gad_model_ops *gad_model_find(const char *name);
