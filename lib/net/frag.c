/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/frag.h"

#include "lib/base/lru.h"
#include "lib/base/siphash.h"
#include "lib/net/assembly.h"
#include "lib/net/checksum.h"
#include "lib/net/frame_ring.h"

enum {
    UNIT = GAD_ASSEMBLY_UNIT,
    DATAGRAM_MAX = 65535,
    KEY_WORDS = 6,
    N_WEIGHTS = 4096, /* addresses share them by a keyed hash */
    PROBES = 16,      /* datagrams that are compared to choose one to give up */
};

/* What a datagram counts for. Senders forge sources, but not often of all networks. */
enum share { SOURCE, SOURCE_NETWORK, DESTINATION, N_SHARES };

struct datagram {
    uint64_t begun;      /* on the table's clock */
    struct gad_packet p; /* addresses, VLAN, tunnels, wrong fragments; time of the last fragment */
    uint8_t proto;       /* of the first fragment */
    bool has_first, has_last, is_summable;
    uint16_t place[N_SHARES]; /* in `weights` */
    uint32_t n;               /* fragments; 0: the slot is free */
    uint32_t weight;          /* 1 and its chunks */
    uint32_t first_len;       /* on the wire */
    uint32_t end;             /* bytes; known when the last fragment has arrived */
    uint32_t farthest;        /* end of the farthest fragment, bytes */
    uint32_t n_units;
    uint64_t sum; /* one's-complement, of all fragments */
    struct gad_assembly bytes;
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
    size_t n;                /* slots */
    struct gad_pool *pool;
    uint64_t secret[2];
    uint32_t weights[N_SHARES][N_WEIGHTS]; /* sums over datagrams */
    uint8_t buf[GAD_ASSEMBLY_KEEP];
};

int gad_frags_new(const struct gad_decoder_options *opt, struct gad_frags **ret)
{
    gad_cleanup(gad_frags_freep) struct gad_frags *t = gad_calloc(1, sizeof(*t));

    if (!t)
        return GAD_ENOMEM;
    t->n = opt->datagrams; /* 1 to 2^20, see gad_decoder_new() */
    t->timeout = (uint64_t)opt->timeout_ns;
    t->secret[0] = opt->seed;
    t->secret[1] = ~opt->seed;
    t->d = gad_calloc(t->n + 1, sizeof(*t->d));
    if (!t->d)
        return GAD_ENOMEM;
    int r = gad_lru_new(t->n, KEY_WORDS, t->secret, &t->order);
    if (r == 0)
        r = gad_pool_new(opt->memory, &t->pool);
    if (r != 0)
        return r;
    *ret = gad_steal(&t);
    return 0;
}

void gad_frags_free(struct gad_frags *t)
{
    if (!t)
        return;
    gad_pool_free(t->pool);
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

static void add_weight(struct gad_frags *t, struct datagram *d, uint32_t n)
{
    d->weight += n;
    for (int i = 0; i < N_SHARES; i++)
        t->weights[i][d->place[i]] += n;
}

/* Of IPv6, the source is a network of 64 bits, because a host can choose the rest. */
static void begin_weight(struct gad_frags *t, struct datagram *d)
{
    const struct gad_tuple *tuple = &d->p.tuple;
    const size_t network = tuple->family == 4 ? 2 : 4; /* bytes */

    for (int i = 0; i < N_SHARES; i++) {
        uint64_t words[3] = {(uint64_t)i};
        memcpy(words + 1, i == DESTINATION ? tuple->dst : tuple->src,
               i == DESTINATION ? 16
               : i == SOURCE    ? 8
                                : network);
        d->place[i] = (uint16_t)(gad_siphash13(t->secret, words, 3) % N_WEIGHTS);
    }
    add_weight(t, d, 1);
}

/* Returns what its addresses hold in all, itself included. */
static uint32_t weigh(const struct gad_frags *t, const struct datagram *d)
{
    uint32_t sum = 0;

    for (int i = 0; i < N_SHARES; i++)
        sum += t->weights[i][d->place[i]]; /* < 2^21 each: 2^20 datagrams and 2^16 chunks */
    return sum;
}

enum ending { WHOLE, INCOMPLETE, CUT }; /* CUT: not all that arrived was captured */

/* Passes on a datagram as one of len bytes, of which `kept` are in the buffer. */
static enum gad_net_fate pass(struct gad_decoder *dec, const struct datagram *d, size_t len,
                              size_t kept, enum ending how, gad_packet_fn *fn, void *arg)
{
    bool is_whole = how == WHOLE;
    bool has_sum = is_whole && d->is_summable && d->p.wrong_fragments == 0;

    kept = kept < len ? kept : len;
    struct gad_walk w = {
        .dec = dec,
        .fn = fn,
        .arg = arg,
        .c = gad_cursor_init(dec->frags->buf, kept),
        .missing = len - kept,
        .from_fragments = true,
        .is_split = how == INCOMPLETE,
        .is_incomplete = !is_whole,
        .sum_at = has_sum ? dec->frags->buf : NULL,
        .sum = d->sum,
        .sum_len = len,
        .p = d->p,
    };
    return gad_net_payload(&w, d->proto);
}

/* Ends a datagram as a packet or a refusal. An incomplete one is as long as its first fragment, as
 * in KDD99, unless the headers continue behind that. */
static void finish(struct gad_decoder *dec, uint32_t i, bool is_whole, gad_packet_fn *fn, void *arg)
{
    struct gad_frags *t = dec->frags;
    struct datagram *d = &t->d[i];
    enum gad_net_fate fate = GAD_NET_FRAGMENT_NO_FIRST;
    size_t left;

    if (d->has_first) {
        size_t kept = gad_assembly_copy(t->pool, &d->bytes, t->buf, &left);
        enum ending how = is_whole ? WHOLE : kept == left ? INCOMPLETE : CUT;
        fate = pass(dec, d, is_whole ? d->bytes.end : d->first_len, kept, how, fn, arg);
        if (fate == GAD_NET_FRAGMENT_TINY && left > d->first_len)
            fate = pass(dec, d, left, kept, how, fn, arg);
    }
    dec->stats.fate[GAD_NET_HELD]--;
    dec->stats.fate[fate]++;
    gad_assembly_release(t->pool, &d->bytes);
    add_weight(t, d, -d->weight);
    d->n = 0;
    gad_lru_remove(t->order, i);
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

/* Is `a` less worth keeping? First those whose addresses hold clearly more, because a little more
 * is chance, then those without progress. */
static bool is_worse(const struct gad_frags *t, const struct datagram *a, const struct datagram *b)
{
    uint32_t of_a = weigh(t, a), of_b = weigh(t, b);

    if (of_a > of_b + of_b / 4 || of_b > of_a + of_a / 4)
        return of_a > of_b;
    return a->n == 1 && b->n > 1;
}

/*
 * Chooses among a few at random. By age, a sender would know how many fragments push out a certain
 * datagram; by progress alone, datagrams of two fragments would fill the table and leave no room.
 */
static void give_up_one(struct gad_walk *w, uint32_t keep)
{
    struct gad_frags *t = w->dec->frags;
    const uint64_t turn = w->dec->stats.datagrams_evicted++;
    uint64_t random = gad_siphash13(t->secret, &turn, 1); /* no peer can predict it */
    uint32_t worst = 0;

    for (unsigned i = 0; i < PROBES; i++) {
        random = random * UINT64_C(6364136223846793005) + 1; /* Knuth's MMIX */
        uint32_t slot = (uint32_t)((random >> 32) * t->n >> 32) + 1;
        if (slot != keep && t->d[slot].n > 0 &&
            (worst == 0 || is_worse(t, &t->d[slot], &t->d[worst])))
            worst = slot;
    }
    for (uint32_t slot = gad_lru_oldest(t->order); worst == 0; slot = gad_lru_newer(t->order, slot))
        worst = slot != keep ? slot : 0;
    finish(w->dec, worst, false, w->fn, w->arg);
}

static uint32_t add_datagram(struct gad_walk *w, const uint64_t key[KEY_WORDS])
{
    struct gad_frags *t = w->dec->frags;

    if (gad_lru_is_full(t->order))
        give_up_one(w, 0);
    uint32_t i = gad_lru_add(t->order, key);
    struct datagram *d = &t->d[i];

    memset(d, 0, sizeof(*d));
    tick(t, w->p.time);
    d->begun = t->clock;
    d->p = w->p;
    d->is_summable = true;
    begin_weight(t, d);
    w->dec->stats.datagrams++;
    return i;
}

/* Gives datagram i the memory for bytes [from, to). */
static void reserve(struct gad_walk *w, uint32_t i, size_t from, size_t to)
{
    struct gad_frags *t = w->dec->frags;
    struct datagram *d = &t->d[i];
    int n;

    while ((n = gad_assembly_reserve(t->pool, &d->bytes, from, to)) < 0)
        give_up_one(w, i); /* there is another one: the pool is enough for two */
    add_weight(t, d, (uint32_t)n);
}

static bool has_bit(const struct gad_pool *p, const struct datagram *d, enum gad_assembly_map m,
                    size_t i)
{
    return gad_assembly_count(p, &d->bytes, m, i, i + 1) != 0;
}

/* All units of a fragment have arrived: in one identical fragment? */
static bool is_repeated(const struct gad_pool *p, const struct datagram *d,
                        const struct gad_fragment *f, size_t end)
{
    size_t from = f->offset / UNIT, to = (end + UNIT - 1) / UNIT;

    return d->p.wrong_fragments == 0 && f->is_last == (d->has_last && end == d->end) &&
           has_bit(p, d, GAD_ASSEMBLY_STARTS, from) &&
           gad_assembly_count(p, &d->bytes, GAD_ASSEMBLY_STARTS, from + 1, to) == 0 &&
           (has_bit(p, d, GAD_ASSEMBLY_STARTS, to) || !has_bit(p, d, GAD_ASSEMBLY_HAVE, to));
}

enum verdict { FITS, REPEATED, WRONG };

static enum verdict place(struct gad_pool *p, struct datagram *d, const struct gad_fragment *f,
                          size_t len)
{
    size_t from = f->offset / UNIT, end = f->offset + len;
    size_t to = (end + UNIT - 1) / UNIT;

    if (f->is_last && (d->has_last ? end != d->end : end < d->farthest))
        return WRONG;
    if (!f->is_last && d->has_last && end > d->end)
        return WRONG;
    uint32_t overlap = gad_assembly_count(p, &d->bytes, GAD_ASSEMBLY_HAVE, from, to);
    if (overlap > 0)
        return overlap == to - from && is_repeated(p, d, f, end) ? REPEATED : WRONG;
    gad_assembly_set(p, &d->bytes, GAD_ASSEMBLY_HAVE, from, to);
    gad_assembly_set(p, &d->bytes, GAD_ASSEMBLY_STARTS, from, from + 1);
    d->n_units += (uint32_t)(to - from);
    if (end > d->farthest)
        d->farthest = (uint32_t)end;
    if (f->is_last) {
        d->has_last = true;
        d->end = (uint32_t)end;
    }
    return FITS;
}

/* The bytes count even if the fragment is wrong: some hosts accept an overlap. */
static void assemble(struct gad_walk *w, struct datagram *d, const struct gad_fragment *f,
                     size_t len)
{
    if (gad_assembly_put(w->dec->frags->pool, &d->bytes, f->offset, w->c.p,
                         w->c.left < len ? w->c.left : len, len)) {
        w->dec->stats.fragments_conflicting++;
        d->p.is_ambiguous = true;
    }
    if (f->is_last && d->bytes.end == 0)
        d->bytes.end = (uint32_t)(f->offset + len);
    if (f->offset == 0 && !d->has_first) {
        d->has_first = true;
        d->proto = f->proto;
        d->first_len = (uint32_t)gad_walk_left(w); /* <= DATAGRAM_MAX */
    }
}

static void add_sum(struct datagram *d, const struct gad_walk *w, size_t len)
{
    if (w->dec->opt.checksums == GAD_CHECKSUMS_IGNORE || len > w->c.left)
        d->is_summable = false;
    else
        d->sum = gad_checksum_add(d->sum, w->c.p, len);
}

static enum verdict add_fragment(struct gad_walk *w, uint32_t i, const struct gad_fragment *f,
                                 size_t len)
{
    struct gad_frags *t = w->dec->frags;
    struct datagram *d = &t->d[i];

    if (f->is_bad || f->header + f->offset + len > DATAGRAM_MAX)
        return WRONG;
    reserve(w, i, f->offset, f->offset + len);
    enum verdict v = place(t->pool, d, f, len);
    if (v == FITS)
        add_sum(d, w, len);
    assemble(w, d, f, len);
    return v;
}

/* The datagram's frames are a chain, which becomes a part of its connection's. */
static void store(struct gad_frame_ring *ring, struct gad_packet *p)
{
    p->frames_last = gad_frame_ring_store(ring, GAD_FRAMES_YOUNG, p->frames_last, &p->frames_bytes);
    if (p->frames_first == 0)
        p->frames_first = p->frames_last;
}

static void count(struct gad_walk *w, struct datagram *d, enum verdict v)
{
    d->p.time = w->p.time;
    d->n++;
    w->dec->stats.fragments_repeated += v == REPEATED;
    w->dec->stats.fragments_wrong += v == WRONG;
    if (v == WRONG && d->p.wrong_fragments < UINT16_MAX)
        d->p.wrong_fragments++;
}

/* With a wrong fragment only TCP is complete: its content would be late otherwise. KDD99, whose
 * teardrop is UDP and whose ping of death is ICMP, counts those together until they time out. */
static bool is_complete(const struct datagram *d)
{
    if (d->p.wrong_fragments > 0)
        return d->has_first && d->proto == GAD_IP_TCP && gad_assembly_is_whole(&d->bytes);
    return d->has_last && d->n_units == (d->end + UNIT - 1) / UNIT;
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
    if (is_new && f->is_unwanted)
        return gad_net_other(w, f->proto);
    if (is_new)
        i = add_datagram(w, key);
    if (w->dec->opt.ring)
        store(w->dec->opt.ring, &t->d[i].p);
    count(w, &t->d[i], add_fragment(w, i, f, len));
    if (is_complete(&t->d[i])) {
        w->dec->stats.datagrams_whole++;
        finish(w->dec, i, true, w->fn, w->arg);
    }
    return is_new ? GAD_NET_HELD : GAD_NET_JOINED;
}
