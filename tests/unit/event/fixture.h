/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Events, and their lines, for the tests of the formats. */

#include <jansson.h>

#include "lib/event/event.h"
#include "lib/event/format.h"

enum { FIXTURE_LINE = 64 << 10, FIXTURE_ENTERPRISE = 32473, FIXTURE_RECEIVER = 8192 };

/* Typical events: an alert on a scan with two contributing features, and one event of each other
 * kind. */
struct gad_event fixture_alert(void);
struct gad_event fixture_heartbeat(void);
struct gad_event fixture_stats(void);
struct gad_event fixture_loss(void);
struct gad_event fixture_model(bool is_refused);

/* The same as the second alert of a flood, with all that an alert can have; and a limit. */
struct gad_event fixture_incident(void);
struct gad_event fixture_limit(void);
void fixture_long_incident(struct gad_incident *i); /* as long as it can be */

/* Every text of the event is this. */
void fixture_fill_texts(struct gad_event *e, const char *text);

/* All that an alert can hold, each text as long as it can be and of bytes that JSON has to
 * escape. */
struct gad_event fixture_longest_alert(void);

/* The line with this much detail, NUL-terminated; it stands until the next call. */
const char *fixture_line(const char *format, const struct gad_event *e, enum gad_detail detail,
                         size_t *ret_len);

/* The line as JSON; of a value in it by "alert.context.ganad.top_features.0.name", NULL if it is
 * not there. */
json_t *fixture_json(const char *format, const struct gad_event *e, enum gad_detail detail);
const json_t *fixture_at(const json_t *j, const char *path);

/* These assert. */
const char *fixture_text(const json_t *j, const char *path);
json_int_t fixture_int(const json_t *j, const char *path);
double fixture_real(const json_t *j, const char *path);
