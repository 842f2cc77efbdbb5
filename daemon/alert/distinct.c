/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/distinct.h"

#include <math.h>

#include "lib/base/mem.h"
#include "lib/base/siphash.h"

enum { INDEX_BITS = 10, REGISTERS = 1 << INDEX_BITS };

void distinct_deinit(struct distinct *d)
{
    gad_free(d->registers);
    d->registers = NULL;
}

/* --- HyperLogLog --- */

/* A register holds the longest run of leading zeros, plus one, of the hashes that select it. */
static void estimate_add(struct distinct *d, const uint64_t secret[static 2], struct thing t)
{
    const uint64_t words[2] = {t.high, t.low};
    uint64_t hash = gad_siphash13(secret, words, 2);
    uint64_t rest = hash << INDEX_BITS | UINT64_C(1) << (INDEX_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
    uint8_t *r = &d->registers[hash >> (64 - INDEX_BITS)];

    *r = rank > *r ? rank : *r;
}

static uint64_t estimate(const uint8_t *registers)
{
    const double m = REGISTERS, alpha = 0.7213 / (1.0 + 1.079 / m);
    double sum = 0;
    int empty = 0;

    for (size_t i = 0; i < REGISTERS; i++) {
        sum += ldexp(1.0, -registers[i]);
        empty += registers[i] == 0;
    }
    double e = alpha * m * m / sum;
    if (e <= 2.5 * m && empty > 0)
        e = m * log(m / empty); /* linear counting, better for small numbers */
    return (uint64_t)llround(e);
}

static void begin_estimate(struct distinct *d, const uint64_t secret[static 2])
{
    d->is_over = true;
    d->registers = gad_calloc(REGISTERS, sizeof(*d->registers));
    for (uint32_t i = 0; d->registers && i < d->n; i++)
        estimate_add(d, secret, d->thing[i]);
}

/* --- places --- */

static bool is_at(const struct distinct *d, uint32_t i, struct thing t)
{
    return d->thing[i].low == t.low && d->thing[i].high == t.high;
}

/* The place of a thing; DISTINCT_EXACT: it has none. */
static uint32_t find(const struct distinct *d, struct thing t)
{
    if (d->n > 0 && is_at(d, d->last, t))
        return d->last;
    for (uint32_t i = 0; i < d->n; i++)
        if (is_at(d, i, t))
            return i;
    return DISTINCT_EXACT;
}

static uint32_t rarest(const struct distinct *d)
{
    uint32_t least = 0;

    for (uint32_t i = 1; i < DISTINCT_EXACT; i++)
        if (d->count[i] < d->count[least])
            least = i;
    return least;
}

bool distinct_add(struct distinct *d, const uint64_t secret[static 2], struct thing t)
{
    uint32_t i = find(d, t);
    bool is_new = i == DISTINCT_EXACT;

    if (is_new && d->n == DISTINCT_EXACT && !d->is_over)
        begin_estimate(d, secret);
    if (is_new && d->n < DISTINCT_EXACT) {
        i = d->n++;
        d->thing[i] = t;
        d->count[i] = d->replaced[i] = 0;
    } else if (is_new) {
        i = rarest(d);
        d->thing[i] = t;
        d->replaced[i] = d->count[i];
    }
    d->count[i]++;
    d->last = i;
    if (is_new && d->registers)
        estimate_add(d, secret, t);
    return is_new;
}

bool distinct_has(const struct distinct *d, struct thing t)
{
    return find(d, t) != DISTINCT_EXACT;
}

uint64_t distinct_n(const struct distinct *d)
{
    if (!d->is_over)
        return d->n;
    uint64_t n = d->registers ? estimate(d->registers) : 0;
    return n > DISTINCT_EXACT ? n : DISTINCT_EXACT + 1;
}

uint64_t distinct_count(const struct distinct *d, struct thing t)
{
    uint32_t i = find(d, t);
    return i == DISTINCT_EXACT ? 0 : distinct_at_least(d, i);
}

size_t distinct_top(const struct distinct *d, size_t max, uint32_t *place)
{
    size_t n = 0;

    for (uint32_t i = 0; i < d->n; i++) {
        size_t k = n < max ? n : max;
        while (k > 0 && distinct_at_least(d, place[k - 1]) < distinct_at_least(d, i))
            k--;
        if (k == max)
            continue;
        n += n < max;
        for (size_t j = n - 1; j > k; j--)
            place[j] = place[j - 1];
        place[k] = i;
    }
    return n;
}
