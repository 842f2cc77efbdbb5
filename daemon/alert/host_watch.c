/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_watch.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/alert/host.h"
#include "daemon/alert/host_memory.h"
#include "daemon/alert/host_table.h"
#include "daemon/config/config.h"
#include "daemon/log.h"
#include "daemon/rate_limit.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/siphash.h"
#include "lib/record/notes.h"
#include "lib/record/record.h"

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    MONTH_S = 30 * DAY_S,
    AGAIN_S = 7 * DAY_S, /* until a sign of a host is reported again */
};
#define SECOND_NS INT64_C(1000000000)

static const uint16_t OF_FAILED =
    1u << GAD_SIGN_FAILED | 1u << GAD_SIGN_FAILED_SLOW | 1u << GAD_SIGN_PORTS;
static const uint16_t OF_PAIR =
    1u << GAD_SIGN_BEACON | 1u << GAD_SIGN_TUNNEL | 1u << GAD_SIGN_UPLOAD | 1u << GAD_SIGN_GUESSING;

struct host_watch {
    struct host_table *table;
    struct host_usual usual;
    struct host_levels levels;
    struct gad_time after;
    uint64_t least_hosts, least_records;
    uint64_t records;
    struct gad_time now;
    uint64_t hosts_seen[16];    /* a bitmap of hashes of this and the last hours */
    struct rate_limit limit[2]; /* of findings: of hosts without and with a handshake */
    struct stats *stats;
    struct host_finding found;
    const char *state;          /* "": none */
    struct host_memory *memory; /* NULL: no state */
    bool is_resumed; /* what was learned is from an earlier run, until the first record */
    bool is_failing; /* the failure to write was logged */
};

static uint64_t hash_of(const struct host_watch *w, const struct host *h)
{
    const uint64_t words[2] = {h->address.high, h->address.low};

    return gad_siphash13(w->usual.secret, words, 2);
}

/* --- hours --- */

/* What an hour of a host showed goes into the levels: each value once a day, because it is reported
 * once as well. So a few busy hosts do not make a level. */
static void end_hour(struct host_watch *w, struct host *h)
{
    uint64_t hash = hash_of(w, h);
    uint32_t day = h->hour / 168;

    if (h->day != day)
        memset(h->today, 0, sizeof(h->today));
    h->day = day;
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++) {
        bool is_again = h->most[s] <= h->today[s];
        h->today[s] = is_again ? h->today[s] : h->most[s];
        h->most[s] = is_again ? 0 : h->most[s];
    }
    host_levels_add(&w->levels, h->most, hash);
    memset(h->most, 0, sizeof(h->most));
    w->hosts_seen[(hash >> 8) % 16] |= UINT64_C(1) << (hash >> 12 & 63);
}

static void evicted(void *arg, enum host_part part, struct host *h)
{
    struct host_watch *w = arg;

    w->stats->hosts_evicted++;
    w->stats->hosts_evicted_known += part >= HOST_OUTSIDE;
    if (h->proven.ns != 0) /* forged sources teach nothing */
        end_hour(w, h);
}

/* The number of active hosts, by a linear count over 1,024 places. */
static double n_hosts(const struct host_watch *w)
{
    int n = 0;

    for (size_t i = 0; i < 16; i++)
        n += __builtin_popcountll(w->hosts_seen[i]);
    return n < 1024 ? -1024 * log(1 - n / 1024.0) : 7000;
}

static void begin_hour(struct host_watch *w, struct host *h, uint32_t hour)
{
    if (h->hour != 0 && h->hour != hour && h->proven.ns != 0)
        end_hour(w, h);
    else if (h->hour != hour)
        memset(h->most, 0, sizeof(h->most));
    h->hour = hour;
    host_signs_age(h, &w->usual, w->now);
}

/* --- the file of what was learned --- */

static int load(struct host_watch *w)
{
    struct gad_diag d = {""};
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    size_t len;

    w->memory = gad_calloc(1, sizeof(*w->memory));
    if (!w->memory)
        return GAD_ENOMEM;
    if (access(w->state, F_OK) != 0 && errno == ENOENT)
        return 0;
    int r = gad_file_read(w->state, HOST_MEMORY_FILE_MAX, &p, &len, &d);
    if (r == 0) {
        r = host_memory_read(p, len, w->memory, &w->usual, &w->levels, &d);
        gad_diag_prefix(&d, "%s", w->state);
    }
    if (r == GAD_ENOMEM)
        return r;
    if (r != 0) {
        log_warn("hosts", "%s; what is usual is learned again", d.text);
        return 0;
    }
    memcpy(w->hosts_seen, w->memory->hosts_seen, sizeof(w->hosts_seen));
    w->records = w->memory->records;
    w->is_resumed = true;
    log_info("hosts", "%s: %zu hosts", w->state, w->memory->n);
    return 0;
}

/* The time in which nothing was seen does not count. */
static void resume(struct host_watch *w)
{
    struct host_levels *l = &w->levels;
    int64_t rest = w->now.ns - l->updated.ns, most = w->now.ns - 1;

    l->begun.ns = l->begun.ns + rest < most ? l->begun.ns + rest : most;
    l->begun.ns = l->begun.ns > 0 ? l->begun.ns : 1;
    l->week.ns = l->week.ns + rest > 0 ? l->week.ns + rest : 1;
    l->updated = w->now;
    w->usual.epoch = (uint32_t)(w->now.ns / SECOND_NS);
    w->usual.hosts = n_hosts(w);
    w->is_resumed = false;
}

/* What a host did in an earlier run, or before it was evicted. */
static void recall(struct host_watch *w, struct host *h)
{
    const struct host_memory_host *m = host_memory_find(w->memory, hash_of(w, h));

    if (!m)
        return;
    memcpy(h->own, m->own, sizeof(h->own));
    for (size_t i = 0; i < m->n_tags; i++)
        h->pair[i] = (struct host_pair){
            .tag = m->tag[i], .second = (uint32_t)(w->now.ns / SECOND_NS), .is_known = true};
}

struct saving {
    struct host_watch *w;
    struct host_memory *to;
};

static void keep(void *arg, struct host *h)
{
    const struct saving *s = arg;
    struct host_memory *m = s->to;

    if (h->proven.ns == 0 || m->n == HOST_MEMORY_HOSTS)
        return;
    struct host_memory_host *to = &m->host[m->n++];
    to->hash = hash_of(s->w, h);
    to->second = (uint32_t)(h->proven.ns / SECOND_NS);
    memcpy(to->own, h->own, sizeof(h->own));
    for (size_t i = 0; i < HOST_PAIRS && to->n_tags < HOST_MEMORY_TAGS; i++)
        if (h->pair[i].tag != 0 && h->pair[i].is_known)
            to->tag[to->n_tags++] = h->pair[i].tag;
}

/* Hosts that were evicted, or were not seen in this run, for a month. The fresh ones are sorted. */
static void keep_old(const struct host_watch *w, struct host_memory *to)
{
    uint32_t now = (uint32_t)(w->now.ns / SECOND_NS);
    size_t all = to->n;

    for (size_t i = 0; i < w->memory->n && all < HOST_MEMORY_HOSTS; i++) {
        const struct host_memory_host *old = &w->memory->host[i];
        if (!host_memory_find(to, old->hash) && now - old->second < MONTH_S)
            to->host[all++] = *old;
    }
    to->n = all;
}

static void save(struct host_watch *w)
{
    struct gad_diag d = {""};
    struct gad_buf b = GAD_BUF_INIT(HOST_MEMORY_FILE_MAX);
    struct host_memory *fresh = gad_calloc(1, sizeof(*fresh));
    int r = GAD_ENOMEM;

    if (fresh) {
        struct saving s = {w, fresh};
        host_table_each(w->table, keep, &s);
        host_memory_sort(fresh);
        keep_old(w, fresh);
        memcpy(fresh->hosts_seen, w->hosts_seen, sizeof(w->hosts_seen));
        fresh->records = w->records;
        host_memory_write(fresh, &w->usual, &w->levels, &b);
        gad_free(w->memory);
        w->memory = fresh;
        r = b.bad ? GAD_ENOMEM : gad_file_write_atomic(w->state, b.p, b.len, &d);
    }
    if (r != 0 && !w->is_failing)
        log_warn("hosts", "%s", *d.text ? d.text : "no memory to write what was learned");
    w->is_failing = r != 0;
    gad_buf_deinit(&b);
}

static void log_levels(const struct host_watch *w)
{
    for (enum gad_sign s = 1; s < GAD_N_SIGNS && log_is_on(LOG_LEVEL_DEBUG); s++) {
        const struct host_level *l = &w->levels.sign[s];
        log_debug("hosts", "%s: level %.4g, tail from %.4g, mean excess %.3g, share %.2g%s",
                  gad_sign_name(s), (double)host_level_value(s, l->at),
                  (double)host_level_value(s, l->start), (double)l->beyond, (double)l->share,
                  l->is_mute ? ", mute" : "");
    }
}

static void tick(struct host_watch *w)
{
    if (w->is_resumed)
        resume(w);
    if (w->levels.begun.ns == 0) {
        w->levels.begun = w->levels.updated = w->levels.week = w->now;
        w->usual.epoch = (uint32_t)(w->now.ns / SECOND_NS);
    }
    if (w->now.ns - w->levels.updated.ns < HOUR_S * SECOND_NS)
        return;
    host_levels_update(&w->levels, w->now);
    w->stats->hosts_levels_held += w->levels.held;
    w->levels.held = 0;
    w->stats->hosts_pairs_evicted += w->usual.pairs_evicted;
    w->stats->hosts_one_way += w->usual.one_way;
    w->usual.pairs_evicted = w->usual.one_way = 0;
    w->usual.hosts = n_hosts(w);
    log_levels(w);
    if (w->memory)
        save(w);
}

size_t host_watch_count(const struct host_watch *w)
{
    return host_table_count(w->table);
}

bool host_watch_is_learning(const struct host_watch *w)
{
    return w->now.ns - w->levels.begun.ns < w->after.ns ||
           w->usual.hosts < (double)w->least_hosts || w->records < w->least_records;
}

/* --- what is unusual --- */

static void learn(struct host *h, const struct host_values *v, const float *y)
{
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        if (s != GAD_SIGN_BEACON && y[s] > h->own[s])
            h->own[s] = y[s];
    /* also to targets that many hosts use now */
    float up = v->pair ? host_level_scale(GAD_SIGN_UPLOAD, v->pair->up) : 0;
    if (up > h->own[GAD_SIGN_UPLOAD])
        h->own[GAD_SIGN_UPLOAD] = up;
    if (v->pair && y[GAD_SIGN_BEACON] > 15)
        v->pair->is_known = true;
}

static bool was_reported(const struct host *h, enum gad_sign s, uint32_t second)
{
    return (h->reported >> s & 1) && second - h->reported_second[s] < AGAIN_S;
}

static bool is_unusual(const struct host_watch *w, const struct host *h, enum gad_sign s, float y,
                       uint32_t second)
{
    float level = w->levels.sign[s].at;

    if (level == 0 || w->levels.sign[s].is_mute || y <= level ||
        y <= host_level_beyond_own(s, h->own[s]))
        return false;
    return !was_reported(h, s, second) || s == GAD_SIGN_BEACON ||
           y > host_level_beyond_own(s, h->own[s]);
}

static uint16_t unusual_signs(const struct host_watch *w, const struct host *h, const float *y,
                              uint32_t second)
{
    unsigned set = 0;

    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        if (is_unusual(w, h, s, y[s], second))
            set |= 1u << s;
    return (uint16_t)set;
}

static float shown_value(const struct host_values *v, enum gad_sign s)
{
    return s == GAD_SIGN_BEACON ? v->pair->period : v->v[s];
}

/* The rarest first. */
static void add_sign(struct host_watch *w, const struct host_values *v, enum gad_sign s, float y)
{
    struct host_finding *f = &w->found;
    double p = host_level_p(&w->levels, s, y);
    size_t at = f->n < GAD_UNUSUAL_MAX ? f->n : GAD_UNUSUAL_MAX;

    while (at > 0 && f->unusual[at - 1].p_value > p)
        at--;
    if (at == GAD_UNUSUAL_MAX)
        return;
    f->n += f->n < GAD_UNUSUAL_MAX;
    for (size_t i = f->n - 1; i > at; i--)
        f->unusual[i] = f->unusual[i - 1];
    bool has_usual = s != GAD_SIGN_BEACON;
    f->unusual[at] = (struct gad_unusual){
        .sign = s,
        .value = (double)shown_value(v, s),
        .usual = has_usual ? (double)host_level_value(s, w->levels.sign[s].start) : 0,
        .p_value = p};
}

static bool belongs(const struct host_record *r, const struct host_record *now, uint16_t set)
{
    bool is_pair = r->port == now->port && r->target.low == now->target.low &&
                   r->target.high == now->target.high;

    return ((set & OF_FAILED) && r->failed) || ((set & OF_PAIR) && is_pair) ||
           (set & ~(OF_FAILED | OF_PAIR));
}

static void add_past(struct host_finding *f, const struct host *h, const struct host_record *now,
                     uint16_t set)
{
    size_t n = h->records < HOST_RECORDS ? (size_t)h->records : HOST_RECORDS;

    /* the newest one is the record itself */
    for (size_t i = n; i-- > 1;) {
        const struct host_record *r =
            &h->past[(h->at + (size_t)HOST_RECORDS - 1 - i) % HOST_RECORDS];
        if (belongs(r, now, set))
            f->past[f->n_past++] = r;
    }
}

static bool is_forgeable(const struct host *h, struct gad_time now)
{
    return h->proven.ns == 0 || now.ns - h->proven.ns > DAY_S * SECOND_NS;
}

static const struct host_finding *find(struct host_watch *w, struct host *h,
                                       const struct host_values *v, const float *y, uint16_t set,
                                       bool is_unasked)
{
    struct host_finding *f = &w->found;
    uint32_t second = v->record.second;
    bool may_be_forged = is_forgeable(h, w->now) || is_unasked;

    if (rate_limit_take(&w->limit[!may_be_forged], w->now, 1) == 0) {
        w->stats->hosts_limited++;
        return NULL;
    }
    *f = (struct host_finding){.is_new = true, .may_be_forged = may_be_forged};
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++) {
        if (!(set >> s & 1))
            continue;
        add_sign(w, v, s, y[s]);
        h->own[s] = s == GAD_SIGN_BEACON ? 0 : y[s];
        h->reported_second[s] = second;
    }
    if (set & OF_PAIR)
        h->reported_pair = v->pair->tag;
    if (set & 1u << GAD_SIGN_BEACON)
        v->pair->is_known = true;
    h->reported = (uint16_t)(h->reported | set);
    add_past(f, h, &v->record, set);
    w->stats->hosts_unusual++;
    w->stats->hosts_forgeable += may_be_forged;
    return f;
}

/* A record of what was found before, for its incident if that is still open. */
static const struct host_finding *go_on(struct host_watch *w, const struct host *h,
                                        const struct host_values *v)
{
    unsigned set = 0;

    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        if (was_reported(h, s, v->record.second))
            set |= 1u << s;
    bool is_pair = v->pair && v->pair->tag == h->reported_pair;
    if (!((set & OF_FAILED) && v->record.failed) && !((set & OF_PAIR) && is_pair) &&
        !(set & ~(unsigned)(OF_FAILED | OF_PAIR)))
        return NULL;
    w->found = (struct host_finding){.may_be_forged = is_forgeable(h, w->now)};
    return &w->found;
}

/* A reply without a request has the address of its sender, which can be forged. */
static bool is_unasked(const struct gad_record *r)
{
    return (int)r->v[GAD_PROTOCOL_TYPE] == GAD_PROTOCOL_ICMP && !r->is_answer;
}

static bool counts(const struct gad_record *r)
{
    enum { PARTS = GAD_NOTE_INTERIM | GAD_NOTE_CUT | GAD_NOTE_BACKGROUND | GAD_NOTE_GUESSED };

    return r->tuple.family != 0 && !(r->notes & PARTS);
}

const struct host_finding *host_watch_take(struct host_watch *w, const struct gad_record *r,
                                           double p, struct gad_time now, bool may_find)
{
    struct host_values v;
    float y[GAD_N_SIGNS] = {0};

    if (!counts(r))
        return NULL;
    w->now = now.ns > w->now.ns ? now : w->now;
    w->records++;
    tick(w);
    struct host *h = host_table_get(w->table, host_thing(r->tuple.family, r->tuple.src), w->now);
    if (h->records == 0 && w->memory)
        recall(w, h);
    uint32_t hour = (uint32_t)(w->now.ns / SECOND_NS / HOUR_S);
    if (h->hour != hour)
        begin_hour(w, h, hour);
    host_signs_add(h, &w->usual, r, p, w->now, &v);
    h = host_table_place(w->table, h, w->now);
    if (v.pair) /* the host has moved */
        v.pair = &h->pair[v.pair_at];
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++) {
        y[s] = host_level_scale(s, v.v[s]);
        h->most[s] = y[s] > h->most[s] ? y[s] : h->most[s];
    }
    if (!may_find || host_watch_is_learning(w)) {
        learn(h, &v, y);
        return NULL;
    }
    uint16_t set = unusual_signs(w, h, y, v.record.second);
    return set != 0           ? find(w, h, &v, y, set, is_unasked(r))
           : h->reported != 0 ? go_on(w, h, &v)
                              : NULL;
}

/* --- life --- */

void host_watch_configure(struct host_watch *w, const struct config *c)
{
    w->levels.budget = c->host.budget;
    w->after = c->host.after;
    w->least_hosts = c->host.least_hosts;
    w->least_records = c->host.least_records;
}

int host_watch_new(const struct config *c, unsigned part, const char *state, struct stats *stats,
                   struct host_watch **ret)
{
    *ret = NULL;
    if (!c->host.watch)
        return 0;
    gad_cleanup(host_watch_freep) struct host_watch *w = gad_calloc(1, sizeof(*w));
    if (!w)
        return GAD_ENOMEM;
    if (getrandom(w->usual.secret, sizeof(w->usual.secret), 0) != (ssize_t)sizeof(w->usual.secret))
        return -errno;
    w->stats = stats;
    w->state = state;
    w->limit[0] = rate_limit_init(HOST_FORGEABLE_A_DAY / (double)DAY_S, HOST_FORGEABLE_AT_ONCE,
                                  (struct gad_time){0});
    w->limit[1] = rate_limit_init(HOST_FINDINGS_AN_HOUR / (double)HOUR_S, HOST_FINDINGS_AN_HOUR,
                                  (struct gad_time){0});
    w->usual.records = (unsigned)c->host.records;
    host_watch_configure(w, c);
    int r = host_table_new(c->host.hosts / part, evicted, w, &w->table);
    if (r == 0 && *state)
        r = load(w);
    if (r == 0)
        *ret = gad_steal(&w);
    return r;
}

void host_watch_free(struct host_watch *w)
{
    if (!w)
        return;
    if (w->memory && w->now.ns != 0)
        save(w);
    host_table_free(w->table);
    gad_free(w->memory);
    gad_free(w);
}
