/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which incidents fill the feature windows of others: those on a target and on a service, and those
 * with a noticeable part of the last records of the network. An incident that has ended is not
 * returned. The table has a fixed size and gives up what was attacked longest ago.
 *
 * Thread: main.
 */

#include <stdbool.h>

#include "daemon/alert/incidents.h"

struct attacks;

int attacks_new(struct attacks **ret) GAD_MUST_CHECK;
void attacks_free(struct attacks *a);
GAD_DEFINE_CLEANUP(struct attacks, attacks_free);

/* Forgets all incidents: the memory of their table will be freed. */
void attacks_forget(struct attacks *a);

/* Marks target and service of a record as attacked by its incident, whose memory must outlive @a or
 * the next attacks_forget(). */
void attacks_mark(struct attacks *a, const struct incident_key *k, struct incident *i);

/* NULL: none. */
struct incident *attacks_on_target(struct attacks *a, const struct incident_key *k);
struct incident *attacks_on_service(struct attacks *a, const struct incident_key *k);

/* Counts a record of the network, anomalous or not. @i: its incident, if that is an attack that can
 * change the windows of others; else NULL. */
void attacks_saw(struct attacks *a, struct thing source, struct incident *i);

/* The latest attack that has a noticeable part of the last records; NULL: none. */
struct incident *attacks_on_network(const struct attacks *a);

/* Whether few of the last records are of this source, compared with those of attacks. */
bool attacks_are_few_of(const struct attacks *a, struct thing source);
