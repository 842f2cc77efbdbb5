/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The TLS side of a connection that was accepted: handshake, bytes in, bytes out. The descriptor is
 * non-blocking and stays with the caller.
 *
 * Received bytes go through a buffer in memory, so that one call handles a limited number of them:
 * OpenSSL itself reads until there is data, and a client can send messages without data for ever.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "daemon/config/clients.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct ssl_ctx_st;
struct tls_stream;

int tls_stream_new(struct ssl_ctx_st *context, int fd, struct tls_stream **ret) GAD_MUST_CHECK;
void tls_stream_free(struct tls_stream *s);
GAD_DEFINE_CLEANUP(struct tls_stream, tls_stream_free);

/*
 * Returns 0 if the handshake is complete, and the client has a certificate of our authorities;
 * GAD_MORE: call again when the descriptor is readable (or writable, with
 * tls_stream_wants_write()); else it failed, and @d says why.
 */
int tls_stream_handshake(struct tls_stream *s, struct gad_diag *d) GAD_MUST_CHECK;

/* As read(2) and send(2), of an end-to-end encrypted stream. */
ssize_t tls_stream_read(struct tls_stream *s, uint8_t *p, size_t room);
ssize_t tls_stream_write(struct tls_stream *s, const uint8_t *p, size_t len);

/* Whether the last call must be repeated when the descriptor is writable. */
bool tls_stream_wants_write(const struct tls_stream *s);

/* Whether bytes may be left that the descriptor does not report as readable. */
bool tls_stream_has_more(const struct tls_stream *s);

/* Says that nothing follows (close_notify). */
void tls_stream_end(struct tls_stream *s);

/* "TLSv1.3". */
const char *tls_stream_version(const struct tls_stream *s);

/*
 * Calls @fn with each subject alternative name of the client's certificate that is of a kind of
 * daemon/config/clients.h; (len) bytes of any value, written by the authority.
 */
typedef void tls_name_fn(void *arg, enum client_name_kind kind, const void *name, size_t len);
void tls_stream_names(const struct tls_stream *s, tls_name_fn *fn, void *arg);
