/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From what is found about hosts to incidents of nature host. Thread: main. */

#include "daemon/alert/attacks.h"
#include "daemon/alert/host_watch.h"

struct job;
struct suppressor;

/* The watches of clients and of captures; both NULL: off. @clients: the part of the table's size
 * that the former has. @has_state: the latter reads and writes the file of the configuration. On
 * failure the caller frees what is set. */
int host_watches_new(const struct config *c, unsigned clients, bool has_state, struct stats *stats,
                     struct host_watch *ret[2]) GAD_MUST_CHECK;
/* Sets the counters of current values. */
void host_watches_count(struct host_watch *const watch[2], struct stats *stats);

/* Takes record n of a job that is back from the scorer. Returns what was found; NULL: nothing, or a
 * rule suppresses the record. */
const struct host_finding *host_report_find(struct host_watch *w, struct suppressor *rules,
                                            const struct job *j, size_t n, struct gad_time when,
                                            struct stats *stats);

/* The key of its incident: the source alone. */
struct incident_key host_report_key(const struct job *j, size_t n);

/* Adds the record to its incident, after the earlier ones that made the host unusual. */
void host_report_add(struct incident *i, struct attacks *a, const uint64_t secret[static 2],
                     const struct incident_key *k, const struct host_finding *f,
                     const struct gad_record *r, struct gad_time when);
