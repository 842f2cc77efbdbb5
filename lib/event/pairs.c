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

static void put_alert(const struct out *o, const struct gad_alert *a, enum gad_detail detail)
{
    put_real(o, GAD_PAIR_SCORE, (double)a->score, 9);
    put_real(o, GAD_PAIR_THRESHOLD, (double)a->threshold, 9);
    put_real(o, GAD_PAIR_P_VALUE, a->p_value, 6);
    if (a->fpr_budget > 0)
        put_real(o, GAD_PAIR_FPR_BUDGET, a->fpr_budget, 6);
    put_u64(o, GAD_PAIR_RISK, a->risk);
    put(o, GAD_PAIR_MODEL, a->model);
    put(o, GAD_PAIR_MODEL_SHA256, a->model_sha256);
    put_connection(o, &a->record);
    put_u64(o, GAD_PAIR_COUNT, a->count);
    put_time(o, GAD_PAIR_FIRST, a->first);
    put_time(o, GAD_PAIR_LAST, a->last);
    put(o, GAD_PAIR_SOURCE, a->source);
    put(o, GAD_PAIR_INTERFACE, a->interface);
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
        put_alert(&o, &e->alert, detail);
        return;
    }
    if (e->kind == GAD_EVENT_MODEL)
        put_model(&o, &e->model);
    if (e->kind == GAD_EVENT_BLIND) {
        put(&o, GAD_PAIR_ACTION, e->blind.action);
        put(&o, GAD_PAIR_SOURCE, e->blind.source);
    }
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
