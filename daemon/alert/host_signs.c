/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_signs.h"

#include <math.h>
#include <string.h>

#include "daemon/alert/host.h"
#include "lib/base/siphash.h"
#include "lib/record/record.h"

enum {
    UNIT = 16, /* s: of the times at the places */
    HOUR = 3600 / UNIT,
    LONG = 12 * HOUR,
    BEAT_MIN_S = 2,    /* records closer than this are one beat */
    BEAT_MAX_S = 7200, /* a longer pause ends a rhythm */
    INTERVALS_MAX = 64,
    BEATS_KEPT = 3,   /* intervals from which a pair stays while its beat can come */
    POPULAR_FROM = 3, /* hosts that use a target */
    POPULAR_PART = 5, /* and this percentage of all */
    SHORT = 8192,     /* bytes of a session that can be a failed login */
    SHORT_S = 60,
};
#define TUNNEL_HALF_S 3600.0F
#define LONG_HALF_S   43200.0F
#define NOISE         0.4F  /* spread of intervals at which a rhythm ends */
#define EXACT         0.02F /* a smaller spread counts as this one */

/* --- a record --- */

static bool is_tcp(const struct gad_record *r)
{
    return (int)r->v[GAD_PROTOCOL_TYPE] == GAD_PROTOCOL_TCP;
}

static bool has_accepted(const struct gad_record *r)
{
    int f = (int)r->v[GAD_FLAG];

    return f == GAD_FLAG_SF || f == GAD_FLAG_S1 || f == GAD_FLAG_S2 || f == GAD_FLAG_S3 ||
           f == GAD_FLAG_RSTO || f == GAD_FLAG_RSTR;
}

static bool has_failed(const struct gad_record *r)
{
    int f = (int)r->v[GAD_FLAG];

    if (is_tcp(r))
        return f == GAD_FLAG_S0 || f == GAD_FLAG_REJ || f == GAD_FLAG_RSTOS0 || f == GAD_FLAG_SH;
    return r->v[GAD_DST_BYTES] == 0;
}

static float surprise_of(double p)
{
    float s = p > 0 ? (float)-log(p) : HOST_SURPRISE_MAX;

    return s < 0 ? 0 : s < HOST_SURPRISE_MAX ? s : HOST_SURPRISE_MAX;
}

static struct host_record record_of(const struct gad_record *r, double p, struct gad_time now)
{
    return (struct host_record){
        .target = host_thing(r->tuple.family, r->tuple.dst),
        .second = (uint32_t)(now.ns / 1000000000),
        .surprise = surprise_of(p),
        .port = r->tuple.dst_port,
        .proto = r->tuple.proto,
        .failed = has_failed(r),
        .is_two_way = is_tcp(r) ? has_accepted(r) : r->v[GAD_DST_BYTES] > 0,
    };
}

static uint64_t hash_of(const struct host_usual *u, const struct host_record *r, bool has_port)
{
    const uint64_t words[3] = {r->target.high, r->target.low,
                               has_port ? (uint64_t)r->proto << 16 | r->port | 1u << 24 : 0};

    return gad_siphash13(u->secret, words, 3);
}

/* --- linear counts --- */

static uint16_t stamp(const struct host_usual *u, uint32_t second)
{
    return (uint16_t)((second - u->epoch) / UNIT + 1);
}

static void mark(uint16_t at[HOST_PLACES], uint64_t hash, uint16_t now)
{
    at[hash % HOST_PLACES] = now == 0 ? 1 : now;
}

static float count(const uint16_t at[HOST_PLACES], uint16_t now, uint16_t window)
{
    unsigned n = 0;

    for (size_t i = 0; i < HOST_PLACES; i++)
        n += at[i] != 0 && (uint16_t)(now - at[i]) <= window;
    if (n >= HOST_PLACES)
        n = HOST_PLACES - 1;
    return -(float)HOST_PLACES * logf(1.0F - (float)n / HOST_PLACES);
}

static void age(uint16_t at[HOST_PLACES], uint16_t now)
{
    for (size_t i = 0; i < HOST_PLACES; i++)
        if ((uint16_t)(now - at[i]) > LONG)
            at[i] = 0;
}

void host_signs_age(struct host *h, const struct host_usual *u, struct gad_time now)
{
    uint16_t at = stamp(u, (uint32_t)(now.ns / 1000000000));

    age(h->failed_at, at);
    age(h->ports_at, at);
    age(h->targets_at, at);
}

static const struct host_record *last(const struct host *h, size_t before)
{
    return &h->past[(h->at + (size_t)HOST_RECORDS - 1 - before) % HOST_RECORDS];
}

static bool is_same(const struct host_record *a, const struct host_record *b)
{
    return a->port == b->port && a->target.low == b->target.low && a->target.high == b->target.high;
}

/* Whether another of the last records has this target and port, and a higher surprise. */
static bool is_lower(const struct host *h, size_t i, size_t n)
{
    const struct host_record *a = last(h, i);

    for (size_t k = 0; k < n; k++) {
        const struct host_record *b = last(h, k);
        if (k != i && is_same(a, b) &&
            (b->surprise > a->surprise || (b->surprise == a->surprise && k < i)))
            return true;
    }
    return false;
}

/* The sum over the last records, each target and port once with its highest surprise. */
static float rarity(const struct host *h, unsigned n)
{
    float sum = 0;

    for (size_t i = 0; h->records >= n && i < n; i++)
        sum += is_lower(h, i, n) ? 0 : last(h, i)->surprise;
    return sum;
}

/* --- pairs --- */

static bool is_expired(const struct host_pair *p, uint32_t second)
{
    float rest = (float)(second - p->second);

    return p->intervals < BEATS_KEPT || rest > 4 * p->period || rest > BEAT_MAX_S;
}

/* A pair gives its place to another one unless its next beat can still come: first those without a
 * rhythm, of these the one that rested longest. */
static struct host_pair *victim(struct host *h, uint32_t second)
{
    struct host_pair *worst = NULL, *oldest = &h->pair[0];

    for (size_t i = 0; i < HOST_PAIRS; i++) {
        struct host_pair *p = &h->pair[i];
        if (p->tag == 0)
            return p;
        if (p->second < oldest->second)
            oldest = p;
        bool is_worth = p->beyond > 4096 || p->up > 4194304 || p->guesses > 4 || p->is_known;
        if (is_expired(p, second) && !is_worth && (!worst || p->second < worst->second))
            worst = p;
    }
    return worst ? worst : oldest;
}

static struct host_pair *pair_of(struct host *h, struct host_usual *u, uint32_t tag,
                                 uint32_t second)
{
    for (size_t i = 0; i < HOST_PAIRS; i++)
        if (h->pair[i].tag == tag)
            return &h->pair[i];
    struct host_pair *p = victim(h, second);
    u->pairs_evicted += p->tag != 0;
    *p = (struct host_pair){.tag = tag, .second = second};
    return p;
}

/* Whether many hosts use this target, as they do the services of a network. */
static bool is_popular(struct host_usual *u, uint32_t tag, struct thing host)
{
    const uint64_t words[2] = {host.high, host.low};
    uint64_t bit = UINT64_C(1) << (gad_siphash13(u->secret, words, 2) & 63);
    unsigned from = (unsigned)(u->hosts * POPULAR_PART / 100);

    for (size_t k = 0; k < 2; k++) {
        size_t at = (tag >> (k * 13)) % HOST_POPULAR;
        if (u->popular[at].tag == tag || u->popular[at].strength == 0 || k == 1) {
            bool is_same = u->popular[at].tag == tag;
            if (!is_same && u->popular[at].strength > 0) {
                u->popular[at].strength--;
                return false;
            }
            if (!is_same)
                u->popular[at].hosts = 0;
            u->popular[at].tag = tag;
            u->popular[at].hosts |= bit;
            u->popular[at].strength += u->popular[at].strength < 1000;
            unsigned n = (unsigned)__builtin_popcountll(u->popular[at].hosts);
            return n >= POPULAR_FROM && n >= (from < 32 ? from : 32);
        }
    }
    return false;
}

/* A beat that was missed is one of two or three periods. */
static float deviation(float interval, float period)
{
    float times = roundf(interval / period);

    times = times < 1 ? 1 : times > 3 ? 3 : times;
    return fabsf(interval - times * period) / period;
}

static void beat(struct host_pair *p, int64_t start)
{
    float interval = (float)((double)(start - p->start) / 1e9);

    if (p->start != 0 && interval < BEAT_MIN_S)
        return;
    p->start = start;
    if (p->records == 1 || interval > BEAT_MAX_S) {
        p->intervals = 0;
        return;
    }
    if (p->intervals == 0) {
        p->period = interval;
        p->spread = 0;
        p->intervals = 1;
        return;
    }
    float off = deviation(interval, p->period);
    if (off > NOISE && p->intervals > 2 && p->spread < NOISE / 2)
        p->intervals = (uint16_t)(p->intervals / 2); /* an extra record amid a rhythm */
    float part = 1.0F / (float)(p->intervals < 16 ? p->intervals + 1 : 16);
    if (off <= NOISE && interval < 1.5F * p->period)
        p->period += part * (interval - p->period);
    else if (off > NOISE && p->intervals <= 2)
        p->period = interval;
    /* the first interval has no deviation, so the mean has one value less */
    float weight = p->intervals < 16 ? 1.0F / (float)p->intervals : part;
    p->spread += weight * ((off < 2 ? off : 2) - p->spread);
    if (p->intervals < INTERVALS_MAX)
        p->intervals++;
}

/* The gain in log-likelihood over irregular intervals, less what two parameters fit by chance. */
static float regularity(const struct host_pair *p)
{
    float spread = 1.25F * p->spread;

    if (p->intervals < 5 || spread >= NOISE)
        return 0;
    return (float)(p->intervals - 2) * logf(NOISE / (spread > EXACT ? spread : EXACT));
}

static float decayed(float v, uint32_t seconds, float half)
{
    return v * exp2f(-(float)seconds / half);
}

/* A median, by steps of a part of itself. */
static float beyond_usual(float *median, float size)
{
    float usual = *median;

    if (usual == 0)
        *median = size;
    else
        *median *= size > usual ? 1.01F : size < usual ? 1 / 1.01F : 1;
    *median = *median < 8 ? 8 : *median > 1024 ? 1024 : *median;
    float beyond = size - 1.75F * (usual > 0 ? usual : size);
    return beyond > 0 ? beyond : 0;
}

static float size_beyond(struct host_usual *u, const struct gad_record *r)
{
    bool is_icmp = (int)r->v[GAD_PROTOCOL_TYPE] == GAD_PROTOCOL_ICMP;
    bool is_dns = r->tuple.proto == GAD_IP_UDP && r->tuple.dst_port == 53;

    return is_icmp || is_dns ? beyond_usual(&u->size[is_icmp], (float)r->v[GAD_SRC_BYTES]) : 0;
}

static float guesses_of(const struct gad_record *r)
{
    static const uint16_t ports[] = {22, 23, 21, 3389, 5900, 110, 143, 513};
    bool is_short =
        r->v[GAD_SRC_BYTES] + r->v[GAD_DST_BYTES] < SHORT && r->v[GAD_DURATION] < SHORT_S;

    if (r->v[GAD_NUM_FAILED_LOGINS] > 0)
        return (float)r->v[GAD_NUM_FAILED_LOGINS];
    if (!is_tcp(r) || !is_short || r->v[GAD_LOGGED_IN] > 0)
        return 0;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        if (r->tuple.dst_port == ports[i])
            return 1;
    return 0;
}

static void add_pair(struct host *h, struct host_usual *u, const struct gad_record *r,
                     struct host_values *ret)
{
    const struct host_record *of = &ret->record;
    uint32_t tag = (uint32_t)hash_of(u, of, true) | 1;
    bool is_common = is_popular(u, tag, h->address);
    struct host_pair *p = pair_of(h, u, tag, of->second);
    uint32_t rest = of->second - p->second;

    if (p->records < UINT16_MAX)
        p->records++;
    p->beyond = decayed(p->beyond, rest, TUNNEL_HALF_S) + size_beyond(u, r);
    p->up = decayed(p->up, rest, LONG_HALF_S) + (float)r->v[GAD_SRC_BYTES];
    p->guesses = decayed(p->guesses, rest, LONG_HALF_S) + guesses_of(r);
    p->second = of->second;
    beat(p, r->start.ns > 0 ? r->start.ns : (int64_t)of->second * 1000000000);
    ret->pair = p;
    ret->pair_at = (size_t)(p - h->pair);
    ret->v[GAD_SIGN_BEACON] = is_common || p->is_known ? 0 : regularity(p);
    ret->v[GAD_SIGN_TUNNEL] = p->beyond;
    ret->v[GAD_SIGN_UPLOAD] = is_common ? 0 : p->up;
    ret->v[GAD_SIGN_GUESSING] = p->guesses;
}

void host_signs_add(struct host *h, struct host_usual *u, const struct gad_record *r, double p,
                    struct gad_time now, struct host_values *ret)
{
    *ret = (struct host_values){.record = record_of(r, p, now)};
    const struct host_record *of = &ret->record;
    uint64_t hash = hash_of(u, of, false);
    uint16_t at = stamp(u, of->second);

    h->records++;
    h->past[h->at] = *of;
    h->at = (uint8_t)((h->at + 1) % HOST_RECORDS);
    if (is_tcp(r) && of->is_two_way)
        h->proven = now;
    mark(h->targets_at, hash, at);
    if (of->failed) {
        mark(h->failed_at, hash, at);
        mark(h->ports_at, hash_of(u, of, true), at);
        ret->v[GAD_SIGN_FAILED] = count(h->failed_at, at, HOUR);
        ret->v[GAD_SIGN_FAILED_SLOW] = count(h->failed_at, at, LONG);
        ret->v[GAD_SIGN_PORTS] = count(h->ports_at, at, HOUR);
    }
    ret->v[GAD_SIGN_TARGETS] = count(h->targets_at, at, HOUR);
    if (of->surprise > 1)
        ret->v[GAD_SIGN_RARITY] = rarity(h, u->records);
    if (of->is_two_way)
        add_pair(h, u, r, ret);
    else
        u->one_way++;
}
