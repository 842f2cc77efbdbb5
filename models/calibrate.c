/* SPDX-License-Identifier: Apache-2.0 */
#include "models/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "models/tail.h"

enum {
    BODY_STEPS = 198,  /* 0.005 .. 0.99 */
    DECADES_MAX = 8,   /* 0.99 .. 1 - 1e-10 */
    DECADE_STEPS = 90, /* 1 - m / 10^(k + 3), m = 99 .. 10 */
    LEVELS_MAX = 1 + BODY_STEPS + DECADES_MAX * DECADE_STEPS + 1,
};

/* m * n in add_levels() fits 64 bits. */
#define SAMPLE_MAX (UINT64_C(1) << 50)

void gad_calibration_free(struct gad_calibration *c)
{
    if (!c)
        return;
    gad_free(c->level);
    gad_free(c->value);
    gad_free(c);
}

static int ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* @rank: number of the sorted scores at or below the quantile, 1 .. n. Of the levels that share a
 *        rank
 * the last one stays: it is nearest to rank / n. Level 0 always stays. */
static void add(struct gad_calibration *c, const float *sorted, uint64_t *last_rank, double level,
                uint64_t rank)
{
    if (c->n_levels > 1 && rank == *last_rank)
        c->n_levels--;
    gad_assert(c->n_levels < LEVELS_MAX);
    c->level[c->n_levels] = level;
    c->value[c->n_levels++] = sorted[rank - 1];
    *last_rank = rank;
}

/* Ranks are computed in integers: the smallest r with r / n >= level. */
static void add_levels(struct gad_calibration *c, const float *sorted)
{
    uint64_t n = c->n, last_rank = 0;

    add(c, sorted, &last_rank, 0.0, 1);
    for (unsigned i = 1; i <= BODY_STEPS; i++)
        add(c, sorted, &last_rank, i / 200.0, (i * n + 199) / 200);
    uint64_t unit = 10000;
    for (int k = 0; k < DECADES_MAX && n > unit / 100; k++, unit *= 10)
        for (unsigned m = 99; m >= 10; m--)
            add(c, sorted, &last_rank, 1.0 - m / (double)unit, n - m * n / unit);
    add(c, sorted, &last_rank, 1.0, n);
}

size_t gad_calibration_left_out(size_t n, double contamination)
{
    return (size_t)(contamination * (double)n + 0.5);
}

bool gad_calibration_is_extrapolated(uint64_t n, double p_value)
{
    /* A p-value can come from a float32, which is off by 6e-8 of it. */
    return p_value < (1.0 - 1e-6) / ((double)n + 1.0);
}

void gad_calibration_store(const struct gad_calibration *c, struct gad_checkpoint *to)
{
    to->calibration.n = c->n;
    to->calibration.n_levels = c->n_levels;
    to->calibration.level = c->level;
    to->calibration.value = c->value;
    to->calibration.tail = c->tail;
    to->calibration.folds = c->folds;
    to->calibration.worth = c->worth;
}

int gad_calibration_new(size_t n, const float *score, double contamination,
                        struct gad_calibration **ret, struct gad_diag *d)
{
    size_t kept = n - gad_calibration_left_out(n, contamination);

    if (kept == 0)
        return gad_fail(d, GAD_EINVAL, "no scores to calibrate with");
    if (n > SAMPLE_MAX)
        return gad_fail(d, GAD_ELIMIT, "too many scores to calibrate with: %zu", n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(score[i]))
            return gad_fail(d, GAD_EINVAL, "the score of row %zu is not finite", i);

    gad_cleanup(gad_calibration_freep) struct gad_calibration *c = gad_calloc(1, sizeof(*c));
    gad_cleanup(gad_freep) float *sorted = gad_calloc(n, sizeof(*sorted));
    if (!c || !sorted)
        return GAD_ENOMEM;
    c->level = gad_calloc(LEVELS_MAX, sizeof(c->level[0]));
    c->value = gad_calloc(LEVELS_MAX, sizeof(c->value[0]));
    if (!c->level || !c->value)
        return GAD_ENOMEM;

    memcpy(sorted, score, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), ascending);
    c->n = kept;
    add_levels(c, sorted);
    /* Without its highest scores a sample ends where the caller chose, and so would its tail. */
    if (kept < n)
        c->tail.state = GAD_CKPT_TAIL_CUT;
    else if (gad_tail_fit(n, sorted, &c->tail) != 0)
        return GAD_ENOMEM;
    *ret = gad_steal(&c);
    return 0;
}
