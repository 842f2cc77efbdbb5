/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Table of fixed size from keys to slots, with an order from the oldest slot to the newest. A slot
 * is a number from 1 to the capacity; the caller keeps the values in an array of its own, which the
 * slot indexes. All memory is allocated by gad_lru_new() and touched only as slots are used; no
 * other function allocates or fails.
 *
 * Peers choose the keys, so the hash is keyed (SipHash-1-3). The order does not depend on the hash.
 *
 * The table evicts nothing by itself: while it is full, the caller removes a slot before it adds a
 * key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_lru;

enum {
    GAD_LRU_MAX = 1 << 30,     /* slots */
    GAD_LRU_SLOT_SIZE = 16,    /* bytes for a slot, besides its key and its share of the buckets */
    GAD_LRU_KEY_WORDS_MAX = 8, /* of a key */
};

/**
 * gad_lru_new() - allocates an empty table
 * @capacity:  slots, 1 .. GAD_LRU_MAX
 * @key_words: length of each key in words of 64 bits, 1 .. GAD_LRU_KEY_WORDS_MAX
 * @secret:    key of the hash
 * Return: 0, GAD_EINVAL (an argument is outside its range), or GAD_ENOMEM.
 */
int gad_lru_new(size_t capacity, size_t key_words, const uint64_t secret[static 2],
                struct gad_lru **ret) GAD_MUST_CHECK;
void gad_lru_free(struct gad_lru *t);
GAD_DEFINE_CLEANUP(struct gad_lru, gad_lru_free);

/* Returns the slot of a key, or 0. The order stays. */
uint32_t gad_lru_find(const struct gad_lru *t, const uint64_t *key);

/* Stores a key that the table does not hold, as the newest; the table must not be full. Returns
 * its slot. */
uint32_t gad_lru_add(struct gad_lru *t, const uint64_t *key);

/* Returns the slot of a key, which it stores as above if the table does not hold it. */
uint32_t gad_lru_find_or_add(struct gad_lru *t, const uint64_t *key);

/* Makes a slot in use the newest. */
void gad_lru_touch(struct gad_lru *t, uint32_t slot);

/* Frees a slot in use. The next gad_lru_add() can reuse it; until then the caller's value stays
 * valid. */
void gad_lru_remove(struct gad_lru *t, uint32_t slot);

/* Returns the slot that was added or touched longest ago; 0: the table is empty. */
uint32_t gad_lru_oldest(const struct gad_lru *t);

/* Returns the slot after one in use, in the order; 0: it was the newest. */
uint32_t gad_lru_newer(const struct gad_lru *t, uint32_t slot);

size_t gad_lru_count(const struct gad_lru *t); /* slots in use */
bool gad_lru_is_full(const struct gad_lru *t);
