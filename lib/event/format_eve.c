/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVE as Suricata writes it (its etc/schema.json, whose objects are closed). An alert is an event
 * of type alert; members without an EVE field are in alert.context.ganad. Counters are of type
 * stats, whose object has room for uptime only. Heartbeats, losses and model events are of type
 * engine. Events other than alerts have their numbers in metadata.flowints, which is open.
 *
 * Times have a numeric zone. Texts are escaped as JSON; U+FFFD replaces bytes that are not UTF-8.
 * alert.gid is the enterprise number, alert.severity is that of ganad, 1 high to 3 low. Each hint
 * has its own signature_id, which never changes:
 *
 *     1 none   2 flood   3 scan   4 sweep   5 guessing   6 guessed   7 content   8 volume
 *     9 service   10 malformed
 *
 * alert.metadata has the technique as rules of Emerging Threats have it.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/siphash.h"
#include "lib/event/format.h"
#include "lib/event/json_parts.h"

static void add_time(struct gad_buf *b, struct gad_time t)
{
    char text[GAD_TIME_TEXT + 8];
    gad_time_text(t, text);
    char *z = strrchr(text, 'Z');
    if (z)
        memcpy(z, "+0000", 6);
    else
        memcpy(text, "1970-01-01T00:00:00.000000+0000", 32); /* a year without four digits */
    gad_json_text(b, text);
}

/* Returns the same number for all events of a connection; 53 bits, which a double holds. */
static uint64_t flow_id(const struct gad_record *r)
{
    static const uint64_t no_secret[2] = {0, 0};
    uint8_t bytes[sizeof(r->tuple.src) * 2 + 16] = {r->tuple.family, r->tuple.proto};

    memcpy(bytes + 2, &r->tuple.src_port, 2);
    memcpy(bytes + 4, &r->tuple.dst_port, 2);
    memcpy(bytes + 8, &r->start.ns, 8);
    memcpy(bytes + 16, r->tuple.src, 16);
    memcpy(bytes + 32, r->tuple.dst, 16);
    return gad_siphash(no_secret, bytes, sizeof(bytes)) >> 11;
}

static void add_connection(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    const struct gad_record *r = &a->record;
    const char *app = gad_app_protocol((int)r->v[GAD_SERVICE]);

    if (a->interface[0]) {
        gad_json_key(b, "in_iface");
        gad_json_text(b, a->interface);
    }
    gad_json_pcap(b, a, detail);
    if (r->tuple.family != 0) {
        gad_json_key(b, "flow_id");
        gad_json_u64(b, flow_id(r));
        gad_json_tuple(b, &r->tuple);
        gad_json_key(b, "ip_v");
        gad_json_u64(b, r->tuple.family);
    }
    if (r->community_id[0]) {
        gad_json_key(b, "community_id");
        gad_json_text(b, r->community_id);
    }
    if (app) {
        gad_json_key(b, "app_proto");
        gad_json_text(b, app);
    }
    gad_json_raw(b, ",\"direction\":\"to_server\",\"flow\":{\"bytes_toserver\":");
    gad_json_u64(b, (uint64_t)r->v[GAD_SRC_BYTES]);
    gad_json_key(b, "bytes_toclient");
    gad_json_u64(b, (uint64_t)r->v[GAD_DST_BYTES]);
    gad_json_packets(b, r);
    if (r->start.ns != 0) {
        gad_json_key(b, "start");
        add_time(b, r->start);
    }
    if (r->end.ns != 0) {
        gad_json_key(b, "end");
        add_time(b, r->end);
    }
    gad_json_raw(b, "}");
}

/* ,"metadata":{"mitre_technique_id":[..],"mitre_technique_name":[..]} */
static void add_metadata(struct gad_buf *b, const struct gad_alert *a)
{
    const char *technique = gad_alert_technique(a);
    char name[64];

    if (!*technique)
        return;
    (void)snprintf(name, sizeof(name), "%s", gad_technique_name(technique));
    for (char *s = name; *s; s++)
        *s = *s == ' ' ? '_' : *s;
    gad_buf_printf(b,
                   ",\"metadata\":{\"mitre_technique_id\":[\"%s\"],"
                   "\"mitre_technique_name\":[\"%s\"]}",
                   technique, name);
}

static void add_context(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_alert *a = &e->alert;

    gad_json_raw(b, ",\"context\":{\"ganad\":{\"schema\":1,\"event_id\":");
    gad_json_id(b, e);
    gad_json_key(b, "seq");
    gad_json_u64(b, e->seq);
    gad_json_prev_seq(b, e);
    if (detail < GAD_DETAIL_LEAST) {
        gad_json_key(b, "sentence");
        gad_json_sentence(b, e);
    }
    gad_json_hint(b, a, detail);
    gad_json_incident(b, e, detail);
    gad_json_key(b, "risk");
    gad_json_u64(b, a->risk);
    gad_json_key(b, "score");
    gad_json_real(b, (double)a->score, GAD_JSON_SCORE_DIGITS);
    gad_json_verdict(b, a, true);
    gad_json_checkpoint(b, a);
    gad_json_key(b, "source");
    gad_json_text(b, a->source);
    gad_json_client(b, a);
    gad_json_evidence(b, a, detail);
    gad_json_marks(b, &a->record);
    if (detail < GAD_DETAIL_LEAST)
        gad_json_rollup(b, a);
    gad_json_explanation(b, a, detail);
    gad_json_raw(b, "}}");
}

static void add_alert(struct gad_buf *b, const struct gad_event *e,
                      const struct gad_format_options *o, enum gad_detail detail)
{
    enum gad_hint hint = e->alert.incident.hint;
    const char *looks = gad_hint_phrase(hint);
    char name[GAD_EVENT_NAME + 64];

    (void)snprintf(name, sizeof(name), "GANAD %s%s (model %s)", *looks ? "looks like " : "",
                   *looks ? looks : "anomalous connection", e->alert.model);
    add_connection(b, &e->alert, detail);
    gad_json_raw(b, ",\"alert\":{\"action\":\"allowed\",\"gid\":");
    gad_json_u64(b, o->enterprise);
    gad_json_key(b, "signature_id");
    gad_json_u64(b, gad_hint_signature(hint));
    gad_json_raw(b, ",\"rev\":1,\"signature\":");
    gad_json_text(b, name);
    gad_json_raw(b, ",\"category\":\"Anomaly\",\"severity\":");
    gad_json_u64(b, e->alert.severity);
    if (detail < GAD_DETAIL_LEAST)
        add_metadata(b, &e->alert);
    add_context(b, e, detail);
    gad_json_raw(b, "}");
}

static void add_other(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    struct gad_counter c[GAD_EVENT_COUNTERS + 4];
    size_t n = gad_event_numbers(e, detail, c);

    if (e->kind == GAD_EVENT_STATS) {
        gad_json_raw(b, ",\"stats\":{\"uptime\":");
        gad_json_u64(b, c[0].value);
        gad_json_raw(b, "}");
    } else {
        gad_json_raw(b, ",\"engine\":{\"module\":\"ganad\",\"message\":");
        gad_json_sentence(b, e);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, ",\"metadata\":{\"flowvars\":[{\"event_id\":");
    gad_json_id(b, e);
    if (e->kind == GAD_EVENT_BLIND) {
        gad_json_raw(b, "},{");
        gad_json_blind(b, e, false);
    }
    if (e->kind == GAD_EVENT_LIMIT)
        gad_json_limit(b, &e->limit);
    gad_json_raw(b, "}],\"flowints\":{");
    if (e->kind != GAD_EVENT_LOSS) {
        gad_json_raw(b, "\"seq\":");
        gad_json_u64(b, e->seq);
        gad_json_prev_seq(b, e);
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0 || e->kind != GAD_EVENT_LOSS)
            gad_json_raw(b, ",");
        gad_json_text(b, c[i].name);
        gad_json_raw(b, ":");
        gad_json_u64(b, c[i].value);
    }
    gad_json_raw(b, "}}");
}

static void write_eve(const struct gad_event *e, const struct gad_format_options *o,
                      enum gad_detail detail, struct gad_buf *b)
{
    gad_json_raw(b, "{\"timestamp\":");
    add_time(b, e->time);
    gad_json_key(b, "event_type");
    gad_json_text(b, e->kind == GAD_EVENT_ALERT   ? "alert"
                     : e->kind == GAD_EVENT_STATS ? "stats"
                                                  : "engine");
    gad_json_key(b, "host");
    gad_json_text(b, e->sensor);
    if (e->kind == GAD_EVENT_ALERT)
        add_alert(b, e, o, detail);
    else
        add_other(b, e, detail);
    gad_json_raw(b, "}");
}

const struct gad_format gad_format_eve = {
    .name = "eve", .summary = "as Suricata writes it", .write = write_eve};
