/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Counts different things, hosts or ports, and finds the most frequent ones, in fixed memory.
 *
 * Up to DISTINCT_EXACT things everything is exact. Beyond it the number is an estimate by
 * HyperLogLog (Flajolet et al. 2007) with 1,024 registers, which has a standard error of 3.25 %.
 * The frequent things are found by Space-Saving (Metwally et al. 2005) with DISTINCT_EXACT places:
 * a new thing replaces the rarest. Of each thing the count since it got its place is shown, which
 * is a lower bound. A thing that is more than 1/32 of all has a place for certain.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISTINCT_EXACT = 32 };

/* An address: IPv4 as ::ffff:a.b.c.d. A port: 0 and its number. */
struct thing {
    uint64_t high, low;
};

struct distinct {
    uint32_t n;    /* places in use */
    uint32_t last; /* the place that was found last */
    struct thing thing[DISTINCT_EXACT];
    uint64_t count[DISTINCT_EXACT];    /* Space-Saving's, an upper bound */
    uint64_t replaced[DISTINCT_EXACT]; /* part of the count that other things may have */
    uint8_t *registers;                /* NULL: exact, or no memory for an estimate */
    bool is_over;                      /* more than DISTINCT_EXACT different things */
};

/* A blank one is all zeros. */
void distinct_deinit(struct distinct *d);

/* @secret: of the hash, so that a peer cannot choose the estimate. Returns whether the thing had no
 * place, which is exact as long as is_over is false. */
bool distinct_add(struct distinct *d, const uint64_t secret[static 2], struct thing t);

/* Whether the thing has a place. */
bool distinct_has(const struct distinct *d, struct thing t);

/* The number of different things; at least DISTINCT_EXACT + 1 if it is an estimate. */
uint64_t distinct_n(const struct distinct *d);

/* The count of a thing, a lower bound; 0: it has no place. */
uint64_t distinct_count(const struct distinct *d, struct thing t);

/* Writes at most @max places, the most frequent first, and returns their number. */
size_t distinct_top(const struct distinct *d, size_t max, uint32_t *place);

static inline uint64_t distinct_at_least(const struct distinct *d, uint32_t place)
{
    return d->count[place] - d->replaced[place];
}
