/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/event/codec.h"
#include "lib/event/event.h"
#include "proto/event.pb-c.h"

enum { SHA256_BYTES = (GAD_EVENT_SHA256 - 1) / 2 };

_Static_assert(sizeof(((struct gad_alert *)0)->record.v) == GAD_N_COLUMNS * sizeof(double),
               "features are packed without conversion");

/* The strings of messages are not const, but packing only reads them. */
static char *unconst(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void *unconst_bytes(const void *p)
{
    return (void *)(uintptr_t)p;
}

static void add_message(const ProtobufCMessage *m, struct gad_buf *out)
{
    size_t len = protobuf_c_message_get_packed_size(m);

    gad_assert(len <= GAD_EVENT_PACKED_MAX); /* every event is shorter; a test packs the longest */
    if (gad_buf_room(out, len))
        out->len += protobuf_c_message_pack(m, out->p + out->len);
}

static Ganad__Event__V1__Origin origin_of(const struct gad_event *e)
{
    Ganad__Event__V1__Origin o;

    ganad__event__v1__origin__init(&o);
    o.sensor = unconst(e->sensor);
    o.run = e->run;
    o.time_ns = e->time.ns;
    return o;
}

static void set_place(Ganad__Event__V1__Alert *m, const struct gad_alert *a)
{
    m->source = unconst(a->source);
    m->interface = unconst(a->interface);
    m->client = unconst(a->client);
    m->file = unconst(a->file);
    m->packet = a->packet;
    m->evidence = unconst(a->evidence);
}

static void set_connection(Ganad__Event__V1__Alert *m, const struct gad_record *r)
{
    size_t len = r->tuple.family == 4 ? 4 : 16;

    if (r->tuple.family != 0) {
        m->src_ip = (ProtobufCBinaryData){len, unconst_bytes(r->tuple.src)};
        m->dst_ip = (ProtobufCBinaryData){len, unconst_bytes(r->tuple.dst)};
        m->src_port = r->tuple.src_port;
        m->dst_port = r->tuple.dst_port;
        m->ip_proto = r->tuple.proto;
    }
    m->tunnels = r->tunnels;
    m->notes = r->notes;
    m->start_ns = r->start.ns;
    m->end_ns = r->end.ns;
    m->src_packets = r->src_packets;
    m->dst_packets = r->dst_packets;
    m->community_id = unconst(r->community_id);
    m->n_feature = GAD_N_COLUMNS;
    m->feature = unconst_bytes(r->v);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes one byte for each pair of hex digits of the text. Returns the number of bytes. */
static size_t bytes_of_hex(const char *text, uint8_t *p, size_t max)
{
    size_t n = 0;

    for (; n < max && hex_digit(text[2 * n]) >= 0 && hex_digit(text[2 * n + 1]) >= 0; n++)
        p[n] = (uint8_t)(hex_digit(text[2 * n]) << 4 | hex_digit(text[2 * n + 1]));
    return n;
}

static void pack_alert(const struct gad_event *e, struct gad_buf *out)
{
    const struct gad_alert *a = &e->alert;
    Ganad__Event__V1__Alert m;
    Ganad__Event__V1__Origin origin = origin_of(e);
    Ganad__Event__V1__Reason reason[GAD_N_COLUMNS], *list[GAD_N_COLUMNS];
    uint8_t sum[SHA256_BYTES];
    struct gad_packed_incident incident;

    ganad__event__v1__alert__init(&m);
    m.origin = &origin;
    set_connection(&m, &a->record);
    set_place(&m, a);
    m.model = unconst(a->model);
    m.model_sha256 = (ProtobufCBinaryData){bytes_of_hex(a->model_sha256, sum, sizeof(sum)), sum};
    m.score = a->score;
    m.threshold = a->threshold;
    m.p_value = a->p_value;
    m.p_extrapolated = a->p_extrapolated;
    m.fpr_budget = a->fpr_budget;
    m.risk = a->risk;
    m.severity = a->severity;
    for (; m.n_top < a->n_top; m.n_top++) {
        const struct gad_reason *r = &a->top[m.n_top];
        ganad__event__v1__reason__init(&reason[m.n_top]);
        reason[m.n_top].column = (uint32_t)r->column;
        reason[m.n_top].value = r->value;
        reason[m.n_top].expected = r->expected;
        reason[m.n_top].share = r->share;
        list[m.n_top] = &reason[m.n_top];
    }
    m.top = list;
    m.count = a->count;
    m.first_ns = a->first.ns;
    m.last_ns = a->last.ns;
    m.feedback = (uint32_t)a->feedback;
    if (a->incident.number != 0)
        m.incident = gad_incident_message(&a->incident, &incident);
    add_message(&m.base, out);
}

static void pack_heartbeat(const struct gad_event *e, struct gad_buf *out)
{
    Ganad__Event__V1__Heartbeat m;
    Ganad__Event__V1__Origin origin = origin_of(e);

    ganad__event__v1__heartbeat__init(&m);
    m.origin = &origin;
    m.version = unconst(e->heartbeat.version);
    m.uptime_ns = e->heartbeat.uptime.ns;
    m.interval_ns = e->heartbeat.interval.ns;
    m.records = e->heartbeat.records;
    m.alerts = e->heartbeat.alerts;
    add_message(&m.base, out);
}

/* The most counters of an event, as messages. */
struct packed_counters {
    Ganad__Event__V1__Counter counter[GAD_EVENT_COUNTERS], *list[GAD_EVENT_COUNTERS];
};

static void set_counters(struct packed_counters *to, const struct gad_counter *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ganad__event__v1__counter__init(&to->counter[i]);
        to->counter[i].name = unconst(from[i].name);
        to->counter[i].value = from[i].value;
        to->list[i] = &to->counter[i];
    }
}

static void pack_stats(const struct gad_event *e, struct gad_buf *out)
{
    Ganad__Event__V1__Stats m;
    Ganad__Event__V1__Origin origin = origin_of(e);
    struct packed_counters c;

    ganad__event__v1__stats__init(&m);
    m.origin = &origin;
    m.uptime_ns = e->stats.uptime.ns;
    set_counters(&c, e->stats.counter, e->stats.n);
    m.n_counter = e->stats.n;
    m.counter = c.list;
    add_message(&m.base, out);
}

static void pack_blind(const struct gad_event *e, struct gad_buf *out)
{
    Ganad__Event__V1__Blind m;
    Ganad__Event__V1__Origin origin = origin_of(e);
    struct packed_counters c;

    ganad__event__v1__blind__init(&m);
    m.origin = &origin;
    m.action = unconst(e->blind.action);
    m.source = unconst(e->blind.source);
    m.period_ns = e->blind.period.ns;
    set_counters(&c, e->blind.counter, e->blind.n);
    m.n_counter = e->blind.n;
    m.counter = c.list;
    add_message(&m.base, out);
}

static void pack_model(const struct gad_event *e, struct gad_buf *out)
{
    const struct gad_model_event *from = &e->model;
    Ganad__Event__V1__Model m;
    Ganad__Event__V1__Origin origin = origin_of(e);
    uint8_t is[SHA256_BYTES], was[SHA256_BYTES];

    ganad__event__v1__model__init(&m);
    m.origin = &origin;
    m.action = unconst(from->action);
    m.model = unconst(from->model);
    m.sha256 = (ProtobufCBinaryData){bytes_of_hex(from->model_sha256, is, sizeof(is)), is};
    m.previous_sha256 =
        (ProtobufCBinaryData){bytes_of_hex(from->previous_sha256, was, sizeof(was)), was};
    m.reason = unconst(from->reason);
    add_message(&m.base, out);
}

static void pack_limit(const struct gad_event *e, struct gad_buf *out)
{
    Ganad__Event__V1__Origin origin = origin_of(e);
    struct gad_packed_limit limit;
    Ganad__Event__V1__Limit *m = gad_limit_message(&e->limit, &limit);

    m->origin = &origin;
    add_message(&m->base, out);
}

void gad_event_pack(const struct gad_event *e, struct gad_buf *out)
{
    switch (e->kind) {
    case GAD_EVENT_ALERT:
        pack_alert(e, out);
        break;
    case GAD_EVENT_HEARTBEAT:
        pack_heartbeat(e, out);
        break;
    case GAD_EVENT_STATS:
        pack_stats(e, out);
        break;
    case GAD_EVENT_MODEL:
        pack_model(e, out);
        break;
    case GAD_EVENT_BLIND:
        pack_blind(e, out);
        break;
    case GAD_EVENT_LIMIT:
        pack_limit(e, out);
        break;
    case GAD_EVENT_LOSS:
    case GAD_N_EVENTS:
        gad_assert(false);
    }
}
