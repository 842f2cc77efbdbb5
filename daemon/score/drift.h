/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Do the records still look like those that a model was trained on? Records that the model scored are counted in the
 * bins of its reference (models/reference.h), in a window of the last so many that moves by an eighth of it, and each
 * column has its index. Above the threshold the column drifts, until it is below four fifths of it.
 *
 * Of a window and not of all: a drift of today must not be thinned by last month. At most so many records a second are
 * counted, the first ones of it, so that at a high rate a window is seconds of traffic and not a moment of it, and
 * counting costs nothing.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct drift;
struct gad_detector;
struct gad_model_event;
struct gad_record;
struct job;
struct model;

struct drift_options {
    double threshold; /* 0: nothing is told */
    uint64_t window;  /* records */
    uint64_t rate;    /* records a second that are counted; 0: all */
};

/* *ret is NULL if the checkpoint has no reference. */
int drift_new(const struct gad_detector *det, struct drift **ret) GAD_MUST_CHECK;
void drift_free(struct drift *d);
GAD_DEFINE_CLEANUP(struct drift, drift_free);

/* Told when a column begins to drift, and when the last one has ended. */
typedef void drift_fn(void *arg, const struct gad_model_event *e);

/* Counts the records of a job that is back. */
void drift_take(const struct drift_options *o, const struct job *j, struct gad_time now,
                drift_fn *told, void *arg);

struct drift_column {
    const char *name; /* "src_bytes"; "score" */
    double psi;
    bool is_drifting;
};

/* Column i of a model; false: there are no more, or the window is not full yet. */
bool drift_column(const struct drift *d, size_t i, struct drift_column *ret);
