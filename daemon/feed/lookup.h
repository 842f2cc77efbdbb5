/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Resolves a name in a thread of its own, because getaddrinfo(3) can take minutes. Thread: one. */

#include "lib/base/err.h"

struct addrinfo;
struct gad_diag;
struct lookup;

/* @socktype: SOCK_STREAM, SOCK_DGRAM. Errors: not HOST:PORT, no memory, no thread. */
int lookup_begin(const char *host_port, int socktype, struct lookup **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* Returns 0 when lookup_found() has the addresses; GAD_MORE; else @d says why it failed. */
int lookup_proceed(struct lookup *l, struct gad_diag *d) GAD_MUST_CHECK;

const struct addrinfo *lookup_found(const struct lookup *l);

/* Does not wait for the thread. */
void lookup_free(struct lookup *l);

/* Writes the host of HOST:PORT without brackets. Returns 0, GAD_EINVAL or GAD_ELIMIT. */
enum { LOOKUP_HOST = 256 };
int lookup_host(const char *host_port, char host[static LOOKUP_HOST]) GAD_MUST_CHECK;
