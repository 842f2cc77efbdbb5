/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/event.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/record/notes.h"

enum { HIGH_FROM = 90, MEDIUM_FROM = 70 }; /* risk */

const char *gad_event_kind_name(enum gad_event_kind k)
{
    static const char *const names[GAD_N_EVENTS] = {
        [GAD_EVENT_ALERT] = "alert", [GAD_EVENT_HEARTBEAT] = "heartbeat",
        [GAD_EVENT_STATS] = "stats", [GAD_EVENT_LOSS] = "loss",
        [GAD_EVENT_MODEL] = "model", [GAD_EVENT_BLIND] = "blind",
        [GAD_EVENT_LIMIT] = "limit"};

    return k < GAD_N_EVENTS && names[k] ? names[k] : "";
}

uint64_t gad_loss_count(const struct gad_loss *l)
{
    return l->unused ? 0 : l->last - l->first + 1;
}

static bool loss_is_real(const struct gad_event *e)
{
    return e->kind == GAD_EVENT_LOSS && !e->loss.unused;
}

bool gad_model_refused(const struct gad_event *e)
{
    return e->kind == GAD_EVENT_MODEL && strcmp(e->model.action, "refused") == 0;
}

bool gad_model_warns(const struct gad_event *e)
{
    return gad_model_refused(e) ||
           (e->kind == GAD_EVENT_MODEL && strcmp(e->model.action, "drifted") == 0);
}

static bool is_blind(const struct gad_event *e)
{
    return e->kind == GAD_EVENT_BLIND && strcmp(e->blind.action, "cleared") != 0;
}

bool gad_event_warns(const struct gad_event *e)
{
    return loss_is_real(e) || gad_model_warns(e) || is_blind(e) || e->kind == GAD_EVENT_LIMIT;
}

const char *gad_severity_name(unsigned severity)
{
    return severity <= GAD_SEVERITY_HIGH     ? "high"
           : severity == GAD_SEVERITY_MEDIUM ? "medium"
                                             : "low";
}

const char *gad_ip_proto_name(uint8_t proto, char text[static 8])
{
    switch (proto) {
    case GAD_IP_TCP:
        return "TCP";
    case GAD_IP_UDP:
        return "UDP";
    case GAD_IP_ICMP:
        return "ICMP";
    case GAD_IP_ICMP6:
        return "IPv6-ICMP";
    default:
        (void)snprintf(text, 8, "%u", (unsigned)proto);
        return text;
    }
}

void gad_incident_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT])
{
    *text = '\0';
    if (e->kind == GAD_EVENT_ALERT && e->alert.incident.number != 0)
        (void)snprintf(text, GAD_EVENT_ID_TEXT, "%s-%016" PRIx64 "-i%" PRIu64, e->sensor, e->run,
                       e->alert.incident.number);
}

void gad_event_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT])
{
    if (e->kind == GAD_EVENT_LOSS)
        (void)snprintf(text, GAD_EVENT_ID_TEXT, "%s-%016" PRIx64 "-loss-%" PRIu64 "-%" PRIu64,
                       e->sensor, e->run, e->loss.first, e->loss.last);
    else
        (void)snprintf(text, GAD_EVENT_ID_TEXT, "%s-%016" PRIx64 "-%" PRIu64, e->sensor, e->run,
                       e->seq);
}

unsigned gad_alert_risk(double p_value, uint64_t n_calibration)
{
    double least = 1.0 / ((double)n_calibration + 1.0);

    if (!(p_value < 1.0) || n_calibration == 0)
        return 0;
    if (p_value <= least)
        return 100;
    return (unsigned)lround(100.0 * log(p_value) / log(least));
}

unsigned gad_alert_severity(unsigned risk)
{
    return risk >= HIGH_FROM     ? GAD_SEVERITY_HIGH
           : risk >= MEDIUM_FROM ? GAD_SEVERITY_MEDIUM
                                 : GAD_SEVERITY_LOW;
}

/* "192.0.2.4:51873 > 198.51.100.7:80 TCP", or "" */
static void endpoints_text(const struct gad_tuple *t, char *text, size_t size)
{
    char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "", proto[8];
    int family = t->family == 4 ? AF_INET : AF_INET6;
    const char *open = t->family == 4 ? "" : "[", *close = t->family == 4 ? "" : "]";

    *text = '\0';
    if (t->family == 0)
        return;
    (void)inet_ntop(family, t->src, src, sizeof(src));
    (void)inet_ntop(family, t->dst, dst, sizeof(dst));
    (void)snprintf(text, size, " %s%s%s:%u > %s%s%s:%u %s", open, src, close, t->src_port, open,
                   dst, close, t->dst_port, gad_ip_proto_name(t->proto, proto));
}

static void alert_sentence(const struct gad_alert *a, char text[static GAD_EVENT_SENTENCE])
{
    char ends[160], value[GAD_VALUE_TEXT], expected[GAD_VALUE_TEXT], why[160] = "", more[48] = "",
                                                                     notes[GAD_NOTES_TEXT];
    const double *v = a->record.v;

    endpoints_text(&a->record.tuple, ends, sizeof(ends));
    if (a->n_top > 0) {
        gad_value_text(a->top[0].column, a->top[0].value, value);
        gad_value_text(a->top[0].column, a->top[0].expected, expected);
        (void)snprintf(why, sizeof(why), ": %s is %s, expected %s",
                       gad_columns[a->top[0].column].name, value, expected);
    }
    if (a->count > 1)
        (void)snprintf(more, sizeof(more), ", %" PRIu64 " connections", a->count);
    gad_notes_text(a->record.notes, notes);
    (void)snprintf(text, GAD_EVENT_SENTENCE, "anomalous connection%s %s %s, risk %u%s%s%s%s", ends,
                   gad_name_text(GAD_SERVICE, (int)v[GAD_SERVICE]),
                   gad_name_text(GAD_FLAG, (int)v[GAD_FLAG]), a->risk, more, *notes ? ", " : "",
                   notes, why);
}

/* "model 'x' loaded: 0123456789abcdef instead of fedcba9876543210", "models refused: REASON" */
static void model_sentence(const struct gad_model_event *m, char text[static GAD_EVENT_SENTENCE])
{
    bool has_name = *m->model != '\0';
    const char *quote = has_name ? " '" : "s", *end = has_name ? "'" : "";

    if (*m->reason)
        (void)snprintf(text, GAD_EVENT_SENTENCE, "model%s%s%s %s: %s", quote, m->model, end,
                       m->action, m->reason);
    else
        (void)snprintf(text, GAD_EVENT_SENTENCE, "model%s%s%s %s%s%.16s%s%.16s", quote, m->model,
                       end, m->action, *m->model_sha256 ? ": " : "", m->model_sha256,
                       *m->previous_sha256 ? " instead of " : "", m->previous_sha256);
}

/* "capture 'lan' was blind: lost 3, flow_evicted 12" */
static void blind_sentence(const struct gad_event *e, char text[static GAD_EVENT_SENTENCE])
{
    const struct gad_blind_event *b = &e->blind;
    size_t len = 0;

    if (!is_blind(e)) {
        (void)snprintf(text, GAD_EVENT_SENTENCE, "capture '%s' sees all again, after %.0f s",
                       b->source, gad_time_seconds(b->period));
        return;
    }
    (void)snprintf(text, GAD_EVENT_SENTENCE, "capture '%s' was blind", b->source);
    for (size_t i = 0; i < b->n; i++) {
        len = strlen(text);
        (void)snprintf(text + len, GAD_EVENT_SENTENCE - len, "%s %s %" PRIu64, i > 0 ? "," : ":",
                       b->counter[i].name, b->counter[i].value);
    }
}

void gad_event_sentence(const struct gad_event *e, char text[static GAD_EVENT_SENTENCE])
{
    switch (e->kind) {
    case GAD_EVENT_ALERT:
        alert_sentence(&e->alert, text);
        break;
    case GAD_EVENT_HEARTBEAT:
        (void)snprintf(text, GAD_EVENT_SENTENCE,
                       "ganadd %s is alive: up %.0f s, %" PRIu64 " records, %" PRIu64 " alerts",
                       e->heartbeat.version, gad_time_seconds(e->heartbeat.uptime),
                       e->heartbeat.records, e->heartbeat.alerts);
        break;
    case GAD_EVENT_STATS:
        (void)snprintf(text, GAD_EVENT_SENTENCE, "ganadd counts: %zu counters after %.0f s",
                       e->stats.n, gad_time_seconds(e->stats.uptime));
        break;
    case GAD_EVENT_LOSS:
        (void)snprintf(text, GAD_EVENT_SENTENCE,
                       e->loss.unused ? "%s%" PRIu64 " events were lost: no event had the numbers "
                                        "%" PRIu64 " to %" PRIu64
                                      : "%s%" PRIu64 " events were lost, %" PRIu64 " to %" PRIu64,
                       e->loss.at_most ? "at most " : "", gad_loss_count(&e->loss), e->loss.first,
                       e->loss.last);
        break;
    case GAD_EVENT_MODEL:
        model_sentence(&e->model, text);
        break;
    case GAD_EVENT_BLIND:
        blind_sentence(e, text);
        break;
    case GAD_EVENT_LIMIT:
        (void)snprintf(text, GAD_EVENT_SENTENCE,
                       "alerts were limited: %" PRIu64 " high, %" PRIu64 " medium and %" PRIu64
                       " low anomalous records in %.0f s have no alert",
                       e->limit.high, e->limit.medium, e->limit.low,
                       gad_time_seconds(e->limit.period));
        break;
    case GAD_N_EVENTS:
        *text = '\0';
    }
}
