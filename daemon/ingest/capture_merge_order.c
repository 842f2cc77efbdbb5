/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/config.h"
#include "daemon/ingest/capture_merge_parts.h"
#include "daemon/log.h"
#include "lib/record/make.h"
#include "lib/record/merge.h"
#include "lib/record/window.h"

static void place_ended(struct place *p, const struct capture_batch *b)
{
    p->has_ended = true;
    p->is_broken = b->is_broken;
    log_info("capture", "%s: ended", p->config->name);
}

static void take_batch(struct capture_merge *s, size_t number, struct capture_batch *b)
{
    struct place *p = &s->place[number];
    struct gad_record r;
    int err = 0;

    if (p->stats.is_idle)
        gad_merge_set_idle(s->merge, number, false);
    for (size_t i = 0; i < b->n; i++) {
        gad_record_make(s->services, s->id, &b->conn[i], &r);
        int one = gad_merge_put(s->merge, number, b->conn[i].decided, &r);
        p->records += one == 0;
        err = one != 0 ? one : err;
    }
    if (err != 0)
        log_error("capture", "%s: %s, connections are lost", p->config->name, gad_strerror(err));
    gad_merge_reach(s->merge, number, b->reached);
    p->stats = b->stats;
    if (p->stats.is_idle)
        gad_merge_set_idle(s->merge, number, true);
    if (b->is_last) {
        gad_merge_end(s->merge, number);
        place_ended(p, b);
    }
    capture_give_back(p->capture, b);
}

bool capture_merge_look_at_idle(struct capture_merge *s)
{
    bool has_taken = false;

    for (size_t i = 0; i < s->n; i++) {
        struct place *p = &s->place[i];
        bool is_empty = false;
        while (p->stats.is_idle && !p->has_ended && !is_empty) {
            struct capture_batch *b = capture_take(p->capture);
            if (b)
                take_batch(s, i, b);
            else
                is_empty = capture_wait(p->capture);
            has_taken |= b != NULL;
        }
    }
    return has_taken;
}

static bool all_have_ended(const struct capture_merge *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->place[i].has_ended)
            return false;
    return true;
}

enum capture_merge_next capture_merge_next(struct capture_merge *s, struct gad_merge_item *ret)
{
    while (!gad_merge_take(s->merge, ret)) {
        size_t slowest = gad_merge_slowest(s->merge);
        struct capture *c = slowest < s->n ? s->place[slowest].capture : NULL;
        struct capture_batch *b = c ? capture_take(c) : NULL;
        if (b)
            take_batch(s, slowest, b);
        else if (!c && all_have_ended(s))
            return SENSOR_END;
        else if ((!c || capture_wait(c)) && !capture_merge_look_at_idle(s))
            return SENSOR_WAIT; /* those that became idle just now will wake us, too */
    }
    gad_window_add(s->window, ret->decided, &ret->rec);
    return SENSOR_RECORD;
}
