/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From which value on a sign is unusual in this network: its level. Levels are learned.
 *
 * The highest value of each host in each hour of its activity is counted in a histogram. The
 * upper tail of the histogram is taken as exponential, counts on their own scale and bytes on a
 * logarithmic one. So a value x has the p-value
 *
 *     p(x) = p(x0) exp(-(x - x0) / b)     x0: few host-hours are above it; b: their mean excess
 *
 * The level is where all signs together are exceeded as often as the budget says, in incidents a
 * week. It is never below a floor for each sign, and b is not either.
 *
 * Hosts that teach a level on purpose:
 *     one or two cannot: values that fewer than three hosts reach are no part of the tail;
 *     more can only slowly: from HOST_LEVEL_FREE on a level rises by a tenth a day at most, and
 *     never beyond HOST_LEVEL_CEILING of what it was then.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"
#include "lib/event/incident.h"

enum { HOST_LEVEL_BINS = 160 };
#define HOST_LEVEL_FREE    INT64_C(604800000000000) /* a week */
#define HOST_LEVEL_CEILING 3.0F                     /* times; of bytes, two octaves */

struct host_level {
    float count[HOST_LEVEL_BINS];     /* host-hours */
    uint64_t hosts[HOST_LEVEL_BINS];  /* a bitmap of hashes, this week */
    uint64_t before[HOST_LEVEL_BINS]; /* and the week before */
    float at;                         /* a higher value is unusual, on the scale of the sign */
    float start, beyond, share;       /* x0, b and p(x0) */
    bool is_mute;                     /* too little is known */
    float free;                       /* what the level was after HOST_LEVEL_FREE; 0: not yet */
};

struct host_levels {
    struct host_level sign[GAD_N_SIGNS];
    struct gad_time begun, updated, week; /* 0: no record yet */
    double host_hours;                    /* since begun */
    double budget;                        /* incidents a week */
    uint64_t held;                        /* updates in which a level was held back */
};

/* The scale of a sign and back: bytes and targets are logarithmic, to base 2. */
float host_level_scale(enum gad_sign s, float v);
float host_level_value(enum gad_sign s, float scaled);

/* By how much a host must exceed what is usual for itself, on the scale. */
float host_level_beyond_own(enum gad_sign s, float own);

/* Counts the highest values of an hour of a host, on their scales. @hash: of the host */
void host_levels_add(struct host_levels *l, const float most[static GAD_N_SIGNS], uint64_t hash);

/* Learns the levels again, which is due once an hour. */
void host_levels_update(struct host_levels *l, struct gad_time now);

/* Share of host-hours with such a value, from the tail, at most 1. */
double host_level_p(const struct host_levels *l, enum gad_sign s, float scaled);
