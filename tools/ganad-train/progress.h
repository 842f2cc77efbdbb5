/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Progress of a training on stderr: on a terminal a bar (epoch, rows per second, time left), and
 * for each finished epoch one line that stays; elsewhere only these lines.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/bar.h"

struct gad_epoch_stats;

struct progress {
    bool quiet;
    unsigned epoch, epochs; /* the current one, from 1, and their number */
    size_t rows;            /* per epoch */
    struct gad_time epoch_start;
    struct bar bar;
};

void progress_init(struct progress *p, bool quiet, unsigned epochs, size_t rows);
void progress_epoch(struct progress *p, unsigned epoch);
void progress_tick(struct progress *p, size_t rows_done);

/* @held_out: mean reconstruction error of rows that were not trained on. */
void progress_line(struct progress *p, const struct gad_epoch_stats *stats, double held_out);

/* Erases the bar, so that a message can follow. */
void progress_clear(struct progress *p);
