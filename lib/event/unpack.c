/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/event/codec.h"
#include "lib/event/event.h"
#include "lib/record/notes.h"
#include "proto/event.pb-c.h"

/* Memory for one unpacked message of GAD_EVENT_PACKED_MAX bytes. It refuses a message that has many
 * empty objects in few bytes. */
enum { UNPACK_MAX = 48 << 10 };

struct unpacking {
    size_t used;
    _Alignas(16) uint8_t memory[UNPACK_MAX];
};

static void *allocate(void *arg, size_t size)
{
    struct unpacking *u = arg;
    size_t room = (size + 15) & ~(size_t)15;

    if (size > UNPACK_MAX || room > UNPACK_MAX - u->used)
        return NULL;
    void *p = u->memory + u->used;
    u->used += room;
    return p;
}

static void release(void *arg, void *p)
{
    (void)arg; /* all memory is released together */
    (void)p;
}

/* False: too long for the event. */
static bool take_text(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);

    if (len >= size)
        return false;
    memcpy(to, from, len + 1);
    return true;
}

static bool take_origin(struct gad_event *e, const Ganad__Event__V1__Origin *o)
{
    if (!o || !take_text(e->sensor, sizeof(e->sensor), o->sensor))
        return false;
    e->run = o->run;
    e->time.ns = o->time_ns;
    return true;
}

static bool take_connection(struct gad_record *r, const Ganad__Event__V1__Alert *m)
{
    if (m->src_ip.len != m->dst_ip.len || m->src_port > 65535 || m->dst_port > 65535 ||
        m->ip_proto > 255 || m->tunnels > 255 || m->notes > GAD_NOTES_ALL ||
        m->n_feature != GAD_N_COLUMNS ||
        (m->src_ip.len != 0 && m->src_ip.len != 4 && m->src_ip.len != 16))
        return false;
    if (m->src_ip.len > 0) {
        r->tuple.family = m->src_ip.len == 4 ? 4 : 6;
        r->tuple.proto = (uint8_t)m->ip_proto;
        r->tuple.src_port = (uint16_t)m->src_port;
        r->tuple.dst_port = (uint16_t)m->dst_port;
        memcpy(r->tuple.src, m->src_ip.data, m->src_ip.len);
        memcpy(r->tuple.dst, m->dst_ip.data, m->dst_ip.len);
    }
    r->tunnels = (uint8_t)m->tunnels;
    r->notes = (uint8_t)m->notes;
    r->start.ns = m->start_ns;
    r->end.ns = m->end_ns;
    r->src_packets = (uint32_t)m->src_packets;
    r->dst_packets = (uint32_t)m->dst_packets;
    memcpy(r->v, m->feature, sizeof(r->v));
    return take_text(r->community_id, sizeof(r->community_id), m->community_id) &&
           gad_record_check(r) < 0;
}

static bool take_reasons(struct gad_alert *a, const Ganad__Event__V1__Alert *m)
{
    if (m->n_top > GAD_N_COLUMNS)
        return false;
    for (; a->n_top < m->n_top; a->n_top++) {
        const Ganad__Event__V1__Reason *r = m->top[a->n_top];
        if (r->column >= GAD_N_COLUMNS || !isfinite(r->value) || !isfinite(r->expected) ||
            !(r->share >= 0.0 && r->share <= 1.0))
            return false;
        /* The number of a name must have a text. */
        if (gad_columns[r->column].kind == GAD_KIND_NAME &&
            (fabs(r->value) > 255 || fabs(r->expected) > 255))
            return false;
        a->top[a->n_top] = (struct gad_reason){.column = (enum gad_column)r->column,
                                               .value = r->value,
                                               .expected = r->expected,
                                               .share = r->share};
    }
    return true;
}

static bool take_hex(char to[static GAD_EVENT_SHA256], const ProtobufCBinaryData *from)
{
    static const char hex[] = "0123456789abcdef";

    if (from->len > GAD_EVENT_SHA256 / 2)
        return false;
    for (size_t i = 0; i < from->len; i++) {
        to[2 * i] = hex[from->data[i] >> 4];
        to[2 * i + 1] = hex[from->data[i] & 15];
    }
    return true;
}

static bool take_verdict(struct gad_alert *a, const Ganad__Event__V1__Alert *m)
{
    if (!isfinite(m->score) || !isfinite(m->threshold) || !(m->p_value >= 0 && m->p_value <= 1) ||
        !(m->fpr_budget >= 0 && m->fpr_budget <= 1) || m->risk > 100 ||
        m->severity < GAD_SEVERITY_HIGH || m->severity > GAD_SEVERITY_LOW ||
        m->feedback > GAD_FEEDBACK_TRUE || (m->count == 0 && !m->incident) ||
        m->count > INT64_MAX || !take_hex(a->model_sha256, &m->model_sha256))
        return false;
    a->score = m->score;
    a->threshold = m->threshold;
    a->p_value = m->p_value;
    a->p_extrapolated = m->p_extrapolated;
    a->fpr_budget = m->fpr_budget;
    a->risk = m->risk;
    a->severity = m->severity;
    a->feedback = (enum gad_feedback_state)m->feedback;
    a->count = m->count;
    a->first.ns = m->first_ns;
    a->last.ns = m->last_ns;
    return true;
}

static bool take_place(struct gad_alert *a, const Ganad__Event__V1__Alert *m)
{
    a->packet = m->packet;
    return m->packet <= INT64_MAX && take_text(a->source, sizeof(a->source), m->source) &&
           take_text(a->interface, sizeof(a->interface), m->interface) &&
           take_text(a->client, sizeof(a->client), m->client) &&
           take_text(a->file, sizeof(a->file), m->file) &&
           take_text(a->evidence, sizeof(a->evidence), m->evidence);
}

static bool take_alert(struct gad_event *e, const Ganad__Event__V1__Alert *m)
{
    struct gad_alert *a = &e->alert;

    return take_origin(e, m->origin) && take_connection(&a->record, m) && take_reasons(a, m) &&
           take_verdict(a, m) && take_place(a, m) &&
           take_text(a->model, sizeof(a->model), m->model) &&
           (!m->incident || gad_incident_take(&a->incident, m->incident));
}

static bool take_heartbeat(struct gad_event *e, const Ganad__Event__V1__Heartbeat *m)
{
    struct gad_heartbeat *h = &e->heartbeat;

    h->uptime.ns = m->uptime_ns;
    h->interval.ns = m->interval_ns;
    h->records = m->records;
    h->alerts = m->alerts;
    return m->records <= INT64_MAX && m->alerts <= INT64_MAX && take_origin(e, m->origin) &&
           take_text(h->version, sizeof(h->version), m->version);
}

/* Takes at most @max counters; false: more, or one with an impossible value. */
static bool take_counters(struct gad_counter *to, size_t *ret_n, size_t max,
                          Ganad__Event__V1__Counter *const *from, size_t n)
{
    if (n > max)
        return false;
    for (size_t i = 0; i < n; i++) {
        to[i].value = from[i]->value;
        if (from[i]->value > INT64_MAX || !take_text(to[i].name, sizeof(to[i].name), from[i]->name))
            return false;
    }
    *ret_n = n;
    return true;
}

static bool take_stats(struct gad_event *e, const Ganad__Event__V1__Stats *m)
{
    struct gad_stats_event *s = &e->stats;

    s->uptime.ns = m->uptime_ns;
    return take_counters(s->counter, &s->n, GAD_EVENT_COUNTERS, m->counter, m->n_counter) &&
           take_origin(e, m->origin);
}

static bool take_blind(struct gad_event *e, const Ganad__Event__V1__Blind *m)
{
    struct gad_blind_event *to = &e->blind;

    to->period.ns = m->period_ns;
    return take_origin(e, m->origin) && take_text(to->action, sizeof(to->action), m->action) &&
           take_text(to->source, sizeof(to->source), m->source) &&
           take_counters(to->counter, &to->n, GAD_BLIND_COUNTERS, m->counter, m->n_counter);
}

static bool take_limit(struct gad_event *e, const Ganad__Event__V1__Limit *m)
{
    return take_origin(e, m->origin) && gad_limit_take(&e->limit, m);
}

static bool take_model(struct gad_event *e, const Ganad__Event__V1__Model *m)
{
    struct gad_model_event *to = &e->model;

    return take_origin(e, m->origin) && take_text(to->action, sizeof(to->action), m->action) &&
           take_text(to->model, sizeof(to->model), m->model) &&
           take_text(to->reason, sizeof(to->reason), m->reason) &&
           take_hex(to->model_sha256, &m->sha256) &&
           take_hex(to->previous_sha256, &m->previous_sha256);
}

int gad_event_unpack(unsigned kind, uint64_t seq, const uint8_t *p, size_t len,
                     struct gad_event *ret, struct gad_diag *d)
{
    static const ProtobufCMessageDescriptor *const descriptors[GAD_N_EVENTS] = {
        [GAD_EVENT_ALERT] = &ganad__event__v1__alert__descriptor,
        [GAD_EVENT_HEARTBEAT] = &ganad__event__v1__heartbeat__descriptor,
        [GAD_EVENT_STATS] = &ganad__event__v1__stats__descriptor,
        [GAD_EVENT_MODEL] = &ganad__event__v1__model__descriptor,
        [GAD_EVENT_BLIND] = &ganad__event__v1__blind__descriptor,
        [GAD_EVENT_LIMIT] = &ganad__event__v1__limit__descriptor,
    };
    gad_cleanup(gad_freep) struct unpacking *u = gad_calloc(1, sizeof(*u));
    ProtobufCAllocator allocator = {allocate, release, u};

    if (!u)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    if (kind >= GAD_N_EVENTS || !descriptors[kind])
        return gad_fail(d, GAD_EUNKNOWN, "event of kind %u, which this version does not support",
                        kind);
    if (len > GAD_EVENT_PACKED_MAX)
        return gad_fail(d, GAD_EFORMAT, "event of %zu bytes, over %d", len, GAD_EVENT_PACKED_MAX);
    const ProtobufCMessage *m = protobuf_c_message_unpack(descriptors[kind], &allocator, len, p);
    if (!m)
        return gad_fail(d, GAD_EFORMAT, "not an event: the message is damaged");
    *ret = (struct gad_event){.kind = (enum gad_event_kind)kind, .seq = seq};
    const void *message = m;
    bool ok = kind == GAD_EVENT_ALERT       ? take_alert(ret, message)
              : kind == GAD_EVENT_HEARTBEAT ? take_heartbeat(ret, message)
              : kind == GAD_EVENT_MODEL     ? take_model(ret, message)
              : kind == GAD_EVENT_BLIND     ? take_blind(ret, message)
              : kind == GAD_EVENT_LIMIT     ? take_limit(ret, message)
                                            : take_stats(ret, message);
    return ok ? 0
              : gad_fail(d, GAD_EFORMAT, "event of kind '%s' with an impossible value",
                         gad_event_kind_name(ret->kind));
}
