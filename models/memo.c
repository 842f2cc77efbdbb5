/* SPDX-License-Identifier: Apache-2.0 */
#include "models/memo.h"

#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/siphash.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum {
    WAYS = 8,
    CODES = 24,     /* of a packed record; a SYN flood has about 15 */
    OLDEST = 3,     /* age of an entry that leaves next */
    FRESH = 2,      /* ... of a new one; one that was found has 0 */
    TILE = 48,      /* rows that the detector scores together, its own tile */
    AHEAD = 16,     /* records packed before the first is looked up, so that memory is fetched */
    WAITING = 1024, /* rows of a tile and those equal to one of them */
};

/*
 * The values of a record that are not 0, as codes of 16 bits: a whole number as itself, the k
 * hundredths of a rate as k, any other value as OTHER and the bits of its float32. No value's codes
 * begin with those of another value of its column, so different records have different keys.
 */
enum { CODE_MAX = 0x7fff, OTHER = 0xffff };

union key {
    struct {
        uint64_t present; /* bit c: column c is not 0 */
        uint16_t code[CODES];
    };
    uint64_t word[7];
};

_Static_assert(sizeof(union key) == 7 * sizeof(uint64_t), "the words cover all of the key");

struct entry {
    union key key;
    float score;
    uint16_t n_unknown;
    uint16_t pending; /* 1 + its row of the tile that is not scored yet; 0: the score is known */
};

_Static_assert(sizeof(struct entry) == 64, "an entry is a cache line");

struct set {
    uint16_t sign[WAYS]; /* part of each entry's hash, to skip the others; 0: no entry */
    uint8_t age[WAYS];
};

/* A row whose score follows from a row of the tile. */
struct waiting {
    struct gad_memo_row *row;
    size_t of;
};

struct gad_memo {
    uint64_t secret[2];
    size_t n_sets;
    struct set *set;
    struct entry *entry; /* (sets, WAYS) */

    float hundredth[128];
    size_t n_tile, n_waiting; /* of the call that runs */
    struct gad_detector_row tile[TILE];
    struct entry *of_tile[TILE]; /* NULL: not kept */
    struct waiting waiting[WAITING];
};

int gad_memo_new(size_t bytes, struct gad_memo **ret)
{
    gad_cleanup(gad_memo_freep) struct gad_memo *m = gad_calloc(1, sizeof(*m));
    size_t sets = bytes / (sizeof(struct set) + WAYS * sizeof(struct entry));

    if (!m)
        return GAD_ENOMEM;
    sets = sets > 0 ? sets : 1;
    if (sets > UINT32_MAX)
        return GAD_EINVAL;
    if (getrandom(m->secret, sizeof(m->secret), 0) != (ssize_t)sizeof(m->secret))
        return -EIO;
    m->n_sets = sets;
    for (size_t k = 0; k < 128; k++)
        m->hundredth[k] = (float)((double)k / 100.0);
    m->set = gad_calloc(sets, sizeof(*m->set));
    m->entry = gad_calloc_aligned(sets, WAYS * sizeof(*m->entry));
    if (!m->set || !m->entry)
        return GAD_ENOMEM;
    *ret = gad_steal(&m);
    return 0;
}

void gad_memo_free(struct gad_memo *m)
{
    if (!m)
        return;
    gad_free(m->set);
    gad_free(m->entry);
    gad_free(m);
}

/* --- records to keys --- */

/* Bit i: v[i] is not 0.0, of n values. -0.0 is another value here, whose bits differ. */
static inline uint64_t present(const double *v, size_t n)
{
    uint64_t set = 0, bits;

    for (size_t i = 0; i < n; i++) {
        memcpy(&bits, &v[i], sizeof(bits));
        set |= (uint64_t)(bits != 0) << i;
    }
    return set;
}

/* The same of all columns, in parts whose loops compilers unroll. */
static uint64_t all_present(const double v[static GAD_N_COLUMNS])
{
    uint64_t set = 0;
    size_t c = 0;

    for (; c + 8 <= GAD_N_COLUMNS; c += 8)
        set |= present(v + c, 8) << c;
    return set | present(v + c, GAD_N_COLUMNS % 8) << c;
}

/* The code of a value that one code can hold, else OTHER. The values are those of a legal record:
 * rates up to 1, numbers up to 2^53, -1 for an unknown name. */
static unsigned code_of(const struct gad_memo *m, size_t c, float v)
{
    if (gad_columns[c].kind == GAD_KIND_RATE) {
        unsigned k = (unsigned)(v * 100.0f + 0.5f) & 127U;
        return v < m->hundredth[k] || v > m->hundredth[k] ? OTHER : k;
    }
    int64_t whole = (int64_t)v;
    bool is_whole = !(v < (float)whole || v > (float)whole);
    return is_whole && whole >= 0 && whole <= CODE_MAX ? (unsigned)whole : OTHER;
}

/* Returns false if the record does not fit. */
static bool pack(const struct gad_memo *m, const struct gad_record *rec, union key *key,
                 size_t *ret_n)
{
    size_t n = 0;

    *key = (union key){.present = all_present(rec->v)};
    for (uint64_t left = key->present; left != 0; left &= left - 1) {
        size_t c = (size_t)__builtin_ctzll(left);
        float v = (float)rec->v[c];
        unsigned code = code_of(m, c, v);
        if (n + (code == OTHER ? 3 : 1) > CODES)
            return false;
        key->code[n++] = (uint16_t)code;
        if (code != OTHER)
            continue;
        memcpy(&key->code[n], &v, sizeof(v));
        n += 2;
    }
    *ret_n = n;
    return true;
}

/* A record that is about to be looked up. */
struct wanted {
    union key key;
    bool fits;
    uint16_t sign;
    struct set *set;
    struct entry *entries; /* (WAYS), of the set */
};

static void prepare(struct gad_memo *m, const struct gad_record *rec, struct wanted *w)
{
    size_t n;

    w->fits = pack(m, rec, &w->key, &n);
    if (!w->fits)
        return;
    /* the codes behind the n-th are 0, and @present says how many there are */
    uint64_t hash = gad_siphash13(m->secret, w->key.word, 1 + (n + 3) / 4);
    size_t at = (hash >> 32) * m->n_sets >> 32;
    w->set = &m->set[at];
    w->entries = &m->entry[at * WAYS];
    w->sign = (uint16_t)(hash | 1);
    __builtin_prefetch(w->set);
}

/* Fetches the entry that the record probably has. */
static void fetch(const struct wanted *w)
{
    for (size_t i = 0; w->fits && i < WAYS; i++)
        if (w->set->sign[i] == w->sign)
            __builtin_prefetch(&w->entries[i]);
}

/* --- entries --- */

static bool same(const union key *a, const union key *b)
{
    uint64_t differs = 0;

    for (size_t i = 0; i < sizeof(a->word) / sizeof(a->word[0]); i++)
        differs |= a->word[i] ^ b->word[i];
    return differs == 0;
}

static struct entry *find(const struct wanted *w)
{
    for (size_t i = 0; i < WAYS; i++)
        if (w->set->sign[i] == w->sign && same(&w->entries[i].key, &w->key)) {
            w->set->age[i] = 0;
            return &w->entries[i];
        }
    return NULL;
}

/* A place in the set: an unused one, else the oldest, after all have become older if none is. */
static size_t place_in(struct set *s)
{
    uint8_t most = 0;

    for (size_t i = 0; i < WAYS; i++) {
        if (s->sign[i] == 0)
            return i;
        most = s->age[i] > most ? s->age[i] : most;
    }
    size_t place = WAYS;
    for (size_t i = WAYS; i-- > 0;) {
        s->age[i] = (uint8_t)(s->age[i] + OLDEST - most);
        place = s->age[i] == OLDEST ? i : place;
    }
    return place;
}

static struct entry *add(const struct wanted *w)
{
    size_t i = place_in(w->set);

    w->set->sign[i] = w->sign;
    w->set->age[i] = FRESH;
    w->entries[i].key = w->key;
    return &w->entries[i];
}

/* --- rows --- */

/* Scores the tile: for its entries, unless they left meanwhile, and for the rows that wait. */
static void score_tile(struct gad_memo *m, const struct gad_detector *det, struct gad_workspace *ws,
                       struct gad_memo_use *use)
{
    gad_detector_score_rows(det, ws, m->n_tile, m->tile);
    for (size_t i = 0; i < m->n_tile; i++) {
        struct entry *e = m->of_tile[i];
        if (!e || e->pending != i + 1)
            continue;
        e->pending = 0;
        e->score = m->tile[i].score;
        e->n_unknown = (uint16_t)m->tile[i].n_unknown; /* at most GAD_N_COLUMNS */
    }
    for (size_t i = 0; i < m->n_waiting; i++) {
        const struct gad_detector_row *from = &m->tile[m->waiting[i].of];
        m->waiting[i].row->score = from->score;
        use->unknown += from->n_unknown;
    }
    m->n_tile = m->n_waiting = 0;
}

static void wait_for(struct gad_memo *m, struct gad_memo_row *row, size_t of)
{
    m->waiting[m->n_waiting++] = (struct waiting){row, of};
}

/* Adds a row to the tile. */
static void ask(struct gad_memo *m, struct gad_memo_row *row, struct entry *e)
{
    size_t at = m->n_tile++;

    m->tile[at].rec = row->rec;
    m->of_tile[at] = e;
    if (e)
        e->pending = (uint16_t)(at + 1);
    wait_for(m, row, at);
}

/* Returns false if the row would be one too many to score. */
static bool take(struct gad_memo *m, const struct wanted *w, struct gad_memo_row *row, size_t most,
                 struct gad_memo_use *use)
{
    struct entry *e = w->fits ? find(w) : NULL;

    if (e && e->pending) {
        wait_for(m, row, e->pending - 1U);
        use->found++;
    } else if (e) {
        row->score = e->score;
        use->unknown += e->n_unknown;
        use->found++;
    } else if (most > 0) {
        ask(m, row, w->fits ? add(w) : NULL);
        use->scored++;
    } else {
        return false;
    }
    return true;
}

static size_t score_all(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                        struct gad_memo_row *row, struct gad_memo_use *use)
{
    struct gad_detector_row tile[TILE];

    for (size_t at = 0, rows; at < n; at += rows) {
        rows = n - at < TILE ? n - at : TILE;
        for (size_t i = 0; i < rows; i++)
            tile[i].rec = row[at + i].rec;
        gad_detector_score_rows(det, ws, rows, tile);
        for (size_t i = 0; i < rows; i++) {
            row[at + i].score = tile[i].score;
            use->unknown += tile[i].n_unknown;
        }
    }
    use->scored += n;
    return n;
}

size_t gad_memo_score(struct gad_memo *m, const struct gad_detector *det, struct gad_workspace *ws,
                      size_t n, struct gad_memo_row *row, size_t most, struct gad_memo_use *use)
{
    struct wanted wanted[AHEAD];
    size_t done = 0, ready = 0;
    uint64_t before = use->scored;

    if (!m)
        return score_all(det, ws, n < most ? n : most, row, use);
    for (; done < n; done++) {
        if (done == ready) {
            for (; ready < n && ready < done + AHEAD; ready++)
                prepare(m, row[ready].rec, &wanted[ready - done]);
            for (size_t i = done; i < ready; i++)
                fetch(&wanted[i - done]);
        }
        if (!take(m, &wanted[done % AHEAD], &row[done], most - (use->scored - before), use))
            break;
        if (m->n_tile == TILE || m->n_waiting == WAITING)
            score_tile(m, det, ws, use);
    }
    if (m->n_tile > 0)
        score_tile(m, det, ws, use);
    return done;
}
