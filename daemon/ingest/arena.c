/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/arena.h"

#include "lib/base/mem.h"

enum { ALIGN = 16 };

void *arena_alloc(struct arena *a, size_t len)
{
    if (len > a->cap - a->used) {
        a->full = true;
        return NULL;
    }
    void *p = a->p + a->used;
    len = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    a->used = len > a->cap - a->used ? a->cap : a->used + len;
    return p;
}

static void *protobuf_alloc(void *arena, size_t len)
{
    return arena_alloc(arena, len);
}

static void protobuf_free(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

int arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){.p = gad_calloc(cap, 1), .cap = cap};
    if (!a->p)
        return GAD_ENOMEM;
    a->protobuf = (ProtobufCAllocator){protobuf_alloc, protobuf_free, a};
    return 0;
}

void arena_deinit(struct arena *a)
{
    gad_free(a->p);
    *a = (struct arena){0};
}
