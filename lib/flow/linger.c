/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/linger.h"

#include <string.h>

#include "lib/base/mem.h"

enum { WAYS = 4, UNIT_SHIFT = 30, FLIGHT_MAX = 1048576 /* bytes that can still be on their way */ };

int gad_linger_init(struct gad_linger *l)
{
    *l = (struct gad_linger){.entries = gad_calloc(GAD_LINGER_MAX, sizeof(*l->entries))};
    return l->entries ? 0 : GAD_ENOMEM;
}

void gad_linger_deinit(struct gad_linger *l)
{
    gad_free(l->entries);
    *l = (struct gad_linger){0};
}

void gad_linger_clear(struct gad_linger *l)
{
    memset(l->entries, 0, GAD_LINGER_MAX * sizeof(*l->entries));
}

static struct gad_lingering *places(const struct gad_linger *l, uint64_t hash)
{
    return &l->entries[(size_t)((uint32_t)hash % (GAD_LINGER_MAX / WAYS)) * WAYS];
}

void gad_linger_add(struct gad_linger *l, uint64_t hash, int64_t now, int64_t until,
                    const struct gad_lingering *e)
{
    struct gad_lingering *p = places(l, hash), *at = p;
    uint32_t tag = (uint32_t)(hash >> 32);

    for (int i = 0; i < WAYS; i++) {
        if (p[i].tag == tag && p[i].until != 0) {
            at = &p[i];
            break;
        }
        if (p[i].until < at->until)
            at = &p[i];
    }
    l->evicted += at->until > (uint32_t)(now >> UNIT_SHIFT) && at->tag != tag;
    *at = *e;
    at->tag = tag;
    at->until = (uint32_t)(until >> UNIT_SHIFT) + 1;
}

struct gad_lingering *gad_linger_find(const struct gad_linger *l, uint64_t hash, int64_t now)
{
    struct gad_lingering *p = places(l, hash);

    for (int i = 0; i < WAYS; i++)
        if (p[i].tag == (uint32_t)(hash >> 32) && p[i].until > (uint32_t)(now >> UNIT_SHIFT))
            return &p[i];
    return NULL;
}

bool gad_linger_is_late(struct gad_lingering *e, bool src_is_b, const struct gad_packet *p)
{
    int way = src_is_b;
    uint32_t end = p->seq + p->len + ((p->tcp_flags & GAD_TCP_FIN) != 0);
    int32_t beyond = (int32_t)(end - e->next[way]);
    bool acks_more = (p->tcp_flags & GAD_TCP_ACK) && (int32_t)(p->ack - e->next[1 - way]) > 0;

    if (!e->ended)
        return false;
    if (p->tcp_flags & GAD_TCP_RST)
        return true;
    if (acks_more)
        return false;
    if (beyond <= 0)
        return true;
    bool is_in_flight = e->reset[1 - way] && !e->reset[way] && beyond <= FLIGHT_MAX;
    e->took_data |= is_in_flight && p->len > 0;
    return is_in_flight;
}
