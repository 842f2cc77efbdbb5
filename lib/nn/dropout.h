/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inverted dropout: an element is 0 with probability rate, else it is divided by 1 - rate, so
 * scoring has nothing to do. The mask has 16 random bits for each element, which
 * gad_dropout_apply() compares with the rate. So the rate is rounded to a multiple of 2^-16, and
 * the divisor with it.
 */

#include <stdint.h>

#include "lib/nn/mat.h"

/* xoshiro256++ in eight lanes that advance together: masks need most of the random bits. */
struct gad_dropout_rng {
    uint64_t s[4][8];
};

struct gad_dropout_rng gad_dropout_rng_init(uint64_t seed, uint64_t stream);

/* Random bits for n elements, rounded up to a multiple of GAD_DROPOUT_STEP: mask must hold that
 * many. */
enum { GAD_DROPOUT_STEP = 32 };
void gad_dropout_draw(struct gad_dropout_rng *r, size_t n, uint16_t *mask);

/* 1 - the rounded rate; rate in [0, 1). */
gad_real gad_dropout_keep(double rate);

/* y (n, out), mask (n, out) dense. The same operation for values forward and for gradients
 * backward. */
void gad_dropout_apply(double rate, const uint16_t *mask, struct gad_mat y);
