/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory for one message at a time: allocation advances a pointer, and everything is released at
 * once. The arena's size limits what a message can make the daemon allocate, whatever its lengths
 * say: 1 MiB of empty sub-messages would take 100 MB on the heap.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "lib/base/err.h"

struct arena {
    uint8_t *p;
    size_t cap, used;
    bool full;                   /* an allocation failed since the last reset */
    ProtobufCAllocator protobuf; /* unpacks into the arena; its free() does nothing */
};

int arena_init(struct arena *a, size_t cap) GAD_MUST_CHECK; /* @a must not move afterwards */
void arena_deinit(struct arena *a);

/* 16-byte aligned, not zeroed; NULL if the arena is exhausted. */
void *arena_alloc(struct arena *a, size_t len);

static inline void arena_reset(struct arena *a)
{
    a->used = 0;
    a->full = false;
}
