/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A histogram with a bucket for each power of two. Counting a value is a shift and an addition,
 * cheap enough for each record.
 */

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 24 }; /* and one more for larger values */

/*
 * Bucket i counts values in (2^(low + i - 1), 2^(low + i)]; the first bucket also counts all
 * smaller values.
 */
struct histogram {
    int low; /* exponent of the first bucket's limit */
    uint64_t count[HISTOGRAM_BUCKETS + 1];
    double sum;
};

/* @value: finite */
void histogram_add(struct histogram *h, double value);

/* The limit of bucket i < HISTOGRAM_BUCKETS. */
double histogram_limit(const struct histogram *h, int i);
