/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Members of events as JSON, shared by the formats json, eve, ecs and ocsf. A member is written
 * here if more than one format has it. The formats differ in these points, which receivers rely on
 * and which therefore stay:
 *
 *     fpr_budget   json leaves it out if it is not known; eve, ecs and ocsf write 0
 *     source       json leaves it out for a client's record; eve, ecs and ocsf write ""
 *     tunnels      ecs writes 0; the others leave it out
 *     rollup       json, eve and ecs have the object; ocsf has count, start_time and end_time
 */

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/event/event.h"
#include "lib/event/format.h"

enum {
    GAD_JSON_SCORE_DIGITS = 9, /* restores every float32 */
    GAD_JSON_SHOWN_DIGITS = 6
};

/* A literal inside an object: a comma, the key and a colon. */
#define gad_json_key(b, key) gad_json_raw(b, ",\"" key "\":")

void gad_json_text(struct gad_buf *b, const char *s);
void gad_json_time(struct gad_buf *b, struct gad_time t); /* RFC 3339 */
void gad_json_address(struct gad_buf *b, uint8_t family, const uint8_t addr[static 16]);
void gad_json_id(struct gad_buf *b, const struct gad_event *e);

/* ,"prev_seq":N if the output filters events; nothing for a loss. */
void gad_json_prev_seq(struct gad_buf *b, const struct gad_event *e);
void gad_json_sentence(struct gad_buf *b, const struct gad_event *e);

/* Members of an alert; each begins with a comma. */

/* ,"src_ip":..,"src_port":..,"dest_ip":..,"dest_port":..,"proto":.. */
void gad_json_tuple(struct gad_buf *b, const struct gad_tuple *t);

/* ,"p_value":..,"p_extrapolated":true,"threshold":..,"fpr_budget":..; the second one if it is
 * true, the last one if it is known or
 * @with_zero_budget. */
void gad_json_verdict(struct gad_buf *b, const struct gad_alert *a, bool with_zero_budget);

/* ,"hint":..,"technique":..,"feedback":..; those that there are. */
void gad_json_hint(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail);

/* ,"incident":{..} of an alert that has one, as much of it as @detail allows. */
void gad_json_incident(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail);

/* ,"client":..; ,"pcap_filename":..,"pcap_cnt":..; ,"evidence":..; those that are known and that
 * @detail allows. */
void gad_json_client(struct gad_buf *b, const struct gad_alert *a);
void gad_json_pcap(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail);
void gad_json_evidence(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail);

/* ,"pkts_toserver":..,"pkts_toclient":.. if they are known, as at least one packet was seen. */
void gad_json_packets(struct gad_buf *b, const struct gad_record *r);

/* ,"causes":[{"n":..,"hint":..}],"sources":[{"ip":..,"n":..}] of a limit event. */
void gad_json_limit(struct gad_buf *b, const struct gad_limit_event *l);

/* ,"tunnels":..,"notes":..; those that are not 0 or empty. */
void gad_json_marks(struct gad_buf *b, const struct gad_record *r);
void gad_json_notes(struct gad_buf *b, const struct gad_record *r); /* the second one alone */

/* ,"model":..,"model_sha256":.. */
void gad_json_checkpoint(struct gad_buf *b, const struct gad_alert *a);

/* ,"rollup":{"count":..,"first":..,"last":..} */
void gad_json_rollup(struct gad_buf *b, const struct gad_alert *a);

/* ,"top_features":[..],"features":{..}, as much of both as @detail allows. */
void gad_json_explanation(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail);

void gad_json_features(struct gad_buf *b, const struct gad_record *r); /* {41 columns} */

/* {"NAME":VALUE,..} */
void gad_json_counters(struct gad_buf *b, const struct gad_counter *c, size_t n);

/* Appends "action", "model" and those of the other texts that are not empty. @is_behind_another:
 * begins with a comma. */
void gad_json_model(struct gad_buf *b, const struct gad_model_event *m, bool is_behind_another);

/* "action":..,"source":.. of a blind event; nothing of others. */
void gad_json_blind(struct gad_buf *b, const struct gad_event *e, bool is_behind_another);

/* What formats that are not JSON share with those above. */

/* Contributing features that @detail allows. */
size_t gad_detail_n_top(const struct gad_alert *a, enum gad_detail detail);

/* The contributing features that say something (lib/record/reason.h), at most @most. Returns how
 * many. */
size_t gad_alert_reasons(const struct gad_alert *a, size_t most,
                         const struct gad_reason *list[static GAD_N_COLUMNS]);

/* The numbers of a heartbeat, stats, loss or blind event as counters, as many as @detail allows.
 * Returns how many. */
size_t gad_event_numbers(const struct gad_event *e, enum gad_detail detail,
                         struct gad_counter c[static GAD_EVENT_COUNTERS + 4]);

/* The usual name of the application protocol of a KDD99 service, or NULL. */
const char *gad_app_protocol(int service);
