/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of the trainers: trainer.c has what all models share, *_train.c what differs. Each model's
 * own structure begins with a struct gad_trainer and continues with its networks.
 */

#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/nn/adam.h"
#include "lib/nn/net.h"
#include "models/trainer.h"

extern const struct gad_trainer_ops gad_egbad_trainer;
extern const struct gad_trainer_ops gad_ganomaly_trainer;
extern const struct gad_trainer_ops gad_anogan_trainer;

struct gad_train_method {
    size_t size;               /* of the model's own structure */
    const char *const *scores; /* (n_scores) kinds of score, the default first */
    size_t n_scores;
    size_t n_orders; /* random orders of the rows in an epoch, at most GAD_TRAIN_ORDERS_MAX */
    enum gad_adam_form adam;

    /* Checks the model's own options, makes its networks for rows of @dim elements and sets
     * t->params. Options and score are set, and the common ones are checked. */
    int (*init)(struct gad_trainer *t, size_t dim, struct gad_diag *d);
    void (*deinit)(struct gad_trainer *t); /* also after a failed init() */

    /* Calls gad_train_forget_unseen() for each network that reads x. NULL: none. */
    void (*forget)(struct gad_trainer *t);

    /* One step on the batch that begins at place @at of the orders; sets the losses. */
    void (*step)(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss);

    /* Calls gad_train_export() for each network. Kind, weight and degree of c->score are those of
     * the options; sets the others and those that differ. */
    void (*fill)(struct gad_trainer *t, struct gad_checkpoint *c);
};

enum { GAD_TRAIN_ORDERS_MAX = 2, GAD_EXPORT_NETS_MAX = 5, GAD_EXPORT_LAYERS_MAX = 16 };

struct gad_trainer {
    const struct gad_trainer_ops *ops;
    struct gad_train_options opt;
    size_t score; /* index in the method's scores */

    struct gad_params *params;              /* of the model's networks */
    struct gad_adam adam_d, adam_g, adam_e; /* discriminator, generator, encoder */
    struct gad_rng init, orders, latent;    /* each a stream of the seed */
    struct gad_dropout_rng dropout;

    /* The epoch under way: rows x (n, ld), borrowed, and their random orders (n). */
    size_t n, ld;
    const float *x;
    uint32_t *order[GAD_TRAIN_ORDERS_MAX];

    /* What gad_trainer_fill() points a checkpoint at. */
    size_t n_nets, n_layers;
    struct gad_ckpt_net net[GAD_EXPORT_NETS_MAX];
    struct gad_ckpt_layer layer[GAD_EXPORT_LAYERS_MAX];
};

/* Copies the rows order[k][at ..] into to (batch, dim) and prefetches those of the next step. */
void gad_train_gather(const struct gad_trainer *t, size_t k, size_t at, struct gad_mat to);

/* Fills z with N(0, 1) from the latent stream. */
void gad_train_draw(struct gad_trainer *t, struct gad_mat z);

/* Zeroes the weights of elements that are 0 in all rows of the epoch under way. @net reads x. */
void gad_train_forget_unseen(struct gad_trainer *t, const struct gad_net *net);

/* One Adam step on a range of the parameters and, with ema > 0, one of its average. */
void gad_train_update(struct gad_trainer *t, struct gad_adam *adam, struct gad_range r);

/* Adds a network to those that fill() exports: the layers of @first, then those of @second unless
 * it is NULL. */
void gad_train_export(struct gad_trainer *t, const char *name, const struct gad_net *first,
                      const struct gad_net *second);
