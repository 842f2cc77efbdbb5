/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records to feature vectors: numeric columns as float32, categories one-hot. A value outside the vocabulary
 * leaves its group all zeros and is counted.
 */

#include <stddef.h>
#include <stdint.h>

struct gad_record;
struct gad_schema;

/**
 * gad_vectorize() - unscaled feature vectors
 * @rec:  n legal records (gad_record_check())
 * @x:    (n, ld) row-major, ld >= dim of the schema; elements dim .. ld become 0
 *
 * Return: how many categorical values were outside the vocabulary. No allocation.
 */
uint64_t gad_vectorize(const struct gad_schema *s, size_t n, const struct gad_record *rec, float *x,
                       size_t ld);
