/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/window.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/lru.h"
#include "lib/flow/conn.h"

enum which { T, H, N_WINDOWS };

enum {
    RING = 512,                       /* a power of two, at least the longer window */
    HOSTS_MAX = GAD_WINDOW_T_MAX + 1, /* one more for a peek, as with ports */
    HOST_WORDS = 3,
    SERVICES_MAX = 80, /* names of the column, and one for names in no list */
};

/* Numbers for keys, from 0 to the maximum number of keys less one; a key keeps its number while
 * entries use it. */
struct counted {
    struct gad_lru *numbers; /* slot: number + 1 */
    uint16_t n_uses[RING];   /* by number */
};

/* Records of a host or of a service in each window. */
struct tally {
    uint16_t n[N_WINDOWS], serror[N_WINDOWS], rerror[N_WINDOWS];
    uint16_t others[N_WINDOWS]; /* a host's distinct services, a service's distinct hosts */
};

struct entry {
    struct gad_time time;
    uint16_t host;     /* number in hosts */
    uint16_t src_port; /* number in ports; valid while the entry is in H */
    uint8_t service;
    bool serror, rerror;
};

/*
 * Both windows are the newest part of one ring:
 *     min(first) .. first[H] .. next, or .. first[T] .. next; entry i is in ring[i % RING]
 */
struct gad_window {
    struct gad_time clock; /* of the latest record; goes back only on a restart of T */
    uint64_t next, first[N_WINDOWS];
    struct entry ring[RING];
    struct counted hosts; /* by each entry of the ring */
    /* the host of the record before, and its number; the next record often has the same */
    uint64_t last_key[HOST_WORDS];
    uint16_t last_host;
    struct counted ports; /* (host, originator's port), by each entry of H */
    struct tally of_host[HOSTS_MAX], of_service[SERVICES_MAX];
    uint16_t both[HOSTS_MAX][SERVICES_MAX][N_WINDOWS]; /* records of that host and that service */
};

int gad_window_new(const uint64_t key[static 2], struct gad_window **ret)
{
    gad_cleanup(gad_window_freep) struct gad_window *w = gad_calloc(1, sizeof(*w));

    gad_assert(gad_columns[GAD_SERVICE].n_names < SERVICES_MAX);
    if (!w)
        return GAD_ENOMEM;
    w->clock.ns = INT64_MIN;
    int r = gad_lru_new(HOSTS_MAX, HOST_WORDS, key, &w->hosts.numbers);
    if (r == 0)
        r = gad_lru_new(GAD_WINDOW_H_MAX + 1, 1, key, &w->ports.numbers);
    if (r != 0)
        return r;
    *ret = gad_steal(&w);
    return 0;
}

void gad_window_free(struct gad_window *w)
{
    if (!w)
        return;
    gad_lru_free(w->hosts.numbers);
    gad_lru_free(w->ports.numbers);
    gad_free(w);
}

enum { SERROR = 1, RERROR = 2 };

/* SF, OTH and unknown flags are neither. */
static unsigned error_of(double flag)
{
    static const uint8_t of[] = {
        [GAD_FLAG_S0] = SERROR,   [GAD_FLAG_S1] = SERROR,   [GAD_FLAG_S2] = SERROR,
        [GAD_FLAG_S3] = SERROR,   [GAD_FLAG_SH] = SERROR,   [GAD_FLAG_REJ] = RERROR,
        [GAD_FLAG_RSTO] = RERROR, [GAD_FLAG_RSTR] = RERROR, [GAD_FLAG_RSTOS0] = RERROR,
    };
    return flag >= 0.0 && flag < (double)sizeof(of) ? of[(size_t)flag] : 0;
}

static uint16_t use(struct counted *c, const uint64_t *key)
{
    uint32_t slot = gad_lru_find_or_add(c->numbers, key);

    c->n_uses[slot - 1]++;
    return (uint16_t)(slot - 1);
}

static void drop(struct counted *c, uint16_t number)
{
    if (--c->n_uses[number] == 0)
        gad_lru_remove(c->numbers, number + 1U);
}

static uint16_t use_host(struct gad_window *w, const struct gad_tuple *t)
{
    uint64_t key[HOST_WORDS] = {0, 0, t->family};

    memcpy(key, t->dst, sizeof(t->dst));
    if (memcmp(key, w->last_key, sizeof(key)) != 0 || w->hosts.n_uses[w->last_host] == 0) {
        w->last_host = use(&w->hosts, key);
        memcpy(w->last_key, key, sizeof(key));
    } else {
        w->hosts.n_uses[w->last_host]++;
    }
    return w->last_host;
}

static uint16_t use_port(struct gad_window *w, uint16_t host, uint16_t port)
{
    const uint64_t key = host | (uint64_t)port << 16;

    return use(&w->ports, &key);
}

static void tally_add(struct tally *t, enum which in, const struct entry *e, bool first_of_both)
{
    t->n[in]++;
    t->serror[in] = (uint16_t)(t->serror[in] + e->serror);
    t->rerror[in] = (uint16_t)(t->rerror[in] + e->rerror);
    t->others[in] = (uint16_t)(t->others[in] + first_of_both);
}

static void tally_remove(struct tally *t, enum which in, const struct entry *e, bool last_of_both)
{
    t->n[in]--;
    t->serror[in] = (uint16_t)(t->serror[in] - e->serror);
    t->rerror[in] = (uint16_t)(t->rerror[in] - e->rerror);
    t->others[in] = (uint16_t)(t->others[in] - last_of_both);
}

static void enter(struct gad_window *w, enum which in, const struct entry *e)
{
    bool first = w->both[e->host][e->service][in]++ == 0;

    tally_add(&w->of_host[e->host], in, e, first);
    tally_add(&w->of_service[e->service], in, e, first);
}

/* Removes the oldest record of a window. */
static void leave(struct gad_window *w, enum which in)
{
    uint64_t at = w->first[in]++;
    const struct entry *e = &w->ring[at % RING];
    bool last = --w->both[e->host][e->service][in] == 0;

    tally_remove(&w->of_host[e->host], in, e, last);
    tally_remove(&w->of_service[e->service], in, e, last);
    if (in == H)
        drop(&w->ports, e->src_port);
    if (w->first[T] > at && w->first[H] > at)
        drop(&w->hosts, e->host);
}

/* Removes from T what is older than 2 s, or everything, and the oldest above a number. */
static void expire(struct gad_window *w, bool all, uint64_t max)
{
    while (w->first[T] < w->next) {
        struct gad_time oldest = w->ring[w->first[T] % RING].time;
        if (!all && w->next - w->first[T] < max &&
            gad_time_sub(w->clock, oldest).ns <= GAD_WINDOW_T_NS)
            break;
        leave(w, T);
    }
}

/* Makes space in both windows for one record at this time. */
static void make_room(struct gad_window *w, struct gad_time decided)
{
    bool restart = gad_time_sub(w->clock, decided).ns > GAD_WINDOW_T_NS;

    if (restart || decided.ns > w->clock.ns)
        w->clock = decided;
    expire(w, restart, GAD_WINDOW_T_MAX);
    if (w->next - w->first[H] == GAD_WINDOW_H_MAX)
        leave(w, H);
}

/* k / n as in KDD99. A float32 has 24 bits, so 100 times it is exact and rint() sees true halves
 * only. Most rates are 0 or 1, which need no division. */
static double rate(unsigned k, unsigned n)
{
    if (k == 0 || k == n)
        return k == 0 ? 0.0 : 1.0;
    float q = (float)k / (float)n;
    return rint((double)q * 100.0) / 100.0;
}

static unsigned if_several(unsigned n)
{
    return n > 1 ? n : 0;
}

/* @n_same_port: records of H with the same host and port of the originator */
static void set_features(const struct gad_window *w, const struct entry *e, unsigned n_same_port,
                         double *v)
{
    const struct tally *h = &w->of_host[e->host], *s = &w->of_service[e->service];
    const uint16_t *both = w->both[e->host][e->service];

    v[GAD_COUNT] = h->n[T];
    v[GAD_SRV_COUNT] = s->n[T];
    v[GAD_SERROR_RATE] = rate(h->serror[T], h->n[T]);
    v[GAD_SRV_SERROR_RATE] = rate(s->serror[T], s->n[T]);
    v[GAD_RERROR_RATE] = rate(h->rerror[T], h->n[T]);
    v[GAD_SRV_RERROR_RATE] = rate(s->rerror[T], s->n[T]);
    v[GAD_SAME_SRV_RATE] = rate(both[T], h->n[T]);
    v[GAD_DIFF_SRV_RATE] = rate(if_several(h->others[T]), h->n[T]);
    v[GAD_SRV_DIFF_HOST_RATE] = rate(if_several(s->others[T]), s->n[T]);

    v[GAD_DST_HOST_COUNT] = h->n[H];
    v[GAD_DST_HOST_SRV_COUNT] = s->n[H];
    v[GAD_DST_HOST_SAME_SRV_RATE] = rate(both[H], h->n[H]);
    v[GAD_DST_HOST_DIFF_SRV_RATE] = rate(if_several(h->others[H]), h->n[H]);
    v[GAD_DST_HOST_SAME_SRC_PORT_RATE] = rate(n_same_port, h->n[H]);
    v[GAD_DST_HOST_SRV_DIFF_HOST_RATE] = rate(if_several(s->others[H]), s->n[H]);
    v[GAD_DST_HOST_SERROR_RATE] = rate(h->serror[H], h->n[H]);
    v[GAD_DST_HOST_SRV_SERROR_RATE] = rate(s->serror[H], s->n[H]);
    v[GAD_DST_HOST_RERROR_RATE] = rate(h->rerror[H], h->n[H]);
    v[GAD_DST_HOST_SRV_RERROR_RATE] = rate(s->rerror[H], s->n[H]);
}

/* Returns the entry of a record, which counts as a user of its host and its port. */
static struct entry entry_of(struct gad_window *w, const struct gad_record *r)
{
    double service = r->v[GAD_SERVICE];
    unsigned error = error_of(r->v[GAD_FLAG]);
    bool known = service >= 0.0 && service <= gad_columns[GAD_SERVICE].max;
    struct entry e = {
        .time = w->clock,
        .host = use_host(w, &r->tuple),
        .service = known ? (uint8_t)((uint8_t)service + 1) : 0,
        .serror = error == SERROR,
        .rerror = error == RERROR,
    };

    e.src_port = use_port(w, e.host, r->tuple.src_port);
    return e;
}

/* Takes a record out of a window's counts. Its host and port stay in use. */
static void set_aside(struct gad_window *w, enum which in, const struct entry *e)
{
    bool last = --w->both[e->host][e->service][in] == 0;

    tally_remove(&w->of_host[e->host], in, e, last);
    tally_remove(&w->of_service[e->service], in, e, last);
}

/* Returns the record that has to leave a window for another one; NULL: there is room. */
static const struct entry *in_the_way(const struct gad_window *w, enum which in, uint64_t max)
{
    return w->next - w->first[in] == max ? &w->ring[w->first[in] % RING] : NULL;
}

/* Sets features as if the record were added, and does not add it. Time never steps back. */
static void peek(struct gad_window *w, struct gad_time decided, struct gad_record *r)
{
    if (decided.ns > w->clock.ns)
        w->clock = decided;
    expire(w, false, GAD_WINDOW_T_MAX + 1);
    const struct entry e = entry_of(w, r);
    const struct entry *out[N_WINDOWS] = {
        [T] = in_the_way(w, T, GAD_WINDOW_T_MAX), [H] = in_the_way(w, H, GAD_WINDOW_H_MAX)};
    for (enum which in = T; in < N_WINDOWS; in++) {
        if (out[in])
            set_aside(w, in, out[in]);
        enter(w, in, &e);
    }
    bool same_port = out[H] && out[H]->src_port == e.src_port;
    set_features(w, &e, w->ports.n_uses[e.src_port] - (same_port ? 1U : 0U), r->v);
    for (enum which in = T; in < N_WINDOWS; in++) {
        set_aside(w, in, &e);
        if (out[in])
            enter(w, in, out[in]);
    }
    drop(&w->ports, e.src_port);
    drop(&w->hosts, e.host);
}

void gad_window_add(struct gad_window *w, struct gad_time decided, struct gad_record *r)
{
    if (r->notes & (GAD_NOTE_INTERIM | GAD_NOTE_CUT)) {
        peek(w, decided, r);
        return;
    }
    make_room(w, decided);
    struct entry *e = &w->ring[w->next++ % RING];
    *e = entry_of(w, r);
    enter(w, T, e);
    enter(w, H, e);
    set_features(w, e, w->ports.n_uses[e->src_port], r->v);
}
