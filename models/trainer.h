/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Training a model, offline. A trainer owns networks, optimisers and random streams; who drives it owns the
 * rows, the epochs, the choice of what to keep and the checkpoint. The same options and rows give the same
 * bits on the same machine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "models/condition.h"

struct gad_checkpoint;
struct gad_diag;
struct gad_trainer; /* each model's own */

enum gad_adversarial_loss { GAD_ADV_BCE, GAD_ADV_FEATURE_MATCHING };

/* One set for all models; a model ignores what it does not have and says in `summary` what it uses. */
struct gad_train_options {
    uint64_t seed;
    size_t batch; /* rows a step; the last partial batch of an epoch is dropped */
    double learning_rate;
    double beta1, beta2; /* Adam */
    double ema; /* decay of the averaged weights that are exported; 0: the weights themselves */
    double
        residual; /* egbad: weight of mean |x - G(E(x))| in the losses of E and G; 0: as published */
    bool residual_e_only; /* egbad: in the loss of E alone, the survey's form */
    enum gad_adversarial_loss adversarial;
    double w_adversarial, w_contextual, w_encoder; /* ganomaly; 1, 50, 1 as published */
    const char *
        score; /* kind of score to export: "fm", "cross-e", "cross-e-paper", "residual"; "enc", "rec"; NULL: the model's own */
    double score_weight; /* egbad and anogan w */
    unsigned score_degree;
    uint32_t search_steps;   /* anogan: steps of the latent search */
    double search_tolerance; /* anogan: early stop of the search; 0: none */
    struct gad_condition
        condition; /* egbad, anogan: what generator and discriminator see besides */
};

/* Means over the steps of an epoch. */
struct gad_epoch_stats {
    uint64_t steps;
    double loss_d, loss_g,
        loss_e; /* discriminator, generator, encoder; a model without one leaves 0 */
};

/* A piece of what a trainer is at the end of an epoch. */
struct gad_train_block {
    void *p;
    size_t len;
};
enum { GAD_TRAIN_BLOCKS_MAX = 16 };

struct gad_trainer_ops {
    const char *name; /* as gad_model_ops */
    const char *summary;

    /* Settings that the protocol asks for: "survey" (as published) or "normal" (deployment). */
    void (*defaults)(const char *protocol, struct gad_train_options *o);

    /* GAD_EINVAL with @d naming an option that is out of range. */
    int (*create)(const struct gad_train_options *o, size_t dim, struct gad_trainer **ret,
                  struct gad_diag *d);
    void (*free)(struct gad_trainer *t);

    /**
     * epoch() - one pass over the rows in a fresh random order
     * @x:     (n, ld) scaled rows; unchanged
     * @tick:  called now and then with the rows done of this epoch; false stops at once and leaves the
     *         epoch unfinished. May be NULL.
     * Return: 0; GAD_END if tick stopped it; GAD_EMISMATCH with @d if a loss is no longer finite; GAD_EINVAL if n
     * is less than one batch. No allocation in a step.
     */
    int (*epoch)(struct gad_trainer *t, size_t n, const float *x, size_t ld,
                 bool (*tick)(void *arg, size_t rows), void *arg, struct gad_epoch_stats *stats,
                 struct gad_diag *d);

    /* Points model, nets (with weights: the average where there is one) and score of @c at the trainer's own
     * memory, valid until the next epoch() or free(). */
    void (*fill)(struct gad_trainer *t, struct gad_checkpoint *c);

    /* Everything that epochs change, as memory of the trainer. Bytes taken out of it after an epoch and put into a
     * trainer that was created with the same options make that one go on to the same bits: on the same machine
     * and by the same program. Return: the number of blocks, which with their lengths follow from the options. */
    size_t (*state)(struct gad_trainer *t,
                    struct gad_train_block block[static GAD_TRAIN_BLOCKS_MAX]);
};

const struct gad_trainer_ops *gad_trainer_find(const char *name); /* or NULL */
const struct gad_trainer_ops *gad_trainer_at(size_t i);           /* NULL after the last */
