/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options of `ganad-train fit`, with every default filled in. */

#include <stdbool.h>
#include <stdint.h>

#include "lib/feature/scaler.h"
#include "models/trainer.h"
#include "tools/ganad-train/by_time.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/eval_protocol.h"

struct gad_buf;
struct gad_table;

enum { FIT_LEFT_OUT_MAX = 64 };

#define FIT_EPOCHS_BY_ROWS UINT32_MAX

/* Which epoch is kept: the last, the one with the lowest held-out error, or the best by the labels
 * of the test rows. */
enum fit_keep { FIT_KEEP_LAST, FIT_KEEP_BEST, FIT_KEEP_TEST_LABELS, FIT_N_KEEPS };

struct fit_options {
    const struct gad_trainer_ops *model;
    const struct eval_protocol *protocol;
    enum gad_scaler_kind scaler;
    uint32_t epochs; /* 0: the first weights; or FIT_EPOCHS_BY_ROWS until fit_options_epochs() */
    struct gad_train_options train;
    double calibration_share;
    unsigned
        folds; /* 2 .. FOLDS_MAX, 0 none, FOLDS_AUTO by the number of rows; set before training */
    size_t n_left_out; /* time ranges whose rows are ignored */
    struct time_range left_out[FIT_LEFT_OUT_MAX];
    double budget;        /* false-positive rate that protocol baseline evaluates the model at */
    double contamination; /* share of the rows that are assumed to be attacks */
    enum fit_keep keep;
    uint32_t patience; /* training ends after this many epochs without a better one; 0: never */
    bool all_rows, skip_bad, quiet;
    bool is_joint; /* score joint, fitted to what the trained networks compute */
    const char *name, *out, *date;
    const char *resume;    /* file with the state of training, or NULL */
    const char *condition; /* column, or NULL; train has its elements once the schema is known */
    struct cli_list data, normal; /* normal: labels that --normal names */
    bool chose;                   /* the records chose the protocol */
};

/* Returns CLI_OK, or CLI_USAGE after a message. The caller deinits in either case. */
int fit_options_parse(const struct cli_command *self, int argc, char **argv, struct fit_options *o);
void fit_options_deinit(struct fit_options *o);

/* Sets the epochs for @n_train rows unless --epochs was given: the fewer rows, the more epochs,
 * but 15 for protocol normal without folds. o->folds is final. */
void fit_options_epochs(struct fit_options *o, size_t n_train);

/* Writes the command that repeats this training: every setting, without --out, which does not
 * change the result. */
void fit_options_command(const struct fit_options *o, const struct gad_table *t, struct gad_buf *b);

extern const char fit_help[], fit_help_more[];
extern const char *const fit_residual_on_names[2]; /* by residual_e_only */
extern const char *const fit_loss_names[2];        /* by enum gad_adversarial_loss */
extern const char *const fit_keep_names[FIT_N_KEEPS];
