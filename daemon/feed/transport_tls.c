/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS over TCP, version 1.2 at least (RFC 9325). The receiver's certificate is checked against the
 * host's name (RFC 6125) and its issuers. At the end, close_notify is sent and the receiver's
 * answer awaited (RFC 5425 section 4.4). Without that, the receiver may never read the last events
 * although they were sent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/lookup.h"
#include "daemon/feed/race.h"
#include "daemon/feed/tls_files.h"
#include "daemon/feed/transport.h"
#include "daemon/log.h"
#include "lib/base/diag.h"

/* Sets the name or address that the certificate must have. */
static int expect_host(const struct config_output *c, SSL *ssl, struct gad_diag *d)
{
    char host[LOOKUP_HOST];
    struct in6_addr ignored;

    if (*c->server_name)
        (void)snprintf(host, sizeof(host), "%s", c->server_name);
    else if (lookup_host(c->to, host) != 0)
        return gad_fail(d, GAD_EINVAL, "'%s' has no host", c->to);
    bool is_address =
        inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int ok = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                        : SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
    return ok ? 0 : gad_fail(d, GAD_EINVAL, "host '%s': %s", host, tls_reason());
}

static int begin_handshake(struct transport *t, struct gad_diag *d)
{
    SSL *ssl = SSL_new(t->memory->context);

    if (!ssl)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", tls_reason());
    t->ssl = ssl;
    if (SSL_set_fd(ssl, t->fd) != 1)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", tls_reason());
    return expect_host(t->config, ssl, d);
}

static int why_it_failed(const struct transport *t, struct gad_diag *d)
{
    long verify = SSL_get_verify_result(t->ssl);

    if (verify != X509_V_OK)
        return gad_fail(d, GAD_EMISMATCH, "certificate: %s", X509_verify_cert_error_string(verify));
    if (ERR_peek_error() == 0)
        return gad_fail(d, GAD_ECLOSED, "TLS: the receiver closed the connection");
    return gad_fail(d, GAD_EFORMAT, "TLS: %s", tls_reason());
}

static int proceed_tls(struct transport *t, struct gad_diag *d)
{
    if (!t->ssl) {
        int r = transport_connect_proceed(t, d);
        if (r == 0)
            r = begin_handshake(t, d);
        if (r != 0)
            return r;
    }
    ERR_clear_error();
    int r = SSL_connect(t->ssl);
    if (r == 1) {
        log_debug("feed", "output '%s': %s with %s", t->config->name, SSL_get_version(t->ssl),
                  SSL_get_cipher_name(t->ssl));
        return 0;
    }
    int want = SSL_get_error(t->ssl, r);
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
        return why_it_failed(t, d);
    t->wants_write = want == SSL_ERROR_WANT_WRITE;
    return GAD_MORE;
}

/* A receiver that refuses us sends a TLS alert and closes. The alert says more than the error of
 * the write. */
static const char *why_write_failed(SSL *ssl)
{
    char ignored;

    if (ERR_peek_error() == 0)
        (void)SSL_read(ssl, &ignored, sizeof(ignored));
    return ERR_peek_error() ? tls_reason() : "the connection broke";
}

static ssize_t write_tls(struct transport *t, const uint8_t *p, size_t len)
{
    size_t n = 0;

    ERR_clear_error();
    int r = SSL_write_ex(t->ssl, p, len, &n);
    if (r == 1)
        return (ssize_t)n;
    int want = SSL_get_error(t->ssl, r);
    errno = EAGAIN;
    if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE)
        return -1;
    (void)snprintf(t->error, sizeof(t->error), "TLS: %s", why_write_failed(t->ssl));
    errno = EPIPE;
    return -1;
}

/* Calls of SSL_read() at a time; they process TLS alerts, session tickets and the receiver's
 * end. */
enum { READS = 16 };

static int read_tls(struct transport *t, struct gad_diag *d)
{
    char ignored[4096];

    /* A receiver that never stops sending gets READS calls a turn. The rest keeps the descriptor
     * readable, except for bytes that OpenSSL has read already; they are discarded at the next
     * turn. */
    for (int i = 0; i < READS; i++) {
        ERR_clear_error();
        int r = SSL_read(t->ssl, ignored, sizeof(ignored));
        if (r > 0)
            continue;
        int want = SSL_get_error(t->ssl, r);
        if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE)
            return 0;
        /* Many receivers answer our close_notify by closing the connection. They have read it, and
         * all before it. */
        bool is_eof = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        if (want == SSL_ERROR_ZERO_RETURN || (t->finishing && is_eof))
            return GAD_END;
        return why_it_failed(t, d);
    }
    return 0;
}

/* Sends our close_notify; read_tls() receives the other one. */
static int finish_tls(struct transport *t)
{
    ERR_clear_error();
    t->finishing = true;
    int r = SSL_shutdown(t->ssl);
    if (r == 1)
        return GAD_END;
    if (r == 0)
        return 0;
    int want = SSL_get_error(t->ssl, r);
    if (want == SSL_ERROR_WANT_READ)
        return 0;
    if (want == SSL_ERROR_WANT_WRITE)
        return GAD_MORE;
    (void)snprintf(t->error, sizeof(t->error), "TLS: %s", tls_reason());
    return GAD_ECLOSED;
}

static void close_tls(struct transport *t)
{
    SSL_free(t->ssl);
    t->ssl = NULL;
    transport_close_inet(t);
}

const struct transport_ops transport_tls = {.type = "tls",
                                            .is_connected = true,
                                            .check = tls_files_check,
                                            .open = transport_connect_begin,
                                            .proceed = proceed_tls,
                                            .write = write_tls,
                                            .read = read_tls,
                                            .finish = finish_tls,
                                            .close = close_tls};
