/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts of events as JSON, for the formats that are made of it. */

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/event/event.h"

enum { GAD_JSON_SCORE_DIGITS = 9 /* brings back a float32 */, GAD_JSON_SHOWN_DIGITS = 6 };

/* A literal between braces: a comma, the key and a colon. */
#define gad_json_key(b, key) gad_json_raw(b, ",\"" key "\":")

void gad_json_text(struct gad_buf *b, const char *s);
void gad_json_time(struct gad_buf *b, struct gad_time t); /* RFC 3339 */
void gad_json_address(struct gad_buf *b, uint8_t family, const uint8_t addr[static 16]);
void gad_json_value(struct gad_buf *b, enum gad_column c, double v); /* a name, or a number */
void gad_json_id(struct gad_buf *b, const struct gad_event *e);

/* The member prev_seq behind another one, if the output filters. */
void gad_json_prev_seq(struct gad_buf *b, const struct gad_event *e);
void gad_json_sentence(struct gad_buf *b, const struct gad_event *e);

/* [{name value expected share}], the first n */
void gad_json_top(struct gad_buf *b, const struct gad_alert *a, size_t n);
void gad_json_features(struct gad_buf *b, const struct gad_record *r); /* {41 columns} */
void gad_json_counters(struct gad_buf *b, const struct gad_counter *c,
                       size_t n); /* {name: value} */

/* The numbers that a heartbeat, stats or a loss has, as counters; returns how many. */
size_t gad_event_numbers(const struct gad_event *e,
                         struct gad_counter c[static GAD_EVENT_COUNTERS + 4]);

/* "action":...,"model":..., what is not "" of the rest; no comma before it. */
void gad_json_model(struct gad_buf *b, const struct gad_model_event *m);

/* What other programs call the application protocol of a KDD99 service, or NULL. */
const char *gad_app_protocol(int service);
