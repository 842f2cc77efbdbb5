/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From scored records to alerts: what is expected is suppressed, repeats are rolled up, and there is a limit on how many
 * alerts there are a second. Every anomalous record ends in one of these counts:
 *
 *     suppressed (a rule), limited (nobody could be told and nothing counted it on), or the count of one alert
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
struct gad_alert;
struct job;
struct stats;
struct suppressor;

struct decider_options {
    const struct config *config; /* not kept */
    struct stats *stats;
    struct suppressor *suppressor; /* NULL: no rules */
    bool
        by_packets; /* windows go by the time of the packets, and there is no limit: files are read, and nothing else */
    void (*tell)(void *arg, const struct gad_alert *a, struct gad_time wall);
    void *arg;
};

/* Everything handed in must outlive it. */
int decider_new(const struct decider_options *o, struct decider **ret) GAD_MUST_CHECK;
void decider_free(struct decider *d);
GAD_DEFINE_CLEANUP(struct decider, decider_free);

/* Window, keys and rate of another configuration, which is not kept. If the window or the keys change what was counted is
 * told first. GAD_ENOMEM: all is as it was. */
int decider_configure(struct decider *d, const struct config *c) GAD_MUST_CHECK;

/* The anomalous records of a job that has come back from the scorer. */
void decider_take(struct decider *d, const struct job *j);

/* Tells what is due; when it is due again (monotonic, INT64_MAX: not at all). */
struct gad_time decider_tick(struct decider *d);

/* Tells everything that was counted and not told, whatever the limit: the daemon ends, or models change. */
void decider_flush(struct decider *d);

size_t decider_rolled_up(const struct decider *d); /* alerts whose repeats are counted now */
