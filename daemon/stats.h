/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the daemon counts. Thread: main. The scorer's counts come with its finished jobs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/histogram.h"
#include "lib/base/time.h"

/* X(field, is it a number of things now, what it counts): fields, names in STATUS and the manual all come from here. */
#define STATS(X)                                                                                   \
    X(frames_in, false, "whole frames taken from scoring clients")                                 \
    X(frames_bad, false, "frames refused: length, kind, or not the message it says")               \
    X(requests_refused, false, "requests answered with an error while the connection went on")     \
    X(records_in, false, "records taken for scoring")                                              \
    X(records_bad, false, "records with a value out of its column's range")                        \
    X(records_scored, false, "records answered with a score")                                      \
    X(records_unscored, false,                                                                     \
      "records answered without a score, beyond their model's search_rate")                        \
    X(records_anomalous, false, "records above their model's threshold")                           \
    X(records_lost, false, "records that the file for them did not take")                          \
    X(unknown_names, false, "values outside a model's vocabulary")                                 \
    X(batches, false, "times the scorer took what was there")                                      \
    X(bytes_in, false, "bytes read from scoring clients")                                          \
    X(bytes_out, false, "bytes written to scoring clients")                                        \
    X(clients, true, "scoring clients now")                                                        \
    X(clients_accepted, false, "scoring clients ever")                                             \
    X(clients_refused, false, "scoring clients told BUSY")                                         \
    X(clients_timed_out, false, "scoring clients cut for being slow or idle")                      \
    X(clients_waits, false, "times a client was not read because work or answers had piled up")    \
    X(jobs, true, "requests being scored now")                                                     \
    X(alerts, false, "alerts raised")                                                              \
    X(alerts_rolled_up, false,                                                                     \
      "anomalous records told in an alert with others, but the first of each")                     \
    X(alerts_suppressed, false, "anomalous records that a rule says are expected")                 \
    X(alerts_limited, false, "anomalous records told in no alert, beyond alerts.rate")             \
    X(events, false, "events for the outputs: alerts, heartbeats, counters, models")               \
    X(events_dropped, false, "events that the spool did not take, because the disk did not")       \
    X(reloads, false, "changes of models and configuration that were asked for and made")          \
    X(reloads_refused, false, "those that were refused; what ran went on")                         \
    X(control_refused, false, "control clients told BUSY")                                         \
    X(metrics_waits, false, "times further clients of metrics had to wait")                        \
    X(tails, true, "control clients that follow the alerts now")                                   \
    X(tail_lost, false, "alerts that a slow tail did not get")

struct stats {
#define STATS_FIELD(name, is_now, help) uint64_t name;
    STATS(STATS_FIELD)
#undef STATS_FIELD
    struct histogram latency; /* of requests, s */
    struct gad_time started;  /* wall */
};

struct stats_item {
    const char *name, *help;
    bool is_now;
    size_t at; /* offset in struct stats */
};

void stats_init(struct stats *s); /* all 0, from now on */

extern const struct stats_item stats_items[];
extern const size_t stats_n_items;

uint64_t stats_value(const struct stats *s, size_t i);
