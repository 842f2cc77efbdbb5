/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open Cybersecurity Schema Framework 1.5, the first version with anomaly_analyses. An alert is a
 * Detection Finding (class 2004); anomaly_analyses has the observed and the expected value of each
 * contributing feature. The finding is the incident: its first alert creates it, further ones
 * update it, the last one closes it, under one finding_info.uid. The other events are Base Events
 * with their numbers in unmapped.
 *
 * Times are milliseconds. severity_id: 4 high, 3 medium, 2 low, 1 informational. count, start_time
 * and end_time are of all connections that the alert reports, as the schema defines them. The
 * connection's own times are in the evidence's data. Texts are escaped as JSON; U+FFFD replaces
 * bytes that are not UTF-8.
 */
#include "lib/event/format.h"
#include "lib/event/json_parts.h"

static uint64_t milliseconds(struct gad_time t)
{
    return t.ns > 0 ? (uint64_t)(t.ns / 1000000) : 0;
}

static void add_metadata(struct gad_buf *b, const struct gad_event *e,
                         const struct gad_format_options *o)
{
    char incident[GAD_EVENT_ID_TEXT];

    gad_json_raw(b, ",\"metadata\":{\"version\":\"1.5.0\",\"product\":{\"name\":\"ganadd\","
                    "\"vendor_name\":\"ganad\",\"version\":");
    gad_json_text(b, o->version);
    gad_json_raw(b, "},\"uid\":");
    gad_json_id(b, e);
    if (e->kind != GAD_EVENT_LOSS) {
        gad_json_key(b, "sequence");
        gad_json_u64(b, e->seq);
    }
    gad_json_key(b, "log_provider");
    gad_json_text(b, e->sensor);
    gad_incident_id(e, incident);
    if (*incident) {
        gad_json_key(b, "correlation_uid");
        gad_json_text(b, incident);
    }
    gad_json_raw(b, "}");
}

static void add_end(struct gad_buf *b, const struct gad_tuple *t, const uint8_t *addr,
                    uint16_t port)
{
    gad_json_raw(b, "{\"ip\":");
    gad_json_address(b, t->family, addr);
    gad_json_key(b, "port");
    gad_json_u64(b, port);
}

static void add_evidence(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    const struct gad_tuple *t = &a->record.tuple;

    gad_json_raw(b, ",\"evidences\":[{");
    if (t->family != 0) {
        gad_json_raw(b, "\"src_endpoint\":");
        add_end(b, t, t->src, t->src_port);
        if (a->interface[0]) {
            gad_json_key(b, "interface_name");
            gad_json_text(b, a->interface);
        }
        gad_json_raw(b, "},\"dst_endpoint\":");
        add_end(b, t, t->dst, t->dst_port);
        gad_json_raw(b, "},\"connection_info\":{\"direction_id\":0,\"protocol_num\":");
        gad_json_u64(b, t->proto);
        gad_json_key(b, "protocol_ver_id");
        gad_json_u64(b, t->family);
        if (a->record.community_id[0]) {
            gad_json_key(b, "community_uid");
            gad_json_text(b, a->record.community_id);
        }
        gad_json_raw(b, "},");
    }
    if (a->feedback != GAD_FEEDBACK_NONE)
        gad_buf_printf(b, "\"verdict_id\":%d,\"verdict\":\"%s\",",
                       a->feedback == GAD_FEEDBACK_FALSE ? 1 : 2,
                       a->feedback == GAD_FEEDBACK_FALSE ? "False Positive" : "True Positive");
    gad_json_raw(b, "\"data\":{\"source\":");
    gad_json_text(b, a->source);
    gad_json_key(b, "bytes_out");
    gad_json_u64(b, (uint64_t)a->record.v[GAD_SRC_BYTES]);
    gad_json_key(b, "bytes_in");
    gad_json_u64(b, (uint64_t)a->record.v[GAD_DST_BYTES]);
    if (a->record.src_packets > 0 || a->record.dst_packets > 0) {
        gad_json_key(b, "packets_out");
        gad_json_u64(b, a->record.src_packets);
        gad_json_key(b, "packets_in");
        gad_json_u64(b, a->record.dst_packets);
    }
    gad_json_client(b, a);
    gad_json_pcap(b, a, detail);
    gad_json_evidence(b, a, detail);
    gad_json_marks(b, &a->record);
    if (a->record.start.ns != 0) {
        gad_json_key(b, "start_time");
        gad_json_u64(b, milliseconds(a->record.start));
    }
    if (a->record.end.ns != 0) {
        gad_json_key(b, "end_time");
        gad_json_u64(b, milliseconds(a->record.end));
    }
    gad_json_raw(b, "}}]");
}

static void add_observation(struct gad_buf *b, enum gad_column c, double v)
{
    char text[GAD_VALUE_TEXT];

    gad_json_raw(b, "{\"observation_parameter\":");
    gad_json_text(b, gad_columns[c].name);
    gad_json_raw(b, ",\"observations\":[{\"value\":");
    gad_value_text(c, v, text);
    gad_json_text(b, text);
    gad_json_raw(b, "}]");
}

static void add_analysis(struct gad_buf *b, const struct gad_alert *a, size_t most)
{
    const struct gad_reason *list[GAD_N_COLUMNS];
    size_t n = gad_alert_reasons(a, most, list);

    gad_json_raw(b, ",\"anomaly_analyses\":[{\"analysis_targets\":[{\"name\":\"connection\","
                    "\"type\":\"Network Connection\"}],\"anomalies\":[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        add_observation(b, list[i]->column, list[i]->value);
        gad_buf_printf(b, ",\"observed_pattern\":\"share %.4f of the score\"}", list[i]->share);
    }
    gad_json_raw(b, "],\"baselines\":[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        add_observation(b, list[i]->column, list[i]->expected);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]}]");
}

static void add_attacks(struct gad_buf *b, const struct gad_alert *a)
{
    const char *technique = gad_alert_technique(a);

    if (*technique)
        gad_buf_printf(b, ",\"attacks\":[{\"technique\":{\"uid\":\"%s\",\"name\":\"%s\"}}]",
                       technique, gad_technique_name(technique));
}

static void add_finding(struct gad_buf *b, const struct gad_event *e)
{
    const struct gad_alert *a = &e->alert;
    const char *looks = gad_hint_phrase(a->incident.hint);
    char incident[GAD_EVENT_ID_TEXT];

    gad_buf_printf(b, ",\"finding_info\":{\"title\":\"%s%s\",\"uid\":", *looks ? "Looks like " : "",
                   *looks ? looks : "Anomalous connection");
    gad_incident_id(e, incident);
    if (*incident)
        gad_json_text(b, incident);
    else
        gad_json_id(b, e);
    gad_json_key(b, "desc");
    gad_json_sentence(b, e);
    add_attacks(b, a);
    gad_json_raw(b, ",\"types\":[\"Anomaly\"],\"analytic\":{\"type_id\":4,\"name\":");
    gad_json_text(b, a->model);
    gad_json_key(b, "uid");
    gad_json_text(b, a->model_sha256);
    gad_json_raw(b, "}");
    gad_json_key(b, "first_seen_time");
    gad_json_u64(b, milliseconds(a->first));
    gad_json_key(b, "last_seen_time");
    gad_json_u64(b, milliseconds(a->last));
    gad_json_raw(b, "}");
    gad_json_key(b, "count");
    gad_json_u64(b, a->count);
    gad_json_key(b, "risk_score");
    gad_json_u64(b, a->risk);
    gad_json_key(b, "start_time");
    gad_json_u64(b, milliseconds(a->first));
    gad_json_key(b, "end_time");
    gad_json_u64(b, milliseconds(a->last));
}

static void add_alert(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_alert *a = &e->alert;

    add_finding(b, e);
    add_evidence(b, a, detail);
    add_analysis(b, a, gad_detail_n_top(a, detail));
    gad_json_raw(b, ",\"unmapped\":{\"score\":");
    gad_json_real(b, (double)a->score, GAD_JSON_SCORE_DIGITS);
    gad_json_verdict(b, a, true);
    gad_json_prev_seq(b, e);
    gad_json_hint(b, a, detail);
    gad_json_incident(b, e, detail);
    if (detail < GAD_DETAIL_NO_FEATURES) {
        gad_json_key(b, "features");
        gad_json_features(b, &a->record);
    }
    gad_json_raw(b, "}");
}

static void add_numbers(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    struct gad_counter c[GAD_EVENT_COUNTERS + 4];
    size_t n = gad_event_numbers(e, detail, c);

    gad_json_key(b, "unmapped");
    if (e->kind == GAD_EVENT_MODEL) {
        gad_json_raw(b, "{");
        gad_json_model(b, &e->model, false);
        gad_json_prev_seq(b, e);
        gad_json_raw(b, "}");
        return;
    }
    if (e->kind == GAD_EVENT_BLIND || e->kind == GAD_EVENT_LIMIT) {
        gad_json_raw(b, "{\"numbers\":");
        gad_json_counters(b, c, n);
        gad_json_blind(b, e, true);
        if (e->kind == GAD_EVENT_LIMIT)
            gad_json_limit(b, &e->limit);
        gad_json_prev_seq(b, e);
        gad_json_raw(b, "}");
        return;
    }
    /* c has room for one number more than any event has */
    if (e->filtered && e->kind != GAD_EVENT_LOSS)
        c[n++] = (struct gad_counter){"prev_seq", e->prev_seq};
    gad_json_counters(b, c, n);
}

/* Of class 2004. */
static const char *const activity_names[] = {NULL, "Create", "Update", "Close"};

static unsigned activity_of(enum gad_incident_state s)
{
    return s == GAD_INCIDENT_UPDATE ? 2 : s == GAD_INCIDENT_CLOSED ? 3 : 1;
}

static void write_ocsf(const struct gad_event *e, const struct gad_format_options *o,
                       enum gad_detail detail, struct gad_buf *b)
{
    if (e->kind == GAD_EVENT_ALERT) {
        unsigned activity = activity_of(e->alert.incident.state);
        gad_buf_printf(b,
                       "{\"category_uid\":2,\"category_name\":\"Findings\",\"class_uid\":2004,"
                       "\"class_name\":\"Detection Finding\",\"activity_id\":%u,"
                       "\"activity_name\":\"%s\",\"type_uid\":20040%u,\"status_id\":1,"
                       "\"severity_id\":",
                       activity, activity_names[activity], activity);
        gad_json_u64(b, 5 - e->alert.severity);
    } else {
        gad_json_raw(b, "{\"category_uid\":0,\"class_uid\":0,\"class_name\":\"Base Event\","
                        "\"activity_id\":99,\"activity_name\":");
        gad_json_text(b, gad_event_kind_name(e->kind));
        gad_json_raw(b, ",\"type_uid\":99,\"severity_id\":");
        gad_json_u64(b, gad_event_warns(e) ? 3 : 1);
    }
    gad_json_key(b, "time");
    gad_json_u64(b, milliseconds(e->time));
    gad_json_key(b, "message");
    gad_json_sentence(b, e);
    add_metadata(b, e, o);
    if (e->kind == GAD_EVENT_ALERT)
        add_alert(b, e, detail);
    else
        add_numbers(b, e, detail);
    gad_json_raw(b, "}");
}

const struct gad_format gad_format_ocsf = {
    .name = "ocsf", .summary = "Open Cybersecurity Schema Framework", .write = write_ocsf};
