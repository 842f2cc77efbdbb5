/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/recent.h"

#include <string.h>

#include "lib/base/text.h"

#define DAY_NS INT64_C(86400000000000)

/* What is compared when an alert comes; the alerts themselves are large. */
struct slot {
    uint64_t incident; /* its number; 0: an alert without an incident */
    uint64_t change;   /* 0: the slot is free */
    uint64_t alerts;
    struct gad_time time;
    uint8_t severity;
    bool is_open;
};

struct recent {
    uint64_t last;
    struct slot slot[RECENT_MAX];
    struct gad_event event; /* the last one that was returned */
    struct {
        uint64_t seq, incident;
    } ring[RECENT_EVENTS]; /* by seq */
    struct body {
        uint64_t seq;
        struct gad_alert alert;
    } body[RECENT_MAX];
};

int recent_new(struct recent **ret)
{
    *ret = gad_calloc(1, sizeof(**ret));
    return *ret ? 0 : GAD_ENOMEM;
}

void recent_free(struct recent *r)
{
    gad_free(r);
}

/* The higher, the longer it stays. */
static unsigned rank(const struct slot *s, struct gad_time now)
{
    bool is_old = gad_time_sub(now, s->time).ns > DAY_NS;
    unsigned severity = is_old || s->severity > GAD_SEVERITY_LOW ? GAD_SEVERITY_LOW : s->severity;

    return (s->is_open ? 4u : 0u) + (GAD_SEVERITY_LOW - severity);
}

static size_t find(const struct recent *r, const struct gad_event *e)
{
    size_t least = 0;
    uint64_t number = e->alert.incident.number;

    for (size_t i = 0; i < RECENT_MAX && number != 0; i++)
        if (r->slot[i].incident == number && r->slot[i].change != 0)
            return i;
    for (size_t i = 0; i < RECENT_MAX; i++) {
        const struct slot *s = &r->slot[i], *best = &r->slot[least];
        if (s->change == 0)
            return i;
        unsigned a = rank(s, e->time), b = rank(best, e->time);
        if (a < b || (a == b && s->change < best->change))
            least = i;
    }
    return least;
}

bool recent_put(struct recent *r, const struct gad_event *e)
{
    const struct gad_incident *of = &e->alert.incident;
    size_t i = find(r, e);
    struct slot *s = &r->slot[i];
    bool is_same = s->change != 0 && of->number != 0 && s->incident == of->number;
    bool displaced = !is_same && s->change != 0 && s->is_open;

    *s = (struct slot){.incident = of->number,
                       .change = ++r->last,
                       .alerts = is_same ? s->alerts + 1 : 1,
                       .time = e->time,
                       .severity = (uint8_t)e->alert.severity,
                       .is_open = of->number != 0 && of->state != GAD_INCIDENT_CLOSED};
    r->ring[e->seq % RECENT_EVENTS].seq = e->seq;
    r->ring[e->seq % RECENT_EVENTS].incident = of->number;
    r->body[i].seq = e->seq;
    r->body[i].alert = e->alert;
    if (r->event.kind == 0) { /* sensor and run are the same in all events */
        r->event.kind = GAD_EVENT_ALERT;
        r->event.run = e->run;
        memcpy(r->event.sensor, e->sensor, sizeof(e->sensor));
    }
    return displaced;
}

static const struct gad_event *event_of(struct recent *r, const struct slot *s)
{
    const struct body *b = &r->body[s - r->slot];

    r->event.time = s->time;
    r->event.seq = b->seq;
    r->event.alert = b->alert;
    return &r->event;
}

bool recent_after(struct recent *r, uint64_t change, struct recent_entry *ret)
{
    const struct slot *found = NULL;

    for (size_t i = 0; i < RECENT_MAX; i++)
        if (r->slot[i].change > change && (!found || r->slot[i].change < found->change))
            found = &r->slot[i];
    if (!found)
        return false;
    *ret = (struct recent_entry){found->change, found->alerts, event_of(r, found)};
    return true;
}

/* Whether @id, with the name of a sensor and a run in it or without, is that of r->event. */
static bool is_ours(const struct recent *r, const char *id, bool is_short, bool is_incident)
{
    char text[GAD_EVENT_ID_TEXT];

    if (is_incident)
        gad_incident_id(&r->event, text);
    else
        gad_event_id(&r->event, text);
    return is_short || strcmp(text, id) == 0;
}

static struct slot *slot_of(struct recent *r, const char *id)
{
    const char *dash = strrchr(id, '-'), *tail = dash ? dash + 1 : id;
    bool is_incident = *tail == 'i';
    uint64_t n, seq = 0, incident = 0;

    tail += is_incident;
    if (r->event.kind == 0 || gad_text_u64(tail, strlen(tail), UINT64_MAX, &n) != 0 || n == 0)
        return NULL;
    if (is_incident)
        r->event.alert.incident.number = incident = n;
    else
        r->event.seq = seq = n;
    if (!is_ours(r, id, !dash, is_incident))
        return NULL;
    if (seq != 0 && r->ring[seq % RECENT_EVENTS].seq == seq)
        incident = r->ring[seq % RECENT_EVENTS].incident;
    for (size_t i = 0; i < RECENT_MAX; i++)
        if (r->slot[i].change != 0 &&
            (incident != 0 ? r->slot[i].incident == incident : seq != 0 && r->body[i].seq == seq))
            return &r->slot[i];
    return NULL;
}

const struct gad_event *recent_find(struct recent *r, const char *id)
{
    const struct slot *s = slot_of(r, id);

    return s ? event_of(r, s) : NULL;
}

void recent_judge(struct recent *r, const char *id, enum gad_feedback_state says)
{
    struct slot *s = slot_of(r, id);

    if (!s)
        return;
    r->body[s - r->slot].alert.feedback = says;
    s->change = ++r->last;
}

uint64_t recent_last(const struct recent *r)
{
    return r->last;
}
