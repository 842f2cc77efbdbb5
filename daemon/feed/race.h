/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Connects a socket to one of the addresses of a name, in the manner of RFC 8305. Each attempt
 * begins at most 250 ms after the one before it, or at once if that has failed, and the first to be
 * connected wins. A dead address therefore costs 250 ms, not the whole connect_timeout.
 *
 * Thread: one.
 */

#include "daemon/feed/addresses.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_diag;
struct lookups;
struct race;

enum { RACE_ATTEMPTS = 8 }; /* addresses tried in one race, and sockets open at a time */

struct race_options {
    const char *name;        /* of the output, for the log */
    const char *to;          /* HOST:PORT */
    int socktype;            /* SOCK_STREAM, SOCK_DGRAM */
    struct gad_time timeout; /* that the caller waits; all attempts begin well before it */
    struct addresses *known; /* addresses that fail are noted here */
    struct lookups *lookups; /* of this name */
};

/* All that @o points to must outlive the race. Errors: not HOST:PORT, no memory. */
int race_begin(const struct race_options *o, struct race **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Notes running attempts as failed, unless one has won. */
void race_free(struct race *r);
GAD_DEFINE_CLEANUP(struct race, race_free);

/**
 * race_proceed() - continues the race; the caller repeats it every few milliseconds
 * Returns 0 with the socket, which the caller then owns, and its @ret_peer; GAD_MORE; else @d says
 * why each address failed.
 */
int race_proceed(struct race *r, int *ret_fd, struct address *ret_peer,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* Whether the name has this address; false until the lookup has ended. */
bool race_has(const struct race *r, const struct address *a);

/* Writes what the race waits for: "the lookup of HOST:PORT", or the addresses that are being
 * tried. */
enum { RACE_TEXT = 160 };
void race_text(const struct race *r, char text[static RACE_TEXT]);
