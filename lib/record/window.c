/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/window.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/record/intern.h"

enum which { T, H, N_WINDOWS };

enum {
    RING = 512, /* a power of two, at least the longer window */
    HOSTS_MAX = GAD_WINDOW_T_MAX,
    SERVICES_MAX = 80, /* names of the column, and one more for those that are in no list */
};

/* Of a host or of a service: its records in each window. */
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
    struct gad_time clock; /* the latest record's, never going back but for a restart of T */
    uint64_t next, first[N_WINDOWS];
    struct entry ring[RING];
    struct gad_intern *hosts; /* held by each entry of the ring */
    struct gad_intern
        *ports; /* (host, originator's port), held by each entry of H: its holds are the count */
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
    int r = gad_intern_new(key, HOSTS_MAX, &w->hosts);
    if (r == 0)
        r = gad_intern_new(key, GAD_WINDOW_H_MAX, &w->ports);
    if (r != 0)
        return r;
    *ret = gad_steal(&w);
    return 0;
}

void gad_window_free(struct gad_window *w)
{
    if (!w)
        return;
    gad_intern_free(w->hosts);
    gad_intern_free(w->ports);
    gad_free(w);
}

enum { SERROR = 1, RERROR = 2 };

/* SF and OTH are neither, nor is a flag that is not known. */
static unsigned error_of(double flag)
{
    static const uint8_t of[] = {
        [GAD_FLAG_S0] = SERROR,   [GAD_FLAG_S1] = SERROR,   [GAD_FLAG_S2] = SERROR,
        [GAD_FLAG_S3] = SERROR,   [GAD_FLAG_SH] = SERROR,   [GAD_FLAG_REJ] = RERROR,
        [GAD_FLAG_RSTO] = RERROR, [GAD_FLAG_RSTR] = RERROR, [GAD_FLAG_RSTOS0] = RERROR,
    };
    return flag >= 0.0 && flag < (double)sizeof(of) ? of[(size_t)flag] : 0;
}

static uint16_t hold_host(struct gad_window *w, const struct gad_tuple *t)
{
    uint8_t key[GAD_INTERN_KEY] = {t->family};

    memcpy(key + 1, t->dst, sizeof(t->dst));
    return (uint16_t)gad_intern_hold(w->hosts, key);
}

static uint16_t hold_port(struct gad_window *w, uint16_t host, uint16_t port)
{
    uint8_t key[GAD_INTERN_KEY] = {0};

    memcpy(key, &host, sizeof(host));
    memcpy(key + sizeof(host), &port, sizeof(port));
    return (uint16_t)gad_intern_hold(w->ports, key);
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

/* The oldest record of a window leaves it. */
static void leave(struct gad_window *w, enum which in)
{
    uint64_t at = w->first[in]++;
    const struct entry *e = &w->ring[at % RING];
    bool last = --w->both[e->host][e->service][in] == 0;

    tally_remove(&w->of_host[e->host], in, e, last);
    tally_remove(&w->of_service[e->service], in, e, last);
    if (in == H)
        gad_intern_drop(w->ports, e->src_port);
    if (w->first[T] > at && w->first[H] > at)
        gad_intern_drop(w->hosts, e->host);
}

/* Room in both windows for one more record at this time. */
static void make_room(struct gad_window *w, struct gad_time decided)
{
    bool restart = gad_time_sub(w->clock, decided).ns > GAD_WINDOW_T_NS;

    if (restart || decided.ns > w->clock.ns)
        w->clock = decided;
    while (w->first[T] < w->next) {
        struct gad_time oldest = w->ring[w->first[T] % RING].time;
        if (!restart && w->next - w->first[T] < GAD_WINDOW_T_MAX &&
            gad_time_sub(w->clock, oldest).ns <= GAD_WINDOW_T_NS)
            break;
        leave(w, T);
    }
    if (w->next - w->first[H] == GAD_WINDOW_H_MAX)
        leave(w, H);
}

/* k / n as KDD99 has it. A float32 has 24 bits, so that 100 of it are exact and rint() sees true halves only. */
static double rate(unsigned k, unsigned n)
{
    float q = (float)k / (float)n;
    return rint((double)q * 100.0) / 100.0;
}

static unsigned if_several(unsigned n)
{
    return n > 1 ? n : 0;
}

static void set_features(const struct gad_window *w, const struct entry *e, double *v)
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
    v[GAD_DST_HOST_SAME_SRC_PORT_RATE] =
        rate((unsigned)gad_intern_holds(w->ports, e->src_port), h->n[H]);
    v[GAD_DST_HOST_SRV_DIFF_HOST_RATE] = rate(if_several(s->others[H]), s->n[H]);
    v[GAD_DST_HOST_SERROR_RATE] = rate(h->serror[H], h->n[H]);
    v[GAD_DST_HOST_SRV_SERROR_RATE] = rate(s->serror[H], s->n[H]);
    v[GAD_DST_HOST_RERROR_RATE] = rate(h->rerror[H], h->n[H]);
    v[GAD_DST_HOST_SRV_RERROR_RATE] = rate(s->rerror[H], s->n[H]);
}

void gad_window_add(struct gad_window *w, struct gad_time decided, struct gad_record *r)
{
    double service = r->v[GAD_SERVICE];
    unsigned error = error_of(r->v[GAD_FLAG]);
    bool known = service >= 0.0 && service <= gad_columns[GAD_SERVICE].max;

    make_room(w, decided);
    struct entry *e = &w->ring[w->next++ % RING];
    *e = (struct entry){
        .time = w->clock,
        .host = hold_host(w, &r->tuple),
        .service = known ? (uint8_t)((uint8_t)service + 1) : 0,
        .serror = error == SERROR,
        .rerror = error == RERROR,
    };
    e->src_port = hold_port(w, e->host, r->tuple.src_port);
    enter(w, T, e);
    enter(w, H, e);
    set_features(w, e, r->v);
}
