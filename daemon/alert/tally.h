/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The numbers of an incident: what each of its records adds. Thread: main. */

#include "daemon/alert/attacks.h"

struct gad_record;

/* Adds hosts, ports, bytes and logins of a record, after incident.records has counted it.
 * @secret: of the hashes */
void tally_add(struct incident *i, struct attacks *a, const uint64_t secret[static 2],
               const struct incident_key *k, const struct gad_record *r);

/* Whether an incident has changed the feature windows of others. */
bool tally_fills_windows(const struct incident *i);

/* Whether this source alone failed to log in so often that its next login counts as guessed. */
bool tally_has_guessed(const struct incident *i, const struct incident_key *k);

/* Whether the record makes its source one of those that an alert of many sources must name. Each
 * name since the last update needs more records than the one before, so that a few packets of
 * forged sources do not prevent it. */
bool tally_is_new_name(struct incident *i, const struct incident_key *k);
