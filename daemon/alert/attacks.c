/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/attacks.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/lru.h"
#include "lib/record/window.h"

enum {
    KEY_WORDS = 3,
    ATTACKED = 4096, /* targets and services */
    FEW = 2,         /* records of a source among the last ones that cannot be an attack */
    FEW_PART = 4,    /* or less than this part of those of attacks */
    NOTICEABLE = 8,  /* records of attacks among the last ones */
};

struct attack {
    struct incident *incident;
    uint64_t number; /* the incident's; another one: it has ended */
};

struct attacks {
    uint64_t secret[2];
    struct gad_lru *keys;
    struct attack attack[ATTACKED + 1]; /* by slot */
    struct attack latest;
    /* of the last records, in a ring */
    uint64_t n_seen;
    unsigned n_attack; /* of was_attack */
    uint8_t was_attack[GAD_WINDOW_H_MAX];
    uint32_t source[GAD_WINDOW_H_MAX];
};

int attacks_new(struct attacks **ret)
{
    gad_cleanup(attacks_freep) struct attacks *a = gad_calloc(1, sizeof(*a));

    if (!a)
        return GAD_ENOMEM;
    if (getrandom(a->secret, sizeof(a->secret), 0) != (ssize_t)sizeof(a->secret))
        return -errno;
    int r = gad_lru_new(ATTACKED, KEY_WORDS, a->secret, &a->keys);
    if (r == 0)
        *ret = gad_steal(&a);
    return r;
}

void attacks_free(struct attacks *a)
{
    if (!a)
        return;
    gad_lru_free(a->keys);
    gad_free(a);
}

void attacks_forget(struct attacks *a)
{
    memset(a->attack, 0, sizeof(a->attack));
    a->latest = (struct attack){0};
}

static struct incident *open_one(const struct attack *a)
{
    return a->incident && a->incident->number == a->number ? a->incident : NULL;
}

/* --- targets and services --- */

static void pack_target(const struct incident_key *k, uint64_t key[KEY_WORDS])
{
    key[0] = 0;
    key[1] = k->target.high;
    key[2] = k->target.low;
}

static void pack_service(const struct incident_key *k, uint64_t key[KEY_WORDS])
{
    key[0] = UINT64_C(1) + k->service;
    key[1] = key[2] = 0;
}

static void mark(struct attacks *a, const uint64_t key[KEY_WORDS], struct incident *i)
{
    uint32_t slot = gad_lru_find(a->keys, key);

    if (slot == 0 && gad_lru_is_full(a->keys))
        gad_lru_remove(a->keys, gad_lru_oldest(a->keys));
    if (slot == 0)
        slot = gad_lru_add(a->keys, key);
    else
        gad_lru_touch(a->keys, slot);
    a->attack[slot] = (struct attack){i, i->number};
}

void attacks_mark(struct attacks *a, const struct incident_key *k, struct incident *i)
{
    uint64_t key[KEY_WORDS];

    pack_target(k, key);
    mark(a, key, i);
    pack_service(k, key);
    mark(a, key, i);
}

static struct incident *find(struct attacks *a, const uint64_t key[KEY_WORDS])
{
    uint32_t slot = gad_lru_find(a->keys, key);
    struct incident *i = slot != 0 ? open_one(&a->attack[slot]) : NULL;

    if (slot != 0 && !i)
        gad_lru_remove(a->keys, slot);
    return i;
}

struct incident *attacks_on_target(struct attacks *a, const struct incident_key *k)
{
    uint64_t key[KEY_WORDS];

    pack_target(k, key);
    return find(a, key);
}

struct incident *attacks_on_service(struct attacks *a, const struct incident_key *k)
{
    uint64_t key[KEY_WORDS];

    pack_service(k, key);
    return find(a, key);
}

/* --- the last records of the network --- */

static uint32_t tag_of(const struct attacks *a, struct thing source)
{
    uint64_t mixed = (source.high ^ source.low ^ a->secret[0]) * (a->secret[1] | 1);

    return (uint32_t)(mixed >> 32);
}

void attacks_saw(struct attacks *a, struct thing source, struct incident *i)
{
    size_t at = a->n_seen++ % GAD_WINDOW_H_MAX;

    a->n_attack += (unsigned)(i != NULL) - a->was_attack[at];
    a->was_attack[at] = i != NULL;
    a->source[at] = tag_of(a, source);
    if (i)
        a->latest = (struct attack){i, i->number};
}

struct incident *attacks_on_network(const struct attacks *a)
{
    return a->n_attack < NOTICEABLE ? NULL : open_one(&a->latest);
}

bool attacks_are_few_of(const struct attacks *a, struct thing source)
{
    uint32_t tag = tag_of(a, source);
    unsigned n = 0;

    for (size_t i = 0; i < GAD_WINDOW_H_MAX; i++)
        n += a->source[i] == tag;
    return n <= FEW || FEW_PART * n <= a->n_attack;
}
