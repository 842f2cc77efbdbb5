/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often values were how large: a bucket for each power of two. Counting one is a shift and an addition, so that it can
 * be done for each record.
 */

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 24 }; /* and one more for what is above them all */

/* Bucket i counts values in (2^(low + i - 1), 2^(low + i)], the first one all that are not above it, too. */
struct histogram {
    int low; /* exponent of the first bucket's limit */
    uint64_t count[HISTOGRAM_BUCKETS + 1];
    double sum;
};

/* @value: finite */
void histogram_add(struct histogram *h, double value);

/* The limit of bucket i < HISTOGRAM_BUCKETS. */
double histogram_limit(const struct histogram *h, int i);

uint64_t histogram_n(const struct histogram *h); /* all that were counted */
