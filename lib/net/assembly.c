/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/assembly.h"

#include <string.h>

enum {
    KEEP = GAD_ASSEMBLY_KEEP,
    UNIT = GAD_ASSEMBLY_UNIT,
    CHUNK = GAD_ASSEMBLY_CHUNK,
    WORDS = CHUNK / 8,
    MAP_WORDS = WORDS / 2, /* a chunk has a part of both maps */
    MAP_UNITS = MAP_WORDS * 64,
    DATAGRAM_MAX = 65535,
    CHUNKS_MAX = 65535, /* numbers of chunks have 16 bits; 0: no chunk */
};

_Static_assert(GAD_ASSEMBLY_MAPS *MAP_UNITS *UNIT > DATAGRAM_MAX, "maps are for any datagram");

union chunk {
    uint8_t bytes[CHUNK];
    uint64_t words[WORDS];
};

struct gad_pool {
    size_t n, n_touched; /* chunks 1 .. n_touched have been in use; others cost no memory yet */
    size_t n_spare;
    uint16_t *spare;     /* (n), free ones among them */
    union chunk *chunks; /* (n + 1) */
};

int gad_pool_new(size_t bytes, struct gad_pool **ret)
{
    gad_cleanup(gad_pool_freep) struct gad_pool *p = gad_calloc(1, sizeof(*p));
    size_t n = bytes / CHUNK;

    if (!p)
        return GAD_ENOMEM;
    n = n > CHUNKS_MAX ? CHUNKS_MAX : n;
    const size_t least = (size_t)2 * GAD_ASSEMBLY_CHUNKS_MAX;
    p->n = n < least ? least : n;
    p->spare = gad_calloc(p->n, sizeof(*p->spare));
    p->chunks = gad_calloc(p->n + 1, sizeof(*p->chunks));
    if (!p->spare || !p->chunks)
        return GAD_ENOMEM;
    *ret = gad_steal(&p);
    return 0;
}

void gad_pool_free(struct gad_pool *p)
{
    if (!p)
        return;
    gad_free(p->spare);
    gad_free(p->chunks);
    gad_free(p);
}

static uint16_t take(struct gad_pool *p)
{
    size_t i = p->n_spare > 0 ? p->spare[--p->n_spare] : ++p->n_touched;

    gad_assert(i <= p->n);
    memset(&p->chunks[i], 0, sizeof(p->chunks[i]));
    return (uint16_t)i;
}

/* Goes over entries [from, to) of a list of chunks: counts those without one, or gives them one. */
static int fill(struct gad_pool *p, uint16_t *list, size_t from, size_t to, bool is_taking)
{
    int n = 0;

    for (size_t i = from; i < to; i++)
        if (list[i] == 0) {
            n++;
            if (is_taking)
                list[i] = take(p);
        }
    return n;
}

static int fill_both(struct gad_pool *p, struct gad_assembly *a, size_t from, size_t to,
                     bool is_taking)
{
    size_t data_to = to < KEEP ? to : KEEP, map = (size_t)MAP_UNITS * UNIT;
    int n = fill(p, a->map, from / map, (to + map - 1) / map, is_taking);

    return n + fill(p, a->data, from / CHUNK, (data_to + CHUNK - 1) / CHUNK, is_taking);
}

int gad_assembly_reserve(struct gad_pool *p, struct gad_assembly *a, size_t from, size_t to)
{
    int n = fill_both(p, a, from, to, false);

    if ((size_t)n > p->n - p->n_touched + p->n_spare)
        return -1;
    return fill_both(p, a, from, to, true);
}

static void give_back(struct gad_pool *p, uint16_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] != 0) {
            p->spare[p->n_spare++] = list[i];
            list[i] = 0;
        }
}

void gad_assembly_release(struct gad_pool *p, struct gad_assembly *a)
{
    give_back(p, a->data, GAD_ASSEMBLY_DATA);
    give_back(p, a->map, GAD_ASSEMBLY_MAPS);
}

static bool is_filled(const struct gad_assembly *a, size_t unit)
{
    return (a->filled[unit / 64] >> unit % 64 & 1) != 0;
}

/* One unit, of which len bytes are there. True: they differ from those there already. */
static bool put_unit(struct gad_pool *p, struct gad_assembly *a, size_t at, const uint8_t *data,
                     size_t len)
{
    uint8_t *to = &p->chunks[a->data[at / CHUNK]].bytes[at % CHUNK];
    size_t unit = at / UNIT;

    if (is_filled(a, unit)) /* bytes that were not captured cannot be compared */
        return (a->unknown == 0 || at + len < a->unknown) && memcmp(to, data, len) != 0;
    memcpy(to, data, len);
    a->filled[unit / 64] |= UINT64_C(1) << unit % 64;
    return false;
}

bool gad_assembly_put(struct gad_pool *p, struct gad_assembly *a, size_t at, const uint8_t *data,
                      size_t captured, size_t len)
{
    bool differs = false;

    for (size_t i = 0; i < len && at + i < KEEP; i += UNIT) {
        size_t left = captured > i ? captured - i : 0;
        size_t full = len - i < UNIT ? len - i : UNIT;
        bool is_cut = left < full;
        if (is_cut && !is_filled(a, (at + i) / UNIT) && (a->unknown == 0 || at + i < a->unknown))
            a->unknown = (uint32_t)(at + i + left + 1);
        differs |=
            put_unit(p, a, at + i, data + (is_cut && left == 0 ? 0 : i), is_cut ? left : full);
    }
    return differs;
}

/* Returns the number of bytes before the first unit that has not arrived. */
static size_t filled(const struct gad_assembly *a)
{
    size_t word = 0, n = sizeof(a->filled) / sizeof(a->filled[0]);

    while (word < n && a->filled[word] == UINT64_MAX)
        word++;
    size_t bits = word < n ? (size_t)__builtin_ctzll(~a->filled[word]) : 0;
    size_t bytes = (word * 64 + bits) * UNIT;
    return a->end != 0 && a->end < bytes ? a->end : bytes;
}

bool gad_assembly_is_whole(const struct gad_assembly *a)
{
    return a->end != 0 && filled(a) == (a->end < KEEP ? a->end : KEEP);
}

size_t gad_assembly_copy(const struct gad_pool *p, const struct gad_assembly *a,
                         uint8_t buf[static GAD_ASSEMBLY_KEEP], size_t *ret_left)
{
    size_t n = filled(a);

    *ret_left = n;
    if (a->unknown != 0 && a->unknown <= n)
        n = a->unknown - 1;
    for (size_t at = 0; at < n; at += CHUNK)
        memcpy(buf + at, p->chunks[a->data[at / CHUNK]].bytes, n - at < CHUNK ? n - at : CHUNK);
    return n;
}

/* Returns the bits from .. to-1 that lie in a word. */
static uint64_t mask_of(size_t word, size_t from, size_t to)
{
    uint64_t mask = UINT64_MAX;

    if (word == from / 64)
        mask <<= from % 64;
    if (to - word * 64 < 64)
        mask &= (UINT64_C(1) << (to - word * 64)) - 1;
    return mask;
}

uint32_t gad_assembly_count(const struct gad_pool *p, const struct gad_assembly *a,
                            enum gad_assembly_map m, size_t from, size_t to)
{
    uint32_t n = 0;

    for (size_t word = from / 64; word * 64 < to && word < (size_t)GAD_ASSEMBLY_MAPS * MAP_WORDS;
         word++) {
        uint16_t chunk = a->map[word / MAP_WORDS];
        if (chunk != 0)
            n += (uint32_t)__builtin_popcountll(
                p->chunks[chunk].words[(size_t)m * MAP_WORDS + word % MAP_WORDS] &
                mask_of(word, from, to));
    }
    return n;
}

void gad_assembly_set(struct gad_pool *p, struct gad_assembly *a, enum gad_assembly_map m,
                      size_t from, size_t to)
{
    for (size_t word = from / 64; word * 64 < to; word++)
        p->chunks[a->map[word / MAP_WORDS]].words[(size_t)m * MAP_WORDS + word % MAP_WORDS] |=
            mask_of(word, from, to);
}
