/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the trainers share: the pass over the rows in random order, the check of the options, and the way of
 * trained networks into a checkpoint.
 */

#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/nn/adam.h"
#include "lib/nn/net.h"
#include "models/trainer.h"

extern const struct gad_trainer_ops gad_egbad_trainer;
extern const struct gad_trainer_ops gad_ganomaly_trainer;
extern const struct gad_trainer_ops gad_anogan_trainer;

/* Streams of a seed. */
enum { GAD_STREAM_INIT, GAD_STREAM_ORDER, GAD_STREAM_LATENT, GAD_STREAM_DROPOUT };

/**
 * gad_train_check() - options that all models have
 * @score: (n_scores) names of the model's scores; @ret_score is which of them the option means, NULL the first
 * Return: 0; GAD_EINVAL with @d.
 */
int gad_train_check(const struct gad_train_options *o, size_t dim, const char *const *score,
                    size_t n_scores, size_t *ret_score, struct gad_diag *d) GAD_MUST_CHECK;

enum { GAD_TRAIN_ORDERS_MAX = 2 };

/* One epoch under way. order[k][at .. at + batch] are the rows of the step that begins at row `at`. */
struct gad_train_pass {
    size_t batch, n_orders;
    struct gad_rng rng; /* of the orders */
    size_t n, ld;
    const float *x;
    uint32_t *order[GAD_TRAIN_ORDERS_MAX];
};

/* A trainer's start: Xavier weights, with averages that begin as they do, and the passes to come. @init goes on. */
void gad_train_begin(const struct gad_train_options *o, size_t n_orders, struct gad_rng *init,
                     struct gad_params *p, struct gad_train_pass *pass);
void gad_train_pass_deinit(struct gad_train_pass *p);

/* The blocks that all trainers have: weights, their averages and moments, and the order of rows to come. Returns
 * how many. */
size_t gad_train_state(struct gad_params *p, struct gad_train_pass *pass,
                       struct gad_train_block block[static GAD_TRAIN_BLOCKS_MAX]);

/* Copies the rows of order k for the step at `at` into to (batch, dim) and asks for those of the next step. */
void gad_train_gather(const struct gad_train_pass *p, size_t k, size_t at, struct gad_mat to);

/* The tick and its argument, as gad_trainer_ops.epoch() takes them. */
struct gad_train_tick {
    bool (*call)(void *arg, size_t rows);
    void *arg;
};

/**
 * gad_train_epoch() - draw new orders and call step for each whole batch
 * @x:     (n, ld), as gad_trainer_ops.epoch() takes it
 * @step:  does one step on t and sets the losses in @loss
 * Return: as gad_trainer_ops.epoch(); GAD_ENOMEM if there is no memory for the orders of so many rows.
 */
int gad_train_epoch(struct gad_train_pass *p, size_t n, const float *x, size_t ld,
                    struct gad_train_tick tick,
                    void (*step)(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss),
                    struct gad_trainer *t, struct gad_epoch_stats *stats,
                    struct gad_diag *d) GAD_MUST_CHECK;

/* One Adam step on a range of the parameters and, with ema > 0, one of its average. */
void gad_train_update(struct gad_params *p, struct gad_adam *adam, struct gad_range r, double ema);

/* Networks as a checkpoint wants them. */
enum { GAD_EXPORT_NETS_MAX = 5, GAD_EXPORT_LAYERS_MAX = 16 };
struct gad_train_export {
    size_t n_nets, n_layers;
    struct gad_ckpt_net net[GAD_EXPORT_NETS_MAX];
    struct gad_ckpt_layer layer[GAD_EXPORT_LAYERS_MAX];
};

/* Adds one net made of the layers of n parts in a row, pointing into plane theta. */
void gad_train_export_net(struct gad_train_export *e, const char *name, const gad_real *theta,
                          size_t n, const struct gad_net *const *part);
