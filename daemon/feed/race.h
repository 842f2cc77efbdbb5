/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A socket that is connected to one of the addresses of a name, in the manner of RFC 8305: each attempt begins a moment
 * after the one before it, or at once if that has failed, and the first to be connected wins. An address that is dead
 * costs a moment and not the time that a connection may take.
 *
 * Thread: one.
 */

#include "daemon/feed/addresses.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_diag;
struct race;

enum { RACE_ATTEMPTS = 8 }; /* in one race: addresses, and sockets at a time */

struct race_options {
    const char *name; /* of the output, for the log */
    const char *to;   /* HOST:PORT */
    int socktype;     /* SOCK_STREAM, SOCK_DGRAM */
    struct gad_time
        timeout; /* until when the caller waits: all addresses are to begin long before that */
    struct addresses *known; /* those that fail are noted there */
};

/* Everything handed in must outlive it. Errors: not HOST:PORT, no memory. */
int race_begin(const struct race_options *o, struct race **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Notes that what still runs has failed, unless one has won. */
void race_free(struct race *r);
GAD_DEFINE_CLEANUP(struct race, race_free);

/**
 * race_proceed() - to be called every few milliseconds
 * Return: 0 with the socket, the caller's, and its @ret_peer; GAD_MORE; else @d says why each address failed.
 */
int race_proceed(struct race *r, int *ret_fd, struct address *ret_peer,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* Whether the name has this address; false until it is known. */
bool race_has(const struct race *r, const struct address *a);

/* What it waits for: "the lookup of 'HOST'", or the addresses that are being tried. */
enum { RACE_TEXT = 160 };
void race_text(const struct race *r, char text[static RACE_TEXT]);

/* The host of HOST:PORT, without brackets; GAD_EINVAL, GAD_ELIMIT. */
enum { RACE_HOST = 256 };
int race_host(const char *host_port, char host[static RACE_HOST]) GAD_MUST_CHECK;
