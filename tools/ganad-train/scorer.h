/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scores by a model that is not a checkpoint yet: what models/detector.h does after it has vectorised and
 * scaled, with the same bits (a score does not depend on the rows beside it). Needed because a checkpoint
 * carries quantiles and self-test vectors of scores that exist only once the networks do.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_checkpoint;
struct gad_diag;
struct scorer;

/* @c: needs model, nets, scaler.dim and score; may be freed after. */
int scorer_new(const struct gad_checkpoint *c, struct scorer **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void scorer_free(struct scorer *s);
GAD_DEFINE_CLEANUP(struct scorer, scorer_free);

/* @x: (n, gad_ld(dim)) scaled, 64-byte aligned. */
void scorer_score(struct scorer *s, size_t n, const float *x, float *score);

/* Mean of |x - xhat| over all elements of all rows; 0 for no rows. */
double scorer_residual(struct scorer *s, size_t n, const float *x);
