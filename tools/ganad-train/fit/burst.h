/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looks for an attack in records that are assumed to be normal. Scores alone do not show one,
 * because a normal network has unusual records too. But these occur at any time, and an attack, or
 * a job of one day, within a short time. So if most of the highest-scoring records of a day are
 * within minutes of each other, a person should check them.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"

struct gad_diag;

enum { BURST_SECONDS = 600 };

struct burst {
    size_t n;                 /* 0: none was found */
    size_t of;                /* number of highest-scoring records that were checked */
    struct gad_time from, to; /* of the n, at most BURST_SECONDS apart */
    float least;              /* the lowest score of the @of */
};

/**
 * burst_find() - finds a burst: most of the highest-scoring records within ten minutes
 * @n:     records, in any order
 * @time:  (n)
 * @score: (n), no NaN
 *
 * The highest-scoring records are a thousandth of all, at least 20; a burst is more than half of
 * them. With fewer than 200 records, or a span of less than two hours, no burst is reported.
 *
 * Returns 0; GAD_ENOMEM.
 */
int burst_find(size_t n, const struct gad_time *time, const float *score,
               struct burst *ret) GAD_MUST_CHECK;
