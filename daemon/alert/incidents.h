/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The open incidents: a table of fixed size, found by what their records share.
 *
 *     by source   nature and source address (login, content: and service; content: also the target)
 *                 and only this for nature host
 *     by target   nature and target address (login: and service)
 *     by network  nature, service and cause, once four incidents with these began within a minute;
 *                 for probes and ICMP, whose sources are easily forged, two
 *
 * Traffic is also kept apart by service, and by whether windows, volume or other columns are what
 * is unusual.
 *
 * A record joins the incident of its source, else that of its target, else that of the network;
 * else it begins one. An incident begins as a pair of source and target. The second target makes it
 * one of its source, the second source one of its target, and then the other key is released: a
 * forged source address in a flood does not connect the flood with what that host does elsewhere.
 * A pair with many records becomes one of its target only after three more sources, because a host
 * beside an attack is not part of it.
 *
 * A full table evicts the least severe incident, of these one that has nothing unreported, of these
 * the one that rested longest.
 *
 * A source that sends many records into an incident of the network gets one of its own.
 *
 * This file finds, joins, begins and ends. decide.c decides what is reported and when.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/alert/distinct.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/event/event.h"

struct incidents;
struct model;
struct model_label;

enum {
    INCIDENT_REASONS = 8, /* contributing features of an alert */
};

/* A record that an alert can show. */
struct incident_sample {
    struct gad_record record;
    const char *source, *interface; /* of the capture; outlive the table */
    char client[GAD_EVENT_NAME];
    float score;
    double p_value;
    bool is_explained; /* n_top and top are set */
    size_t n_top;
    struct gad_reason top[INCIDENT_REASONS];
};

struct incident {
    uint64_t number;
    /* held; NULL: other models are in use since, and the samples are explained */
    struct model *model;
    struct model_label *label; /* held */
    enum gad_nature nature;
    enum gad_line line;
    bool is_known;     /* source and target are known */
    uint8_t cause;     /* of the record that began it, if it was computed; else GAD_N_COLUMNS */
    bool is_reported;  /* its first alert was emitted */
    bool is_urgent;    /* something must be reported at once */
    bool is_held;      /* an alert waits for the rate */
    unsigned severity; /* of the last review, which is the highest */
    unsigned reported_severity;
    enum gad_line reviewed_line;
    uint64_t reported_hints; /* set of 1 << enum gad_hint */
    enum gad_hint hint;
    double reported_p;
    float reported_score;
    unsigned news;      /* alerts for higher scores at other targets that it may still have */
    struct thing named; /* the source among many that an alert named last */
    unsigned names;     /* steps of tally_is_new_name() since the last update */
    unsigned few_names; /* and names while its sources were few */

    struct gad_time first, last; /* of its records: wall or packet time */
    uint64_t records, bystanders, logins, failed;
    uint8_t counted;   /* of its first records, those that count against the budget; at most 254 */
    uint64_t absorbed; /* bystanders that are no ordinary exchanges */
    bool succeeded, has_root_shell;
    bool may_be_forged; /* as n_unusual: of nature host */
    size_t n_unusual;
    struct gad_unusual unusual[GAD_UNUSUAL_MAX];
    uint64_t src_bytes, dst_bytes;
    unsigned strangers; /* other sources that a pair with many records refused */
    struct gad_time split_since;
    unsigned splits; /* frequent sources that got incidents of their own */

    /* since the last alert */
    uint64_t pending, n_held; /* of these, n_held are counted as held back by the rate */
    struct gad_time pending_first, pending_last;

    /* of the table's clock */
    struct gad_time touched, reported, interval, due;
    struct thing first_source, first_target;
    struct distinct sources, targets, ports, answered;
    struct distinct watchers, watched; /* sources and targets of bystanders */
    /* the highest scores of all, and since the last alert if pending > 0 */
    struct incident_sample best, fresh;

    /* the table's */
    uint32_t key[2]; /* slots of the keys: by source, by target; 0: none */
    uint32_t older, newer, heap, rank;
};

/* Pending records that an alert counts. Those of nature host count in other incidents, if they are
 * anomalous. */
static inline uint64_t incident_counted(const struct incident *i)
{
    return i->nature == GAD_NATURE_HOST ? 0 : i->pending;
}

/* What a record is filed under. */
struct incident_key {
    struct model *model;
    enum gad_nature nature;
    bool is_known; /* else source and target are 0 */
    struct thing source, target;
    uint16_t service, port;
    uint8_t cause; /* column of the top feature; GAD_N_COLUMNS: not computed */
    uint8_t kind;  /* of traffic: windows, volume or other, by its cause */
};

/* @n: incidents */
int incidents_new(size_t n, struct incidents **ret) GAD_MUST_CHECK;
void incidents_free(struct incidents *t);
GAD_DEFINE_CLEANUP(struct incidents, incidents_free);

/* Calls @fn for each open incident; it must not begin or end one. */
void incidents_each(struct incidents *t, void (*fn)(struct incident *i));

/* The incident that a record joins by source or target; NULL: none. Changes its line. */
struct incident *incidents_join(struct incidents *t, const struct incident_key *k);

/* The incident of the network with this cause; NULL: none. Changes its line. */
struct incident *incidents_join_network(struct incidents *t, const struct incident_key *k,
                                        struct gad_time now);

/* Begins one; the table must not be full. */
struct incident *incidents_begin(struct incidents *t, const struct incident_key *k, uint64_t number,
                                 struct gad_time now);

/* The login incident in which this source failed at this target; NULL: none. */
struct incident *incidents_login(struct incidents *t, const struct incident_key *k);

bool incidents_is_full(const struct incidents *t);
/* The incident to evict; NULL: the table is empty. */
struct incident *incidents_victim(struct incidents *t);
void incidents_end(struct incidents *t, struct incident *i);

/* Keeps the order of eviction after severity, pending or touched changed. */
void incidents_touch(struct incidents *t, struct incident *i, struct gad_time now);

/* Sets when incidents_due() returns it. */
void incidents_set_due(struct incidents *t, struct incident *i, struct gad_time due);
struct incident *incidents_due(struct incidents *t, struct gad_time now); /* NULL: none */
struct gad_time incidents_next(const struct incidents *t); /* INT64_MAX: none is open */

size_t incidents_count(const struct incidents *t);
size_t incidents_logins(const struct incidents *t); /* open ones of nature login */
const uint64_t *incidents_secret(const struct incidents *t);
