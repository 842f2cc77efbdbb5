/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which rows of a long stream to keep, for a table of bounded size. The stream's length need not be
 * known: whenever the table is full, half of what was drawn goes.
 *
 *   drawn   by a hash of the row's number, one in 2^shift, evenly over the stream
 *   rare    not drawn, but its service has fewer than GAD_THIN_RARE rows otherwise
 *
 * Only drawn rows are a fair sample. The rare ones make a model know every service.
 * The same stream gives the same rows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GAD_THIN_RARE = 200, /* rows */
    GAD_THIN_SERVICES = 256,
    GAD_THIN_LEAST = 4 * GAD_THIN_RARE * GAD_THIN_SERVICES /* the smallest table: 204,800 rows */
};

struct gad_thin {
    uint64_t seen;                        /* rows of the stream so far */
    unsigned shift;                       /* 0 .. 31 */
    size_t of_service[GAD_THIN_SERVICES]; /* rows kept */
};

/* The next row of the stream, of this service; any number. Returns its draw, which is 32 bits of
 * the hash, and whether to keep it. */
uint32_t gad_thin_next(struct gad_thin *t, double service, bool *ret_keep);

bool gad_thin_is_drawn(const struct gad_thin *t, uint32_t draw);

/**
 * gad_thin_halve() - chooses what stays in a full table
 * @service, @draw: (n) of the rows kept so far; service as given to gad_thin_next()
 * @keep: (n)
 * Doubles the distance of drawn rows until they and the rare ones fill at most three quarters of
 * @max, which is at least GAD_THIN_LEAST, or the distance is 2^31. Returns the rows that stay.
 */
size_t gad_thin_halve(struct gad_thin *t, size_t n, const float *service, const uint32_t *draw,
                      size_t max, bool *keep);
