/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From incidents and samples to alerts. Thread: main. */

#include "daemon/alert/incidents.h"

struct job;

/* Record i of a job that is back from the scorer. */
void report_sample(const struct job *j, size_t i, struct incident_sample *ret);

/* Explains the samples of an incident, and releases its model. */
void report_release(struct incident *i);

/* Hint and severity of the incident now. */
void report_review(struct incident *i);

/*
 * Counts a record of the incident, after report_review(). Returns job.apart of it: above 0 if the
 * incident is called an attack. Then it has a hint, and its nature is not ordinary traffic. A model
 * that does not know a network finds floods and sweeps in ordinary traffic. A hint at volume or
 * service says nothing, either.
 */
uint8_t report_apart(struct incident *i);

/* A record of the same model with another threshold: the alerts of the incident have it then. */
void report_relabel(struct incident *i, const struct model *m);

/* Fills the alert for what is pending, and explains its sample. Returns whether the incident had a
 * pending record; else the alert shows the highest score of all, with count 0. */
void report_incident(struct incident *i, enum gad_incident_state state, struct gad_alert *ret);

/* The alert of a record that belongs to no incident. */
void report_single(const struct model *m, struct incident_sample *s, struct gad_time when,
                   struct gad_alert *ret);
