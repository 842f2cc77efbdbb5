/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/rollup.h"

#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "daemon/score/models.h"
#include "lib/base/siphash.h"

struct entry {
    struct rollup_key key;
    struct entry *next_in_bucket;
    TAILQ_ENTRY(entry) all; /* by the end of the window */
    struct gad_time end;    /* of the window, monotonic */
    unsigned severity;      /* the highest that was told in the window: the lowest number */
    uint64_t pending;
    struct gad_time first, last; /* of the pending ones */
    struct rollup_sample sample;
};

TAILQ_HEAD(entry_list, entry);

struct rollup {
    struct gad_time window;
    size_t n, n_max, n_buckets; /* n_buckets is a power of two */
    struct entry **bucket;
    struct entry_list all;   /* windows are of one length: the first ends first */
    struct entry *last_told; /* forgotten, but its sample is lent until the next call */
    uint64_t pending;
    uint64_t secret[2];
};

static void free_entry(struct entry *e)
{
    if (!e)
        return;
    model_label_drop(e->key.model);
    gad_free(e);
}

int rollup_new(size_t n_keys, struct gad_time window, struct rollup **ret)
{
    gad_cleanup(rollup_freep) struct rollup *r = gad_calloc(1, sizeof(*r));

    if (!r)
        return GAD_ENOMEM;
    TAILQ_INIT(&r->all);
    r->window = window;
    r->n_max = n_keys;
    for (r->n_buckets = 16; r->n_buckets < n_keys; r->n_buckets *= 2)
        ;
    r->bucket = gad_calloc(r->n_buckets, sizeof(struct entry *));
    if (!r->bucket)
        return GAD_ENOMEM;
    if (getrandom(r->secret, sizeof(r->secret), 0) != (ssize_t)sizeof(r->secret))
        return -errno;
    *ret = gad_steal(&r);
    return 0;
}

void rollup_free(struct rollup *r)
{
    struct entry *e;

    if (!r)
        return;
    while ((e = TAILQ_FIRST(&r->all)) != NULL) {
        TAILQ_REMOVE(&r->all, e, all);
        free_entry(e);
    }
    free_entry(r->last_told);
    gad_free(r->bucket);
    gad_free(r);
}

/* Sources are chosen by whoever sends packets: a keyed hash. */
static struct entry **bucket_of(const struct rollup *r, const struct rollup_key *k)
{
    uint8_t bytes[sizeof(k->src) + 2 + sizeof(k->model)];

    memcpy(bytes, k->src, sizeof(k->src));
    bytes[sizeof(k->src)] = k->family;
    bytes[sizeof(k->src) + 1] = k->cause;
    memcpy(bytes + sizeof(k->src) + 2, &k->model, sizeof(k->model));
    return &r->bucket[gad_siphash(r->secret, bytes, sizeof(bytes)) & (r->n_buckets - 1)];
}

static bool same_key(const struct rollup_key *a, const struct rollup_key *b)
{
    return a->model == b->model && a->family == b->family && a->cause == b->cause &&
           memcmp(a->src, b->src, sizeof(a->src)) == 0;
}

static struct entry *find(const struct rollup *r, const struct rollup_key *k)
{
    struct entry *e = *bucket_of(r, k);

    while (e && !same_key(&e->key, k))
        e = e->next_in_bucket;
    return e;
}

static void unlink_entry(struct rollup *r, struct entry *e)
{
    struct entry **at = bucket_of(r, &e->key);

    while (*at != e)
        at = &(*at)->next_in_bucket;
    *at = e->next_in_bucket;
    TAILQ_REMOVE(&r->all, e, all);
    r->n--;
}

static void begin_window(struct rollup *r, struct entry *e, struct gad_time now)
{
    e->end.ns = now.ns + r->window.ns;
    TAILQ_REMOVE(&r->all, e, all);
    TAILQ_INSERT_TAIL(&r->all, e, all);
}

/* What is told stands for the worst of them, with as many reasons as are known. */
static bool is_better(const struct rollup_sample *a, const struct rollup_sample *b)
{
    return a->severity < b->severity || (a->severity == b->severity && a->n_top > b->n_top);
}

static void hold(struct rollup *r, struct entry *e, const struct rollup_sample *sample,
                 struct gad_time wall)
{
    if (e->pending == 0 || is_better(sample, &e->sample))
        e->sample = *sample;
    if (e->pending++ == 0)
        e->first = wall;
    e->last = wall;
    r->pending++;
}

/* What is pending is told with this. */
static void tell(struct rollup *r, struct entry *e, struct rollup_told *ret)
{
    *ret = (struct rollup_told){e->key.model, &e->sample, e->pending, e->first, e->last};
    if (e->sample.severity < e->severity)
        e->severity = e->sample.severity;
    r->pending -= e->pending;
    e->pending = 0;
}

static struct entry *add_entry(struct rollup *r, const struct rollup_key *key, struct gad_time now)
{
    struct entry *e = r->n < r->n_max ? gad_calloc(1, sizeof(*e)) : NULL;
    struct entry **at = bucket_of(r, key);

    if (!e)
        return NULL;
    e->key = *key;
    (void)model_label_hold(e->key.model);
    e->severity = GAD_SEVERITY_LOW + 1;
    e->next_in_bucket = *at;
    *at = e;
    TAILQ_INSERT_TAIL(&r->all, e, all);
    e->end.ns = now.ns + r->window.ns;
    r->n++;
    return e;
}

bool rollup_add(struct rollup *r, const struct rollup_key *key, const struct rollup_sample *sample,
                struct gad_time now, struct gad_time wall, bool may_tell, struct rollup_told *ret)
{
    struct entry *e = find(r, key);

    if (!e) {
        e = add_entry(r, key, now);
        if (!e) { /* no memory: told, though nobody will remember it */
            *ret = (struct rollup_told){key->model, sample, 1, wall, wall};
            return true;
        }
    }
    hold(r, e, sample, wall);
    if (!may_tell || sample->severity >= e->severity)
        return false;
    tell(r, e, ret);
    return true;
}

bool rollup_is_full_for(const struct rollup *r, const struct rollup_key *key)
{
    return r->n == r->n_max && !find(r, key);
}

bool rollup_would_tell(const struct rollup *r, const struct rollup_key *key, unsigned severity)
{
    const struct entry *e = find(r, key);
    return !e || severity < e->severity;
}

/* The entry goes, its sample stays until the next call. */
static void forget(struct rollup *r, struct entry *e)
{
    unlink_entry(r, e);
    free_entry(r->last_told);
    r->last_told = e;
}

bool rollup_take_oldest(struct rollup *r, struct rollup_told *ret)
{
    struct entry *e = TAILQ_FIRST(&r->all);

    if (!e)
        return false;
    bool has_some = e->pending > 0;
    if (has_some)
        tell(r, e, ret);
    forget(r, e);
    return has_some;
}

bool rollup_take_due(struct rollup *r, struct gad_time now, bool may_tell, struct rollup_told *ret)
{
    struct entry *e;

    while ((e = TAILQ_FIRST(&r->all)) != NULL && e->end.ns <= now.ns) {
        if (e->pending == 0) {
            forget(r, e);
            continue;
        }
        begin_window(r, e, now);
        if (!may_tell)
            continue;
        e->severity = GAD_SEVERITY_LOW + 1;
        tell(r, e, ret);
        return true;
    }
    return false;
}

struct gad_time rollup_due(const struct rollup *r)
{
    const struct entry *e = TAILQ_FIRST(&r->all);
    return e ? e->end : (struct gad_time){INT64_MAX};
}

size_t rollup_count(const struct rollup *r)
{
    return r->n;
}

uint64_t rollup_pending(const struct rollup *r)
{
    return r->pending;
}
