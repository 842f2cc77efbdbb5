/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The daemon's counters. Thread: main. The scorer's counts arrive with its finished jobs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/capture_counts.h"
#include "daemon/histogram.h"
#include "lib/base/counters.h"
#include "lib/base/time.h"

/*
 * X(field, whether it is a current value, description): fields, names in STATUS and the manual all
 * derive from this list.
 */
#define STATS(X)                                                                                   \
    X(frames_in, false, "whole frames received from scoring clients")                              \
    X(frames_bad, false, "frames refused: wrong length, kind or message")                          \
    X(requests_refused, false, "requests answered with an error while the connection stayed open") \
    X(records_in, false, "records accepted for scoring")                                           \
    X(records_bad, false, "records with a value out of its column's range")                        \
    X(records_scored, false, "records answered with a score")                                      \
    X(records_unscored, false,                                                                     \
      "records answered without a score, beyond their model's search_rate")                        \
    X(records_anomalous, false, "records above their model's threshold")                           \
    X(records_lost, false, "records that could not be written to the file of [records]")           \
    X(unknown_names, false, "values outside a model's vocabulary")                                 \
    X(memo_hits, false, "scores that were known from an equal record: see memo in ganadd.conf(5)") \
    X(memo_misses, false, "scores that were computed")                                             \
    X(batches, false, "batches that the scorer took")                                              \
    X(bytes_in, false, "bytes read from scoring clients")                                          \
    X(bytes_out, false, "bytes written to scoring clients")                                        \
    X(clients, true, "connected scoring clients")                                                  \
    X(clients_accepted, false, "scoring clients accepted")                                         \
    X(clients_refused, false, "scoring clients refused with BUSY")                                 \
    X(clients_timed_out, false, "scoring clients disconnected for being slow or idle")             \
    X(clients_waits, false,                                                                        \
      "times the daemon paused reading from a client because of its unanswered requests or "       \
      "answers")                                                                                   \
    X(handshakes, true, "TLS connections whose handshake is not complete")                         \
    X(handshakes_failed, false,                                                                    \
      "TLS connections refused before they had shown a certificate of our authorities")            \
    X(clients_unknown, false,                                                                      \
      "TLS clients whose certificate names no client of the configuration")                        \
    X(jobs, true, "requests being scored")                                                         \
    X(alerts, false, "alerts raised")                                                              \
    X(alerts_rolled_up, false,                                                                     \
      "anomalous records that were aggregated into an alert, without the first of each")           \
    X(alerts_bystanders, false, "anomalous records that an attack by others explains")             \
    X(alerts_held, false, "alerts that wait, or waited, because of alerts.rate")                   \
    X(incidents, true, "open incidents")                                                           \
    X(incidents_begun, false, "incidents that began")                                              \
    X(incidents_evicted, false, "incidents that ended early, because rollup_keys was reached")     \
    X(hosts, true, "source hosts that are watched")                                                \
    X(hosts_learning, true, "of the tables of source hosts, those that still learn")               \
    X(hosts_unusual, false, "times that a source host was found unusual")                          \
    X(hosts_forgeable, false,                                                                      \
      "of hosts_unusual, those of a host without a completed handshake, whose address can be "     \
      "forged")                                                                                    \
    X(hosts_limited, false,                                                                        \
      "records that made a host unusual, beyond the limits of findings: see ganad-hosts(5)")       \
    X(hosts_suppressed, false, "times that a rule suppressed what was found of a host")            \
    X(hosts_evicted, false, "watched hosts that gave their place to others")                       \
    X(hosts_evicted_known, false, "of hosts_evicted, those that had completed a handshake")        \
    X(hosts_pairs_evicted, false, "targets of a watched host that gave their place to others")     \
    X(hosts_one_way, false,                                                                        \
      "records that count for scans only, because nothing shows that their source is real")        \
    X(hosts_levels_held, false, "times that a level of a sign was kept from rising faster")        \
    X(alerts_suppressed, false, "anomalous records that a rule suppressed")                        \
    X(alerts_limited, false, "anomalous records in no alert, beyond alerts.rate")                  \
    X(alerts_withheld, false,                                                                      \
      "anomalous records in no alert, because [learning] has no model of this network yet")        \
    X(learn_records, false, "records kept for learning")                                           \
    X(learn_left_out, false, "records left out of them, because a part is enough")                 \
    X(learn_untimed, false, "records left out of them, because they have no time")                 \
    X(learn_lost, false, "records that could not be written to the directory of [learning]")       \
    X(bystanders_unchecked, false,                                                                 \
      "records at an attacked target that were not checked, because there were too many")          \
    X(events, false, "events for the outputs: alerts, heartbeats, stats, models")                  \
    X(events_dropped, false, "events that the spool could not write to disk")                      \
    X(alerts_high, false, "alerts of high severity")                                               \
    X(alerts_medium, false, "alerts of medium severity")                                           \
    X(alerts_low, false, "alerts of low severity")                                                 \
    X(incidents_unlisted, false, "open incidents that the full list of recent ones gave up")       \
    X(feedback_true, false, "verdicts of operators that an alert was an attack")                   \
    X(feedback_false, false, "verdicts of operators that an alert was expected traffic")           \
    X(feedback_undone, false, "verdicts of operators that were undone")                            \
    X(feedback_damaged, true, "damaged lines of [alerts] feedback, which are left out")            \
    X(reloads, false, "reloads of models and configuration that were applied")                     \
    X(reloads_refused, false, "reloads that failed; the daemon kept the running configuration")    \
    X(control_refused, false, "control clients refused with BUSY")                                 \
    X(control_denied, false, "control requests and clients without the group that they need")      \
    X(metrics_waits, false, "times that further clients of [metrics] had to wait")                 \
    X(evidence_files, false, "files of [evidence] written, each with packets of one alert")        \
    X(evidence_packets, false, "packets in these files")                                           \
    X(evidence_bytes, false, "bytes of these files")                                               \
    X(evidence_missed, false, "alerts whose packets were overwritten before they were written")    \
    X(evidence_cut, false, "of evidence_files, those that lack packets of their connection")       \
    X(evidence_limited, false, "alerts without packets, beyond a limit of [evidence]")             \
    X(evidence_failed, false, "files of [evidence] that could not be written")                     \
    X(evidence_deleted, false, "files of [evidence] deleted to stay within quota and files")       \
    X(budget_exceeded, false, "times that a model exceeded its false-positive budget for long")    \
    X(budget_adapted, false, "changes of a threshold that recent records called for")              \
    X(budget_failures, false, "failures to read or write the file of [budget] state")              \
    X(tails, true, "control clients that follow the alerts")                                       \
    X(tail_lost, false, "alerts that a slow tail did not receive")                                 \
    X(lookups, true, "threads that resolve the names of outputs")                                  \
    X(lookups_waits, false, "attempts of outputs that waited for an earlier lookup of their name") \
    X(tails_idle, false, "tails disconnected because they neither took nor sent anything")

struct stats {
#define STATS_FIELD(name, is_gauge, help) uint64_t name;
    STATS(STATS_FIELD)
#undef STATS_FIELD
    struct capture_counts captures; /* sums over all captures */
    struct histogram latency;       /* of requests, in seconds */
    struct gad_time started;        /* wall */
};

void stats_init(struct stats *s); /* sets all counters to 0 and the start time to now */

#define STATS_ONE(name, is_gauge, help) +1
enum { STATS_N_ITEMS = STATS(STATS_ONE) };
#undef STATS_ONE
extern const struct gad_counter_item stats_items[]; /* (STATS_N_ITEMS) */
