/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/random_event.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/record/notes.h"
/* Texts that break parsers. */
static const char *const pieces[] = {
    "\"",
    "\\",
    "|",
    "=",
    "^",
    "]",
    "[",
    "\n",
    "\r",
    "\t",
    "\x01",
    "\x7f",
    "'",
    "<",
    ">",
    "&",
    "{",
    "}",
    " ",
    "\\n",
    "\\\"",
    "]]>",
    "%s%n",
    "\xc3\xa4",
    "\xe2\x82\xac",
    "\xf0\x9f\x98\x80",
    "\xff",
    "\xc0\xaf",
    "\xed\xa0\x80",
    "\xe2\x82",
    "\xf4\x90\x80\x80",
    "a",
    "B",
    "0",
    "-",
    "_",
    ".",
    "src=1.2.3.4",
    " cs1Label=x",
    "^sev=10",
    "\"] [x y=\"",
    "\xef\xbb\xbf",
    "\xe2\x80\xa8",
    "$(id)",
    "../",
    ";",
};

static void random_text(struct gad_rng *rng, bool hostile, char *to, size_t size)
{
    size_t most = gad_rng_below(rng, 4) == 0 ? size - 1 : gad_rng_below(rng, 12), len = 0;

    while (len < most) {
        const char *piece = pieces[gad_rng_below(rng, sizeof(pieces) / sizeof(pieces[0]))];
        char one[2] = {(char)('a' + gad_rng_below(rng, 26)), '\0'};
        if (!hostile || gad_rng_below(rng, 3) == 0)
            piece = one;
        else if (gad_rng_below(rng, 8) == 0)
            one[0] = (char)(1 + gad_rng_below(rng, 255)), piece = one;
        if (len + strlen(piece) > most)
            break;
        memcpy(to + len, piece, strlen(piece));
        len += strlen(piece);
    }
    to[len] = '\0';
}

static double random_value(struct gad_rng *rng, enum gad_column c)
{
    const struct gad_column_info *info = &gad_columns[c];
    uint32_t r = gad_rng_below(rng, 101);

    switch (info->kind) {
    case GAD_KIND_NAME:
        return gad_rng_below(rng, (uint32_t)info->n_names);
    case GAD_KIND_RATE:
        return (double)((float)r / 100.0f);
    case GAD_KIND_BINARY:
        return r % 2;
    case GAD_KIND_NUMBER:
        break;
    }
    double v = r < 50 ? r : floor(info->max * (double)gad_rng_uniform(rng));
    return v < info->max ? v : info->max;
}

static void random_bytes(struct gad_rng *rng, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)gad_rng_u64(rng);
}

static struct gad_time random_time(struct gad_rng *rng)
{
    return (struct gad_time){INT64_C(1795442709123456789) + (int64_t)(gad_rng_u64(rng) >> 14)};
}

static void random_record(struct gad_rng *rng, struct gad_record *r)
{
    static const uint8_t protos[] = {6, 6, 6, 17, 1, 58, 47, 132};

    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++)
        r->v[c] = random_value(rng, c);
    uint32_t family = gad_rng_below(rng, 5);
    if (family > 0) {
        size_t len = family < 4 ? 4 : 16;
        r->tuple.family = family < 4 ? 4 : 6;
        r->tuple.proto = protos[gad_rng_below(rng, sizeof(protos))];
        r->tuple.src_port = (uint16_t)gad_rng_u64(rng);
        r->tuple.dst_port = (uint16_t)gad_rng_u64(rng);
        random_bytes(rng, r->tuple.src, len);
        random_bytes(rng, r->tuple.dst, len);
    }
    r->tunnels = (uint8_t)gad_rng_below(rng, 3);
    r->notes = (uint8_t)(gad_rng_below(rng, 2) * gad_rng_below(rng, GAD_NOTES_ALL + 1));
    if (gad_rng_below(rng, 4) > 0)
        r->start = random_time(rng);
    if (r->start.ns != 0 && gad_rng_below(rng, 2) == 0)
        r->end.ns = r->start.ns + gad_rng_below(rng, UINT32_MAX);
}

static void random_reasons(struct gad_rng *rng, struct gad_alert *a)
{
    a->n_top = gad_rng_below(rng, 10) == 0 ? GAD_N_COLUMNS : gad_rng_below(rng, 6);
    for (size_t i = 0; i < a->n_top; i++) {
        /* One draw a statement, so that a seed gives the same events with every compiler. */
        enum gad_column c = (enum gad_column)gad_rng_below(rng, GAD_N_COLUMNS);
        double expected = random_value(rng, c), share = (double)gad_rng_uniform(rng);
        a->top[i] = (struct gad_reason){.column = c,
                                        .value = a->record.v[c],
                                        .expected = expected,
                                        .share = share / (double)(i + 1)};
    }
}

static void random_sha256(struct gad_rng *rng, char text[static GAD_EVENT_SHA256])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < GAD_EVENT_SHA256 - 1; i++)
        text[i] = hex[gad_rng_below(rng, 16)];
}

static void random_hosts(struct gad_rng *rng, struct gad_host_count *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h[i].family = gad_rng_below(rng, 2) ? 4 : 6;
        random_bytes(rng, h[i].address, h[i].family == 4 ? 4 : 16);
        h[i].count = gad_rng_u64(rng) >> 12;
    }
}

static struct gad_distinct random_distinct(struct gad_rng *rng)
{
    uint64_t n = gad_rng_below(rng, 100);
    return (struct gad_distinct){.n = n, .is_estimate = n > 32};
}

static void random_unusual(struct gad_rng *rng, struct gad_incident *i)
{
    i->may_be_forged = gad_rng_below(rng, 2);
    i->n_unusual = gad_rng_below(rng, GAD_UNUSUAL_MAX + 1);
    for (size_t k = 0; k < i->n_unusual; k++) {
        struct gad_unusual *u = &i->unusual[k];
        u->sign = (enum gad_sign)(1 + gad_rng_below(rng, GAD_N_SIGNS - 1));
        u->value = (double)gad_rng_uniform(rng) * 1e6;
        u->usual = gad_rng_below(rng, 2) ? (double)gad_rng_uniform(rng) * 100 : 0;
        u->p_value = (double)gad_rng_uniform(rng);
    }
}

static void random_incident(struct gad_rng *rng, struct gad_incident *i)
{
    i->number = 1 + (gad_rng_u64(rng) >> 12);
    i->state = (enum gad_incident_state)(1 + gad_rng_below(rng, GAD_N_INCIDENT_STATES - 1));
    i->line = (enum gad_line)gad_rng_below(rng, GAD_N_LINES);
    i->nature = (enum gad_nature)gad_rng_below(rng, GAD_N_NATURES);
    i->hint = (enum gad_hint)gad_rng_below(rng, GAD_N_HINTS);
    i->first = random_time(rng);
    i->last.ns = i->first.ns + gad_rng_below(rng, UINT32_MAX);
    i->records = gad_rng_u64(rng) >> 12;
    i->bystanders = gad_rng_below(rng, 3);
    i->logins = gad_rng_below(rng, 3);
    i->succeeded = gad_rng_below(rng, 2);
    i->src_bytes = gad_rng_u64(rng) >> 12;
    i->dst_bytes = gad_rng_u64(rng) >> 12;
    i->sources = random_distinct(rng);
    i->targets = random_distinct(rng);
    i->ports = random_distinct(rng);
    i->answered = random_distinct(rng);
    i->n_source = gad_rng_below(rng, GAD_INCIDENT_TOP + 1);
    i->n_target = gad_rng_below(rng, GAD_INCIDENT_TOP + 1);
    i->n_port = gad_rng_below(rng, GAD_INCIDENT_TOP + 1);
    random_hosts(rng, i->source, i->n_source);
    random_hosts(rng, i->target, i->n_target);
    if (i->nature == GAD_NATURE_HOST)
        random_unusual(rng, i);
    for (size_t k = 0; k < i->n_port; k++) {
        i->port[k].port = (uint16_t)gad_rng_u64(rng);
        i->port[k].count = gad_rng_u64(rng) >> 12;
    }
}

static void random_limit(struct gad_rng *rng, struct gad_limit_event *l)
{
    l->period.ns = (int64_t)(gad_rng_u64(rng) >> 8);
    l->high = gad_rng_u64(rng) >> 12;
    l->medium = gad_rng_below(rng, 5);
    l->low = gad_rng_below(rng, 5);
    l->n_cause = gad_rng_below(rng, GAD_LIMIT_TOP + 1);
    for (size_t i = 0; i < l->n_cause; i++) {
        l->cause[i].hint = (enum gad_hint)gad_rng_below(rng, GAD_N_HINTS);
        l->cause[i].count = gad_rng_u64(rng) >> 12;
    }
    l->n_source = gad_rng_below(rng, GAD_LIMIT_TOP + 1);
    random_hosts(rng, l->source, l->n_source);
}

static void random_place(struct gad_rng *rng, bool hostile, struct gad_alert *a)
{
    random_text(rng, hostile, a->client, sizeof(a->client));
    random_text(rng, hostile, a->file, sizeof(a->file));
    random_text(rng, hostile, a->evidence, sizeof(a->evidence));
    a->packet = gad_rng_u64(rng) >> 12;
    a->record.src_packets = (uint32_t)gad_rng_u64(rng);
    a->record.dst_packets = gad_rng_below(rng, 3);
}

static void random_alert(struct gad_rng *rng, bool hostile, struct gad_alert *a)
{

    random_record(rng, &a->record);
    random_text(rng, hostile, a->record.community_id, sizeof(a->record.community_id));
    random_text(rng, hostile, a->source, sizeof(a->source));
    random_text(rng, hostile, a->interface, sizeof(a->interface));
    random_text(rng, hostile, a->model, sizeof(a->model));
    random_sha256(rng, a->model_sha256);
    double mantissa = (double)gad_rng_uniform(rng);
    a->score = (float)ldexp(mantissa, (int)gad_rng_below(rng, 30) - 10);
    a->threshold = a->score / 2;
    a->p_value = 1.0 / (1.0 + gad_rng_below(rng, 1000000));
    a->fpr_budget = gad_rng_below(rng, 4) == 0 ? 0 : 0.001;
    a->p_extrapolated = gad_rng_below(rng, 4) == 0;
    a->risk = gad_rng_below(rng, 101);
    a->severity = gad_alert_severity(a->risk);
    random_reasons(rng, a);
    a->count = 1 + (gad_rng_below(rng, 2) ? gad_rng_u64(rng) >> 12 : 0);
    a->first = random_time(rng);
    a->last.ns = a->first.ns + gad_rng_below(rng, UINT32_MAX);
    random_place(rng, hostile, a);
    if (gad_rng_below(rng, 3) > 0)
        random_incident(rng, &a->incident);
    a->feedback = (enum gad_feedback_state)gad_rng_below(rng, GAD_FEEDBACK_TRUE + 1);
}

static void random_counters(struct gad_rng *rng, bool hostile, struct gad_counter *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* Names differ, as those of counters do. */
        int len = snprintf(c[i].name, sizeof(c[i].name), "%zu-", i);
        random_text(rng, hostile && i % 4 == 0, c[i].name + len, 24);
        c[i].value = gad_rng_u64(rng) >> 11;
    }
}

static void random_stats(struct gad_rng *rng, bool hostile, struct gad_stats_event *s)
{
    s->uptime.ns = (int64_t)(gad_rng_u64(rng) >> 8);
    s->n = gad_rng_below(rng, GAD_EVENT_COUNTERS + 1);
    random_counters(rng, hostile, s->counter, s->n);
}

static void random_blind_event(struct gad_rng *rng, bool hostile, struct gad_blind_event *b)
{
    (void)snprintf(b->action, sizeof(b->action), "%s", gad_rng_below(rng, 2) ? "blind" : "cleared");
    random_text(rng, hostile, b->source, sizeof(b->source));
    b->period.ns = (int64_t)(gad_rng_u64(rng) >> 8);
    b->n = gad_rng_below(rng, GAD_BLIND_COUNTERS + 1);
    random_counters(rng, hostile, b->counter, b->n);
}

static void random_model_event(struct gad_rng *rng, bool hostile, struct gad_model_event *m)
{
    static const char *const actions[] = {"loaded",  "rolled-back", "added",
                                          "removed", "refused",     "drifted",
                                          "settled", "over_budget", "adapted"};

    (void)snprintf(m->action, sizeof(m->action), "%s", actions[gad_rng_below(rng, 9)]);
    random_text(rng, hostile, m->model, sizeof(m->model));
    if (gad_rng_below(rng, 2))
        random_sha256(rng, m->model_sha256);
    if (gad_rng_below(rng, 2))
        random_sha256(rng, m->previous_sha256);
    if (gad_rng_below(rng, 2))
        random_text(rng, hostile, m->reason, sizeof(m->reason));
}

void random_event(struct gad_rng *rng, bool hostile, struct gad_event *e)
{
    static const enum gad_event_kind kinds[] = {GAD_EVENT_HEARTBEAT, GAD_EVENT_STATS,
                                                GAD_EVENT_LOSS,      GAD_EVENT_MODEL,
                                                GAD_EVENT_BLIND,     GAD_EVENT_LIMIT};

    *e = (struct gad_event){.kind = GAD_EVENT_ALERT, .run = gad_rng_u64(rng)};
    if (gad_rng_below(rng, 8) == 0)
        e->kind = kinds[gad_rng_below(rng, sizeof(kinds) / sizeof(kinds[0]))];
    random_text(rng, hostile, e->sensor, sizeof(e->sensor));
    e->seq = e->kind == GAD_EVENT_LOSS ? 0 : 1 + (gad_rng_u64(rng) >> 12);
    e->time = random_time(rng);
    if (e->kind == GAD_EVENT_ALERT) {
        random_alert(rng, hostile, &e->alert);
    } else if (e->kind == GAD_EVENT_STATS) {
        random_stats(rng, hostile, &e->stats);
    } else if (e->kind == GAD_EVENT_MODEL) {
        random_model_event(rng, hostile, &e->model);
    } else if (e->kind == GAD_EVENT_BLIND) {
        random_blind_event(rng, hostile, &e->blind);
    } else if (e->kind == GAD_EVENT_LIMIT) {
        random_limit(rng, &e->limit);
    } else if (e->kind == GAD_EVENT_HEARTBEAT) {
        random_text(rng, hostile, e->heartbeat.version, sizeof(e->heartbeat.version));
        e->heartbeat.uptime.ns = (int64_t)(gad_rng_u64(rng) >> 8);
        e->heartbeat.interval.ns = INT64_C(60000000000);
        e->heartbeat.records = gad_rng_u64(rng) >> 12;
        e->heartbeat.alerts = gad_rng_below(rng, 1000);
    } else {
        e->loss.first = 1 + (gad_rng_u64(rng) >> 12);
        e->loss.last = e->loss.first + gad_rng_below(rng, 1000000);
        e->loss.unused = gad_rng_below(rng, 4) == 0;
        e->loss.at_most = !e->loss.unused && gad_rng_below(rng, 2);
        random_text(rng, hostile, e->loss.output, sizeof(e->loss.output));
    }
}
