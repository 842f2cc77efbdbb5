/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The members of an event as pairs of a key and a text, for the formats that are lists of pairs. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/event/event.h"
#include "lib/event/format.h"

/* Members; each format has its own keys for them. */
enum gad_pair {
    GAD_PAIR_ID,
    GAD_PAIR_SEQ,
    GAD_PAIR_PREV_SEQ, /* of an output that filters events */
    GAD_PAIR_SENSOR,
    GAD_PAIR_SCORE,
    GAD_PAIR_THRESHOLD,
    GAD_PAIR_P_VALUE,
    GAD_PAIR_FPR_BUDGET,
    GAD_PAIR_RISK,
    GAD_PAIR_MODEL,
    GAD_PAIR_MODEL_SHA256,
    GAD_PAIR_COMMUNITY_ID,
    GAD_PAIR_SRC,
    GAD_PAIR_SRC_PORT,
    GAD_PAIR_DST,
    GAD_PAIR_DST_PORT,
    GAD_PAIR_PROTO,
    GAD_PAIR_SERVICE,
    GAD_PAIR_FLAG,
    GAD_PAIR_SRC_BYTES,
    GAD_PAIR_DST_BYTES,
    GAD_PAIR_START, /* milliseconds since 1970 */
    GAD_PAIR_END,
    GAD_PAIR_COUNT,
    GAD_PAIR_FIRST,
    GAD_PAIR_LAST,
    GAD_PAIR_SOURCE,
    GAD_PAIR_INTERFACE,
    GAD_PAIR_TUNNELS,
    GAD_PAIR_NOTES, /* words, joined by a space */
    GAD_PAIR_TOP,   /* "serror_rate 1.00 (expected 0.02) 41%, ..." */
    GAD_PAIR_OUTPUT,
    GAD_PAIR_VERSION,
    GAD_PAIR_ACTION,
    GAD_PAIR_PREVIOUS_SHA256,
    GAD_PAIR_REASON,
    GAD_PAIR_INCIDENT, /* its id */
    GAD_PAIR_INCIDENT_STATE,
    GAD_PAIR_LINE, /* what its records share */
    GAD_PAIR_NATURE,
    GAD_PAIR_HINT,
    GAD_PAIR_TECHNIQUE,
    GAD_PAIR_INCIDENT_FIRST, /* milliseconds since 1970 */
    GAD_PAIR_INCIDENT_LAST,
    GAD_PAIR_RECORDS,
    GAD_PAIR_BYSTANDERS,
    GAD_PAIR_LOGINS,
    GAD_PAIR_SUCCEEDED, /* 1 */
    GAD_PAIR_INCIDENT_SRC_BYTES,
    GAD_PAIR_INCIDENT_DST_BYTES,
    GAD_PAIR_SOURCES,
    GAD_PAIR_TARGETS,
    GAD_PAIR_PORTS,
    GAD_PAIR_ANSWERED,
    GAD_PAIR_ESTIMATED,   /* those of the four numbers before that are estimates */
    GAD_PAIR_TOP_SOURCES, /* "203.0.113.7 (134), ..." */
    GAD_PAIR_TOP_TARGETS,
    GAD_PAIR_TOP_PORTS,
    GAD_PAIR_UNUSUAL,        /* "failed_targets 14 (usual 2), ...", and "forgeable" at the end */
    GAD_PAIR_P_EXTRAPOLATED, /* 1 */
    GAD_PAIR_SRC_PACKETS,
    GAD_PAIR_DST_PACKETS,
    GAD_PAIR_CLIENT,
    GAD_PAIR_PCAP_FILENAME,
    GAD_PAIR_PCAP_CNT,
    GAD_PAIR_EVIDENCE,
    GAD_PAIR_CAUSES, /* "flood (134), ..." of a limit event */
    GAD_PAIR_NUMBER, /* a counter: its name is the key */
};

/* Calls @each for each known member. @key: the name of a GAD_PAIR_NUMBER, else NULL. @value may
 * hold any byte: the format escapes it. */
void gad_event_pairs(const struct gad_event *e, enum gad_detail detail,
                     void (*each)(void *arg, enum gad_pair pair, const char *key,
                                  const char *value),
                     void *arg);
