/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Training a model, offline. A trainer owns networks, optimisers and random streams. Its caller
 * owns the rows, the number of epochs, the choice of what to keep and the checkpoint. The same
 * options and rows give the same bits on the same machine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "models/condition.h"

struct gad_checkpoint;
struct gad_diag;
struct gad_trainer;
struct gad_train_method;

enum gad_adversarial_loss { GAD_ADV_BCE, GAD_ADV_FEATURE_MATCHING };

/* One set for all models. A model ignores the options that it does not have; `summary` names those
 * that it uses. */
struct gad_train_options {
    uint64_t seed;
    size_t batch; /* rows a step; the last partial batch of an epoch is dropped */
    double learning_rate;
    double beta1, beta2; /* Adam */
    double ema;    /* decay of the averaged weights that are exported; 0: the weights themselves */
    bool ema_ramp; /* the decay rises to that value, gad_ema_ramp(); published: it is constant */
    /* egbad: weight of mean |x - G(E(x))| in the losses of E and G; 0: as published. */
    double residual;
    bool residual_e_only; /* egbad: in the loss of E alone, as in the survey */
    enum gad_adversarial_loss adversarial;
    double w_adversarial, w_contextual, w_encoder; /* ganomaly; 1, 50, 1 as published */
    /* Kind of score to export: egbad "fm", "cross-e", "cross-e-paper", "residual"; ganomaly "enc",
     * "rec"; anogan "fm", "cross-e". NULL: the model's first. */
    const char *score;
    double score_weight; /* egbad and anogan w */
    unsigned score_degree;
    uint32_t search_steps;   /* anogan: steps of the latent search */
    double search_tolerance; /* anogan: early stop of the search; 0: none */
    /* egbad, anogan: elements of x that generator and discriminator also read. */
    struct gad_condition condition;
};

/* Means over the steps of an epoch; 0 for a network that the model does not have. */
struct gad_epoch_stats {
    uint64_t steps;
    double loss_d, loss_g, loss_e; /* discriminator, generator, encoder */
};

/* A part of a trainer's state at the end of an epoch. */
struct gad_train_block {
    void *p;
    size_t len;
};
enum { GAD_TRAIN_BLOCKS_MAX = 16 };

/* The trainer of one model. */
struct gad_trainer_ops {
    const char *name; /* as gad_model_ops */
    const char *summary;

    /* Settings of a protocol: "survey" (as published) or "normal" (deployment). */
    void (*defaults)(const char *protocol, struct gad_train_options *o);

    const struct gad_train_method *method; /* models/trainer_impl.h */
};

const struct gad_trainer_ops *gad_trainer_find(const char *name); /* or NULL */
const struct gad_trainer_ops *gad_trainer_at(size_t i);           /* NULL after the last */

/* GAD_EINVAL with @d naming an option that is out of range; GAD_ENOMEM. */
int gad_trainer_new(const struct gad_trainer_ops *ops, const struct gad_train_options *o,
                    size_t dim, struct gad_trainer **ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_trainer_free(struct gad_trainer *t);
GAD_DEFINE_CLEANUP(struct gad_trainer, gad_trainer_free);

/**
 * gad_trainer_epoch() - one pass over the rows in a new random order
 * @x:     (n, ld) scaled rows; unchanged
 * @tick:  called every 16 steps with the rows done in this epoch; false stops at once and leaves
 *         the epoch unfinished. May be NULL.
 * @stats: set unless the rows were refused or memory was short
 *
 * Allocates the orders of the rows; a step allocates nothing.
 *
 * Returns 0; GAD_END if tick stopped it; GAD_ENOMEM; with @d also
 *     GAD_EMISMATCH   a loss is no longer finite
 *     GAD_EINVAL      n is less than one batch
 *     GAD_ELIMIT      more than 2^32 - 1 rows
 */
int gad_trainer_epoch(struct gad_trainer *t, size_t n, const float *x, size_t ld,
                      bool (*tick)(void *arg, size_t rows), void *arg,
                      struct gad_epoch_stats *stats, struct gad_diag *d) GAD_MUST_CHECK;

/* Points model, nets (with weights: the average where there is one) and score of @c at memory of
 * the trainer, which stays valid until the next gad_trainer_epoch() or gad_trainer_free(). */
void gad_trainer_fill(struct gad_trainer *t, struct gad_checkpoint *c);

/* Everything that epochs change, as blocks in the trainer's memory. A caller that copies these
 * bytes after an epoch into a trainer with the same options continues to the same bits, on the same
 * machine and with the same program. Returns the number of blocks; number and lengths follow from
 * the options. */
size_t gad_trainer_state(struct gad_trainer *t,
                         struct gad_train_block block[static GAD_TRAIN_BLOCKS_MAX]);
