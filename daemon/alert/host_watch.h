/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The second detector: which source hosts are unusual for this network, or for themselves. It takes
 * every scored record, anomalous or not, and finds what no single record shows: a slow scan, a
 * beacon, a tunnel, guessing over hours, uploads in pieces.
 *
 * A host is unusual if a sign (host_signs.h) is above its level (host_level.h) and well above what
 * the host itself did while the detector learned. Each sign of a host is reported once, and again
 * after a week or when it has grown as much again.
 *
 * While it learns it finds nothing: for the time `after`, until `least_hosts` hosts were active and
 * `least_records` records seen, and while alerts are off.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/alert/host_level.h"
#include "daemon/alert/host_signs.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct host_watch;
struct stats;

enum {
    HOST_FINDINGS_AN_HOUR = 20, /* of hosts that completed a handshake within a day */
    HOST_FORGEABLE_A_DAY = 24,  /* of others, whose address can be forged */
    HOST_FORGEABLE_AT_ONCE = 8, /* of these, saved up */
};

struct host_finding {
    bool is_new;        /* else the record belongs to what was found before */
    bool may_be_forged; /* the host has completed no handshake for a day */
    size_t n;           /* unusual signs; 0 unless is_new */
    struct gad_unusual unusual[GAD_UNUSUAL_MAX];
    size_t n_past; /* earlier records that made it so, the oldest first */
    const struct host_record *past[HOST_RECORDS];
};

/* NULL in @ret: the detector is off. @part: its table has this part of the places. @state: file of
 * what was learned, or ""; if it is damaged, the detector logs that and learns again. @state and
 * @stats outlive it. */
int host_watch_new(const struct config *c, unsigned part, const char *state, struct stats *stats,
                   struct host_watch **ret) GAD_MUST_CHECK;
void host_watch_free(struct host_watch *w); /* writes the file */
GAD_DEFINE_CLEANUP(struct host_watch, host_watch_free);

/* Applies the keys that need no other table. */
void host_watch_configure(struct host_watch *w, const struct config *c);

/* Takes a scored record. @p: its p-value. @now: packet time, or wall clock for records of clients.
 * @may_find: else it only learns, as while alerts are off. Returns what was found, valid until the
 * next call, or NULL. */
const struct host_finding *host_watch_take(struct host_watch *w, const struct gad_record *r,
                                           double p, struct gad_time now, bool may_find);

size_t host_watch_count(const struct host_watch *w); /* hosts in its table */

/* Whether it still learns, and finds nothing. */
bool host_watch_is_learning(const struct host_watch *w);
