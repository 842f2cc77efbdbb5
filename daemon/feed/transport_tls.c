/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS over TCP. The receiver's certificate is checked against the host's name (RFC 6125) and its issuers; TLS 1.2 at
 * least (RFC 9325). The end is told to the other side and its answer waited for (RFC 5425 section 4.4): without that
 * the last events may never be read, though they were sent.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/credential.h"
#include "daemon/feed/lookup.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

/* The oldest reason that OpenSSL has queued, which is the one that the others followed from. */
static const char *reason(void)
{
    unsigned long e = ERR_get_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return text ? text : "unknown reason";
}

/* What the key @name says is given to @use, which is 1 if it could use that file. */
static int use_file(SSL_CTX *ctx, const char *name, const char *value,
                    int (*use)(SSL_CTX *ctx, const char *file), struct gad_diag *d)
{
    char buf[PATH_MAX];
    const char *file;
    int r = credential_path(value, buf, sizeof(buf), &file, d);

    if (r != 0)
        gad_diag_prefix(d, "key '%s'", name);
    else if (use(ctx, file) != 1)
        r = gad_fail(d, GAD_EINVAL, "key '%s': %s: %s", name, file, reason());
    return r;
}

static int use_ca(SSL_CTX *ctx, const char *file)
{
    return SSL_CTX_load_verify_locations(ctx, file, NULL);
}

static int use_key(SSL_CTX *ctx, const char *file)
{
    int ok = SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
    return ok == 1 ? SSL_CTX_check_private_key(ctx) : ok;
}

static int read_files(SSL_CTX *ctx, const struct config_output *c, struct gad_diag *d)
{
    ERR_clear_error();
    int r = *c->ca ? use_file(ctx, "ca", c->ca, use_ca, d) : 0;
    if (!*c->ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return gad_fail(d, GAD_EINVAL, "the system's certificates: %s", reason());
    if (r == 0 && *c->certificate)
        r = use_file(ctx, "certificate", c->certificate, SSL_CTX_use_certificate_chain_file, d);
    if (r == 0 && *c->certificate)
        r = use_file(ctx, "key", c->key, use_key, d);
    return r;
}

/* A key with a password is none that a daemon can use: it must not ask the terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}

int transport_tls_context(const struct config_output *c, void **ret, struct gad_diag *d)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", reason());
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    (void)SSL_CTX_set_mode(ctx,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int r = read_files(ctx, c, d);
    if (r != 0) {
        SSL_CTX_free(ctx);
        return r;
    }
    *ret = ctx;
    return 0;
}

void transport_tls_context_free(void *context)
{
    SSL_CTX_free(context);
}

/* The name or address that the certificate must have. */
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
    return ok ? 0 : gad_fail(d, GAD_EINVAL, "host '%s': %s", host, reason());
}

static int begin_handshake(struct transport *t, struct gad_diag *d)
{
    SSL *ssl = SSL_new(t->context);

    if (!ssl)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", reason());
    t->ssl = ssl;
    if (SSL_set_fd(ssl, t->fd) != 1)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", reason());
    return expect_host(t->config, ssl, d);
}

static int why_it_failed(const struct transport *t, struct gad_diag *d)
{
    long verify = SSL_get_verify_result(t->ssl);

    if (verify != X509_V_OK)
        return gad_fail(d, GAD_EMISMATCH, "certificate: %s", X509_verify_cert_error_string(verify));
    if (ERR_peek_error() == 0)
        return gad_fail(d, GAD_ECLOSED, "TLS: the other side closed the connection");
    return gad_fail(d, GAD_EFORMAT, "TLS: %s", reason());
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
    if (r == 1)
        return 0;
    int want = SSL_get_error(t->ssl, r);
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
        return why_it_failed(t, d);
    t->wants_write = want == SSL_ERROR_WANT_WRITE;
    return GAD_MORE;
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
    (void)snprintf(t->error, sizeof(t->error), "TLS: %s",
                   ERR_peek_error() ? reason() : "the connection broke");
    errno = EPIPE;
    return -1;
}

/* Alerts of TLS, session tickets, the other side's end. */
static int read_tls(struct transport *t, struct gad_diag *d)
{
    char ignored[4096];

    for (;;) {
        ERR_clear_error();
        int r = SSL_read(t->ssl, ignored, sizeof(ignored));
        if (r > 0)
            continue;
        int want = SSL_get_error(t->ssl, r);
        if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE)
            return 0;
        /* Many answer our close_notify by closing the connection: it was read, and so was all before it. */
        bool is_eof = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        if (want == SSL_ERROR_ZERO_RETURN || (t->finishing && is_eof))
            return GAD_END;
        return why_it_failed(t, d);
    }
}

/* Our close_notify; the other side's comes by read(). */
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
    (void)snprintf(t->error, sizeof(t->error), "TLS: %s", reason());
    return GAD_ECLOSED;
}

static void close_tls(struct transport *t)
{
    SSL_free(t->ssl);
    t->ssl = NULL;
    transport_close_fd(t);
    lookup_free(t->lookup);
    t->lookup = NULL;
}

const struct transport_ops transport_tls = {.type = "tls",
                                            .is_connected = true,
                                            .open = transport_connect_begin,
                                            .proceed = proceed_tls,
                                            .write = write_tls,
                                            .read = read_tls,
                                            .finish = finish_tls,
                                            .close = close_tls};
