/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of ganad itself: all that an event holds, as one JSON object with keys in a fixed
 * order. Unknown values are left out. Names that Suricata's EVE defines are used with the same
 * meaning. proto/event.schema.json describes the format. Control bytes in texts are escaped; U+FFFD
 * replaces bytes that are not UTF-8.
 */
#include "lib/event/format.h"
#include "lib/event/json_parts.h"

static void add_flow(struct gad_buf *b, const struct gad_record *r)
{
    gad_json_raw(b, ",\"flow\":{\"bytes_toserver\":");
    gad_json_u64(b, (uint64_t)r->v[GAD_SRC_BYTES]);
    gad_json_key(b, "bytes_toclient");
    gad_json_u64(b, (uint64_t)r->v[GAD_DST_BYTES]);
    gad_json_packets(b, r);
    if (r->start.ns != 0) {
        gad_json_key(b, "start");
        gad_json_time(b, r->start);
    }
    if (r->end.ns != 0) {
        gad_json_key(b, "end");
        gad_json_time(b, r->end);
    }
    gad_json_raw(b, "}");
}

static void add_connection(struct gad_buf *b, const struct gad_alert *a)
{
    const struct gad_record *r = &a->record;

    if (a->source[0]) {
        gad_json_key(b, "source");
        gad_json_text(b, a->source);
    }
    if (a->interface[0]) {
        gad_json_key(b, "in_iface");
        gad_json_text(b, a->interface);
    }
    if (r->tuple.family != 0)
        gad_json_tuple(b, &r->tuple);
    if (r->community_id[0]) {
        gad_json_key(b, "community_id");
        gad_json_text(b, r->community_id);
    }
    gad_json_marks(b, r);
    gad_json_client(b, a);
    gad_json_pcap(b, a);
    gad_json_evidence(b, a);
    add_flow(b, r);
}

static void add_verdict(struct gad_buf *b, const struct gad_alert *a)
{
    gad_json_key(b, "severity");
    gad_json_u64(b, a->severity);
    gad_json_key(b, "risk");
    gad_json_u64(b, a->risk);
    gad_json_key(b, "score");
    gad_json_real(b, (double)a->score, GAD_JSON_SCORE_DIGITS);
    gad_json_verdict(b, a, false);
    gad_json_checkpoint(b, a);
}

static void add_alert(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_alert *a = &e->alert;

    gad_json_hint(b, a);
    gad_json_incident(b, e, detail);
    add_verdict(b, a);
    add_connection(b, a);
    gad_json_rollup(b, a);
    gad_json_explanation(b, a, detail);
}

static void add_heartbeat(struct gad_buf *b, const struct gad_heartbeat *h)
{
    gad_json_key(b, "version");
    gad_json_text(b, h->version);
    gad_json_key(b, "uptime");
    gad_json_real(b, gad_time_seconds(h->uptime), GAD_JSON_SCORE_DIGITS);
    gad_json_key(b, "interval");
    gad_json_real(b, gad_time_seconds(h->interval), GAD_JSON_SCORE_DIGITS);
    gad_json_key(b, "records");
    gad_json_u64(b, h->records);
    gad_json_key(b, "alerts");
    gad_json_u64(b, h->alerts);
}

static void add_stats(struct gad_buf *b, const struct gad_stats_event *s, enum gad_detail detail)
{
    gad_json_key(b, "uptime");
    gad_json_real(b, gad_time_seconds(s->uptime), GAD_JSON_SCORE_DIGITS);
    if (detail >= GAD_DETAIL_ONE_REASON)
        return;
    gad_json_key(b, "counters");
    gad_json_counters(b, s->counter, s->n);
}

static void add_loss(struct gad_buf *b, const struct gad_loss *l)
{
    gad_json_key(b, "lost");
    gad_json_u64(b, gad_loss_count(l));
    gad_json_key(b, "first_seq");
    gad_json_u64(b, l->first);
    gad_json_key(b, "last_seq");
    gad_json_u64(b, l->last);
    gad_json_key(b, "at_most");
    gad_buf_printf(b, "%s", l->at_most ? "true" : "false");
    gad_json_key(b, "output");
    gad_json_text(b, l->output);
}

static void add_blind(struct gad_buf *b, const struct gad_event *e)
{
    gad_json_blind(b, e, true);
    gad_json_key(b, "period");
    gad_json_real(b, gad_time_seconds(e->blind.period), GAD_JSON_SCORE_DIGITS);
    gad_json_key(b, "counters");
    gad_json_counters(b, e->blind.counter, e->blind.n);
}

static void add_limit(struct gad_buf *b, const struct gad_limit_event *l)
{
    gad_json_key(b, "period");
    gad_json_real(b, gad_time_seconds(l->period), GAD_JSON_SCORE_DIGITS);
    gad_json_key(b, "high");
    gad_json_u64(b, l->high);
    gad_json_key(b, "medium");
    gad_json_u64(b, l->medium);
    gad_json_key(b, "low");
    gad_json_u64(b, l->low);
    gad_json_limit(b, l);
}

static void write_json(const struct gad_event *e, const struct gad_format_options *o,
                       enum gad_detail detail, struct gad_buf *b)
{
    (void)o;

    gad_json_raw(b, "{\"schema\":1,\"event_type\":");
    gad_json_text(b, gad_event_kind_name(e->kind));
    gad_json_key(b, "timestamp");
    gad_json_time(b, e->time);
    gad_json_key(b, "host");
    gad_json_text(b, e->sensor);
    gad_json_key(b, "event_id");
    gad_json_id(b, e);
    if (e->kind != GAD_EVENT_LOSS) {
        gad_json_key(b, "seq");
        gad_json_u64(b, e->seq);
        gad_json_prev_seq(b, e);
    }
    gad_json_key(b, "sentence");
    gad_json_sentence(b, e);
    if (e->kind == GAD_EVENT_ALERT)
        add_alert(b, e, detail);
    else if (e->kind == GAD_EVENT_HEARTBEAT)
        add_heartbeat(b, &e->heartbeat);
    else if (e->kind == GAD_EVENT_STATS)
        add_stats(b, &e->stats, detail);
    else if (e->kind == GAD_EVENT_MODEL)
        gad_json_model(b, &e->model, true);
    else if (e->kind == GAD_EVENT_BLIND)
        add_blind(b, e);
    else if (e->kind == GAD_EVENT_LIMIT)
        add_limit(b, &e->limit);
    else if (e->kind == GAD_EVENT_LOSS)
        add_loss(b, &e->loss);
    gad_json_raw(b, "}");
}

const struct gad_format gad_format_json = {
    .name = "json", .summary = "everything, as JSON of ganad's own", .write = write_json};
