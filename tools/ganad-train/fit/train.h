/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The epochs: trains, measures the held-out rows after each epoch, and keeps the networks of the
 * last or of the best one. So an interrupted training still has a finished epoch to write.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct fit_options;
struct gad_checkpoint;
struct gad_diag;
struct gad_trainer;
struct snapshot;

struct train_rows {
    size_t n, n_held_out, ld;
    const float *x, *held_out; /* scaled, (n, ld) and (n_held_out, ld) */

    /* Only for keep "test-labels": the test rows, which of them are positives, and the
     * percentile of their scores that is the threshold. */
    size_t n_test;
    const float *test; /* (n_test, ld) */
    const bool *positive;
    double percentile;
};

/* Losses and held-out error of each finished epoch. */
struct train_history {
    double *loss_d, *loss_g, *loss_e, *held_out; /* each (epochs requested); loss_d owns all */
};

struct training {
    struct snapshot *kept;  /* NULL: interrupted in the first epoch */
    uint32_t epochs, epoch; /* finished; the kept one, 1-based */
    double held_out;        /* mean |x - xhat| of the kept one */
    double figure;          /* the criterion of --keep; lower is better */
    struct train_history history;
    bool interrupted;
};

/**
 * train_run() - runs all epochs, or those until Ctrl-C
 * @c: model and scaler.dim are set; model, nets and score become those of the kept epoch
 *
 * With 0 epochs the first weights are kept. GAD_EMISMATCH with @d if training diverged: a loss was
 * not finite, or the kept networks reconstruct held-out rows worse than the first weights did. The
 * latter is allowed in the published setting, which is unstable.
 */
int train_run(const struct fit_options *o, struct gad_trainer *t, const struct train_rows *rows,
              struct gad_checkpoint *c, struct training *ret, struct gad_diag *d) GAD_MUST_CHECK;
void training_deinit(struct training *r);
