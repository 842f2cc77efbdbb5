/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How far training is: on a terminal a bar that rewrites its line (epoch, rows a second, time left), and
 * for every finished epoch one line that stays; elsewhere only the lines.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"

struct gad_epoch_stats;

struct progress {
    bool quiet, terminal;
    unsigned epoch, epochs; /* 1-based; of how many */
    size_t rows;            /* an epoch */
    struct gad_time start, epoch_start, drawn;
};

void progress_init(struct progress *p, bool quiet, unsigned epochs, size_t rows);
void progress_epoch(struct progress *p, unsigned epoch);
void progress_tick(struct progress *p, size_t rows_done);

/* @held_out: mean reconstruction error of rows that were not trained on. */
void progress_line(struct progress *p, const struct gad_epoch_stats *stats, double held_out);

/* Takes the bar away, so that a message can follow. */
void progress_clear(const struct progress *p);
