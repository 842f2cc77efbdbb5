/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The window features by looking back at all records, as their definition reads
 * (lib/record/window.h), and the rates through their text. Slow, but too simple to have the same
 * errors.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/time.h"
#include "lib/record/record.h"

struct slow_entry {
    struct gad_time time;
    struct gad_record rec;
};

struct slow_window {
    struct gad_time clock; /* of the last record, kept or not */
    bool has_begun;
    struct slow_entry *entry; /* all records */
    size_t n, room, first_of_t;
};

/* As gad_window_add(); false if out of memory. @look: set the features, which takes most of the
 * time. */
bool slow_window_add(struct slow_window *w, struct gad_time decided, struct gad_record *r,
                     bool look);
void slow_window_deinit(struct slow_window *w);
