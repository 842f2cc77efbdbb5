/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Measures whether the records still resemble those that a model was trained on. Records that the
 * model scored are counted in the bins of its reference (models/reference.h). The counts are of a
 * window of the last records, which moves in steps of an eighth. After each step every column gets
 * its population stability index. A column drifts from when its index exceeds the threshold until
 * it is at most four fifths of it.
 *
 * A window, and not all records, because last month's records would dilute today's drift. At most
 * `rate` records a second are counted, the first ones of each second: at a high rate the window
 * still covers seconds of traffic, and counting stays cheap.
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

struct drift_options {
    double threshold; /* 0: nothing is reported */
    uint64_t window;  /* records */
    uint64_t rate;    /* records a second that are counted; 0: all */
};

/* *ret is NULL if the checkpoint has no reference. */
int drift_new(const struct gad_detector *det, struct drift **ret) GAD_MUST_CHECK;
void drift_free(struct drift *d);
GAD_DEFINE_CLEANUP(struct drift, drift_free);

/**
 * drift_count() - counts a record that the model scored
 * @now: monotonic
 * @ret: action ("drifted" or "settled") and reason, when a column began to drift or the last one
 *        ended; the caller adds the model
 * Returns whether @ret was filled.
 */
bool drift_count(struct drift *d, const struct drift_options *o, const struct gad_record *rec,
                 float score, struct gad_time now, struct gad_model_event *ret);

struct drift_column {
    const char *name; /* "src_bytes"; "score" */
    double psi;
    bool is_drifting;
};

/*
 * Column i of a model. Returns false if there are no more, the window is not full yet, or @d is
 * NULL.
 */
bool drift_column(const struct drift *d, size_t i, struct drift_column *ret);
