/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/senders.h"

#include <string.h>

#include "lib/base/lru.h"
#include "lib/net/decode.h"

enum { KEY_WORDS = 3 };

struct sender {
    uint16_t wrong[GAD_N_SUM_CLASSES]; /* in a row */
    uint8_t is_right, was_right;       /* a bit for each class */
};

struct gad_senders {
    struct gad_lru *order; /* by their last right sum */
    struct gad_net_stats *stats;
    struct sender sender[GAD_SENDERS + 1];
};

int gad_senders_new(uint64_t seed, struct gad_net_stats *stats, struct gad_senders **ret)
{
    gad_cleanup(gad_senders_freep) struct gad_senders *s = gad_calloc(1, sizeof(*s));
    const uint64_t secret[2] = {~seed, seed};

    if (!s)
        return GAD_ENOMEM;
    s->stats = stats;
    int r = gad_lru_new(GAD_SENDERS, KEY_WORDS, secret, &s->order);
    if (r != 0)
        return r;
    *ret = gad_steal(&s);
    return 0;
}

void gad_senders_free(struct gad_senders *s)
{
    if (!s)
        return;
    gad_lru_free(s->order);
    gad_free(s);
}

/* Two senders for each packet: what is known about offload, by link, and about other sums. */
static void make_key(const struct gad_tuple *t, uint64_t link, bool offload,
                     uint64_t key[KEY_WORDS])
{
    memcpy(key, t->src, 16);
    key[2] = (offload ? link << 16 | 0x100 : 0) | t->family;
}

static uint32_t find_or_add(struct gad_senders *s, const uint64_t *key)
{
    uint32_t i = gad_lru_find(s->order, key);

    if (i != 0) {
        gad_lru_touch(s->order, i);
        return i;
    }
    if (gad_lru_is_full(s->order)) {
        s->stats->checksum_senders_evicted++;
        gad_lru_remove(s->order, gad_lru_oldest(s->order));
    }
    i = gad_lru_add(s->order, key);
    memset(&s->sender[i], 0, sizeof(s->sender[i]));
    s->stats->checksum_senders = gad_lru_count(s->order);
    return i;
}

static void right(struct gad_senders *s, const uint64_t key[KEY_WORDS], enum gad_sum_class c)
{
    uint8_t bit = (uint8_t)(1U << c);
    struct sender *sender = &s->sender[find_or_add(s, key)];

    s->stats->checksum_senders_rejudged += (sender->was_right & ~sender->is_right & bit) != 0;
    sender->is_right |= bit;
    sender->was_right |= bit;
    sender->wrong[c] = 0;
}

void gad_senders_right(struct gad_senders *s, const struct gad_tuple *t, uint64_t link,
                       enum gad_sum_class c, bool offload)
{
    uint64_t key[KEY_WORDS];

    make_key(t, link, false, key);
    right(s, key, c);
    if (!offload)
        return;
    make_key(t, link, true, key);
    right(s, key, c);
}

bool gad_senders_knows_better(struct gad_senders *s, const struct gad_tuple *t, uint64_t link,
                              enum gad_sum_class c, bool offload)
{
    uint64_t key[KEY_WORDS];
    uint8_t bit = (uint8_t)(1U << c);

    make_key(t, link, offload, key);
    struct sender *sender = &s->sender[gad_lru_find(s->order, key)]; /* 0: one that knows nothing */
    if ((sender->is_right & bit) == 0)
        return false;
    if (++sender->wrong[c] < GAD_SENDER_RETRY)
        return true;
    sender->is_right &= (uint8_t)~bit;
    s->stats->checksum_senders_rejudged++;
    return false;
}
