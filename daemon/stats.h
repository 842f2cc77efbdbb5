/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the daemon counts. Thread: main. The scorer's counts come with its finished jobs. */

#include <stddef.h>
#include <stdint.h>

/* X(field, what it counts): fields, names in STATUS and the manual all come from here. */
#define STATS(X)                                                                                   \
    X(frames_in, "whole frames taken from scoring clients")                                        \
    X(frames_bad, "frames refused: length, kind, or not the message it says")                      \
    X(requests_refused, "requests answered with an error while the connection went on")            \
    X(records_in, "records taken for scoring")                                                     \
    X(records_bad, "records with a value out of its column's range")                               \
    X(records_scored, "records answered with a score")                                             \
    X(records_unscored, "records answered without a score, beyond their model's search_rate")      \
    X(records_anomalous, "records above their model's threshold")                                  \
    X(records_lost, "records that the file for them did not take")                                 \
    X(unknown_names, "values outside a model's vocabulary")                                        \
    X(batches, "times the scorer took what was there")                                             \
    X(bytes_in, "bytes read from scoring clients")                                                 \
    X(bytes_out, "bytes written to scoring clients")                                               \
    X(clients, "scoring clients now")                                                              \
    X(clients_accepted, "scoring clients ever")                                                    \
    X(clients_refused, "scoring clients told BUSY")                                                \
    X(clients_timed_out, "scoring clients cut for being slow or idle")                             \
    X(clients_waits, "times a client was not read because work or answers had piled up")           \
    X(jobs, "requests being scored now")                                                           \
    X(alerts, "alerts raised")                                                                     \
    X(alerts_rolled_up, "anomalous records told in an alert with others, but the first of each")   \
    X(alerts_suppressed, "anomalous records that a rule says are expected")                        \
    X(alerts_limited, "anomalous records told in no alert, beyond alerts.rate")                    \
    X(events, "events for the outputs: alerts, heartbeats, counters")                              \
    X(events_dropped, "events that the spool did not take, because the disk did not")              \
    X(tails, "control clients that follow the alerts now")                                         \
    X(tail_lost, "alerts that a slow tail did not get")

struct stats {
#define STATS_FIELD(name, help) uint64_t name;
    STATS(STATS_FIELD)
#undef STATS_FIELD
};

struct stats_item {
    const char *name, *help;
    size_t at; /* offset in struct stats */
};

extern const struct stats_item stats_items[];
extern const size_t stats_n_items;

uint64_t stats_value(const struct stats *s, size_t i);
