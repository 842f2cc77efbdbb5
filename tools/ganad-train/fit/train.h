/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The epochs: trains, looks at held-out rows after each epoch, and keeps the networks of the last or of the
 * best one, so that there is always a finished epoch to fall back on.
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

    /* For keep "test-labels" alone: the rows that test, and which of them a threshold at this percentile of their
     * scores should be reached by. */
    size_t n_test;
    const float *test; /* (n_test, ld) */
    const bool *positive;
    double percentile;
};

/* How each finished epoch went. */
struct train_history {
    double *loss_d, *loss_g, *loss_e, *held_out; /* each (epochs asked for); loss_d owns them all */
};

struct training {
    struct snapshot *kept;  /* NULL: interrupted in the first epoch */
    uint32_t epochs, epoch; /* finished; the one that is kept, 1-based */
    double held_out;        /* mean |x - xhat| of the kept one */
    double figure;          /* by which it was kept; lower is better */
    struct train_history history;
    bool interrupted;
};

/**
 * train_run() - all epochs, or as many as Ctrl-C lets it
 * @c: model and scaler.dim are set; model, nets and score end up as those of the kept epoch
 */
int train_run(const struct fit_options *o, struct gad_trainer *t, const struct train_rows *rows,
              struct gad_checkpoint *c, struct training *ret, struct gad_diag *d) GAD_MUST_CHECK;
void training_deinit(struct training *r);
