/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/client_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/wire/tls.h"

enum { HOST = 256 };

struct client_tls {
    SSL *ssl;
    char error[160];
};

const char *client_tls_target(const char *address)
{
    static const char prefix[] = "tls://";

    return strncmp(address, prefix, sizeof(prefix) - 1) == 0 ? address + sizeof(prefix) - 1 : NULL;
}

/* The host of HOST:PORT, without the brackets of [::1]:PORT; the address is known to be valid. */
static void host_of(const char *target, char host[static HOST])
{
    bool is_bracketed = target[0] == '[';
    const char *end = strrchr(target, ':');
    size_t len = end ? (size_t)(end - target) : strlen(target);

    if (is_bracketed && len >= 2) {
        target++;
        len -= 2;
    }
    (void)snprintf(host, HOST, "%.*s", (int)len, target);
}

/*
 * OpenSSL writes without MSG_NOSIGNAL, and ganadctl leaves SIGPIPE as it is, so that head(1) ends
 * it. While OpenSSL runs, the signal is held, and then discarded.
 */
static sigset_t hold_pipe(void)
{
    sigset_t pipe, old;

    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &old);
    return old;
}

static void release_pipe(const sigset_t *old)
{
    const struct timespec none = {0};
    sigset_t pipe;

    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    while (sigtimedwait(&pipe, NULL, &none) > 0)
        ;
    (void)pthread_sigmask(SIG_SETMASK, old, NULL);
}

static int wait_for(int fd, short events, int64_t until_ns)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = (until_ns - gad_time_monotonic().ns) / 1000000;

    if (left <= 0 || poll(&p, 1, (int)left) == 0)
        return -ETIMEDOUT;
    return 0;
}

static int shake(SSL *ssl, int fd, int timeout_ms, struct gad_diag *d)
{
    int64_t until = gad_time_monotonic().ns + (int64_t)timeout_ms * 1000000;

    for (;;) {
        ERR_clear_error();
        int r = SSL_connect(ssl);
        if (r == 1)
            return 0;
        int want = SSL_get_error(ssl, r);
        if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
            return gad_tls_why_failed(ssl, "server", d);
        int err = wait_for(fd, want == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN, until);
        if (err)
            return gad_fail(d, err, "TLS: the handshake took too long");
    }
}

static int begin(struct client_tls *t, int fd, const char *target,
                 const struct client_tls_choice *choice, struct gad_diag *d)
{
    const struct gad_tls_files files = {choice->ca, choice->certificate, choice->key, ""};
    SSL_CTX *ctx = NULL;
    char host[HOST];

    if ((*choice->certificate == '\0') != (*choice->key == '\0'))
        return gad_fail(d, GAD_EINVAL, "a certificate needs its key, and a key its certificate");
    int err = gad_tls_context(GAD_TLS_CLIENT, &files, &ctx, d);
    if (err)
        return err;
    t->ssl = SSL_new(ctx);
    gad_tls_context_free(ctx); /* the connection holds it */
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", gad_tls_reason());
    host_of(target, host);
    return gad_tls_expect(t->ssl, *choice->server_name ? choice->server_name : host, d);
}

int client_tls_open(int fd, const char *target, const struct client_tls_choice *choice,
                    int timeout_ms, struct client_tls **ret, struct gad_diag *d)
{
    struct client_tls *t = gad_calloc(1, sizeof(*t));

    if (!t)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    sigset_t old = hold_pipe();
    int err = begin(t, fd, target, choice, d);
    if (!err)
        err = shake(t->ssl, fd, timeout_ms, d);
    release_pipe(&old);
    if (err) {
        SSL_free(t->ssl);
        gad_free(t);
        return err;
    }
    *ret = t;
    return 0;
}

void client_tls_free(struct client_tls *t)
{
    if (!t)
        return;
    sigset_t old = hold_pipe();
    ERR_clear_error();
    if (!*t->error)
        (void)SSL_shutdown(t->ssl);
    release_pipe(&old);
    SSL_free(t->ssl);
    gad_free(t);
}

/* Sets errno, and for a broken connection the reason. Returns what read(2) would. */
static ssize_t failed(struct client_tls *t, int r)
{
    int want = SSL_get_error(t->ssl, r);

    errno = EAGAIN;
    if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE)
        return -1;
    if (want == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (ERR_peek_error() != 0)
        (void)snprintf(t->error, sizeof(t->error), "TLS: %s", gad_tls_reason());
    errno = EPIPE;
    return -1;
}

ssize_t client_tls_read(struct client_tls *t, uint8_t *p, size_t room)
{
    sigset_t old = hold_pipe(); /* it also answers messages of TLS */
    size_t got = 0, n = 0;
    int r = 0;

    ERR_clear_error();
    while (got < room && (r = SSL_read_ex(t->ssl, p + got, room - got, &n)) == 1)
        got += n;
    release_pipe(&old);
    return got > 0 ? (ssize_t)got : failed(t, r);
}

ssize_t client_tls_write(struct client_tls *t, const uint8_t *p, size_t len)
{
    sigset_t old = hold_pipe();
    size_t n = 0;

    ERR_clear_error();
    int r = SSL_write_ex(t->ssl, p, len, &n);
    release_pipe(&old);
    return r == 1 ? (ssize_t)n : failed(t, r);
}

const char *client_tls_error(const struct client_tls *t)
{
    return t->error;
}

bool client_tls_has_more(const struct client_tls *t)
{
    return SSL_pending(t->ssl) > 0;
}
