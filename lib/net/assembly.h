/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The start of a datagram, put together from its fragments: up to GAD_ASSEMBLY_KEEP bytes, enough
 * for the headers and for payload inspection. Fragments can arrive in any order. Of bytes that
 * arrive twice, the first copy counts.
 *
 * An assembly also has two maps of the whole datagram, with a bit for each unit of 8 bytes: which
 * units have arrived, and at which ones a fragment started. Their meaning is the caller's.
 *
 * Bytes and maps are in chunks of a pool that is allocated once. The caller reserves the chunks of
 * a fragment before it uses them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

enum {
    GAD_ASSEMBLY_UNIT = 8,    /* bytes; of an offset, RFC 791 section 3.1 */
    GAD_ASSEMBLY_KEEP = 4096, /* bytes of a datagram */
    GAD_ASSEMBLY_CHUNK = 512, /* bytes */
    GAD_ASSEMBLY_DATA = GAD_ASSEMBLY_KEEP / GAD_ASSEMBLY_CHUNK,
    GAD_ASSEMBLY_MAPS = 4,                                           /* each for 16 KiB */
    GAD_ASSEMBLY_CHUNKS_MAX = GAD_ASSEMBLY_DATA + GAD_ASSEMBLY_MAPS, /* of a datagram */
};

enum gad_assembly_map { GAD_ASSEMBLY_HAVE, GAD_ASSEMBLY_STARTS };

struct gad_pool;

/* At least two datagrams fit, whatever @bytes says; at most 65,535 chunks are made. */
int gad_pool_new(size_t bytes, struct gad_pool **ret) GAD_MUST_CHECK;
void gad_pool_free(struct gad_pool *p);
GAD_DEFINE_CLEANUP(struct gad_pool, gad_pool_free);

/* All zero: empty. */
struct gad_assembly {
    uint16_t data[GAD_ASSEMBLY_DATA], map[GAD_ASSEMBLY_MAPS];    /* chunks; 0: none */
    uint64_t filled[GAD_ASSEMBLY_KEEP / GAD_ASSEMBLY_UNIT / 64]; /* a bit for each unit of bytes */
    uint32_t unknown; /* one more than the first byte that was not captured; 0: all were */
    uint32_t end;     /* of the datagram, by the first last fragment to arrive; 0: not known */
};

/* Reserves the chunks for bytes [from, to), to <= 65,535. Returns how many it took from the pool,
 * or -1, and nothing is reserved, if the pool has too few. */
int gad_assembly_reserve(struct gad_pool *p, struct gad_assembly *a, size_t from, size_t to);
/* Returns all chunks to the pool. */
void gad_assembly_release(struct gad_pool *p, struct gad_assembly *a);

/**
 * gad_assembly_put() - adds a fragment, whose chunks are reserved
 * @at: its offset, a multiple of GAD_ASSEMBLY_UNIT
 * @data: (captured) bytes, the first of its len
 * Return: whether bytes of it differ from those that arrived before.
 */
bool gad_assembly_put(struct gad_pool *p, struct gad_assembly *a, size_t at, const uint8_t *data,
                      size_t captured, size_t len);

/* Have all bytes that can be kept arrived, and the end? */
bool gad_assembly_is_whole(const struct gad_assembly *a);

/* Copies the bytes up to the first that is missing. Returns their number; @ret_left: how many of
 * the datagram's bytes arrived in order, at most GAD_ASSEMBLY_KEEP, captured or not. */
size_t gad_assembly_copy(const struct gad_pool *p, const struct gad_assembly *a,
                         uint8_t buf[static GAD_ASSEMBLY_KEEP], size_t *ret_left);

/* Units [from, to) of a map: counts the bits that are set, or sets all; setting needs chunks. */
uint32_t gad_assembly_count(const struct gad_pool *p, const struct gad_assembly *a,
                            enum gad_assembly_map m, size_t from, size_t to);
void gad_assembly_set(struct gad_pool *p, struct gad_assembly *a, enum gad_assembly_map m,
                      size_t from, size_t to);
