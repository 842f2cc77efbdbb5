/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/mem.h"
#include "tools/ganad-train/survey/train.h"

const char *const survey_pick_names[SURVEY_N_PICKS] = {"best_test_f1", "last", "least_residual"};
const char *const survey_pick_phrases[SURVEY_N_PICKS] = {"best by test labels", "last epoch",
                                                         "least residual"};

const struct survey_point *survey_pick(const struct survey_training *t, enum survey_pick pick,
                                       size_t view)
{
    const struct survey_point *best = t->point, *last = t->point + t->n_points - 1;

    if (pick == SURVEY_LAST)
        return last;
    for (const struct survey_point *p = t->point; p <= last; p++)
        if (pick == SURVEY_BEST ? p->figure[view].f1 > best->figure[view].f1
                                : p->residual < best->residual)
            best = p;
    return best;
}

void survey_training_deinit(struct survey_training *t)
{
    gad_free(t->point);
    *t = (struct survey_training){0};
}
