/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a record is filed under in the table of incidents. Thread: main. */

#include "daemon/alert/incidents.h"
#include "daemon/rate_limit.h"

struct job;

/* The key of record i of a job that is back from the scorer, with no cause. */
struct incident_key filing_key(const struct job *j, size_t i);

/* The column of the top feature, where incidents are filed by it; GAD_N_COLUMNS: not computed.
 * @causes: limits how many are computed */
uint8_t filing_cause(struct rate_limit *causes, const struct incident_key *k,
                     const struct gad_record *r, struct gad_time now);

/* Traffic that is unusual only beside others (0), by its volume (1), or otherwise (2). */
uint8_t filing_kind(uint8_t cause);
