/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * [scoring] tls: accepts connections, completes their handshakes, and decides by the certificate
 * which client it is. Certificate, key, authorities and revocation list are read again at a reload
 * if their files have changed; they apply from the next handshake on.
 *
 * Thread: main, but for tls_door_renewal_read().
 */

#include "daemon/tls_files.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct peer;
struct stats;
struct tls_door;
struct tls_stream;

struct tls_door_options {
    struct event_base *base;
    const struct config *config;
    struct stats *stats;
    /* A client of the configuration has connected; the callee owns @fd and @tls. */
    void (*enter)(void *arg, int fd, struct tls_stream *tls, struct peer *peer);
    /* The same of one that is refused, with ErrorReply.Code and text; it has been logged. */
    void (*refuse)(void *arg, int fd, struct tls_stream *tls, int code, const char *text);
    void *arg;
};

/* Opens the socket and reads the files. Everything in @o must outlive it, but for the clients. */
int tls_door_new(const struct tls_door_options *o, struct tls_door **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
/* Closes the socket, and connections whose handshake is not complete. */
void tls_door_close(struct tls_door *t);
void tls_door_free(struct tls_door *t); /* no client may be held any more */
GAD_DEFINE_CLEANUP(struct tls_door, tls_door_free);

/* The files of [scoring] tls, whose values are those of @c. */
struct tls_files tls_door_files(const struct config *c);

struct peers *tls_door_peers(struct tls_door *t);

/* Reads files that have changed. Thread: any, one call at a time. */
int tls_door_renewal_read(struct tls_door *t, struct gad_diag *d) GAD_MUST_CHECK;
/* Uses what was read from now on. */
void tls_door_renewal_put(struct tls_door *t, tls_renewal_fn *fn, void *arg);
