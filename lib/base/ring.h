/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Single-producer single-consumer ring of pointers, the only place where two threads meet. The
 * consumer can sleep on an eventfd; the producer of a full ring retries later.
 *
 * A push becomes visible with release order, so the consumer sees everything that was written
 * before it. The producer writes a wake-up only when the consumer has announced that it is about to
 * sleep: a busy ring makes no system call.
 *
 * Threads: one pushes, one pops; gad_ring_new() and gad_ring_free() while neither runs.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct gad_ring;

/* Creates an empty ring. The capacity, at most 2^20, is rounded up to a power of two, at least
 * 2. */
int gad_ring_new(size_t capacity, struct gad_ring **ret) GAD_MUST_CHECK;

/* Frees a ring, which the caller has drained; NULL is allowed. */
void gad_ring_free(struct gad_ring *r);

/* Producer: appends an item. False: the ring is full, nothing was stored. */
bool gad_ring_push(struct gad_ring *r, void *item);

/*
 * Producer: appends as many of the n items as fit, in their order; returns their number. The
 * consumer sees all of them at once and is woken at most once: on a busy core each wake-up can cost
 * a switch to the consumer and back.
 */
size_t gad_ring_push_many(struct gad_ring *r, void *const *item, size_t n);

/* The same, but a sleeping consumer is woken only if the ring then has @enough items: for one that
 * need not have the items soon. */
size_t gad_ring_push_lazily(struct gad_ring *r, void *const *item, size_t n, size_t enough);

/* Consumer: removes the first item. NULL: the ring is empty. */
void *gad_ring_pop(struct gad_ring *r);

/* Returns the number of items; exact for neither side while the other runs. */
size_t gad_ring_count(const struct gad_ring *r);

/*
 * Consumer: a descriptor for poll(), readable when there can be items. To sleep: arm, check the
 * ring once more, poll; after the poll, disarm. gad_ring_arm_items() returns true if there are
 * items already: then do not sleep.
 */
int gad_ring_items_fd(const struct gad_ring *r);
bool gad_ring_arm_items(struct gad_ring *r);
void gad_ring_disarm_items(struct gad_ring *r);

/* Wakes a sleeping consumer without an item, so that it checks a stop flag. */
void gad_ring_wake(struct gad_ring *r);
