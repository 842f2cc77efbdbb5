/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/draw.h"

uint32_t draw_between(struct gad_rng *r, uint32_t lo, uint32_t hi)
{
    return lo + gad_rng_below(r, hi - lo + 1);
}

bool draw_chance(struct gad_rng *r, uint32_t n, uint32_t of)
{
    return gad_rng_below(r, of) < n;
}

/* log2(x), x > 0, in 1/65536: squaring a mantissa in [1, 2) gives the next binary digit. */
static uint64_t log2_q16(uint32_t x)
{
    unsigned whole = 31u - (unsigned)__builtin_clz(x);
    uint64_t m = (uint64_t)x << (31 - whole), digits = whole;

    for (int i = 0; i < 16; i++) {
        m = m * m >> 31;
        digits <<= 1;
        if (m >> 32) {
            m >>= 1;
            digits |= 1;
        }
    }
    return digits;
}

uint64_t draw_exp(struct gad_rng *r, uint64_t mean)
{
    enum { LN2_Q16 = 45426 };
    uint32_t u = (uint32_t)(gad_rng_u64(r) >> 32) | 1;
    uint64_t e = (UINT64_C(32) << 16) - log2_q16(u); /* -log2(u / 2^32), below 2^22 */

    return (mean * e >> 16) * LN2_Q16 >> 16;
}

uint32_t draw_quantile(struct gad_rng *r, const uint32_t q[static DRAW_QUANTILES])
{
    uint32_t i = gad_rng_below(r, DRAW_QUANTILES - 1);
    return draw_between(r, q[i], q[i + 1]);
}

void draw_zipf_fill(uint32_t *cum, size_t n)
{
    uint32_t sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += UINT32_C(1000000) / (uint32_t)(k + 1);
        cum[k] = sum;
    }
}

uint32_t draw_zipf(struct gad_rng *r, const uint32_t *cum, size_t n)
{
    uint32_t x = gad_rng_below(r, cum[n - 1]);
    size_t lo = 0, hi = n - 1;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (x < cum[mid])
            hi = mid;
        else
            lo = mid + 1;
    }
    return (uint32_t)lo;
}
