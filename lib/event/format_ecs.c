/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elastic Common Schema. Names and types are those of ECS; members without an ECS field are under
 * "ganad".
 *
 *     event.kind   alert; state: heartbeat; metric: stats; event: model, loss, blind, limit
 *
 * A loss is not a pipeline_error, which would mean that the ingestion of this event failed.
 *
 * event.risk_score is the score itself, event.risk_score_norm the risk, 0 to 100. event.severity is
 * 3 high to 1 low, because larger is worse in ECS. rule.id ends with the number of the hint's
 * signature, as in EVE. Texts are escaped as JSON; U+FFFD replaces bytes that are not UTF-8.
 */
#include <ctype.h>
#include <string.h>

#include "lib/event/format.h"
#include "lib/event/json_parts.h"

static void add_kind(struct gad_buf *b, const struct gad_event *e)
{
    switch (e->kind) {
    case GAD_EVENT_ALERT:
        gad_json_raw(b, "\"kind\":\"alert\",\"category\":[\"network\",\"intrusion_detection\"],"
                        "\"type\":[\"connection\",\"info\"]");
        break;
    case GAD_EVENT_HEARTBEAT:
        gad_json_raw(b, "\"kind\":\"state\",\"category\":[\"process\"],\"type\":[\"info\"]");
        break;
    case GAD_EVENT_STATS:
        gad_json_raw(b, "\"kind\":\"metric\",\"category\":[\"process\"],\"type\":[\"info\"]");
        break;
    case GAD_EVENT_MODEL:
        gad_json_raw(b, "\"kind\":\"event\",\"category\":[\"configuration\"],\"type\":[\"change\"],"
                        "\"outcome\":");
        gad_json_text(b, gad_model_refused(e) ? "failure" : "success");
        break;
    case GAD_EVENT_BLIND:
    case GAD_EVENT_LIMIT:
    case GAD_EVENT_LOSS:
    case GAD_N_EVENTS:
        gad_json_raw(b, "\"kind\":\"event\",\"category\":[\"process\"],\"type\":[\"info\"]");
        break;
    }
}

static void add_event(struct gad_buf *b, const struct gad_event *e)
{
    gad_json_raw(b, ",\"event\":{");
    add_kind(b, e);
    gad_json_raw(b, ",\"module\":\"ganad\",\"dataset\":\"ganad.");
    gad_buf_printf(b, "%s\"", gad_event_kind_name(e->kind));
    gad_json_key(b, "id");
    gad_json_id(b, e);
    if (e->kind != GAD_EVENT_LOSS) {
        gad_json_key(b, "sequence");
        gad_json_u64(b, e->seq);
    }
    gad_json_key(b, "created");
    gad_json_time(b, e->time);
    if (e->kind == GAD_EVENT_ALERT) {
        const struct gad_alert *a = &e->alert;
        gad_json_key(b, "severity");
        gad_json_u64(b, GAD_SEVERITY_LOW + 1 - a->severity);
        gad_json_key(b, "risk_score");
        gad_json_real(b, (double)a->score, GAD_JSON_SCORE_DIGITS);
        gad_json_key(b, "risk_score_norm");
        gad_json_u64(b, a->risk);
        gad_json_key(b, "reason");
        gad_json_sentence(b, e);
        if (a->record.start.ns != 0) {
            gad_json_key(b, "start");
            gad_json_time(b, a->record.start);
        }
        if (a->record.end.ns != 0) {
            gad_json_key(b, "end");
            gad_json_time(b, a->record.end);
        }
    }
    gad_json_raw(b, "}");
}

static void add_end(struct gad_buf *b, const struct gad_tuple *t, const uint8_t *addr,
                    uint16_t port, double bytes, const uint32_t *packets)
{
    if (t->family != 0) {
        gad_json_raw(b, "\"ip\":");
        gad_json_address(b, t->family, addr);
        gad_json_key(b, "port");
        gad_json_u64(b, port);
        gad_json_raw(b, ",");
    }
    gad_json_raw(b, "\"bytes\":");
    gad_json_u64(b, (uint64_t)bytes);
    if (packets) {
        gad_json_key(b, "packets");
        gad_json_u64(b, *packets);
    }
}

/* Lower case, as ECS requires. */
static void add_transport(struct gad_buf *b, uint8_t proto)
{
    char number[8], text[16];
    const char *name = gad_ip_proto_name(proto, number);
    size_t i = 0;

    for (; name[i] && i < sizeof(text) - 1; i++)
        text[i] = (char)tolower((unsigned char)name[i]);
    text[i] = '\0';
    gad_json_text(b, text);
}

static void add_network(struct gad_buf *b, const struct gad_record *r)
{
    const char *app = gad_app_protocol((int)r->v[GAD_SERVICE]);

    gad_json_raw(b, ",\"network\":{\"bytes\":");
    gad_json_u64(b, (uint64_t)(r->v[GAD_SRC_BYTES] + r->v[GAD_DST_BYTES]));
    if (r->src_packets > 0 || r->dst_packets > 0) {
        gad_json_key(b, "packets");
        gad_json_u64(b, (uint64_t)r->src_packets + r->dst_packets);
    }
    if (r->tuple.family != 0) {
        gad_json_key(b, "type");
        gad_json_text(b, r->tuple.family == 4 ? "ipv4" : "ipv6");
        gad_json_key(b, "transport");
        add_transport(b, r->tuple.proto);
        gad_json_key(b, "iana_number");
        gad_buf_printf(b, "\"%u\"", r->tuple.proto);
    }
    if (app) {
        gad_json_key(b, "protocol");
        gad_json_text(b, app);
    }
    if (r->community_id[0]) {
        gad_json_key(b, "community_id");
        gad_json_text(b, r->community_id);
    }
    gad_json_raw(b, "}");
}

/* The addresses of the connection and the top ones of the incident, each once. */
static void add_related(struct gad_buf *b, const struct gad_alert *a)
{
    const struct gad_incident *i = &a->incident;
    const struct gad_tuple *t = &a->record.tuple;
    struct gad_host_count list[2 + 2 * GAD_INCIDENT_TOP] = {{.family = t->family},
                                                            {.family = t->family}};
    size_t n = t->family != 0 ? 2 : 0, n_said = 0;

    memcpy(list[0].address, t->src, sizeof(t->src));
    memcpy(list[1].address, t->dst, sizeof(t->dst));
    memcpy(list + n, i->source, i->n_source * sizeof(*list));
    n += i->n_source;
    memcpy(list + n, i->target, i->n_target * sizeof(*list));
    n += i->n_target;
    for (size_t k = 0; k < n; k++) {
        size_t first = 0;
        while (list[first].family != list[k].family ||
               memcmp(list[first].address, list[k].address, sizeof(list[k].address)) != 0)
            first++;
        if (first < k)
            continue;
        gad_buf_printf(b, "%s", n_said++ == 0 ? ",\"related\":{\"ip\":[" : ",");
        gad_json_address(b, list[k].family, list[k].address);
    }
    if (n_said > 0)
        gad_json_raw(b, "]}");
}

static void add_threat(struct gad_buf *b, const struct gad_alert *a)
{
    const char *technique = gad_alert_technique(a);

    if (*technique)
        gad_buf_printf(b,
                       ",\"threat\":{\"framework\":\"MITRE ATT&CK\",\"technique\":{\"id\":[\"%s\"],"
                       "\"name\":[\"%s\"]}}",
                       technique, gad_technique_name(technique));
}

static void add_connection(struct gad_buf *b, const struct gad_record *r)
{
    const struct gad_tuple *t = &r->tuple;
    bool counted = r->src_packets > 0 || r->dst_packets > 0;

    gad_json_raw(b, ",\"source\":{");
    add_end(b, t, t->src, t->src_port, r->v[GAD_SRC_BYTES], counted ? &r->src_packets : NULL);
    gad_json_raw(b, "},\"destination\":{");
    add_end(b, t, t->dst, t->dst_port, r->v[GAD_DST_BYTES], counted ? &r->dst_packets : NULL);
    gad_json_raw(b, "}");
    add_network(b, r);
}

static void add_rule(struct gad_buf *b, const struct gad_alert *a,
                     const struct gad_format_options *o)
{
    enum gad_hint hint = a->incident.hint;
    const char *looks = gad_hint_phrase(hint);

    gad_buf_printf(b, ",\"rule\":{\"id\":\"%u:%u\",\"name\":\"%s%s\",\"category\":\"Anomaly\"",
                   o->enterprise, gad_hint_signature(hint), *looks ? "looks like " : "",
                   *looks ? looks : "anomalous connection");
    gad_json_key(b, "ruleset");
    gad_json_text(b, a->model);
    gad_json_key(b, "version");
    gad_json_text(b, a->model_sha256);
    gad_json_raw(b, "}");
}

static void add_own(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_alert *a = &e->alert;

    gad_json_raw(b, ",\"ganad\":{\"schema\":1");
    gad_json_prev_seq(b, e);
    gad_json_hint(b, a, detail);
    gad_json_incident(b, e, detail);
    gad_json_verdict(b, a, true);
    gad_json_key(b, "source");
    gad_json_text(b, a->source);
    gad_json_key(b, "tunnels");
    gad_json_u64(b, a->record.tunnels);
    gad_json_notes(b, &a->record);
    gad_json_client(b, a);
    gad_json_pcap(b, a, detail);
    gad_json_evidence(b, a, detail);
    gad_json_rollup(b, a);
    gad_json_explanation(b, a, detail);
    gad_json_raw(b, "}");
}

static void add_numbers(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    struct gad_counter c[GAD_EVENT_COUNTERS + 4];

    gad_json_raw(b, ",\"ganad\":{\"schema\":1");
    gad_json_prev_seq(b, e);
    if (e->kind == GAD_EVENT_MODEL) {
        gad_json_model(b, &e->model, true);
    } else {
        gad_json_blind(b, e, true);
        if (e->kind == GAD_EVENT_LIMIT)
            gad_json_limit(b, &e->limit);
        gad_json_key(b, "numbers");
        gad_json_counters(b, c, gad_event_numbers(e, detail, c));
    }
    gad_json_raw(b, "}");
}

static void write_ecs(const struct gad_event *e, const struct gad_format_options *o,
                      enum gad_detail detail, struct gad_buf *b)
{
    gad_json_raw(b, "{\"@timestamp\":");
    gad_json_time(b, e->time);
    gad_json_raw(b, ",\"ecs\":{\"version\":\"9.0.0\"},\"message\":");
    gad_json_sentence(b, e);
    add_event(b, e);
    gad_json_raw(b, ",\"observer\":{\"type\":\"ids\",\"vendor\":\"ganad\",\"product\":\"ganadd\"");
    gad_json_key(b, "version");
    gad_json_text(b, o->version);
    gad_json_key(b, "name");
    gad_json_text(b, e->sensor);
    if (e->kind == GAD_EVENT_ALERT && e->alert.interface[0]) {
        gad_json_raw(b, ",\"ingress\":{\"interface\":{\"name\":");
        gad_json_text(b, e->alert.interface);
        gad_json_raw(b, "}}");
    }
    gad_json_raw(b, "}");
    if (e->kind == GAD_EVENT_ALERT) {
        add_connection(b, &e->alert.record);
        add_related(b, &e->alert);
        add_threat(b, &e->alert);
        add_rule(b, &e->alert, o);
        add_own(b, e, detail);
    } else {
        add_numbers(b, e, detail);
    }
    gad_json_raw(b, "}");
}

const struct gad_format gad_format_ecs = {
    .name = "ecs", .summary = "Elastic Common Schema", .write = write_ecs};
