/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/lru.h"

#include <string.h>

#include "lib/base/siphash.h"

struct link {
    uint32_t next; /* in its bucket, or in the list of free slots; 0 ends both */
    uint32_t older,
        newer; /* slot 0 closes the ring: its `newer` is the oldest, its `older` the newest */
    uint32_t hash;
};

_Static_assert(sizeof(struct link) == GAD_LRU_SLOT_SIZE, "callers budget memory by it");

struct gad_lru {
    uint64_t secret[2];
    size_t key_words;
    uint32_t n, capacity;
    uint32_t n_touched; /* slots 1 .. n_touched have been in use */
    uint32_t free;      /* first of the free ones among them */
    uint32_t mask;      /* of buckets */
    uint32_t *buckets;  /* (mask + 1), first slot of each */
    struct link *links; /* (capacity + 1) */
    uint64_t *keys;     /* (capacity + 1, key_words) */
};

int gad_lru_new(size_t capacity, size_t key_words, const uint64_t secret[static 2],
                struct gad_lru **ret)
{
    gad_cleanup(gad_lru_freep) struct gad_lru *t = NULL;
    size_t n_buckets = 1;

    if (capacity == 0 || capacity > GAD_LRU_MAX || key_words == 0 ||
        key_words > GAD_LRU_KEY_WORDS_MAX)
        return GAD_EINVAL;
    t = gad_calloc(1, sizeof(*t));
    if (!t)
        return GAD_ENOMEM;
    while (n_buckets < capacity)
        n_buckets *= 2;
    memcpy(t->secret, secret, sizeof(t->secret));
    t->key_words = key_words;
    t->capacity = (uint32_t)capacity;
    t->mask = (uint32_t)n_buckets - 1;
    t->buckets = gad_calloc(n_buckets, sizeof(*t->buckets));
    t->links = gad_calloc(capacity + 1, sizeof(*t->links));
    t->keys = gad_calloc(capacity + 1, key_words * sizeof(*t->keys));
    if (!t->buckets || !t->links || !t->keys)
        return GAD_ENOMEM;
    *ret = gad_steal(&t);
    return 0;
}

void gad_lru_free(struct gad_lru *t)
{
    if (!t)
        return;
    gad_free(t->keys);
    gad_free(t->links);
    gad_free(t->buckets);
    gad_free(t);
}

static uint64_t *key_of(const struct gad_lru *t, uint32_t slot)
{
    return &t->keys[slot * t->key_words];
}

static uint32_t find(const struct gad_lru *t, const uint64_t *key, uint32_t hash)
{
    uint32_t i = t->buckets[hash & t->mask];

    while (i != 0 && (t->links[i].hash != hash ||
                      memcmp(key_of(t, i), key, t->key_words * sizeof(*key)) != 0))
        i = t->links[i].next;
    return i;
}

static uint32_t hash_of(const struct gad_lru *t, const uint64_t *key)
{
    return (uint32_t)gad_siphash13(t->secret, key, t->key_words);
}

uint32_t gad_lru_find(const struct gad_lru *t, const uint64_t *key)
{
    return find(t, key, hash_of(t, key));
}

static void put_newest(struct gad_lru *t, uint32_t slot)
{
    uint32_t newest = t->links[0].older;

    t->links[slot].older = newest;
    t->links[slot].newer = 0;
    t->links[newest].newer = slot;
    t->links[0].older = slot;
}

static void take_out(struct gad_lru *t, uint32_t slot)
{
    const struct link *l = &t->links[slot];

    t->links[l->older].newer = l->newer;
    t->links[l->newer].older = l->older;
}

static uint32_t add(struct gad_lru *t, const uint64_t *key, uint32_t hash)
{
    uint32_t *bucket = &t->buckets[hash & t->mask], slot = t->free;

    gad_assert(t->n < t->capacity);
    if (slot != 0)
        t->free = t->links[slot].next;
    else
        slot = ++t->n_touched;
    t->links[slot].next = *bucket;
    t->links[slot].hash = hash;
    *bucket = slot;
    memcpy(key_of(t, slot), key, t->key_words * sizeof(*key));
    put_newest(t, slot);
    t->n++;
    return slot;
}

uint32_t gad_lru_add(struct gad_lru *t, const uint64_t *key)
{
    return add(t, key, hash_of(t, key));
}

uint32_t gad_lru_find_or_add(struct gad_lru *t, const uint64_t *key)
{
    uint32_t hash = hash_of(t, key), slot = find(t, key, hash);

    return slot != 0 ? slot : add(t, key, hash);
}

void gad_lru_touch(struct gad_lru *t, uint32_t slot)
{
    take_out(t, slot);
    put_newest(t, slot);
}

void gad_lru_remove(struct gad_lru *t, uint32_t slot)
{
    uint32_t *at = &t->buckets[t->links[slot].hash & t->mask];

    while (*at != slot) {
        gad_assert(*at != 0);
        at = &t->links[*at].next;
    }
    *at = t->links[slot].next;
    take_out(t, slot);
    t->links[slot].next = t->free;
    t->free = slot;
    t->n--;
}

uint32_t gad_lru_oldest(const struct gad_lru *t)
{
    return t->links[0].newer;
}

uint32_t gad_lru_newer(const struct gad_lru *t, uint32_t slot)
{
    return t->links[slot].newer;
}

size_t gad_lru_count(const struct gad_lru *t)
{
    return t->n;
}

bool gad_lru_is_full(const struct gad_lru *t)
{
    return t->n == t->capacity;
}
