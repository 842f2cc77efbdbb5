/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/pairs.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/event/json_parts.h"
#include "lib/record/notes.h"
#include "lib/record/reason.h"

struct out {
    void (*each)(void *arg, enum gad_pair pair, const char *key, const char *value);
    void *arg;
};

static void put(const struct out *o, enum gad_pair p, const char *value)
{
    if (*value)
        o->each(o->arg, p, NULL, value);
}

static void put_u64(const struct out *o, enum gad_pair p, uint64_t v)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRIu64, v);
    put(o, p, text);
}

static void put_real(const struct out *o, enum gad_pair p, double v, int digits)
{
    char text[40];
    (void)snprintf(text, sizeof(text), "%.*g", digits, v);
    put(o, p, text);
}

static void put_time(const struct out *o, enum gad_pair p, struct gad_time t)
{
    if (t.ns > 0)
        put_u64(o, p, (uint64_t)(t.ns / 1000000));
}

static void put_address(const struct out *o, enum gad_pair p, const struct gad_tuple *t,
                        const uint8_t *addr)
{
    char text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(t->family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
    put(o, p, text);
}

static void put_connection(const struct out *o, const struct gad_record *r)
{
    char proto[8], notes[GAD_NOTES_TEXT];

    if (r->tuple.family != 0) {
        put_address(o, GAD_PAIR_SRC, &r->tuple, r->tuple.src);
        put_u64(o, GAD_PAIR_SRC_PORT, r->tuple.src_port);
        put_address(o, GAD_PAIR_DST, &r->tuple, r->tuple.dst);
        put_u64(o, GAD_PAIR_DST_PORT, r->tuple.dst_port);
        put(o, GAD_PAIR_PROTO, gad_ip_proto_name(r->tuple.proto, proto));
    }
    put(o, GAD_PAIR_COMMUNITY_ID, r->community_id);
    put(o, GAD_PAIR_SERVICE, gad_name_text(GAD_SERVICE, (int)r->v[GAD_SERVICE]));
    put(o, GAD_PAIR_FLAG, gad_name_text(GAD_FLAG, (int)r->v[GAD_FLAG]));
    put_u64(o, GAD_PAIR_SRC_BYTES, (uint64_t)r->v[GAD_SRC_BYTES]);
    put_u64(o, GAD_PAIR_DST_BYTES, (uint64_t)r->v[GAD_DST_BYTES]);
    if (r->src_packets > 0 || r->dst_packets > 0) {
        put_u64(o, GAD_PAIR_SRC_PACKETS, r->src_packets);
        put_u64(o, GAD_PAIR_DST_PACKETS, r->dst_packets);
    }
    put_time(o, GAD_PAIR_START, r->start);
    put_time(o, GAD_PAIR_END, r->end);
    if (r->tunnels > 0)
        put_u64(o, GAD_PAIR_TUNNELS, r->tunnels);
    gad_notes_text(r->notes, notes);
    put(o, GAD_PAIR_NOTES, notes);
}

static void put_top(const struct out *o, const struct gad_alert *a, size_t most)
{
    char text[GAD_N_COLUMNS * (GAD_REASON_TEXT + 8)] = "", words[GAD_REASON_TEXT];
    const struct gad_reason *list[GAD_N_COLUMNS];
    size_t n = gad_alert_reasons(a, most, list), len = 0;

    for (size_t i = 0; i < n; i++) {
        gad_reason_text(list[i], words);
        int more = snprintf(text + len, sizeof(text) - len, "%s%s %.0f%%", i > 0 ? ", " : "", words,
                            100 * list[i]->share);
        len += more > 0 ? (size_t)more : 0;
    }
    put(o, GAD_PAIR_TOP, text);
}

/* "203.0.113.7 (134), ..." */
static void put_hosts(const struct out *o, enum gad_pair p, const struct gad_host_count *h,
                      size_t n)
{
    char text[GAD_INCIDENT_TOP * 72] = "", ip[INET6_ADDRSTRLEN];
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        *ip = '\0';
        (void)inet_ntop(h[i].family == 4 ? AF_INET : AF_INET6, h[i].address, ip, sizeof(ip));
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s (%" PRIu64 ")",
                                i > 0 ? ", " : "", ip, h[i].count);
    }
    put(o, p, text);
}

static void put_ports(const struct out *o, const struct gad_port_count *list, size_t n)
{
    char text[GAD_INCIDENT_TOP * 32] = "";
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u (%" PRIu64 ")",
                                i > 0 ? ", " : "", list[i].port, list[i].count);
    put(o, GAD_PAIR_TOP_PORTS, text);
}

static void put_distinct(const struct out *o, const struct gad_incident *i)
{
    const struct {
        const struct gad_distinct *number;
        enum gad_pair pair;
        const char *name;
    } rows[] = {{&i->sources, GAD_PAIR_SOURCES, "sources"},
                {&i->targets, GAD_PAIR_TARGETS, "targets"},
                {&i->ports, GAD_PAIR_PORTS, "ports"},
                {&i->answered, GAD_PAIR_ANSWERED, "answered"}};
    char estimated[40] = "";
    size_t len = 0;

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        put_u64(o, rows[k].pair, rows[k].number->n);
        if (rows[k].number->is_estimate)
            len += (size_t)snprintf(estimated + len, sizeof(estimated) - len, "%s%s",
                                    len > 0 ? " " : "", rows[k].name);
    }
    put(o, GAD_PAIR_ESTIMATED, estimated);
}

/* "failed_targets 14 (usual 2), beacon_interval 60, forgeable" */
static void put_unusual(const struct out *o, const struct gad_incident *i)
{
    char text[GAD_UNUSUAL_MAX * 80 + 16] = "";
    size_t len = 0;

    for (size_t k = 0; k < i->n_unusual; k++) {
        const struct gad_unusual *u = &i->unusual[k];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %.6g", k > 0 ? ", " : "",
                                gad_sign_name(u->sign), u->value);
        if (u->usual > 0)
            len += (size_t)snprintf(text + len, sizeof(text) - len, " (usual %.6g)", u->usual);
    }
    if (i->n_unusual > 0 && i->may_be_forged)
        (void)snprintf(text + len, sizeof(text) - len, ", forgeable");
    put(o, GAD_PAIR_UNUSUAL, text);
}

static void put_rest(const struct out *o, const struct gad_incident *i)
{
    put(o, GAD_PAIR_LINE, gad_line_name(i->line));
    put(o, GAD_PAIR_NATURE, gad_nature_name(i->nature));
    put_time(o, GAD_PAIR_INCIDENT_FIRST, i->first);
    put_time(o, GAD_PAIR_INCIDENT_LAST, i->last);
    put_u64(o, GAD_PAIR_BYSTANDERS, i->bystanders);
    put_u64(o, GAD_PAIR_LOGINS, i->logins);
    if (i->succeeded)
        put_u64(o, GAD_PAIR_SUCCEEDED, 1);
    put_u64(o, GAD_PAIR_INCIDENT_SRC_BYTES, i->src_bytes);
    put_u64(o, GAD_PAIR_INCIDENT_DST_BYTES, i->dst_bytes);
    put_distinct(o, i);
    put_unusual(o, i);
}

static void put_lists(const struct out *o, const struct gad_incident *i)
{
    put_hosts(o, GAD_PAIR_TOP_SOURCES, i->source, i->n_source);
    put_hosts(o, GAD_PAIR_TOP_TARGETS, i->target, i->n_target);
    put_ports(o, i->port, i->n_port);
}

static void put_incident(const struct out *o, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_incident *i = &e->alert.incident;
    char id[GAD_EVENT_ID_TEXT];

    put(o, GAD_PAIR_HINT, gad_hint_name(i->hint));
    if (detail < GAD_DETAIL_LEAST)
        put(o, GAD_PAIR_TECHNIQUE, gad_alert_technique(&e->alert));
    gad_incident_id(e, id);
    if (!*id)
        return;
    put(o, GAD_PAIR_INCIDENT, id);
    put(o, GAD_PAIR_INCIDENT_STATE, gad_incident_state_name(i->state));
    put_u64(o, GAD_PAIR_RECORDS, i->records);
    if (detail < GAD_DETAIL_LEAST)
        put_rest(o, i);
    if (detail < GAD_DETAIL_ONE_REASON)
        put_lists(o, i);
}

static void put_place(const struct out *o, const struct gad_alert *a, enum gad_detail detail)
{
    put(o, GAD_PAIR_SOURCE, a->source);
    put(o, GAD_PAIR_INTERFACE, a->interface);
    put(o, GAD_PAIR_CLIENT, a->client);
    if (detail >= GAD_DETAIL_LEAST)
        return;
    put(o, GAD_PAIR_PCAP_FILENAME, a->file);
    if (a->packet > 0)
        put_u64(o, GAD_PAIR_PCAP_CNT, a->packet);
    put(o, GAD_PAIR_EVIDENCE, a->evidence);
}

/* "flood (134), none (5)" */
static void put_causes(const struct out *o, const struct gad_limit_event *l)
{
    char text[GAD_LIMIT_TOP * 40] = "";
    size_t len = 0;

    for (size_t i = 0; i < l->n_cause; i++) {
        const char *hint = gad_hint_name(l->cause[i].hint);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s (%" PRIu64 ")",
                                i > 0 ? ", " : "", *hint ? hint : "none", l->cause[i].count);
    }
    put(o, GAD_PAIR_CAUSES, text);
    put_hosts(o, GAD_PAIR_TOP_SOURCES, l->source, l->n_source);
}

static void put_alert(const struct out *o, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_alert *a = &e->alert;

    put_incident(o, e, detail);
    put_real(o, GAD_PAIR_SCORE, (double)a->score, 9);
    put_real(o, GAD_PAIR_THRESHOLD, (double)a->threshold, 9);
    put_real(o, GAD_PAIR_P_VALUE, a->p_value, 6);
    if (a->p_extrapolated)
        put_u64(o, GAD_PAIR_P_EXTRAPOLATED, 1);
    if (a->fpr_budget > 0)
        put_real(o, GAD_PAIR_FPR_BUDGET, a->fpr_budget, 6);
    put_u64(o, GAD_PAIR_RISK, a->risk);
    put(o, GAD_PAIR_MODEL, a->model);
    put(o, GAD_PAIR_MODEL_SHA256, a->model_sha256);
    put_connection(o, &a->record);
    put_u64(o, GAD_PAIR_COUNT, a->count);
    put_time(o, GAD_PAIR_FIRST, a->first);
    put_time(o, GAD_PAIR_LAST, a->last);
    put_place(o, a, detail);
    put_top(o, a, gad_detail_n_top(a, detail));
}

static void put_model(const struct out *o, const struct gad_model_event *m)
{
    put(o, GAD_PAIR_ACTION, m->action);
    put(o, GAD_PAIR_MODEL, m->model);
    put(o, GAD_PAIR_MODEL_SHA256, m->model_sha256);
    put(o, GAD_PAIR_PREVIOUS_SHA256, m->previous_sha256);
    put(o, GAD_PAIR_REASON, m->reason);
}

void gad_event_pairs(const struct gad_event *e, enum gad_detail detail,
                     void (*each)(void *arg, enum gad_pair pair, const char *key,
                                  const char *value),
                     void *arg)
{
    const struct out o = {each, arg};
    struct gad_counter c[GAD_EVENT_COUNTERS + 4];
    char text[GAD_EVENT_ID_TEXT];

    gad_event_id(e, text);
    put(&o, GAD_PAIR_ID, text);
    if (e->kind != GAD_EVENT_LOSS)
        put_u64(&o, GAD_PAIR_SEQ, e->seq);
    if (e->kind != GAD_EVENT_LOSS && e->filtered)
        put_u64(&o, GAD_PAIR_PREV_SEQ, e->prev_seq);
    put(&o, GAD_PAIR_SENSOR, e->sensor);
    if (e->kind == GAD_EVENT_ALERT) {
        put_alert(&o, e, detail);
        return;
    }
    if (e->kind == GAD_EVENT_MODEL)
        put_model(&o, &e->model);
    if (e->kind == GAD_EVENT_BLIND) {
        put(&o, GAD_PAIR_ACTION, e->blind.action);
        put(&o, GAD_PAIR_SOURCE, e->blind.source);
    }
    if (e->kind == GAD_EVENT_LIMIT)
        put_causes(&o, &e->limit);
    if (e->kind == GAD_EVENT_LOSS)
        put(&o, GAD_PAIR_OUTPUT, e->loss.output);
    if (e->kind == GAD_EVENT_HEARTBEAT)
        put(&o, GAD_PAIR_VERSION, e->heartbeat.version);
    size_t n = gad_event_numbers(e, detail, c);
    for (size_t i = 0; i < n; i++) {
        char number[24];
        (void)snprintf(number, sizeof(number), "%" PRIu64, c[i].value);
        o.each(o.arg, GAD_PAIR_NUMBER, c[i].name, number);
    }
}
