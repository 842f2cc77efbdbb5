/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/rollup.h"

#include <string.h>
#include <sys/random.h>

#include "daemon/score/models.h"
#include "lib/base/lru.h"

enum { KEY_WORDS = 4 };

struct entry {
    struct rollup_key key;
    struct gad_time end; /* of the window, monotonic */
    unsigned severity;   /* the highest reported in the window, which is the lowest number */
    uint64_t pending;
    struct gad_time first, last; /* of the pending records */
    struct rollup_sample sample;
};

struct rollup {
    struct gad_time window;
    /* by start of the window; all windows have one length, so the oldest ends first */
    struct gad_lru *order;
    struct entry *entries;    /* by slot */
    struct model_label *lent; /* of an evicted entry, whose report is valid until the next call */
};

int rollup_new(size_t n_keys, struct gad_time window, struct rollup **ret)
{
    gad_cleanup(rollup_freep) struct rollup *r = gad_calloc(1, sizeof(*r));
    uint64_t secret[2];

    if (!r)
        return GAD_ENOMEM;
    r->window = window;
    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        return -errno;
    r->entries = gad_calloc(n_keys + 1, sizeof(*r->entries));
    if (!r->entries)
        return GAD_ENOMEM;
    int err = gad_lru_new(n_keys, KEY_WORDS, secret, &r->order);
    if (err != 0)
        return err;
    *ret = gad_steal(&r);
    return 0;
}

static void return_label(struct rollup *r)
{
    model_label_drop(r->lent);
    r->lent = NULL;
}

/* Removes an entry; its sample and label stay until the next call. */
static void remove_entry(struct rollup *r, uint32_t slot)
{
    return_label(r);
    r->lent = r->entries[slot].key.model;
    gad_lru_remove(r->order, slot);
}

void rollup_free(struct rollup *r)
{
    uint32_t slot;

    if (!r)
        return;
    while (r->order && (slot = gad_lru_oldest(r->order)) != 0)
        remove_entry(r, slot);
    return_label(r);
    gad_lru_free(r->order);
    gad_free(r->entries);
    gad_free(r);
}

static void pack_key(const struct rollup_key *k, uint64_t key[KEY_WORDS])
{
    memcpy(key, k->src, sizeof(k->src));
    key[2] = k->family | (uint64_t)k->cause << 8;
    key[3] = (uintptr_t)k->model;
}

static struct entry *find(const struct rollup *r, const struct rollup_key *k)
{
    uint64_t key[KEY_WORDS];

    pack_key(k, key);
    uint32_t slot = gad_lru_find(r->order, key);
    return slot != 0 ? &r->entries[slot] : NULL;
}

/* A report shows the most severe record, and of these the one with the most contributing
 * features. */
static bool is_better(const struct rollup_sample *a, const struct rollup_sample *b)
{
    return a->severity < b->severity || (a->severity == b->severity && a->n_top > b->n_top);
}

static void hold(struct entry *e, const struct rollup_sample *sample, struct gad_time wall)
{
    if (e->pending == 0 || is_better(sample, &e->sample))
        e->sample = *sample;
    if (e->pending++ == 0)
        e->first = wall;
    e->last = wall;
}

/* Reports the pending records. */
static void report(struct entry *e, struct rollup_report *ret)
{
    *ret = (struct rollup_report){e->key.model, &e->sample, e->pending, e->first, e->last};
    if (e->sample.severity < e->severity)
        e->severity = e->sample.severity;
    e->pending = 0;
}

static struct entry *add_entry(struct rollup *r, const struct rollup_key *k, struct gad_time now)
{
    uint64_t key[KEY_WORDS];

    pack_key(k, key);
    struct entry *e = &r->entries[gad_lru_add(r->order, key)];
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an element of an array is not NULL */
    *e = (struct entry){
        .key = *k, .end.ns = now.ns + r->window.ns, .severity = GAD_SEVERITY_LOW + 1};
    (void)model_label_hold(k->model);
    return e;
}

bool rollup_add(struct rollup *r, const struct rollup_key *key, const struct rollup_sample *sample,
                struct gad_time now, struct gad_time wall, bool may_report,
                struct rollup_report *ret)
{
    struct entry *e = find(r, key);

    if (!e)
        e = add_entry(r, key, now);
    hold(e, sample, wall);
    if (!may_report || sample->severity >= e->severity)
        return false;
    report(e, ret);
    return true;
}

bool rollup_is_full_for(const struct rollup *r, const struct rollup_key *key)
{
    return gad_lru_is_full(r->order) && !find(r, key);
}

bool rollup_would_report(const struct rollup *r, const struct rollup_key *key, unsigned severity)
{
    const struct entry *e = find(r, key);
    return !e || severity < e->severity;
}

bool rollup_take_oldest(struct rollup *r, struct rollup_report *ret)
{
    uint32_t slot = gad_lru_oldest(r->order);

    if (slot == 0)
        return false;
    bool has_some = r->entries[slot].pending > 0;
    if (has_some)
        report(&r->entries[slot], ret);
    remove_entry(r, slot);
    return has_some;
}

bool rollup_take_due(struct rollup *r, struct gad_time now, bool may_report,
                     struct rollup_report *ret)
{
    uint32_t slot;

    while ((slot = gad_lru_oldest(r->order)) != 0 && r->entries[slot].end.ns <= now.ns) {
        struct entry *e = &r->entries[slot];
        if (e->pending == 0) {
            remove_entry(r, slot);
            continue;
        }
        e->end.ns = now.ns + r->window.ns;
        gad_lru_touch(r->order, slot);
        if (!may_report)
            continue;
        e->severity = GAD_SEVERITY_LOW + 1;
        report(e, ret);
        return true;
    }
    return false;
}

struct gad_time rollup_due(const struct rollup *r)
{
    uint32_t slot = gad_lru_oldest(r->order);
    return slot != 0 ? r->entries[slot].end : (struct gad_time){INT64_MAX};
}

size_t rollup_count(const struct rollup *r)
{
    return gad_lru_count(r->order);
}
