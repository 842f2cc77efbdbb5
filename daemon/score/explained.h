/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which anomalies were explained recently. Explaining a record costs as much as scoring sixteen
 * rows. In a flood the same source is anomalous for the same top feature thousands of times a
 * second, and all but the first are only counted (daemon/alert/rollup.h). So a record is explained
 * again only when half the roll-up window has passed, or when it is more severe. The table has a
 * fixed size; entries are overwritten, after which a record is explained once more.
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

/* @period: 0: every record is explained. */
int explained_new(struct gad_time period, struct explained **ret) GAD_MUST_CHECK;
void explained_free(struct explained *e);
GAD_DEFINE_CLEANUP(struct explained, explained_free);

/* Takes effect for new entries; existing ones keep their period. Thread: any. */
void explained_set_period(struct explained *e, struct gad_time period);

struct explained_key {
    uint32_t model;
    uint8_t cause;    /* column */
    bool is_captured; /* times are packet time; else of the monotonic clock */
    const struct gad_tuple *tuple;
};

/*
 * Whether such a record is to be explained; if so, enters it into the table. @p_value: the lower,
 * the more severe.
 */
bool explained_is_due(struct explained *e, const struct explained_key *k, double p_value,
                      struct gad_time now);
