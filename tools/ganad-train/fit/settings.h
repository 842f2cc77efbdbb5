/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Settings that not every model or score has. An option for one that is not there is refused by its name, and the
 * provenance of a checkpoint has those that shaped it.
 */

#include <stdbool.h>
#include <stddef.h>

struct fit_options;
struct gad_buf;
struct gad_diag;

/* In the order in which a checkpoint's command has always had them. */
enum setting {
    SETTING_RESIDUAL,
    SETTING_RESIDUAL_ON,
    SETTING_WEIGHTS,
    SETTING_LOSS,
    SETTING_SCORE_WEIGHT,
    SETTING_DEGREE,
    SETTING_STEPS,
    SETTING_TOLERANCE,
    SETTING_CONDITION,
    N_SETTINGS
};

const char *setting_name(enum setting s); /* of its option, without the dashes */

/* Does this training or its score have it? False: @why says who has it, if it is not NULL. */
bool setting_is_used(const struct fit_options *o, enum setting s, struct gad_diag *why);

/* Of a model that has it, for some of its scores: is it what it is if the option is not given? */
bool setting_is_usual(const struct fit_options *o, enum setting s);

/* " --residual 1 ..." of all that the model has; what its score does not use is what it usually is. */
void settings_command(const struct fit_options *o, struct gad_buf *b);
