/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Calibration: the distribution of held-out scores as quantiles, for p-values and for thresholds
 * from a false-positive budget. A threshold lies in the tail, so the levels are dense there:
 *
 *     0 ---- every 0.005 ---- 0.99 -- every 0.0001 -- 0.999 -- every 0.00001 -- ... -- 1
 *
 * Levels that share a rank in the sample are left out but one. A tail (models/tail.h) gives
 * p-values beyond the sample.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"

struct gad_diag;

/* value[i] is the smallest score s with at least level[i] of the scores <= s. Levels ascend
 * strictly from 0 to 1, values ascend. */
struct gad_calibration {
    uint64_t n;
    size_t n_levels;
    double *level;
    float *value; /* each (n_levels) */
    struct gad_ckpt_tail tail;
    /* As in a checkpoint. The caller sets both after gad_calibration_new(), which leaves them 0. */
    uint32_t folds;
    uint64_t worth;
};

/**
 * gad_calibration_new() - quantiles of a sample
 * @score:         (n) in any order
 * @contamination: share of the sample, 0 <= share < 1, that is assumed to be attacks. That share of
 *                 the scores, rounded to whole rows, is left out, the highest first.
 * Returns 0; GAD_EINVAL if no score is left or one is not finite (@d has its row); GAD_ELIMIT above
 * 2^50 scores; GAD_ENOMEM.
 */
int gad_calibration_new(size_t n, const float *score, double contamination,
                        struct gad_calibration **ret, struct gad_diag *d) GAD_MUST_CHECK;
/* Points the calibration of @to to @c, which must live as long. */
void gad_calibration_store(const struct gad_calibration *c, struct gad_checkpoint *to);
/* Whether a p-value, also one that was a float, is below 1 / (n + 1): it comes from a tail. */
bool gad_calibration_is_extrapolated(uint64_t n, double p_value);
/* Number of the n scores that a contamination leaves out. */
size_t gad_calibration_left_out(size_t n, double contamination);
void gad_calibration_free(struct gad_calibration *c);
GAD_DEFINE_CLEANUP(struct gad_calibration, gad_calibration_free);
