/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What every use of TLS shares: version 1.2 at least (RFC 9325), no renegotiation, certificates and
 * keys from files, and the check of a server's name. OpenSSL explains little about a file that it
 * cannot use, so the loader detects the common mistakes.
 *
 * Thread: any; a context is not changed after it was made.
 */

#include "lib/base/err.h"

struct gad_diag;
struct ssl_ctx_st; /* SSL_CTX of OpenSSL */
struct ssl_st;     /* SSL */

enum gad_tls_role { GAD_TLS_CLIENT, GAD_TLS_SERVER };

/* Paths of PEM files; "": none. All are borrowed. */
struct gad_tls_files {
    const char *ca;          /* the authorities of the peer; "": the system's, for a client only */
    const char *certificate; /* our own, with its chain */
    const char *key;
    const char *crl; /* revoked certificates of peers */
};

/**
 * gad_tls_context() - makes an SSL_CTX and reads its files
 *
 * A client checks the server's certificate, and gad_tls_expect() its name. A server requires a
 * client certificate, and resumes no session: each connection shows its certificate again.
 *
 * Returns 0 with @ret, which the caller owns; else @d names key and file, and says what to do.
 */
int gad_tls_context(enum gad_tls_role role, const struct gad_tls_files *f, struct ssl_ctx_st **ret,
                    struct gad_diag *d) GAD_MUST_CHECK;
void gad_tls_context_free(struct ssl_ctx_st *context);

/* Checks that each certificate in the files of @context is valid today, and the CRL is not overdue;
 * of several authorities, one must be valid. */
int gad_tls_check_dates(struct ssl_ctx_st *context, const struct gad_tls_files *f,
                        struct gad_diag *d) GAD_MUST_CHECK;

/* Returns the paths of the system's authorities; either may not exist. */
void gad_tls_system_ca(const char **ret_file, const char **ret_directory);

/**
 * gad_tls_expect() - sets the name or address that the server's certificate must have
 *
 * Only the subject alternative names count (RFC 9525): a certificate that has its name in the
 * common name alone is refused.
 */
int gad_tls_expect(struct ssl_st *ssl, const char *host, struct gad_diag *d) GAD_MUST_CHECK;

/* Returns the oldest reason that OpenSSL has queued for this thread, which caused the later ones.
 * Clears the queue. */
const char *gad_tls_reason(void);

/* Says in @d why a handshake failed: the certificate of the peer, the queued reason, or that the
 * peer, @who, closed the connection. Returns the code. */
int gad_tls_why_failed(const struct ssl_st *ssl, const char *who, struct gad_diag *d);
