/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_table.h"

#include <errno.h>
#include <sys/random.h>

#include "daemon/alert/host.h"
#include "lib/base/lru.h"

enum { KEY_WORDS = 2 };

struct part {
    struct gad_lru *keys;
    struct host *host; /* by slot */
};

struct host_table {
    struct part part[HOST_N_PARTS];
    void (*evicted)(void *arg, enum host_part part, struct host *h);
    void *arg;
};

int host_table_new(size_t n, void (*evicted)(void *arg, enum host_part part, struct host *h),
                   void *arg, struct host_table **ret)
{
    gad_cleanup(host_table_freep) struct host_table *t = gad_calloc(1, sizeof(*t));
    uint64_t secret[2];

    if (!t)
        return GAD_ENOMEM;
    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        return -errno;
    t->evicted = evicted;
    t->arg = arg;
    for (size_t i = 0; i < HOST_N_PARTS; i++) {
        size_t places = n / HOST_N_PARTS > 0 ? n / HOST_N_PARTS : 1;
        int r = gad_lru_new(places, KEY_WORDS, secret, &t->part[i].keys);
        if (r != 0)
            return r;
        t->part[i].host = gad_calloc(places + 1, sizeof(struct host));
        if (!t->part[i].host)
            return GAD_ENOMEM;
    }
    *ret = gad_steal(&t);
    return 0;
}

void host_table_free(struct host_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < HOST_N_PARTS; i++) {
        gad_lru_free(t->part[i].keys);
        gad_free(t->part[i].host);
    }
    gad_free(t);
}

static struct host *add(struct host_table *t, enum host_part at, struct thing address)
{
    struct part *p = &t->part[at];
    const uint64_t key[KEY_WORDS] = {address.high, address.low};

    if (gad_lru_is_full(p->keys)) {
        uint32_t oldest = gad_lru_oldest(p->keys);
        t->evicted(t->arg, at, &p->host[oldest]);
        gad_lru_remove(p->keys, oldest);
    }
    return &p->host[gad_lru_add(p->keys, key)];
}

struct host *host_table_get(struct host_table *t, struct thing address, struct gad_time now)
{
    const uint64_t key[KEY_WORDS] = {address.high, address.low};

    for (size_t i = HOST_N_PARTS; i-- > 0;) {
        uint32_t slot = gad_lru_find(t->part[i].keys, key);
        if (slot == 0)
            continue;
        gad_lru_touch(t->part[i].keys, slot);
        return &t->part[i].host[slot];
    }
    struct host *h = add(t, HOST_NEW, address);
    *h = (struct host){.address = address, .first = now, .part = HOST_NEW};
    return h;
}

static enum host_part part_of(const struct host *h, struct gad_time now)
{
    if (h->proven.ns != 0)
        return host_is_private(h->address) ? HOST_INSIDE : HOST_OUTSIDE;
    bool is_steady = h->records >= HOST_STEADY_FROM && now.ns - h->first.ns >= HOST_STEADY_NS;
    return is_steady ? HOST_STEADY : HOST_NEW;
}

struct host *host_table_place(struct host_table *t, struct host *h, struct gad_time now)
{
    enum host_part was = (enum host_part)h->part, is = part_of(h, now);

    if (was >= is)
        return h;
    struct host *to = add(t, is, h->address);
    *to = *h;
    to->part = (uint8_t)is;
    gad_lru_remove(t->part[was].keys, (uint32_t)(h - t->part[was].host));
    return to;
}

void host_table_each(struct host_table *t, void (*fn)(void *arg, struct host *h), void *arg)
{
    for (size_t i = HOST_N_PARTS; i-- > 0;) {
        const struct gad_lru *keys = t->part[i].keys;
        for (uint32_t slot = gad_lru_oldest(keys); slot != 0; slot = gad_lru_newer(keys, slot))
            fn(arg, &t->part[i].host[slot]);
    }
}

size_t host_table_count(const struct host_table *t)
{
    size_t n = 0;

    for (size_t i = 0; i < HOST_N_PARTS; i++)
        n += gad_lru_count(t->part[i].keys);
    return n;
}
