/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/pick.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"

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

static struct spread spread_of(size_t n, const double *v)
{
    const double none = (double)NAN;
    struct spread s = {.n = n, .mean = none, .sd = none, .least = none};
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        if (i == 0 || !(v[i] >= s.least))
            s.least = v[i];
    }
    if (n > 0)
        s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - s.mean) * (v[i] - s.mean);
    if (n > 1)
        s.sd = sqrt(squares / (double)(n - 1));
    return s;
}

struct spread survey_spread(const struct survey_result *r, enum survey_pick pick, size_t view,
                            size_t offset, double value[static SURVEY_SEEDS_MAX])
{
    gad_assert(r->n <= SURVEY_SEEDS_MAX);
    for (size_t i = 0; i < r->n; i++)
        memcpy(&value[i],
               (const char *)&survey_pick(&r->training[i], pick, view)->figure[view] + offset,
               sizeof(value[i]));
    return spread_of(r->n, value);
}
