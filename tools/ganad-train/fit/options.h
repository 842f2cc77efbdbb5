/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `ganad-train fit` was asked to do, with every default filled in.
 */

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

/* Which epoch: the last, that with the least held-out error, or that which is best on the test rows' labels. */
enum fit_keep { FIT_KEEP_LAST, FIT_KEEP_BEST, FIT_KEEP_TEST_LABELS, FIT_N_KEEPS };

struct fit_options {
    const struct gad_trainer_ops *model;
    const struct eval_protocol *protocol;
    enum gad_scaler_kind scaler;
    uint32_t epochs; /* 0: by how many rows train, fit_options_epochs() */
    struct gad_train_options train;
    double calibration_share;
    size_t n_left_out; /* so many times whose rows count for nothing */
    struct time_range left_out[FIT_LEFT_OUT_MAX];
    double budget;        /* of false alarms, which a model of one's own network is measured by */
    double contamination; /* share of the rows that is believed to be attacks */
    enum fit_keep keep;
    uint32_t patience; /* epochs without a better one after which training ends; 0: never */
    bool all_rows, skip_bad, quiet;
    bool whitened; /* the score is fitted to the errors of the trained networks */
    const char *name, *out, *date;
    const char *resume;    /* the state of training is kept here; NULL: nowhere */
    const char *condition; /* column, or NULL; its elements are in train once the schema is known */
    struct cli_list data, normal; /* normal: labels that --normal names */
    bool chose;                   /* the protocol was chosen by the records */
};

/* Return: CLI_OK, or CLI_USAGE after saying why. The caller deinits in either case. */
int fit_options_parse(const struct cli_command *self, int argc, char **argv, struct fit_options *o);
void fit_options_deinit(struct fit_options *o);

/* Epochs for so many rows, if nobody said how many: more of them where there are few. */
void fit_options_epochs(struct fit_options *o, size_t n_train);

/* The command that does the same again, every setting written out, up to where the files go; without --out,
 * which does not change what is made. */
void fit_options_command(const struct fit_options *o, const struct gad_table *t, struct gad_buf *b);

extern const char fit_help[], fit_help_more[];
extern const char *const fit_residual_on_names[2]; /* by residual_e_only */
extern const char *const fit_loss_names[2];        /* by enum gad_adversarial_loss */
extern const char *const fit_keep_names[FIT_N_KEEPS];
