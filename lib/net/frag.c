/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/frag.h"

#include "lib/base/lru.h"
#include "lib/net/checksum.h"

enum {
    UNIT = 8, /* bytes; of an offset, RFC 791 section 3.1 */
    DATAGRAM_MAX = 65535,
    N_WORDS = (DATAGRAM_MAX / UNIT + 1) / 64, /* of a bitmap with a bit a unit */
    KEY_WORDS = 6,
};

struct datagram {
    uint64_t begun;      /* on the table's clock */
    struct gad_packet p; /* addresses, VLAN, tunnels, wrong fragments; time of the last fragment */
    uint8_t proto;       /* of the first fragment */
    bool has_first, has_last, is_summable;
    uint32_t first_len; /* on the wire */
    uint32_t kept;      /* bytes of `first` */
    uint32_t end;       /* bytes; known when the last fragment has arrived */
    uint32_t farthest;  /* end of the farthest fragment, bytes */
    uint32_t n_units;
    uint64_t sum; /* one's-complement, of all fragments */
    uint64_t have[N_WORDS];
    uint64_t starts[N_WORDS]; /* units at which a fragment started */
    uint8_t first[GAD_FRAGMENT_KEEP];
};

/*
 * The clock only goes forward. Packets that are slightly late do not move it. A greater step back
 * in packet time, as in concatenated captures, restarts it from there. The clock can wrap.
 */
struct gad_frags {
    uint64_t clock, timeout; /* ns */
    int64_t reference;       /* packet time of `clock` */
    struct gad_lru *order;   /* by their first fragment to arrive */
    struct datagram *d;      /* by slot; memory that is not touched costs nothing */
};

int gad_frags_new(const struct gad_decoder_options *opt, struct gad_frags **ret)
{
    enum {
        COST = sizeof(struct datagram) + GAD_LRU_SLOT_SIZE + KEY_WORDS * sizeof(uint64_t)
    }; /* bytes */
    gad_cleanup(gad_frags_freep) struct gad_frags *t = gad_calloc(1, sizeof(*t));
    const uint64_t secret[2] = {opt->seed, ~opt->seed};
    size_t n = opt->memory / COST;

    n = n < opt->datagrams ? n : opt->datagrams; /* at most 2^20, see gad_decoder_new() */
    n = n > 0 ? n : 1;
    if (!t || !(t->d = gad_calloc(n + 1, sizeof(*t->d))))
        return GAD_ENOMEM;
    t->timeout = (uint64_t)opt->timeout_ns;
    int r = gad_lru_new(n, KEY_WORDS, secret, &t->order);
    if (r != 0)
        return r;
    *ret = gad_steal(&t);
    return 0;
}

void gad_frags_free(struct gad_frags *t)
{
    if (!t)
        return;
    gad_lru_free(t->order);
    gad_free(t->d);
    gad_free(t);
}

bool gad_frags_any(const struct gad_frags *t)
{
    return gad_lru_count(t->order) > 0;
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

/* Ends a datagram as a packet or a refusal. */
static void finish(struct gad_decoder *dec, uint32_t i, bool is_whole, gad_packet_fn *fn, void *arg)
{
    struct datagram *d = &dec->frags->d[i];
    enum gad_net_fate fate = GAD_NET_FRAGMENT_NO_FIRST;

    if (d->has_first) {
        /* A forged last fragment can end the datagram inside its first one. */
        size_t len = is_whole ? d->end : d->first_len, kept = d->kept < len ? d->kept : len;
        struct gad_walk w = {
            .dec = dec,
            .fn = fn,
            .arg = arg,
            .c = gad_cursor_init(d->first, kept),
            .missing = len - kept,
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
    gad_lru_remove(dec->frags->order, i); /* only now: the packet's data were in it */
}

void gad_frags_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn, void *arg)
{
    struct gad_frags *t = dec->frags;
    uint32_t i;

    tick(t, now);
    while ((i = gad_lru_oldest(t->order)) != 0 && t->clock - t->d[i].begun >= t->timeout) {
        dec->stats.datagrams_timed_out++;
        finish(dec, i, false, fn, arg);
    }
}

void gad_frags_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg)
{
    uint32_t i;

    while ((i = gad_lru_oldest(dec->frags->order)) != 0) {
        dec->stats.datagrams_timed_out++;
        finish(dec, i, false, fn, arg);
    }
}

/* RFC 791: addresses, protocol, id. RFC 8200: without the protocol, which can differ between
 * fragments. */
static void make_key(const struct gad_walk *w, const struct gad_fragment *f,
                     uint64_t key[KEY_WORDS])
{
    const struct gad_tuple *t = &w->p.tuple;
    uint32_t vlan = w->dec->opt.by_vlan ? w->p.vlan : 0;
    uint8_t proto = t->family == 4 ? f->proto : 0;

    memcpy(key, t->src, 16);
    memcpy(key + 2, t->dst, 16);
    key[4] = f->id | (uint64_t)vlan << 32;
    key[5] = t->family | (uint64_t)proto << 8 | (uint64_t)w->p.tunnels << 16;
}

static uint32_t add_datagram(struct gad_walk *w, const uint64_t key[KEY_WORDS])
{
    struct gad_frags *t = w->dec->frags;

    if (gad_lru_is_full(t->order)) {
        w->dec->stats.datagrams_evicted++;
        finish(w->dec, gad_lru_oldest(t->order), false, w->fn, w->arg);
    }
    uint32_t i = gad_lru_add(t->order, key);
    struct datagram *d = &t->d[i];

    memset(d, 0, offsetof(struct datagram, first));
    tick(t, w->p.time);
    d->begun = t->clock;
    d->p = w->p;
    d->is_summable = true;
    w->dec->stats.datagrams++;
    return i;
}

/* Counts the bits from .. to-1 that are set; sets them if asked. */
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

/* All units of a fragment have arrived: in one identical fragment? */
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
    uint64_t key[KEY_WORDS];

    if (!f->is_last)
        len -= len % UNIT; /* RFC 791 requires multiples of 8; the rest cannot be placed */
    if (w->from_fragments)
        return GAD_NET_FRAGMENT_NESTED;
    if (len == 0)
        return GAD_NET_FRAGMENT_LENGTH;
    make_key(w, f, key);
    uint32_t i = gad_lru_find(t->order, key);
    bool is_new = i == 0;
    if (is_new)
        i = add_datagram(w, key);

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
