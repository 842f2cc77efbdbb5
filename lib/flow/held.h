/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Segments of one direction that wait: for the bytes before them, or for their acknowledgement.
 * They are stored in pieces, in order of their offsets, that do not overlap. Of bytes that come
 * twice, the copy of one segment stays: the first one, or a later one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A segment, or a part of one. */
struct gad_segment {
    uint64_t offset;
    const uint8_t *data;    /* (data_len) bytes, the captured ones of len; NULL if data_len is 0 */
    uint32_t data_len, len; /* data_len <= len */
};

struct gad_held_piece {
    struct gad_held_piece *next;
    uint64_t offset;
    uint32_t data_len, len;
    uint8_t replaced; /* times that a copy replaced its bytes; saturates */
    uint8_t data[];
};

struct gad_held {
    struct gad_held_piece *first, *last;
    size_t cost; /* bytes of memory */
};

/* Returns the bytes of memory that one segment needs at most, if it overlaps no other. */
size_t gad_held_cost(uint32_t data_len);

/**
 * gad_held_add() - adds what is not held yet
 * @replace: times that the bytes of a piece may be replaced by those of a later copy
 * @room:    bytes of memory that may be used
 * Return: whether all of it is held; false: memory was short, and a part can be missing.
 */
bool gad_held_add(struct gad_held *h, const struct gad_segment *s, unsigned replace, size_t room);

/* Does a held byte differ from the one in s? *ret_replaced: of the piece with that byte. */
bool gad_held_differs(const struct gad_held *h, const struct gad_segment *s,
                      unsigned *ret_replaced);

/* Adds copies of all pieces of another direction to an empty one. */
bool gad_held_copy(struct gad_held *h, const struct gad_held *from, size_t room);

void gad_held_pop(struct gad_held *h);   /* frees the first piece */
void gad_held_clear(struct gad_held *h); /* frees all */
