/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Random numbers that are the same in every run and on every machine.
 *
 * gad_rng is xoshiro256++ (Blackman and Vigna 2019) seeded by splitmix64. Its streams feed
 * initialisers, dropout, latent draws and shuffles.
 *
 * gad_mt19937 is numpy's RandomState, kept only because published splits use it.
 */

#include <stddef.h>
#include <stdint.h>

struct gad_rng {
    uint64_t s[4];
};

/* Streams with the same seed and different stream numbers do not overlap in practice. */
struct gad_rng gad_rng_init(uint64_t seed, uint64_t stream);

uint64_t gad_rng_u64(struct gad_rng *r);
uint32_t gad_rng_below(struct gad_rng *r,
                       uint32_t n);       /* uniform over 0 .. n-1 without bias; n > 0 */
float gad_rng_uniform(struct gad_rng *r); /* [0, 1), 24 bits */
void gad_rng_normal(struct gad_rng *r, size_t n, float *out); /* N(0, 1), ziggurat of 256 layers */
void gad_rng_shuffle(struct gad_rng *r, size_t n, uint32_t *a); /* Fisher-Yates; n < 2^32 */

struct gad_mt19937 {
    uint32_t mt[624];
    unsigned at;
};

void gad_mt19937_seed(struct gad_mt19937 *m,
                      uint32_t seed); /* init_genrand() of the reference code */

/* Writes numpy.random.RandomState(seed).permutation(n), bit for bit, to a[0 .. n-1]. */
void gad_mt19937_permutation(struct gad_mt19937 *m, uint32_t n, uint32_t *a);
