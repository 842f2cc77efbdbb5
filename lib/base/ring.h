/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Single-producer single-consumer ring of pointers, the only place where two threads meet. Each side may
 * sleep on an eventfd: the consumer on `items`, the producer (if the ring was full) on `room`.
 *
 * A push becomes visible with release order, so everything written before it is seen by the popper.
 * Wake-ups are written only when the other side said that it is about to sleep: a busy ring makes no
 * system call.
 *
 * Thread: one pushes, one pops; init and deinit while neither runs.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct gad_ring;

/* capacity is rounded up to a power of two, 2 .. 1 Mi. */
int gad_ring_new(size_t capacity, struct gad_ring **ret) GAD_MUST_CHECK;
void gad_ring_free(
    struct gad_ring *r); /* NULL is fine; what is still in it is the caller's to drain first */

/* Producer. False: full, nothing stored. */
bool gad_ring_push(struct gad_ring *r, void *item);

/*
 * Producer. As many of the n items as fit, in their order; returns how many. The consumer sees all of them at
 * once and is woken at most once: on a busy core each wake-up may cost a switch to it and back.
 */
size_t gad_ring_push_many(struct gad_ring *r, void *const *item, size_t n);

/* Consumer. NULL: empty. */
void *gad_ring_pop(struct gad_ring *r);

/* How many are in it now; exact for neither side while the other runs. */
size_t gad_ring_count(const struct gad_ring *r);

/*
 * Descriptors for poll(): readable when there may be items (consumer) or room (producer). The protocol for
 * a sleeper: arm, look once more, then poll; after the poll, disarm. arm() returns true if there is already
 * something to do, in which case do not sleep.
 */
int gad_ring_items_fd(const struct gad_ring *r);
int gad_ring_room_fd(const struct gad_ring *r);
bool gad_ring_arm_items(struct gad_ring *r);
bool gad_ring_arm_room(struct gad_ring *r);
void gad_ring_disarm_items(struct gad_ring *r);
void gad_ring_disarm_room(struct gad_ring *r);

/* Wakes a sleeping consumer without an item: to make it look at a stop flag. */
void gad_ring_wake(struct gad_ring *r);
