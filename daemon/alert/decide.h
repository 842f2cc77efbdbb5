/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Turns scored records into alerts: suppresses expected ones, groups the others into incidents
 * (incidents.h), and limits the number of alerts a second. An incident is reported when it begins,
 * when its severity or its hint rises, when a record stands out of it, at growing intervals while
 * it lasts, and when it ends. Every anomalous record is counted exactly once:
 *
 *     suppressed (a rule), limited (beyond the rate, and its incident was evicted), a bystander's,
 *     or in the count of one alert
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct config;
struct decider;
struct feedback;
struct gad_alert;
struct gad_limit_event;
struct job;
struct stats;
struct suppressor;

struct decider_options {
    const struct config *config; /* not kept */
    struct stats *stats;
    struct suppressor *suppressor; /* NULL: no rules */
    struct feedback *feedback;     /* NULL: no verdicts */
    /* windows use packet time, and the rate is unlimited: for reading files */
    bool by_packets;
    void (*emit)(void *arg, const struct gad_alert *a, struct gad_time wall);
    void (*limited)(void *arg, const struct gad_limit_event *l);
    void *arg;
};

/* Everything in @o must outlive it. */
int decider_new(const struct decider_options *o, struct decider **ret) GAD_MUST_CHECK;
void decider_free(struct decider *d);
GAD_DEFINE_CLEANUP(struct decider, decider_free);

/*
 * Applies the keys of another configuration, which is not kept. If the number of incidents changes,
 * all of them are closed first. On GAD_ENOMEM nothing changes.
 */
int decider_configure(struct decider *d, const struct config *c) GAD_MUST_CHECK;

/* Takes the records of a job that is back from the scorer. */
void decider_take(struct decider *d, const struct job *j);

/* When decider_tick() is due, which a record can move to an earlier time (monotonic; INT64_MAX:
 * never). */
struct gad_time decider_due(const struct decider *d);

/* Emits alerts that are due. Returns decider_due() then. */
struct gad_time decider_tick(struct decider *d);

/* Closes all incidents regardless of the rate: the daemon stops. */
void decider_flush(struct decider *d);

/* Other models are in use: open incidents release theirs, which takes the scoring of up to 32 rows
 * each. */
void decider_release_models(struct decider *d);
