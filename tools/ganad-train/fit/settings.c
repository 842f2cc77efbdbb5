/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/settings.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "tools/ganad-train/fit/options.h"

enum { MODELS = 2 };

static const struct {
    const char *name;
    const char *model[MODELS]; /* that use it */
} settings[N_SETTINGS] = {
    [SETTING_RESIDUAL] = {"residual", {"egbad"}},
    [SETTING_RESIDUAL_ON] = {"residual-on", {"egbad"}},
    [SETTING_LOSS] = {"loss", {"egbad", "ganomaly"}},
    [SETTING_WEIGHTS] = {"weights", {"ganomaly"}},
    [SETTING_CONDITION] = {"condition", {"egbad", "anogan"}},
    [SETTING_SCORE_WEIGHT] = {"score-weight", {"egbad", "anogan"}},
    [SETTING_DEGREE] = {"degree", {"egbad"}},
    [SETTING_STEPS] = {"steps", {"anogan"}},
    [SETTING_TOLERANCE] = {"tolerance", {"anogan"}},
};

const char *setting_name(enum setting s)
{
    gad_assert((unsigned)s < N_SETTINGS);
    return settings[s].name;
}

static bool model_has(const char *model, enum setting s)
{
    for (size_t i = 0; i < MODELS && settings[s].model[i]; i++)
        if (strcmp(model, settings[s].model[i]) == 0)
            return true;
    return false;
}

bool setting_is_used(const struct fit_options *o, enum setting s, struct gad_diag *why)
{
    const char *score = o->is_joint ? "joint" : o->train.score ? o->train.score : "";
    const char *const *has = settings[s].model;

    if (!model_has(o->model->name, s)) {
        (void)gad_fail(why, 0, "--%s: model '%s' does not use it, only %s%s%s", setting_name(s),
                       o->model->name, has[0], has[1] ? " and " : "", has[1] ? has[1] : "");
        return false;
    }
    if (s == SETTING_RESIDUAL_ON && !(o->train.residual > 0.0)) {
        (void)gad_fail(why, 0, "--residual-on: --residual is 0, so the residual is in no loss");
        return false;
    }
    bool has_weight = !o->is_joint && strcmp(score, "residual") != 0;
    if ((s == SETTING_SCORE_WEIGHT && !has_weight) || (s == SETTING_DEGREE && o->is_joint)) {
        (void)gad_fail(why, 0, "--%s: score '%s' does not use it; --score fm does", setting_name(s),
                       score);
        return false;
    }
    return true;
}

bool setting_is_usual(const struct fit_options *o, enum setting s)
{
    struct gad_train_options usual = {0};

    if (!model_has(o->model->name, s))
        return false;
    o->model->defaults(o->protocol->name, &usual);
    switch (s) {
    case SETTING_RESIDUAL_ON:
        return o->train.residual_e_only == usual.residual_e_only;
    case SETTING_SCORE_WEIGHT:
        return o->train.score_weight == usual.score_weight;
    case SETTING_DEGREE:
        return o->train.score_degree == usual.score_degree;
    default:
        return false;
    }
}

static void print(const struct fit_options *o, enum setting s, struct gad_buf *b)
{
    const struct gad_train_options *t = &o->train;

    switch (s) {
    case SETTING_RESIDUAL:
        gad_buf_printf(b, " --residual %.9g", t->residual);
        break;
    case SETTING_RESIDUAL_ON:
        gad_buf_printf(b, " --residual-on %s", fit_residual_on_names[t->residual_e_only]);
        break;
    case SETTING_LOSS:
        gad_buf_printf(b, " --loss %s", fit_loss_names[t->adversarial]);
        break;
    case SETTING_WEIGHTS:
        gad_buf_printf(b, " --weights %.9g,%.9g,%.9g", t->w_adversarial, t->w_contextual,
                       t->w_encoder);
        break;
    case SETTING_CONDITION:
        if (o->condition)
            gad_buf_printf(b, " --condition %s", o->condition);
        break;
    case SETTING_SCORE_WEIGHT:
        gad_buf_printf(b, " --score-weight %.9g", t->score_weight);
        break;
    case SETTING_DEGREE:
        gad_buf_printf(b, " --degree %u", t->score_degree);
        break;
    case SETTING_STEPS:
        gad_buf_printf(b, " --steps %u", t->search_steps);
        break;
    default: /* SETTING_TOLERANCE */
        gad_buf_printf(b, " --tolerance %.9g", t->search_tolerance);
    }
}

void settings_command(const struct fit_options *o, struct gad_buf *b)
{
    for (int s = 0; s < N_SETTINGS; s++)
        if (model_has(o->model->name, (enum setting)s))
            print(o, (enum setting)s, b);
}
