/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Is there something in records that are taken to be normal? One cannot tell by scores alone, for a normal network has
 * odd records, too. But those come at any time, and an attack or a job of one day comes at once: so if most of the
 * strangest records of a day lie within minutes of each other, a person should look at them.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"

struct gad_diag;

enum { BURST_SECONDS = 600 };

struct burst {
    size_t n;                 /* 0: none was found */
    size_t of;                /* the strangest so many records were looked at */
    struct gad_time from, to; /* of the n, at most BURST_SECONDS apart */
    float least;              /* the lowest score of the @of */
};

/**
 * burst_find() - most of the strangest within ten minutes
 * @n:     of records, in any order
 * @time:  (n)
 * @score: (n), no NaN
 *
 * The strangest are a thousandth of the records, twenty at least; a burst is more than half of them. With fewer than
 * two hundred records, or less than two hours of them, there is none.
 * Return: 0; GAD_ENOMEM.
 */
int burst_find(size_t n, const struct gad_time *time, const float *score,
               struct burst *ret) GAD_MUST_CHECK;
