/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/internal.h"

#include "lib/base/diag.h"

enum { ALIGN = 16, CHUNK_LEN = 16 << 10, ALONE_LEN = CHUNK_LEN / 4 };

struct gad_ckpt_chunk {
    struct gad_ckpt_chunk *next;
    _Alignas(ALIGN) uint8_t data[];
};

struct gad_ckpt_arena *gad_ckpt_arena_new(size_t budget)
{
    struct gad_ckpt_arena *a = gad_calloc(1, sizeof(*a));
    if (a)
        a->left = budget;
    return a;
}

void gad_ckpt_arena_free(struct gad_ckpt_arena *a)
{
    if (!a)
        return;
    for (struct gad_ckpt_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        gad_free(c);
    }
    gad_free(a);
}

static uint8_t *add_chunk(struct gad_ckpt_arena *a, size_t len)
{
    struct gad_ckpt_chunk *c =
        len <= SIZE_MAX - sizeof(*c) ? gad_calloc(1, sizeof(*c) + len) : NULL;
    if (!c) {
        a->no_memory = true;
        return NULL;
    }
    c->next = a->chunks;
    a->chunks = c;
    return c->data;
}

void *gad_ckpt_arena_alloc(struct gad_ckpt_arena *a, size_t n, size_t size)
{
    size_t len;

    if (!gad_mul_size(n, size, &len) || len > a->left || len > SIZE_MAX - ALIGN) {
        a->over = true;
        return NULL;
    }
    len = len ? (len + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    a->left -= len < a->left ? len : a->left;
    if (len > ALONE_LEN) /* a large request keeps the rest of the shared chunk usable */
        return add_chunk(a, len);
    if (len > a->room) {
        uint8_t *p = add_chunk(a, CHUNK_LEN);
        if (!p)
            return NULL;
        a->at = p;
        a->room = CHUNK_LEN;
    }
    uint8_t *p = a->at;
    a->at += len;
    a->room -= len;
    return p;
}

int gad_ckpt_arena_fail(const struct gad_ckpt_arena *a, struct gad_diag *d)
{
    if (a->over)
        return gad_fail(d, GAD_ELIMIT, "would need many times its size in memory");
    return gad_fail(d, GAD_ENOMEM, "no memory");
}
