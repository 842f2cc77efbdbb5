/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own format: everything that an event holds, as one JSON object, keys in a fixed order. What is not known is left
 * out. Names that Suricata's EVE has are used as it has them. proto/event.schema.json describes it.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/event/event.h"
#include "lib/event/formats.h"
#include "lib/event/json.h"

enum { SCORE_DIGITS = 9 /* brings back a float32 */, SHOWN_DIGITS = 6 };

static void add_text(struct gad_buf *b, const char *s)
{
    gad_json_string(b, s, strlen(s));
}

static void add_time(struct gad_buf *b, struct gad_time t)
{
    char text[GAD_TIME_TEXT];
    gad_time_text(t, text);
    add_text(b, text);
}

static void add_value(struct gad_buf *b, enum gad_column c, double v)
{
    if (gad_columns[c].kind == GAD_KIND_NAME)
        add_text(b, gad_name_text(c, (int)v));
    else
        gad_json_real(b, v, SHOWN_DIGITS);
}

static void add_address(struct gad_buf *b, uint8_t family, const uint8_t addr[16])
{
    char text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
    add_text(b, text);
}

static void add_tuple(struct gad_buf *b, const struct gad_tuple *t)
{
    char proto[8];

    gad_json_raw(b, ",\"src_ip\":");
    add_address(b, t->family, t->src);
    gad_json_raw(b, ",\"src_port\":");
    gad_json_u64(b, t->src_port);
    gad_json_raw(b, ",\"dest_ip\":");
    add_address(b, t->family, t->dst);
    gad_json_raw(b, ",\"dest_port\":");
    gad_json_u64(b, t->dst_port);
    gad_json_raw(b, ",\"proto\":");
    add_text(b, gad_ip_proto_name(t->proto, proto));
}

static void add_connection(struct gad_buf *b, const struct gad_alert *a)
{
    const struct gad_record *r = &a->record;

    if (a->source[0]) {
        gad_json_raw(b, ",\"source\":");
        add_text(b, a->source);
    }
    if (a->interface[0]) {
        gad_json_raw(b, ",\"in_iface\":");
        add_text(b, a->interface);
    }
    if (r->tuple.family != 0)
        add_tuple(b, &r->tuple);
    if (r->community_id[0]) {
        gad_json_raw(b, ",\"community_id\":");
        add_text(b, r->community_id);
    }
    if (r->tunnels > 0) {
        gad_json_raw(b, ",\"tunnels\":");
        gad_json_u64(b, r->tunnels);
    }
    if (r->start.ns != 0) {
        gad_json_raw(b, ",\"flow\":{\"start\":");
        add_time(b, r->start);
        if (r->end.ns != 0) {
            gad_json_raw(b, ",\"end\":");
            add_time(b, r->end);
        }
        gad_json_raw(b, "}");
    }
}

static void add_top(struct gad_buf *b, const struct gad_alert *a, size_t n)
{
    gad_json_raw(b, ",\"top_features\":[");
    for (size_t i = 0; i < n; i++) {
        const struct gad_reason *r = &a->top[i];
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_raw(b, "{\"name\":");
        add_text(b, gad_columns[r->column].name);
        gad_json_raw(b, ",\"value\":");
        add_value(b, r->column, r->value);
        gad_json_raw(b, ",\"expected\":");
        add_value(b, r->column, r->expected);
        gad_json_raw(b, ",\"share\":");
        gad_json_real(b, r->share, 4);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

static void add_features(struct gad_buf *b, const struct gad_record *r)
{
    gad_json_raw(b, ",\"features\":{");
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        if (c > 0)
            gad_json_raw(b, ",");
        add_text(b, gad_columns[c].name);
        gad_json_raw(b, ":");
        add_value(b, c, r->v[c]);
    }
    gad_json_raw(b, "}");
}

static void add_verdict(struct gad_buf *b, const struct gad_alert *a)
{
    gad_json_raw(b, ",\"severity\":");
    gad_json_u64(b, a->severity);
    gad_json_raw(b, ",\"risk\":");
    gad_json_u64(b, a->risk);
    gad_json_raw(b, ",\"score\":");
    gad_json_real(b, (double)a->score, SCORE_DIGITS);
    gad_json_raw(b, ",\"p_value\":");
    gad_json_real(b, a->p_value, SHOWN_DIGITS);
    gad_json_raw(b, ",\"threshold\":");
    gad_json_real(b, (double)a->threshold, SCORE_DIGITS);
    if (a->fpr_budget > 0) {
        gad_json_raw(b, ",\"fpr_budget\":");
        gad_json_real(b, a->fpr_budget, SHOWN_DIGITS);
    }
    gad_json_raw(b, ",\"model\":");
    add_text(b, a->model);
    gad_json_raw(b, ",\"model_sha256\":");
    add_text(b, a->model_sha256);
}

static void add_rollup(struct gad_buf *b, const struct gad_alert *a)
{
    gad_json_raw(b, ",\"rollup\":{\"count\":");
    gad_json_u64(b, a->count);
    gad_json_raw(b, ",\"first\":");
    add_time(b, a->first);
    gad_json_raw(b, ",\"last\":");
    add_time(b, a->last);
    gad_json_raw(b, "}");
}

static void add_alert(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    add_verdict(b, a);
    add_connection(b, a);
    add_rollup(b, a);
    add_top(b, a, detail >= GAD_DETAIL_ONE_REASON && a->n_top > 1 ? 1 : a->n_top);
    if (detail < GAD_DETAIL_NO_FEATURES)
        add_features(b, &a->record);
}

static void add_heartbeat(struct gad_buf *b, const struct gad_heartbeat *h)
{
    gad_json_raw(b, ",\"version\":");
    add_text(b, h->version);
    gad_json_raw(b, ",\"uptime\":");
    gad_json_real(b, gad_time_seconds(h->uptime), SCORE_DIGITS);
    gad_json_raw(b, ",\"interval\":");
    gad_json_real(b, gad_time_seconds(h->interval), SCORE_DIGITS);
    gad_json_raw(b, ",\"records\":");
    gad_json_u64(b, h->records);
    gad_json_raw(b, ",\"alerts\":");
    gad_json_u64(b, h->alerts);
}

static void add_stats(struct gad_buf *b, const struct gad_stats_event *s, enum gad_detail detail)
{
    gad_json_raw(b, ",\"uptime\":");
    gad_json_real(b, gad_time_seconds(s->uptime), SCORE_DIGITS);
    if (detail >= GAD_DETAIL_ONE_REASON)
        return;
    gad_json_raw(b, ",\"counters\":{");
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        add_text(b, s->counter[i].name);
        gad_json_raw(b, ":");
        gad_json_u64(b, s->counter[i].value);
    }
    gad_json_raw(b, "}");
}

static void add_loss(struct gad_buf *b, const struct gad_loss *l)
{
    gad_json_raw(b, ",\"lost\":");
    gad_json_u64(b, l->last - l->first + 1);
    gad_json_raw(b, ",\"first_seq\":");
    gad_json_u64(b, l->first);
    gad_json_raw(b, ",\"last_seq\":");
    gad_json_u64(b, l->last);
    gad_json_raw(b, ",\"at_most\":");
    gad_buf_printf(b, "%s", l->at_most ? "true" : "false");
    gad_json_raw(b, ",\"output\":");
    add_text(b, l->output);
}

static void write_json(const struct gad_event *e, const struct gad_format_options *o,
                       enum gad_detail detail, struct gad_buf *b)
{
    char id[GAD_EVENT_ID_TEXT];
    (void)o;

    gad_json_raw(b, "{\"schema\":1,\"event_type\":");
    add_text(b, gad_event_kind_name(e->kind));
    gad_json_raw(b, ",\"timestamp\":");
    add_time(b, e->time);
    gad_json_raw(b, ",\"host\":");
    add_text(b, e->sensor);
    gad_json_raw(b, ",\"event_id\":");
    gad_event_id(e, id);
    add_text(b, id);
    if (e->kind != GAD_EVENT_LOSS) {
        gad_json_raw(b, ",\"seq\":");
        gad_json_u64(b, e->seq);
    }
    if (e->kind == GAD_EVENT_ALERT)
        add_alert(b, &e->alert, detail);
    else if (e->kind == GAD_EVENT_HEARTBEAT)
        add_heartbeat(b, &e->heartbeat);
    else if (e->kind == GAD_EVENT_STATS)
        add_stats(b, &e->stats, detail);
    else
        add_loss(b, &e->loss);
    gad_json_raw(b, "}");
}

const struct gad_format gad_format_json = {
    .name = "json", .summary = "everything, as JSON of ganad's own", .write = write_json};
