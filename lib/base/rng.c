/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/rng.h"

#include <math.h>
#include <stdbool.h>

#include "lib/base/mem.h"

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct gad_rng gad_rng_init(uint64_t seed, uint64_t stream)
{
    struct gad_rng r;
    uint64_t x = seed;
    uint64_t y = stream ^ splitmix64(&x); /* hashed first: seed 1 stream 2 is not seed 2 stream 1 */

    for (int i = 0; i < 4; i++)
        r.s[i] = splitmix64(&y);
    return r;
}

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t gad_rng_u64(struct gad_rng *r)
{
    uint64_t *s = r->s;
    uint64_t out = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

/* Lemire 2019: multiply, and reject only the sliver that would bias. */
uint32_t gad_rng_below(struct gad_rng *r, uint32_t n)
{
    gad_assert(n > 0);
    uint64_t m = (gad_rng_u64(r) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t least = -n % n;
        while ((uint32_t)m < least)
            m = (gad_rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

float gad_rng_uniform(struct gad_rng *r)
{
    return (float)(gad_rng_u64(r) >> 40) * 0x1p-24f;
}

static double uniform53(struct gad_rng *r)
{
    return (double)(gad_rng_u64(r) >> 11) * 0x1p-53;
}

/*
 * Ziggurat (Marsaglia and Tsang 2000, in Doornik's 2005 form): 256 layers of equal area V under
 * f(x) = exp(-x*x/2). The lowest layer ends at R.
 *
 *     x[i]   right edge of layer i
 *     x[0]   V / f(R)
 */
enum { LAYERS = 256 };
static const double zig_r = 3.6541528853610088, zig_v = 0.00492867323399;

struct ziggurat {
    double x[LAYERS + 1], ratio[LAYERS]; /* ratio[i] = x[i+1] / x[i]: below it no test is needed */
};

static void ziggurat_fill(struct ziggurat *z)
{
    double f = exp(-0.5 * zig_r * zig_r);

    z->x[0] = zig_v / f;
    z->x[1] = zig_r;
    z->x[LAYERS] = 0.0;
    for (int i = 2; i < LAYERS; i++) {
        z->x[i] = sqrt(-2.0 * log(zig_v / z->x[i - 1] + f));
        f = exp(-0.5 * z->x[i] * z->x[i]);
    }
    for (int i = 0; i < LAYERS; i++)
        z->ratio[i] = z->x[i + 1] / z->x[i];
}

/* Beyond R: Marsaglia 1964. */
static double tail(struct gad_rng *r, bool negative)
{
    double x, y;
    do {
        x = log(1.0 - uniform53(r)) / zig_r;
        y = log(1.0 - uniform53(r));
    } while (-2.0 * y < x * x);
    return negative ? x - zig_r : zig_r - x;
}

static double normal(struct gad_rng *r, const struct ziggurat *z)
{
    for (;;) {
        uint64_t bits = gad_rng_u64(r);
        unsigned i = bits & (LAYERS - 1);                         /* low bits: the layer */
        double u = (double)(int64_t)(bits >> 11) * 0x1p-52 - 1.0; /* high 53: [-1, 1) */

        if (fabs(u) < z->ratio[i])
            return u * z->x[i];
        if (i == 0)
            return tail(r, u < 0.0);
        double x = u * z->x[i];
        double f0 = exp(-0.5 * (z->x[i] * z->x[i] - x * x));
        double f1 = exp(-0.5 * (z->x[i + 1] * z->x[i + 1] - x * x));
        if (f1 + uniform53(r) * (f0 - f1) < 1.0)
            return x;
    }
}

void gad_rng_normal(struct gad_rng *r, size_t n, float *out)
{
    /* Rebuilding 4 KiB in each call would cost more than the draws: kept per thread, filled on its
     * first call. */
    static _Thread_local struct ziggurat z;

    if (z.x[0] == 0.0)
        ziggurat_fill(&z);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)normal(r, &z);
}

void gad_rng_shuffle(struct gad_rng *r, size_t n, uint32_t *a)
{
    gad_assert(n <= UINT32_MAX);
    for (size_t i = n; i > 1; i--) {
        uint32_t j = gad_rng_below(r, (uint32_t)i), t = a[i - 1];
        a[i - 1] = a[j];
        a[j] = t;
    }
}

enum { MT_N = 624, MT_M = 397 };

void gad_mt19937_seed(struct gad_mt19937 *m, uint32_t seed)
{
    m->mt[0] = seed;
    for (uint32_t i = 1; i < MT_N; i++)
        m->mt[i] = UINT32_C(1812433253) * (m->mt[i - 1] ^ m->mt[i - 1] >> 30) + i;
    m->at = MT_N;
}

static void mt_refill(struct gad_mt19937 *m)
{
    for (unsigned k = 0; k < MT_N; k++) {
        uint32_t y = (m->mt[k] & 0x80000000u) | (m->mt[(k + 1) % MT_N] & 0x7fffffffu);
        m->mt[k] = m->mt[(k + MT_M) % MT_N] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0u);
    }
    m->at = 0;
}

static uint32_t mt_u32(struct gad_mt19937 *m)
{
    if (m->at == MT_N)
        mt_refill(m);
    uint32_t y = m->mt[m->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

/* numpy's legacy random_interval(): masked to the next power of two less one, rejected while
 * above max. */
static uint32_t mt_interval(struct gad_mt19937 *m, uint32_t max)
{
    uint32_t mask = max, v;

    if (max == 0)
        return 0;
    for (int s = 1; s < 32; s *= 2)
        mask |= mask >> s;
    do {
        v = mt_u32(m) & mask;
    } while (v > max);
    return v;
}

void gad_mt19937_permutation(struct gad_mt19937 *m, uint32_t n, uint32_t *a)
{
    for (uint32_t i = 0; i < n; i++)
        a[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = mt_interval(m, i - 1), t = a[i - 1];
        a[i - 1] = a[j];
        a[j] = t;
    }
}
