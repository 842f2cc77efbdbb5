/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Small numbers for keys of fixed size, given out while somebody holds the key and then used again. What belongs
 * to a key can so stand in arrays. A hash table with chains, of fixed size: no call but _new allocates.
 *
 * Keys may be a stranger's choice: the hash is keyed.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

enum {
    GAD_INTERN_KEY = 20,    /* bytes */
    GAD_INTERN_MAX = 32768, /* numbers */
};

struct gad_intern;

/* @n: most keys held at a time, 1 .. GAD_INTERN_MAX */
int gad_intern_new(const uint64_t key[static 2], size_t n, struct gad_intern **ret) GAD_MUST_CHECK;
void gad_intern_free(struct gad_intern *t);
GAD_DEFINE_CLEANUP(struct gad_intern, gad_intern_free);

/* The key's number, 0 .. n - 1, held once more. There must be room, if it is new. */
size_t gad_intern_hold(struct gad_intern *t, const uint8_t key[static GAD_INTERN_KEY]);

/* Held once less; at 0 the number is free for another key. */
void gad_intern_drop(struct gad_intern *t, size_t number);

/* How often it is held now. */
size_t gad_intern_holds(const struct gad_intern *t, size_t number);
