/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The source hosts that are watched: a table of fixed size with four parts of equal size.
 *
 *     new      what has sent little so far
 *     steady   what has sent HOST_STEADY records over HOST_STEADY_NS, but completed no handshake
 *     outside  public addresses that completed a TCP handshake
 *     inside   private addresses that completed one
 *
 * A full part evicts its host that was silent longest, and never one of another part. A sender of
 * forged sources completes no handshake. So its addresses push out only each other and hosts of the
 * first two parts.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/alert/host_signs.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

enum host_part { HOST_NEW, HOST_STEADY, HOST_OUTSIDE, HOST_INSIDE, HOST_N_PARTS };

enum { HOST_STEADY_FROM = 8 }; /* records */
#define HOST_STEADY_NS INT64_C(30000000000)

struct host_table;

/* @n: hosts, at least HOST_N_PARTS. @evicted: gets each host before it is forgotten. */
int host_table_new(size_t n, void (*evicted)(void *arg, enum host_part part, struct host *h),
                   void *arg, struct host_table **ret) GAD_MUST_CHECK;
void host_table_free(struct host_table *t);
GAD_DEFINE_CLEANUP(struct host_table, host_table_free);

/* The host of an address, which becomes the newest of its part; a blank one if it has no place. The
 * pointer is valid until the next call of this function or of host_table_place(). */
struct host *host_table_get(struct host_table *t, struct thing address, struct gad_time now);

/* Puts a host into the part where it belongs now, and returns it. */
struct host *host_table_place(struct host_table *t, struct host *h, struct gad_time now);

/* Calls @fn for each host. */
void host_table_each(struct host_table *t, void (*fn)(void *arg, struct host *h), void *arg);

size_t host_table_count(const struct host_table *t);
