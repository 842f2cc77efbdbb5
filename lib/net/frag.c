/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/frag.h"

#include "lib/base/siphash.h"
#include "lib/net/checksum.h"

enum {
    UNIT = 8, /* bytes; of an offset, RFC 791 section 3.1 */
    DATAGRAM_MAX = 65535,
    N_WORDS = (DATAGRAM_MAX / UNIT + 1) / 64, /* of a bitmap with a bit a unit */
    KEY_LEN = 44,
};

static const uint32_t none = UINT32_MAX;

struct datagram {
    uint8_t key[KEY_LEN];
    uint32_t in_bucket, older, newer; /* or `none`; a free one uses `newer` */
    uint32_t bucket;
    uint64_t begun;      /* by the table's clock */
    struct gad_packet p; /* addresses, VLAN, tunnels, wrong fragments; time of the last fragment */
    uint8_t proto;       /* of the first fragment */
    bool has_first, has_last, is_summable;
    uint32_t first_len; /* on the wire */
    uint32_t kept;      /* bytes of `first` */
    uint32_t end;       /* bytes, once the last fragment has come */
    uint32_t farthest;  /* end of the farthest fragment, bytes */
    uint32_t n_units;
    uint64_t sum; /* one's-complement, of all fragments */
    uint64_t have[N_WORDS];
    uint64_t starts[N_WORDS]; /* units at which a fragment started */
    uint8_t first[GAD_FRAGMENT_KEEP];
};

/*
 * The clock goes forward only: packets that are somewhat late do not move it, and a greater jump back in packet time
 * (captures that were put together) starts anew from there. It may come round.
 */
struct gad_frags {
    uint64_t key[2];
    uint64_t clock, timeout; /* ns */
    int64_t reference;       /* packet time of `clock` */
    uint32_t oldest, newest;
    uint32_t free;   /* was used, and is not */
    uint32_t unused; /* from here on none has been used: memory that is not touched costs nothing */
    uint32_t n;
    uint32_t mask; /* of buckets */
    uint32_t *buckets;
    struct datagram *d;
};

int gad_frags_new(const struct gad_decoder_options *opt, struct gad_frags **ret)
{
    gad_cleanup(gad_frags_freep) struct gad_frags *t = gad_calloc(1, sizeof(*t));
    size_t n = opt->memory / sizeof(struct datagram), n_buckets = 1;

    n = n < opt->datagrams ? n : opt->datagrams; /* which is below 2^31 */
    n = n > 0 ? n : 1;
    while (n_buckets < n)
        n_buckets *= 2;
    if (!t || !(t->buckets = gad_calloc(n_buckets, sizeof(*t->buckets))) ||
        !(t->d = gad_calloc(n, sizeof(*t->d))))
        return GAD_ENOMEM;
    t->key[0] = opt->seed;
    t->key[1] = ~opt->seed;
    t->timeout = (uint64_t)opt->timeout_ns;
    t->mask = (uint32_t)n_buckets - 1;
    t->n = (uint32_t)n;
    t->oldest = t->newest = t->free = none;
    memset(t->buckets, 0xff, n_buckets * sizeof(*t->buckets)); /* none */
    *ret = gad_steal(&t);
    return 0;
}

void gad_frags_free(struct gad_frags *t)
{
    if (!t)
        return;
    gad_free(t->d);
    gad_free(t->buckets);
    gad_free(t);
}

bool gad_frags_any(const struct gad_frags *t)
{
    return t->oldest != none;
}

static void tick(struct gad_frags *t, struct gad_time now)
{
    int64_t step = gad_time_sub(now, (struct gad_time){t->reference}).ns;

    if (step > 0)
        t->clock += (uint64_t)step;
    else if ((uint64_t) - (step + 1) < t->timeout)
        return;
    t->reference = now.ns;
}

static void unlink_datagram(struct gad_frags *t, uint32_t i)
{
    struct datagram *d = &t->d[i];
    uint32_t *at = &t->buckets[d->bucket];

    while (*at != i)
        at = &t->d[*at].in_bucket;
    *at = d->in_bucket;
    *(d->older != none ? &t->d[d->older].newer : &t->oldest) = d->newer;
    *(d->newer != none ? &t->d[d->newer].older : &t->newest) = d->older;
}

/* Held no longer: a packet, or a refusal. */
static void finish(struct gad_decoder *dec, uint32_t i, bool is_whole, gad_packet_fn *fn, void *arg)
{
    struct datagram *d = &dec->frags->d[i];
    enum gad_net_fate fate = GAD_NET_FRAGMENT_NO_FIRST;

    unlink_datagram(dec->frags, i);
    if (d->has_first) {
        struct gad_walk w = {
            .dec = dec,
            .fn = fn,
            .arg = arg,
            .c = gad_cursor_init(d->first, d->kept),
            .missing = (is_whole ? d->end : d->first_len) - d->kept,
            .from_fragments = true,
            .is_split = d->kept == d->first_len,
            .is_incomplete = !is_whole,
            .sum_at = is_whole && d->is_summable ? d->first : NULL,
            .sum = d->sum,
            .sum_len = d->end,
            .p = d->p,
        };
        fate = gad_net_payload(&w, d->proto);
    }
    dec->stats.fate[GAD_NET_HELD]--;
    dec->stats.fate[fate]++;
    d->newer = dec->frags->free; /* not before: the packet's data were in it */
    dec->frags->free = i;
}

static void give_up_oldest(struct gad_decoder *dec, gad_packet_fn *fn, void *arg)
{
    finish(dec, dec->frags->oldest, false, fn, arg);
}

void gad_frags_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn, void *arg)
{
    struct gad_frags *t = dec->frags;

    tick(t, now);
    while (t->oldest != none && t->clock - t->d[t->oldest].begun >= t->timeout) {
        dec->stats.datagrams_timed_out++;
        give_up_oldest(dec, fn, arg);
    }
}

void gad_frags_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg)
{
    while (dec->frags->oldest != none) {
        dec->stats.datagrams_timed_out++;
        give_up_oldest(dec, fn, arg);
    }
}

/* RFC 791: addresses, protocol, id; RFC 8200: without the protocol, which each fragment may say otherwise. */
static void make_key(const struct gad_walk *w, const struct gad_fragment *f, uint8_t key[KEY_LEN])
{
    const struct gad_tuple *t = &w->p.tuple;
    uint32_t vlan = w->dec->opt.by_vlan ? w->p.vlan : 0;

    memcpy(key, t->src, 16);
    memcpy(key + 16, t->dst, 16);
    memcpy(key + 32, &f->id, 4);
    memcpy(key + 36, &vlan, 4);
    key[40] = t->family;
    key[41] = t->family == 4 ? f->proto : 0;
    key[42] = w->p.tunnels;
    key[43] = 0;
}

static uint32_t take_free(struct gad_walk *w)
{
    struct gad_frags *t = w->dec->frags;

    if (t->free == none && t->unused < t->n)
        return t->unused++;
    if (t->free == none) {
        w->dec->stats.datagrams_evicted++;
        give_up_oldest(w->dec, w->fn, w->arg);
    }
    uint32_t i = t->free;
    t->free = t->d[i].newer;
    return i;
}

static uint32_t add_datagram(struct gad_walk *w, const uint8_t key[KEY_LEN], uint32_t bucket)
{
    struct gad_frags *t = w->dec->frags;
    uint32_t i = take_free(w);
    struct datagram *d = &t->d[i];

    memset(d, 0, offsetof(struct datagram, first));
    memcpy(d->key, key, KEY_LEN);
    tick(t, w->p.time);
    d->begun = t->clock;
    d->p = w->p;
    d->is_summable = true;
    d->bucket = bucket;
    d->in_bucket = t->buckets[bucket];
    t->buckets[bucket] = i;
    d->newer = none;
    d->older = t->newest;
    *(t->newest != none ? &t->d[t->newest].newer : &t->oldest) = i;
    t->newest = i;
    w->dec->stats.datagrams++;
    return i;
}

/* Of the bits from .. to-1, how many are set; sets them if asked. */
static uint32_t count_bits(uint64_t *map, size_t from, size_t to, bool set)
{
    uint32_t n = 0;

    for (size_t word = from / 64; word * 64 < to; word++) {
        uint64_t mask = UINT64_MAX;
        if (word == from / 64)
            mask <<= from % 64;
        if (to - word * 64 < 64)
            mask &= (UINT64_C(1) << (to - word * 64)) - 1;
        n += (uint32_t)__builtin_popcountll(map[word] & mask);
        if (set)
            map[word] |= mask;
    }
    return n;
}

static bool bit(const uint64_t *map, size_t i)
{
    return i < (size_t)N_WORDS * 64 && (map[i / 64] >> i % 64 & 1) != 0;
}

/* All units of a fragment are there: as one fragment that was the same? */
static bool is_repeated(struct datagram *d, const struct gad_fragment *f, size_t end)
{
    size_t from = f->offset / UNIT, to = (end + UNIT - 1) / UNIT;

    return d->p.wrong_fragments == 0 && f->is_last == (d->has_last && end == d->end) &&
           bit(d->starts, from) && count_bits(d->starts, from + 1, to, false) == 0 &&
           (bit(d->starts, to) || !bit(d->have, to));
}

enum verdict { FITS, REPEATED, WRONG };

static enum verdict place(struct datagram *d, const struct gad_fragment *f, size_t len)
{
    size_t from = f->offset / UNIT, end = f->offset + len;
    size_t to = (end + UNIT - 1) / UNIT;

    if (f->is_bad || f->header + end > DATAGRAM_MAX)
        return WRONG;
    if (f->is_last && (d->has_last ? end != d->end : end < d->farthest))
        return WRONG;
    if (!f->is_last && d->has_last && end > d->end)
        return WRONG;
    uint32_t overlap = count_bits(d->have, from, to, false);
    if (overlap > 0)
        return overlap == to - from && is_repeated(d, f, end) ? REPEATED : WRONG;
    (void)count_bits(d->have, from, to, true);
    (void)count_bits(d->starts, from, from + 1, true);
    d->n_units += (uint32_t)(to - from);
    if (end > d->farthest)
        d->farthest = (uint32_t)end;
    if (f->is_last) {
        d->has_last = true;
        d->end = (uint32_t)end;
    }
    return FITS;
}

static void keep_first(struct datagram *d, const struct gad_walk *w, uint8_t proto)
{
    d->has_first = true;
    d->proto = proto;
    d->first_len = (uint32_t)gad_walk_left(w); /* <= DATAGRAM_MAX */
    d->kept = (uint32_t)(w->c.left < GAD_FRAGMENT_KEEP ? w->c.left : GAD_FRAGMENT_KEEP);
    memcpy(d->first, w->c.p, d->kept);
}

static void add_sum(struct datagram *d, const struct gad_walk *w, size_t len)
{
    if (w->dec->checksums == GAD_CHECKSUMS_IGNORE || len > w->c.left)
        d->is_summable = false;
    else
        d->sum = gad_checksum_add(d->sum, w->c.p, len);
}

enum gad_net_fate gad_net_fragment(struct gad_walk *w, const struct gad_fragment *f)
{
    struct gad_frags *t = w->dec->frags;
    size_t len = gad_walk_left(w);
    uint8_t key[KEY_LEN];

    if (!f->is_last)
        len -= len % UNIT; /* RFC 791 wants it so; what is more cannot be placed */
    if (w->from_fragments)
        return GAD_NET_FRAGMENT_NESTED;
    if (len == 0)
        return GAD_NET_FRAGMENT_LENGTH;
    make_key(w, f, key);
    uint32_t bucket = (uint32_t)gad_siphash(t->key, key, KEY_LEN) & t->mask;
    uint32_t i = t->buckets[bucket];
    while (i != none && memcmp(t->d[i].key, key, KEY_LEN) != 0)
        i = t->d[i].in_bucket;
    bool is_new = i == none;
    if (is_new)
        i = add_datagram(w, key, bucket);

    struct datagram *d = &t->d[i];
    enum verdict v = place(d, f, len);
    d->p.time = w->p.time;
    if (v == WRONG) {
        w->dec->stats.fragments_wrong++;
        if (d->p.wrong_fragments < UINT16_MAX)
            d->p.wrong_fragments++;
    } else if (v == REPEATED) {
        w->dec->stats.fragments_repeated++;
    } else {
        add_sum(d, w, len);
    }
    if (f->offset == 0 && !d->has_first && !f->is_bad)
        keep_first(d, w, f->proto);
    if (d->has_last && d->p.wrong_fragments == 0 && d->n_units == (d->end + UNIT - 1) / UNIT) {
        w->dec->stats.datagrams_whole++;
        finish(w->dec, i, true, w->fn, w->arg);
    }
    return is_new ? GAD_NET_HELD : GAD_NET_JOINED;
}
