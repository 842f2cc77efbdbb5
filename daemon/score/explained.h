/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which anomalies were explained a short while ago. Reasons cost the scoring of sixteen rows; in a flood the same source
 * is anomalous for the same cause thousands of times a second, and all but the first are only counted
 * (daemon/alert/rollup.h). So reasons are worked out again only when half the roll-up's window has passed, or when a
 * record is more severe. A table of fixed size whose places are overwritten: what is forgotten is explained once more.
 *
 * Thread: the scorer's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct explained;
struct gad_tuple;

/* @period: 0: nothing is remembered. */
int explained_new(struct gad_time period, struct explained **ret) GAD_MUST_CHECK;
void explained_free(struct explained *e);
GAD_DEFINE_CLEANUP(struct explained, explained_free);

/* From now on; what is remembered is so for as long as it was to be. Any thread. */
void explained_set_period(struct explained *e, struct gad_time period);

struct explained_key {
    uint32_t model;
    uint8_t cause;    /* column */
    bool is_captured; /* its time is that of packets; else the monotonic clock's */
    const struct gad_tuple *tuple;
};

/* Is such a record to be explained? Remembers it, if so. @p_value: the lower, the more severe. */
bool explained_wants(struct explained *e, const struct explained_key *k, double p_value,
                     struct gad_time now);
