/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A trained network that scores feature vectors. A model is loaded from a checkpoint and is
 * immutable. Threads may share it; each needs a separate workspace. Training is in
 * models/trainer.h: a program that only scores links none of it.
 *
 * The score of a row does not depend on the rows it is scored with: it has the same bits alone, in
 * a batch of 4,096, by socket or in the trainer. How: lib/nn/kernel.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_checkpoint;
struct gad_diag;
struct gad_joint_layout;
struct gad_model; /* defined by each model */

/* The leading dimension of feature vectors fills whole vector registers. */
enum { GAD_LD_STEP = 16 };

static inline size_t gad_ld(size_t dim)
{
    return (dim + GAD_LD_STEP - 1) / GAD_LD_STEP * GAD_LD_STEP;
}

/* What the score "whitened" compares, in the workspace: x with x', and e with e', whose width
 * depends on the model. */
struct gad_errors {
    const float *xhat;     /* (n, gad_ld(dim)) */
    const float *e, *ehat; /* (n, gad_ld(n_e)) */
    size_t n_e;
};

struct gad_model_ops {
    const char *name;    /* in checkpoints and on command lines */
    const char *summary; /* one line for people */

    /* Copies what the model needs from the checkpoint, which may be freed after. GAD_EMISMATCH with
     * @d if the nets do not have the shapes that the model needs. */
    int (*load)(const struct gad_checkpoint *c, struct gad_model **ret, struct gad_diag *d);
    void (*free)(struct gad_model *m);

    /* Floats of workspace for batches of up to n rows. The caller allocates it, 64-byte aligned. */
    size_t (*workspace)(const struct gad_model *m, size_t n);

    /* Times that a record passes the networks, for a model that searches; NULL: once. */
    uint32_t (*steps)(const struct gad_model *m);

    /**
     * score() - anomaly scores; higher is more anomalous
     * @x:     (n, gad_ld(dim)) scaled rows, elements dim .. ld zero, 64-byte aligned
     * @ws:    workspace(m, n) floats; overwritten
     * @score: (n), finite
     * Does not allocate and cannot fail.
     */
    void (*score)(const struct gad_model *m, size_t n, const float *x, float *ws, float *score);

    /* xhat (n, gad_ld(dim)): the reconstruction of x; its distance from x is the residual. */
    void (*reconstruct)(const struct gad_model *m, size_t n, const float *x, float *ws,
                        float *xhat);

    /* The vectors v that the joint score (models/joint.h) is fitted to, (n, ld of the layout) in
     * the workspace. NULL: the model has no joint score. */
    const float *(*joint)(const struct gad_model *m, size_t n, const float *x, float *ws);
    const struct gad_joint_layout *(*joint_layout)(const struct gad_model *m);
};

/* The models. A new one is a file that defines its operations, a line here and one in model.c. */
extern const struct gad_model_ops gad_egbad;
extern const struct gad_model_ops gad_ganomaly;
extern const struct gad_model_ops gad_anogan;

/* NULL if there is no model of this name. */
const struct gad_model_ops *gad_model_find(const char *name);
