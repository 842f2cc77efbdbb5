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
    BEAT_MIN_S = 10,    /* records closer than this are one beat */
    RHYTHM_MIN_S = 300, /* a shorter rhythm does not count */
    BEAT_MAX_S = 7200,  /* a longer pause ends a rhythm */
    INTERVALS_MAX = 64,
    BEATS_KEPT = 3,      /* intervals from which a pair stays while its beat can come */
    POPULAR_FROM = 3,    /* hosts that use a target */
    POPULAR_WEIGHT = 32, /* of a record to a popular target, against those that share its place */
    POPULAR_MAX = 1 << 20,
    POPULAR_PART = 5, /* and this percentage of all */
    SHORT = 8192,     /* bytes of a session that can be a failed login */
    SHORT_S = 60,
    TAUGHT_S = 60,
    RARE_REFRESH = 500,  /* records */
    RARE_KEPT = 1 << 20, /* records; then the counts are halved */
};
#define TUNNEL_HALF_S    3600.0F
#define LONG_HALF_S      43200.0F
#define RARE_BINS_A_UNIT 2.25  /* the last bin begins at a p-value of 1e-12 */
#define NOISE            0.4F  /* spread of intervals at which a rhythm ends */
#define EXACT            0.02F /* a smaller spread counts as this one */

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

static bool is_icmp(const struct gad_record *r)
{
    return (int)r->v[GAD_PROTOCOL_TYPE] == GAD_PROTOCOL_ICMP;
}

static bool is_service(const struct gad_record *r, const char *name)
{
    return strcmp(gad_name_text(GAD_SERVICE, (int)r->v[GAD_SERVICE]), name) == 0;
}

static bool has_failed(const struct gad_record *r)
{
    int f = (int)r->v[GAD_FLAG];

    if (is_tcp(r))
        return f == GAD_FLAG_S0 || f == GAD_FLAG_REJ || f == GAD_FLAG_RSTOS0 || f == GAD_FLAG_SH;
    return is_icmp(r) ? is_service(r, "eco_i") : r->v[GAD_DST_BYTES] == 0;
}

/* The source of an answer to an echo request is the host that asked. */
static bool has_answer(const struct gad_record *r)
{
    if (is_tcp(r))
        return has_accepted(r);
    return is_icmp(r) ? is_service(r, "ecr_i") : r->v[GAD_DST_BYTES] > 0;
}

/* -ln of the share of records that are in a bin or above it. */
static void refresh(struct host_usual *u)
{
    double all = 1, above = 1;

    for (size_t i = 0; i < HOST_RARE_BINS; i++)
        all += u->n_rare[i];
    for (size_t i = HOST_RARE_BINS; i-- > 0;) {
        above += u->n_rare[i];
        float s = (float)-log(above / all);
        u->surprise[i] = s < HOST_SURPRISE_MAX ? s : HOST_SURPRISE_MAX;
    }
    for (size_t i = 0; all > RARE_KEPT && i < HOST_RARE_BINS; i++)
        u->n_rare[i] /= 2;
    u->n_fresh = 0;
}

static float surprise_of(struct host_usual *u, double p)
{
    double bin = p > 0 ? -log(p) * RARE_BINS_A_UNIT : HOST_RARE_BINS;
    size_t at = !(bin > 0) ? 0 : bin < HOST_RARE_BINS - 1 ? (size_t)bin : HOST_RARE_BINS - 1;

    u->n_rare[at]++;
    if (++u->n_fresh >= RARE_REFRESH)
        refresh(u);
    return u->surprise[at];
}

static struct host_record record_of(struct host_usual *u, const struct gad_record *r, double p,
                                    struct gad_time now)
{
    return (struct host_record){
        .target = host_thing(r->tuple.family, r->tuple.dst),
        .second = (uint32_t)(now.ns / 1000000000),
        .surprise = surprise_of(u, p),
        .port = r->tuple.dst_port,
        .proto = r->tuple.proto,
        .failed = has_failed(r),
        .is_two_way = has_answer(r),
        .is_echo = is_icmp(r) && (has_failed(r) || has_answer(r)),
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

/* Whether many hosts use this target, as they do the services of a network. A place belongs to the
 * target that is used most of those that share it; one of many hosts is hard to displace. */
static bool is_popular(struct host_usual *u, uint32_t tag, struct thing host)
{
    const uint64_t words[2] = {host.high, host.low};
    uint64_t bit = UINT64_C(1) << (gad_siphash13(u->secret, words, 2) & 63);
    struct host_popular *a = &u->popular[tag % HOST_POPULAR];
    struct host_popular *b = &u->popular[(tag >> 16 ^ tag << 5) % HOST_POPULAR];
    struct host_popular *p = a->tag == tag                ? a
                             : b->tag == tag              ? b
                             : a->strength <= b->strength ? a
                                                          : b;

    if (p->tag != tag && p->strength > 0) {
        p->strength--;
        return false;
    }
    if (p->tag != tag)
        *p = (struct host_popular){.tag = tag};
    p->hosts |= bit;
    unsigned n = (unsigned)__builtin_popcountll(p->hosts),
             part = (unsigned)(u->hosts * POPULAR_PART);
    bool is = n >= POPULAR_FROM && n >= (part / 100 < 32 ? part / 100 : 32);
    p->strength += is ? POPULAR_WEIGHT : 1;
    p->strength = p->strength < POPULAR_MAX ? p->strength : POPULAR_MAX;
    return is;
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

    if (p->intervals < 5 || spread >= NOISE || (float)p->intervals * p->period < RHYTHM_MIN_S)
        return 0;
    return (float)(p->intervals - 2) * logf(NOISE / (spread > EXACT ? spread : EXACT));
}

static float decayed(float v, uint32_t seconds, float half)
{
    return v * exp2f(-(float)seconds / half);
}

/* A median, by steps of a part of itself. Each pair teaches it at most once a minute. */
static float beyond_usual(float *median, float size, bool may_learn)
{
    float usual = *median;

    if (usual == 0)
        *median = size;
    else if (may_learn)
        *median *= size > usual ? 1.01F : size < usual ? 1 / 1.01F : 1;
    *median = *median < 8 ? 8 : *median > 1024 ? 1024 : *median;
    float beyond = size - 1.75F * (usual > 0 ? usual : size);
    return beyond > 0 ? beyond : 0;
}

static float size_beyond(struct host_usual *u, const struct gad_record *r, bool may_learn)
{
    bool is_dns = r->tuple.proto == GAD_IP_UDP && r->tuple.dst_port == 53;
    /* of an answer, too, they are the bytes of the message */
    double size = r->v[GAD_SRC_BYTES];

    return is_icmp(r) || is_dns ? beyond_usual(&u->size[is_icmp(r)], (float)size, may_learn) : 0;
}

static float guesses_of(const struct gad_record *r)
{
    /* of encrypted services, which have payload both ways, logged_in is always set */
    static const struct {
        uint16_t port;
        bool is_known;
    } logins[] = {{22, false}, {3389, false}, {5900, false}, {21, true},
                  {23, true},  {110, true},   {143, true},   {513, true}};
    bool is_short =
        r->v[GAD_SRC_BYTES] + r->v[GAD_DST_BYTES] < SHORT && r->v[GAD_DURATION] < SHORT_S;

    if (r->v[GAD_NUM_FAILED_LOGINS] > 0)
        return (float)r->v[GAD_NUM_FAILED_LOGINS];
    if (!is_tcp(r) || !is_short)
        return 0;
    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++)
        if (r->tuple.dst_port == logins[i].port)
            return logins[i].is_known && r->v[GAD_LOGGED_IN] > 0 ? 0 : 1;
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
    p->beyond = decayed(p->beyond, rest, TUNNEL_HALF_S) +
                size_beyond(u, r, of->second - p->taught >= TAUGHT_S);
    if (of->second - p->taught >= TAUGHT_S)
        p->taught = of->second;
    p->up = decayed(p->up, rest, LONG_HALF_S) + (float)r->v[GAD_SRC_BYTES];
    p->guesses = decayed(p->guesses, rest, LONG_HALF_S) + guesses_of(r);
    p->second = of->second;
    beat(p, r->start.ns > 0 ? r->start.ns : (int64_t)of->second * 1000000000);
    ret->pair = p;
    ret->pair_at = (size_t)(p - h->pair);
    ret->v[GAD_SIGN_BEACON] = is_common || p->is_known || is_icmp(r) ? 0 : regularity(p);
    ret->v[GAD_SIGN_TUNNEL] = p->beyond;
    ret->v[GAD_SIGN_UPLOAD] = is_common ? 0 : p->up;
    ret->v[GAD_SIGN_GUESSING] = p->guesses;
}

void host_signs_add(struct host *h, struct host_usual *u, const struct gad_record *r, double p,
                    struct gad_time now, struct host_values *ret)
{
    *ret = (struct host_values){.record = record_of(u, r, p, now)};
    const struct host_record *of = &ret->record;
    uint64_t hash = hash_of(u, of, false);
    uint16_t at = stamp(u, of->second);

    h->records++;
    h->past[h->at] = *of;
    h->at = (uint8_t)((h->at + 1) % HOST_RECORDS);
    if (is_tcp(r) && of->is_two_way)
        h->proven = now;
    if (is_icmp(r))
        hash = hash_of(u, of, true); /* its answer takes back only its own mark */
    if (!is_icmp(r) || of->is_echo)
        mark(h->targets_at, hash, at);
    if (of->is_two_way && of->is_echo)
        h->failed_at[hash % HOST_PLACES] = h->ports_at[hash % HOST_PLACES] = 0;
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
