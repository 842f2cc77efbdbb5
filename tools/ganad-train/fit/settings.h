/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Settings that not every model or score has. An option that the model or score does not use is
 * refused by its name. The provenance of a checkpoint lists the settings of its model.
 */

#include <stdbool.h>
#include <stddef.h>

struct fit_options;
struct gad_buf;
struct gad_diag;

/* In the order of a checkpoint's command, which must not change. */
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

const char *setting_name(enum setting s); /* of its option, without "--" */

/* Whether this training or its score uses it. If not, @why says which one does; it can be NULL. */
bool setting_is_used(const struct fit_options *o, enum setting s, struct gad_diag *why);

/* Whether the setting has its default, for a setting that only some scores of the model use. */
bool setting_is_usual(const struct fit_options *o, enum setting s);

/* " --residual 1 ...": all settings of the model; those that its score does not use have the
 * default. */
void settings_command(const struct fit_options *o, struct gad_buf *b);
