/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/blind.h"

#include <stdio.h>

enum { EVERY_S = 60 };

/* A counter of a reopened interface can begin again at 0. */
static uint64_t rise(const struct capture_counts *was, const struct capture_counts *is, size_t i)
{
    uint64_t before = capture_count(was, i), after = capture_count(is, i);

    return after > before ? after - before : 0;
}

static bool has_risen(const struct capture_counts *was, const struct capture_counts *is)
{
    for (size_t i = 0; i < CAPTURE_COUNTERS; i++)
        if (capture_counter(i)->kind == GAD_COUNTER_BLIND && rise(was, is, i) > 0)
            return true;
    return false;
}

static void count(const struct capture_counts *was, const struct capture_counts *is,
                  struct gad_blind_event *e)
{
    for (size_t i = 0; i < CAPTURE_COUNTERS && e->n < GAD_BLIND_COUNTERS; i++) {
        const struct gad_counter_item *item = capture_counter(i);
        uint64_t n = rise(was, is, i);
        if (item->kind != GAD_COUNTER_BLIND || n == 0)
            continue;
        struct gad_counter *c = &e->counter[e->n++];
        (void)snprintf(c->name, sizeof(c->name), "%s", item->name);
        c->value = n;
    }
}

static void begin(struct blind *b, const struct capture_counts *is, struct gad_time now,
                  struct gad_blind_event *e)
{
    *e = (struct gad_blind_event){.action = "blind"};
    count(&b->reported, is, e);
    b->is_blind = true;
    b->began = now;
}

/* A minute has passed since the last event. */
static void go_on(struct blind *b, const struct capture_counts *is, struct gad_time now,
                  struct gad_blind_event *e)
{
    *e = (struct gad_blind_event){.action = "blind", .period = gad_time_sub(now, b->sent)};
    if (b->rose) {
        count(&b->reported, is, e);
        return;
    }
    (void)snprintf(e->action, sizeof(e->action), "cleared");
    e->period = gad_time_sub(now, b->began);
    b->is_blind = false;
}

bool blind_check(struct blind *b, const struct capture_counts *is, struct gad_time now,
                 struct gad_blind_event *ret)
{
    bool rises = has_risen(&b->seen, is);

    b->seen = *is;
    b->rose = b->rose || rises;
    if (!b->is_blind && rises)
        begin(b, is, now, ret);
    else if (b->is_blind && now.ns - b->sent.ns >= EVERY_S * (int64_t)1000000000)
        go_on(b, is, now, ret);
    else
        return false;
    b->sent = now;
    b->reported = *is;
    b->rose = false;
    return true;
}
