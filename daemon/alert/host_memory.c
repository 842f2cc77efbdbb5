/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/siphash.h"

static const char magic[8] = "GADHOST1";
static const uint64_t sum_key[2] = {UINT64_C(0x67616e61642d686f), UINT64_C(0x73742d6d656d6f72)};

/* --- writing --- */

static void put_float(struct gad_buf *b, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof(bits));
    gad_buf_add_u32le(b, bits);
}

static void put_u64(struct gad_buf *b, const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gad_buf_add_u64le(b, v[i]);
}

static void put_level(struct gad_buf *b, const struct host_level *v)
{
    for (size_t i = 0; i < HOST_LEVEL_BINS; i++)
        put_float(b, v->count[i]);
    put_u64(b, v->hosts, HOST_LEVEL_BINS);
    put_u64(b, v->before, HOST_LEVEL_BINS);
    put_float(b, v->at);
    put_float(b, v->free);
}

static void put_levels(struct gad_buf *b, const struct host_levels *l)
{
    put_u64(b,
            (const uint64_t[4]){(uint64_t)l->begun.ns, (uint64_t)l->updated.ns,
                                (uint64_t)l->week.ns, (uint64_t)l->host_hours},
            4);
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        put_level(b, &l->sign[s]);
}

static void put_host(struct gad_buf *b, const struct host_memory_host *h)
{
    gad_buf_add_u64le(b, h->hash);
    gad_buf_add_u32le(b, h->second);
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        put_float(b, h->own[s]);
    gad_buf_add_u32le(b, h->n_tags);
    for (size_t i = 0; i < h->n_tags; i++)
        gad_buf_add_u32le(b, h->tag[i]);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct host_memory_host *)a)->hash;
    uint64_t y = ((const struct host_memory_host *)b)->hash;

    return x < y ? -1 : x > y;
}

void host_memory_sort(struct host_memory *m)
{
    qsort(m->host, m->n, sizeof(m->host[0]), by_hash);
}

void host_memory_write(struct host_memory *m, const struct host_usual *u,
                       const struct host_levels *l, struct gad_buf *out)
{
    struct gad_buf b = GAD_BUF_INIT(HOST_MEMORY_MAX);

    host_memory_sort(m);
    put_u64(&b, u->secret, 2);
    for (size_t i = 0; i < 2; i++)
        put_float(&b, u->size[i]);
    for (size_t i = 0; i < HOST_RARE_BINS; i++)
        gad_buf_add_u32le(&b, u->n_rare[i]);
    gad_buf_add_u64le(&b, m->records);
    put_u64(&b, m->hosts_seen, 16);
    put_levels(&b, l);
    gad_buf_add_u32le(&b, (uint32_t)m->n);
    for (size_t i = 0; i < m->n; i++)
        put_host(&b, &m->host[i]);
    gad_buf_add(out, magic, sizeof(magic));
    gad_buf_add_u64le(out, b.len);
    gad_buf_add_u64le(out, gad_siphash(sum_key, b.p, b.len));
    gad_buf_add(out, b.p, b.len);
    out->bad |= b.bad;
    gad_buf_deinit(&b);
}

/* --- reading --- */

/* A number that is finite, not negative and at most @most; else the cursor is bad. */
static float take_float(struct gad_cursor *c, float most)
{
    uint32_t bits = gad_cursor_u32le(c);
    float v;

    memcpy(&v, &bits, sizeof(v));
    if (!(v >= 0 && v <= most)) {
        c->bad = true;
        return 0;
    }
    return v;
}

static void take_u64(struct gad_cursor *c, uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = gad_cursor_u64le(c);
}

static int64_t take_time(struct gad_cursor *c)
{
    uint64_t v = gad_cursor_u64le(c);

    c->bad |= v > INT64_MAX;
    return (int64_t)(v & INT64_MAX);
}

static void take_level(struct gad_cursor *c, struct host_level *v)
{
    for (size_t i = 0; i < HOST_LEVEL_BINS; i++)
        v->count[i] = take_float(c, 1e9F);
    take_u64(c, v->hosts, HOST_LEVEL_BINS);
    take_u64(c, v->before, HOST_LEVEL_BINS);
    v->at = take_float(c, 1e6F);
    v->free = take_float(c, 1e6F);
}

static void take_levels(struct gad_cursor *c, struct host_levels *l)
{
    l->begun.ns = take_time(c);
    l->updated.ns = take_time(c);
    l->week.ns = take_time(c);
    l->host_hours = (double)take_time(c);
    c->bad |= l->begun.ns == 0 || l->updated.ns < l->begun.ns || l->week.ns < l->begun.ns;
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        take_level(c, &l->sign[s]);
}

static void take_host(struct gad_cursor *c, struct host_memory_host *h)
{
    h->hash = gad_cursor_u64le(c);
    h->second = gad_cursor_u32le(c);
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        h->own[s] = take_float(c, 1e6F);
    h->n_tags = gad_cursor_u32le(c);
    c->bad |= h->n_tags > HOST_MEMORY_TAGS;
    for (size_t i = 0; !c->bad && i < h->n_tags; i++)
        h->tag[i] = gad_cursor_u32le(c);
}

static void take_all(struct gad_cursor *c, struct host_memory *m, struct host_usual *u,
                     struct host_levels *l)
{
    take_u64(c, u->secret, 2);
    for (size_t i = 0; i < 2; i++)
        u->size[i] = take_float(c, 1024);
    for (size_t i = 0; i < HOST_RARE_BINS; i++)
        u->n_rare[i] = gad_cursor_u32le(c);
    m->records = gad_cursor_u64le(c);
    take_u64(c, m->hosts_seen, 16);
    take_levels(c, l);
    m->n = gad_cursor_u32le(c);
    c->bad |= m->n > HOST_MEMORY_HOSTS;
    for (size_t i = 0; !c->bad && i < m->n; i++) {
        take_host(c, &m->host[i]);
        c->bad |= i > 0 && m->host[i].hash < m->host[i - 1].hash;
    }
    c->bad |= c->left > 0;
}

int host_memory_read(const uint8_t *p, size_t len, struct host_memory *m, struct host_usual *u,
                     struct host_levels *l, struct gad_diag *d)
{
    struct gad_cursor c = gad_cursor_init(p, len);
    const uint8_t *head = gad_cursor_take(&c, sizeof(magic));
    uint64_t n = gad_cursor_u64le(&c), sum = gad_cursor_u64le(&c);

    if (!head || memcmp(head, magic, sizeof(magic)) != 0)
        return gad_fail(d, GAD_EFORMAT, "is no file of what was learned about hosts");
    if (c.bad || n != c.left || gad_siphash(sum_key, c.p, c.left) != sum)
        return gad_fail(d, GAD_EFORMAT, "is damaged: its length or checksum differs");
    gad_cleanup(gad_freep) struct host_memory *memory = gad_calloc(1, sizeof(*memory));
    gad_cleanup(gad_freep) struct host_usual *usual = gad_calloc(1, sizeof(*usual));
    gad_cleanup(gad_freep) struct host_levels *levels = gad_calloc(1, sizeof(*levels));
    if (!memory || !usual || !levels)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    *usual = *u;
    *levels = *l;
    take_all(&c, memory, usual, levels);
    if (c.bad)
        return gad_fail(d, GAD_EFORMAT, "is damaged: a value is out of its range");
    *m = *memory;
    *u = *usual;
    *l = *levels;
    return 0;
}

const struct host_memory_host *host_memory_find(const struct host_memory *m, uint64_t hash)
{
    const struct host_memory_host key = {.hash = hash};

    return m->n > 0 ? bsearch(&key, m->host, m->n, sizeof(m->host[0]), by_hash) : NULL;
}
