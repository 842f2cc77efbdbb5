/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/histogram.h"

#include <math.h>

void histogram_add(struct histogram *h, double value)
{
    int e = h->low, i;

    if (value > 0 && frexp(value, &e) == 0.5) /* a power of two is its bucket's limit */
        e--;
    i = e - h->low;
    h->count[i < 0 ? 0 : i > HISTOGRAM_BUCKETS ? HISTOGRAM_BUCKETS : i]++;
    h->sum += value;
}

double histogram_limit(const struct histogram *h, int i)
{
    return ldexp(1, h->low + i);
}
