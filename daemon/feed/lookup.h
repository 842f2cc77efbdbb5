/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses of a host, without waiting for them: each is looked up in a thread of its own. Thread: one. */

#include <stddef.h>

#include "lib/base/err.h"

struct addrinfo;
struct gad_diag;
struct lookup;

/* @socktype: SOCK_STREAM or SOCK_DGRAM. Errors: not HOST:PORT, no memory. */
int lookup_begin(const char *host_port, int socktype, struct lookup **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* 0: it is done; GAD_MORE; negative: nothing was found. */
int lookup_proceed(struct lookup *l, struct gad_diag *d) GAD_MUST_CHECK;

/* What was found, for as long as @l lives; NULL: lookup_proceed() has not returned 0. */
const struct addrinfo *lookup_found(const struct lookup *l);

/* One that is still under way is left to end by itself. */
void lookup_free(struct lookup *l);

/* The host of HOST:PORT, without brackets; GAD_EINVAL, GAD_ELIMIT. */
enum { LOOKUP_HOST = 256 };
int lookup_host(const char *host_port, char host[static LOOKUP_HOST]) GAD_MUST_CHECK;
