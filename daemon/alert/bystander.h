/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bystanders: hosts whose records are anomalous only because of an attack by others. KDD99's
 * windows count the records of all hosts: at a target and of a service within 2 s, and among the
 * last records of the network. So a flood makes each ordinary visit anomalous.
 *
 * A record is one of a bystander if an open incident of another source fills these windows, and
 * the model would not find it anomalous with the values that it expects there. Content, flag and
 * volume remain as they are, so they are never absorbed. A source with many such records is no
 * bystander any more, nor is one that has itself a noticeable part of the last records. Probes are
 * cheap to forge, so few of them are absorbed at a target and in an incident, too.
 *
 * Thread: main.
 */

#include "daemon/alert/attacks.h"
#include "daemon/rate_limit.h"

struct gad_record;
struct stats;

enum {
    BYSTANDER_CHECKS = 2000,    /* a second; beyond them a record is an ordinary one */
    BYSTANDER_RECORDS = 100,    /* of one source in one incident, for ordinary exchanges */
    BYSTANDER_OTHERS = 4,       /* of one source or at one target, for other natures */
    BYSTANDER_OTHERS_ALL = 256, /* in one incident, for other natures */
    BYSTANDER_ATTACKERS = 16,   /* records of an incident before it explains windows */
};

/* The incident that explains the record; NULL: none does. @checks: of BYSTANDER_CHECKS. */
struct incident *bystander_of(struct attacks *a, const struct incident_key *k,
                              const struct gad_record *rec, struct rate_limit *checks,
                              struct gad_time now, struct stats *stats);
