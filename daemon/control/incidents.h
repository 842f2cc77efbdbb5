/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The latest alerts of the last incidents, for ganadctl. Thread: main. */

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct feed;
struct gad_buf;

/* Appends an INCIDENTS_REPLY with entries that changed after @from, as many as one answer may have.
 * Returns 0 or GAD_ENOMEM. */
int control_incidents_reply(const struct feed *f, uint64_t from, struct gad_buf *out);
