/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/incidents.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/score/models.h"
#include "lib/base/lru.h"
#include "lib/base/siphash.h"
#include "lib/record/column.h"

enum { KEY_SOURCE, KEY_TARGET, N_KEYS, KEY_NETWORK };

enum {
    KEY_WORDS = 6,
    RANKS = 2 * GAD_SEVERITY_LOW, /* severity, then whether all is reported */
    NETWORKS = 1024,              /* keys of the network whose incidents are counted */
    NETWORK_FROM = 4, /* incidents within NETWORK_NS that make one of the network; see there */
    FREQUENT = 1 << 16,
    FREQUENT_FROM = 8, /* records of a source, less those of others at its place */
    SPLITS = 4,        /* frequent sources with an incident of their own, of one of the network */
    SPLIT_STEPS = 3,   /* SPLITS for each power of 16 in their records */
    STRONG_PAIR = 32,  /* records after which other sources are strangers */
    STRANGERS = 3,
};
#define NETWORK_NS INT64_C(60000000000)

static const struct thing NOTHING = {0, 0};

struct network {
    uint32_t slot; /* of the incident */
    uint64_t number;
    unsigned begun; /* incidents since @since */
    struct gad_time since;
};

struct frequent {
    uint32_t tag, count;
};

struct list {
    uint32_t oldest, newest;
};

struct incidents {
    size_t n, count, logins;
    uint64_t secret[2];
    struct incident *incident; /* (n + 1), by slot, from 1 */
    uint32_t *free;            /* (n) */
    struct gad_lru *keys;      /* to incidents, by of_key */
    uint32_t *of_key;          /* (N_KEYS * n + 1), by slot of the key */
    struct list order[RANKS];  /* by touched */
    uint32_t *heap;            /* (n), slots by due */
    struct gad_lru *network_keys;
    struct network *networks;  /* by slot */
    struct frequent *frequent; /* (FREQUENT) */
};

static uint32_t slot_of(const struct incidents *t, const struct incident *i)
{
    return (uint32_t)(i - t->incident);
}

int incidents_new(size_t n, struct incidents **ret)
{
    gad_cleanup(incidents_freep) struct incidents *t = gad_calloc(1, sizeof(*t));

    if (!t)
        return GAD_ENOMEM;
    t->n = n;
    if (getrandom(t->secret, sizeof(t->secret), 0) != (ssize_t)sizeof(t->secret))
        return -errno;
    t->incident = gad_calloc(n + 1, sizeof(*t->incident));
    t->free = gad_calloc(n, sizeof(*t->free));
    t->of_key = gad_calloc(N_KEYS * n + 1, sizeof(*t->of_key));
    t->heap = gad_calloc(n, sizeof(*t->heap));
    t->networks = gad_calloc(NETWORKS + 1, sizeof(*t->networks));
    t->frequent = gad_calloc(FREQUENT, sizeof(*t->frequent));
    if (!t->frequent || !t->incident || !t->free || !t->of_key || !t->heap || !t->networks)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        t->free[i] = (uint32_t)(n - i);
    int r = gad_lru_new(N_KEYS * n, KEY_WORDS, t->secret, &t->keys);
    if (r == 0)
        r = gad_lru_new(NETWORKS, KEY_WORDS, t->secret, &t->network_keys);
    if (r == 0)
        *ret = gad_steal(&t);
    return r;
}

void incidents_free(struct incidents *t)
{
    if (!t)
        return;
    while (t->keys && t->count > 0)
        incidents_end(t, &t->incident[t->heap[0]]);
    gad_lru_free(t->keys);
    gad_lru_free(t->network_keys);
    gad_free(t->incident);
    gad_free(t->free);
    gad_free(t->of_key);
    gad_free(t->heap);
    gad_free(t->networks);
    gad_free(t->frequent);
    gad_free(t);
}

/* --- keys --- */

static bool has_service(enum gad_nature n)
{
    return n == GAD_NATURE_LOGIN || n == GAD_NATURE_TRAFFIC || n == GAD_NATURE_CONTENT;
}

static void pack(const struct incident_key *k, int kind, struct thing host, struct thing extra,
                 uint64_t key[KEY_WORDS])
{
    key[0] = (uint64_t)(unsigned)kind | (uint64_t)k->nature << 8 |
             (has_service(k->nature) ? (uint64_t)(k->service + 1) << 16 : 0) |
             (uint64_t)k->is_known << 40 | (uint64_t)k->kind << 44;
    key[1] = k->model->id;
    key[2] = host.high;
    key[3] = host.low;
    key[4] = extra.high;
    key[5] = extra.low;
}

/* Content is filed by source and target, so that no other target hides it. */
static void pack_source(const struct incident_key *k, uint64_t key[KEY_WORDS])
{
    pack(k, KEY_SOURCE, k->source, k->nature == GAD_NATURE_CONTENT ? k->target : NOTHING, key);
}

static bool has_target_key(const struct incident_key *k)
{
    return k->is_known && k->nature != GAD_NATURE_CONTENT && k->nature != GAD_NATURE_HOST;
}

static struct incident *find(const struct incidents *t, const uint64_t key[KEY_WORDS])
{
    uint32_t slot = gad_lru_find(t->keys, key);

    return slot != 0 ? &t->incident[t->of_key[slot]] : NULL;
}

static void add_key(struct incidents *t, struct incident *i, int kind,
                    const uint64_t key[KEY_WORDS])
{
    uint32_t slot = gad_lru_find(t->keys, key);

    if (slot != 0)
        return; /* another incident has it, until it ends */
    slot = gad_lru_add(t->keys, key);
    t->of_key[slot] = slot_of(t, i);
    i->key[kind] = slot;
}

static void drop_key(struct incidents *t, struct incident *i, int kind)
{
    if (i->key[kind] != 0)
        gad_lru_remove(t->keys, i->key[kind]);
    i->key[kind] = 0;
}

static bool same(struct thing a, struct thing b)
{
    return a.high == b.high && a.low == b.low;
}

/* --- joining --- */

static bool joins_source(struct incidents *t, struct incident *i, const struct incident_key *k)
{
    if (i->line == GAD_LINE_PAIR && !same(i->first_target, k->target)) {
        i->line = GAD_LINE_SOURCE;
        drop_key(t, i, KEY_TARGET);
    }
    return true;
}

/*
 * Whether a source sends many records into incidents of the network: each place of the table keeps
 * one source, which the records of others at this place weaken (Boyer and Moore 1981). So a flood
 * of forged sources does not hide a source that goes on.
 */
static bool is_frequent(struct incidents *t, int kind, struct thing host, enum gad_nature nature)
{
    const uint64_t words[3] = {host.high, host.low,
                               (uint64_t)nature << 8 | (uint64_t)(unsigned)kind};
    uint64_t hash = gad_siphash13(t->secret, words, 3);
    struct frequent *f = &t->frequent[hash % FREQUENT];
    uint32_t tag = (uint32_t)(hash >> 32);

    if (f->tag == tag)
        f->count += f->count < FREQUENT_FROM;
    else if (f->count > 0)
        f->count--;
    else
        *f = (struct frequent){tag, 1};
    return f->tag == tag && f->count == FREQUENT_FROM;
}

/*
 * Whether a frequent source begins an incident of its own. Few of one incident may, because forged
 * sources can be frequent too; if its sources are few, as many again may each minute. After these,
 * only sources with sixteen times as many records may, so that a few packets do not use it up.
 */
static bool may_split(struct incident *i, struct thing source)
{
    if ((!i->sources.is_over || i->line == GAD_LINE_NETWORK) &&
        i->touched.ns - i->split_since.ns > NETWORK_NS) {
        i->splits = 0;
        i->split_since = i->touched;
    }
    unsigned step = i->splits / SPLITS;
    if (step == SPLIT_STEPS)
        return false;
    if (step > 0 && distinct_count(&i->sources, source) < (uint64_t)FREQUENT_FROM << (4 * step))
        return false;
    i->splits++;
    return true;
}

static bool joins_target(struct incidents *t, struct incident *i, const struct incident_key *k)
{
    if (i->line != GAD_LINE_PAIR || same(i->first_source, k->source))
        return true;
    if (i->records >= STRONG_PAIR && i->strangers < STRANGERS) {
        i->strangers++;
        return false;
    }
    i->line = GAD_LINE_TARGET;
    drop_key(t, i, KEY_SOURCE);
    return true;
}

struct incident *incidents_join(struct incidents *t, const struct incident_key *k)
{
    uint64_t key[KEY_WORDS];

    pack_source(k, key);
    struct incident *i = find(t, key);
    if (i && joins_source(t, i, k))
        return i;
    if (!has_target_key(k))
        return NULL;
    pack(k, KEY_TARGET, k->target, NOTHING, key);
    i = find(t, key);
    return i && joins_target(t, i, k) ? i : NULL;
}

static void pack_network(const struct incident_key *k, uint64_t key[KEY_WORDS])
{
    pack(k, KEY_NETWORK, NOTHING, (struct thing){0, k->cause}, key);
}

/* The incident that a network's entry names, if it is still open. */
static struct incident *open_one(const struct incidents *t, uint32_t slot, uint64_t number)
{
    struct incident *i = &t->incident[slot];

    return slot != 0 && i->number == number ? i : NULL;
}

static bool has_network_key(const struct incident_key *k)
{
    return k->is_known && k->nature != GAD_NATURE_CONTENT && k->nature != GAD_NATURE_HOST;
}

/*
 * What stands for its sources, for one strong pair or for few sources at its target never becomes
 * an incident of the network. A flood with forged sources does: it can have many targets in turn.
 */
static bool can_widen(const struct incident *i)
{
    bool is_weak = i->records < STRONG_PAIR;

    return i->line == GAD_LINE_NETWORK || (i->line == GAD_LINE_PAIR && is_weak) ||
           (i->line == GAD_LINE_TARGET && (is_weak || i->sources.is_over));
}

static unsigned network_from(enum gad_nature n)
{
    return n == GAD_NATURE_PROBE || n == GAD_NATURE_ICMP ? 2 : NETWORK_FROM;
}

struct incident *incidents_join_network(struct incidents *t, const struct incident_key *k,
                                        struct gad_time now)
{
    uint64_t key[KEY_WORDS];

    if (!has_network_key(k))
        return NULL;
    pack_network(k, key);
    uint32_t slot = gad_lru_find(t->network_keys, key);
    const struct network *w = &t->networks[slot];
    struct incident *i = slot != 0 ? open_one(t, w->slot, w->number) : NULL;
    if (!i || !can_widen(i))
        return NULL;
    bool is_new = i->line != GAD_LINE_NETWORK;
    bool is_soon = now.ns - w->since.ns <= NETWORK_NS;
    if (is_new && (!is_soon || w->begun + 1 < network_from(k->nature)))
        return NULL;
    bool is_source = is_frequent(t, KEY_SOURCE, k->source, k->nature);
    bool is_target = is_frequent(t, KEY_TARGET, k->target, k->nature);
    if ((is_source || (is_target && !i->sources.is_over)) && may_split(i, k->source))
        return NULL;
    i->line = GAD_LINE_NETWORK;
    drop_key(t, i, KEY_SOURCE);
    drop_key(t, i, KEY_TARGET);
    return i;
}

/* Counts an incident that begins, and files the one that a later record of the network joins. */
static void count_network(struct incidents *t, const struct incident_key *k,
                          const struct incident *i, struct gad_time now)
{
    uint64_t key[KEY_WORDS];

    if (!has_network_key(k))
        return;
    pack_network(k, key);
    uint32_t slot = gad_lru_find(t->network_keys, key);
    if (slot == 0 && gad_lru_is_full(t->network_keys))
        gad_lru_remove(t->network_keys, gad_lru_oldest(t->network_keys));
    if (slot == 0) {
        slot = gad_lru_add(t->network_keys, key);
        t->networks[slot] = (struct network){.since = now};
    }
    gad_lru_touch(t->network_keys, slot);
    struct network *w = &t->networks[slot];
    const struct incident *old = open_one(t, w->slot, w->number);
    if (old && old->line == GAD_LINE_NETWORK)
        return; /* a frequent source of it */
    if (now.ns - w->since.ns > NETWORK_NS)
        *w = (struct network){.since = now};
    if (!old || w->slot == 0 || !can_widen(old)) {
        w->slot = slot_of(t, i);
        w->number = i->number;
    }
    w->begun++;
}

/* The incident of the network that a key belongs to; NULL: none. */
static struct incident *find_network(const struct incidents *t, const struct incident_key *k)
{
    uint64_t key[KEY_WORDS];

    pack_network(k, key);
    uint32_t slot = gad_lru_find(t->network_keys, key);
    struct incident *i = open_one(t, t->networks[slot].slot, t->networks[slot].number);
    return i && i->line == GAD_LINE_NETWORK ? i : NULL;
}

/* A source that failed at more targets than have a place can have failed at each of them. */
static bool has_both(const struct incident *i, const struct incident_key *k)
{
    return i && distinct_has(&i->sources, k->source) &&
           (i->targets.is_over || distinct_has(&i->targets, k->target));
}

struct incident *incidents_login(struct incidents *t, const struct incident_key *k)
{
    struct incident_key login = *k;
    uint64_t key[KEY_WORDS];

    if (t->logins == 0)
        return NULL;
    login.nature = GAD_NATURE_LOGIN;
    login.kind = 0;
    login.cause = GAD_N_COLUMNS;
    pack_source(&login, key);
    struct incident *of_source = find(t, key);
    if (has_both(of_source, k))
        return of_source;
    pack(&login, KEY_TARGET, k->target, NOTHING, key);
    struct incident *of_target = find(t, key);
    if (has_both(of_target, k))
        return of_target;
    struct incident *of_network = find_network(t, &login);
    return has_both(of_network, k) ? of_network : NULL;
}

/* --- order of eviction --- */

/* The least severe rank, with nothing unreported, is the highest number. */
static uint32_t rank_of(const struct incident *i)
{
    return 2 * (i->severity - 1) + (i->pending == 0);
}

static void unlink_order(struct incidents *t, struct incident *i)
{
    struct list *l = &t->order[i->rank];
    uint32_t *before = i->older != 0 ? &t->incident[i->older].newer : &l->oldest;
    uint32_t *behind = i->newer != 0 ? &t->incident[i->newer].older : &l->newest;

    *before = i->newer;
    *behind = i->older;
}

static void link_order(struct incidents *t, struct incident *i)
{
    i->rank = rank_of(i);
    struct list *l = &t->order[i->rank];
    uint32_t *behind = l->newest != 0 ? &t->incident[l->newest].newer : &l->oldest;

    i->older = l->newest;
    i->newer = 0;
    *behind = l->newest = slot_of(t, i);
}

void incidents_touch(struct incidents *t, struct incident *i, struct gad_time now)
{
    i->touched = now;
    if (i->newer == 0 && i->rank == rank_of(i))
        return;
    unlink_order(t, i);
    link_order(t, i);
}

struct incident *incidents_victim(struct incidents *t)
{
    for (int rank = RANKS - 1; rank >= 0; rank--)
        if (t->order[rank].oldest != 0)
            return &t->incident[t->order[rank].oldest];
    return NULL;
}

/* --- when incidents are due: a binary heap --- */

static void heap_set(struct incidents *t, uint32_t at, uint32_t slot)
{
    t->heap[at] = slot;
    t->incident[slot].heap = at;
}

static int64_t due_at(const struct incidents *t, uint32_t at)
{
    return t->incident[t->heap[at]].due.ns;
}

static void heap_swap(struct incidents *t, uint32_t a, uint32_t b)
{
    uint32_t slot = t->heap[a];

    heap_set(t, a, t->heap[b]);
    heap_set(t, b, slot);
}

/* Moves an entry to its place; all others are in theirs. */
static void heap_mend(struct incidents *t, uint32_t at)
{
    for (; at > 0 && due_at(t, at) < due_at(t, (at - 1) / 2); at = (at - 1) / 2)
        heap_swap(t, at, (at - 1) / 2);
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < t->count && due_at(t, child + 1) < due_at(t, child))
            child++;
        if (child >= t->count || due_at(t, at) <= due_at(t, child))
            return;
        heap_swap(t, at, child);
        at = child;
    }
}

void incidents_set_due(struct incidents *t, struct incident *i, struct gad_time due)
{
    i->due = due;
    heap_mend(t, i->heap);
}

struct incident *incidents_due(struct incidents *t, struct gad_time now)
{
    return t->count > 0 && due_at(t, 0) <= now.ns ? &t->incident[t->heap[0]] : NULL;
}

struct gad_time incidents_next(const struct incidents *t)
{
    return (struct gad_time){t->count > 0 ? due_at(t, 0) : INT64_MAX};
}

/* --- begin and end --- */

struct incident *incidents_begin(struct incidents *t, const struct incident_key *k, uint64_t number,
                                 struct gad_time now)
{
    uint64_t key[KEY_WORDS];
    uint32_t slot = t->free[t->n - 1 - t->count];
    struct incident *i = &t->incident[slot];

    *i = (struct incident){.number = number,
                           .model = model_hold(k->model),
                           .label = model_label_hold(k->model->label),
                           .nature = k->nature,
                           .line = k->is_known ? GAD_LINE_PAIR : GAD_LINE_NONE,
                           .is_known = k->is_known,
                           .cause = k->cause,
                           .severity = GAD_SEVERITY_LOW,
                           .reported_severity = GAD_SEVERITY_LOW + 1,
                           .reported_p = 1,
                           .first_source = k->source,
                           .first_target = k->target,
                           .due = {INT64_MAX}};
    heap_set(t, (uint32_t)t->count++, slot);
    link_order(t, i);
    t->logins += k->nature == GAD_NATURE_LOGIN;
    pack_source(k, key);
    add_key(t, i, KEY_SOURCE, key);
    pack(k, KEY_TARGET, k->target, NOTHING, key);
    if (has_target_key(k))
        add_key(t, i, KEY_TARGET, key);
    count_network(t, k, i, now);
    return i;
}

void incidents_end(struct incidents *t, struct incident *i)
{
    uint32_t slot = slot_of(t, i), at = i->heap;

    for (int kind = 0; kind < N_KEYS; kind++)
        drop_key(t, i, kind);
    unlink_order(t, i);
    t->logins -= i->nature == GAD_NATURE_LOGIN;
    t->count--;
    if (at != t->count) {
        heap_set(t, at, t->heap[t->count]);
        heap_mend(t, at);
    }
    t->free[t->n - 1 - t->count] = slot;
    distinct_deinit(&i->sources);
    distinct_deinit(&i->targets);
    distinct_deinit(&i->ports);
    distinct_deinit(&i->answered);
    distinct_deinit(&i->watchers);
    distinct_deinit(&i->watched);
    model_drop(i->model);
    model_label_drop(i->label);
    i->number = 0;
}

void incidents_each(struct incidents *t, void (*fn)(struct incident *i))
{
    for (size_t at = 0; at < t->count; at++)
        fn(&t->incident[t->heap[at]]);
}

bool incidents_is_full(const struct incidents *t)
{
    return t->count == t->n;
}

size_t incidents_count(const struct incidents *t)
{
    return t->count;
}

size_t incidents_logins(const struct incidents *t)
{
    return t->logins;
}

const uint64_t *incidents_secret(const struct incidents *t)
{
    return t->secret;
}
