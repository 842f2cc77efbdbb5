/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resolves a name in a thread of its own, because getaddrinfo(3) can take minutes, or never return.
 * It cannot be cancelled, so a lookup continues when its caller has given up. The next attempt of
 * the same output then waits for that one, and begins another only if it has taken a minute: an
 * output has at most LOOKUPS_MAX of these threads, whatever its resolver does.
 *
 * Thread: one, for each struct lookups; lookups_running() and lookups_waits() any.
 */

#include <stdint.h>

#include "lib/base/err.h"

struct addrinfo;
struct gad_diag;
struct lookup;

enum { LOOKUPS_MAX = 2, LOOKUP_STUCK_S = 60 };

/* The lookups of one name. Begins as zeros. */
struct lookups {
    struct lookup *of[LOOKUPS_MAX];
};

/* @socktype: SOCK_STREAM, SOCK_DGRAM. Errors: not HOST:PORT, no memory, no thread. */
int lookup_begin(struct lookups *all, const char *host_port, int socktype, struct lookup **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
void lookups_forget(struct lookups *all); /* waits for no thread */

unsigned lookups_running(void); /* threads, of all outputs */
uint64_t lookups_waits(void);   /* attempts that waited for the lookup of an earlier one */

/* Returns 0 when lookup_found() has the addresses; GAD_MORE; else @d says why it failed. */
int lookup_proceed(struct lookup *l, struct gad_diag *d) GAD_MUST_CHECK;

const struct addrinfo *lookup_found(const struct lookup *l);

/* Does not wait for the thread. */
void lookup_free(struct lookup *l);

/* Writes the host of HOST:PORT without brackets. Returns 0, GAD_EINVAL or GAD_ELIMIT. */
enum { LOOKUP_HOST = 256 };
int lookup_host(const char *host_port, char host[static LOOKUP_HOST]) GAD_MUST_CHECK;
