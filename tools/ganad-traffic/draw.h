/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Random draws from lib/base/rng.h in integers only: the last bits of libm differ between machines,
 * and a seed must give the same bytes everywhere. For the same reason no call has two draws among
 * its arguments: compilers differ in the order of evaluation.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/rng.h"

/* Uniform over lo .. hi, both included. */
uint32_t draw_between(struct gad_rng *r, uint32_t lo, uint32_t hi);

/* True in @n of @of cases. */
bool draw_chance(struct gad_rng *r, uint32_t n, uint32_t of);

/* Exponential with that mean, in the same unit; mean <= 2^42. */
uint64_t draw_exp(struct gad_rng *r, uint64_t mean);

/* A distribution given by its quantiles 0, 1/8 ... 1, linear between them. */
enum { DRAW_QUANTILES = 9 };
uint32_t draw_quantile(struct gad_rng *r, const uint32_t q[static DRAW_QUANTILES]);

/* Zipf: rank k has weight 1 / (k + 1). @cum: filled by draw_zipf_fill(). */
void draw_zipf_fill(uint32_t *cum, size_t n);
uint32_t draw_zipf(struct gad_rng *r, const uint32_t *cum, size_t n);

#define draw_pick(r, array)                                                                        \
    ((array)[gad_rng_below((r), (uint32_t)(sizeof(array) / sizeof((array)[0])))])
