/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/tls_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "lib/base/diag.h"
#include "lib/wire/tls.h"

enum {
    PIECE = 8 << 10,          /* bytes read from the socket at a time */
    PIECES_A_READ = 8,        /* then the rest waits for the next call */
    HANDSHAKE_MAX = 64 << 10, /* bytes from the client; certificates of 32 KiB fit */
    /*
     * Messages of the handshake protocol after it: key updates, at least 2^24 records apart, and
     * requests for renegotiation, which are refused.
     */
    LATE_MAX = 64,
};

struct tls_stream {
    SSL *ssl;
    BIO *in; /* owned by ssl: received bytes that it has not read */
    int fd;
    size_t n_in;  /* bytes received */
    int n_late;   /* handshake messages after the handshake */
    bool is_full; /* the last read filled all room, so that more may be there */
    bool is_ended, is_broken, wants_write;
};

int tls_stream_new(struct ssl_ctx_st *context, int fd, struct tls_stream **ret)
{
    gad_cleanup(tls_stream_freep) struct tls_stream *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    s->fd = fd;
    s->ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new_socket(fd, BIO_NOCLOSE);
    if (!s->ssl || !in || !out) {
        (void)BIO_free(in);
        (void)BIO_free(out);
        ERR_clear_error();
        return GAD_ENOMEM;
    }
    BIO_set_mem_eof_return(in, -1); /* empty: more will come */
    SSL_set_bio(s->ssl, in, out);
    SSL_set_accept_state(s->ssl);
    s->in = in;
    *ret = gad_steal(&s);
    return 0;
}

void tls_stream_free(struct tls_stream *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    gad_free(s);
}

/* Receives a piece. Returns the number of bytes; 0: the peer has closed; -1: see errno. */
static ssize_t receive(struct tls_stream *s)
{
    char piece[PIECE];
    ssize_t n;

    do
        n = recv(s->fd, piece, sizeof(piece), 0);
    while (n < 0 && errno == EINTR);
    if (n > 0 && BIO_write(s->in, piece, (int)n) != (int)n) {
        errno = ENOMEM;
        return -1;
    }
    s->n_in += n > 0 ? (size_t)n : 0;
    return n;
}

static void count_late(int is_sent, int version, int type, const void *p, size_t len, SSL *ssl,
                       void *arg)
{
    struct tls_stream *s = arg;
    (void)version;
    (void)p;
    (void)len;
    (void)ssl;

    s->n_late += !is_sent && type == SSL3_RT_HANDSHAKE;
}

/* --- the handshake --- */

int tls_stream_handshake(struct tls_stream *s, struct gad_diag *d)
{
    for (;;) {
        ERR_clear_error();
        int r = SSL_accept(s->ssl);
        if (r == 1) {
            SSL_set_msg_callback(s->ssl, count_late);
            SSL_set_msg_callback_arg(s->ssl, s);
            s->is_full = true; /* the first request may have arrived with the last message */
            return 0;
        }
        int want = SSL_get_error(s->ssl, r);
        s->wants_write = want == SSL_ERROR_WANT_WRITE;
        if (s->wants_write)
            return GAD_MORE;
        if (want != SSL_ERROR_WANT_READ)
            return gad_tls_why_failed(s->ssl, "client", d);
        if (s->n_in >= HANDSHAKE_MAX)
            return gad_fail(d, GAD_ELIMIT, "TLS: a handshake of more than %d bytes", HANDSHAKE_MAX);
        ssize_t n = receive(s);
        if (n < 0 && errno == EAGAIN)
            return GAD_MORE;
        if (n <= 0)
            return gad_fail(d, GAD_ECLOSED, "TLS: the client closed the connection");
    }
}

/* --- bytes --- */

/* Why SSL_read_ex() returned no byte. Returns whether it may be called again now. */
static bool may_go_on(struct tls_stream *s, int want, int *pieces)
{
    s->wants_write = want == SSL_ERROR_WANT_WRITE;
    s->is_ended = s->is_ended || want == SSL_ERROR_ZERO_RETURN;
    s->is_broken = (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE && !s->is_ended) ||
                   s->n_late > LATE_MAX;
    if (want != SSL_ERROR_WANT_READ || s->is_broken || *pieces == PIECES_A_READ)
        return false;
    ++*pieces;
    ssize_t n = receive(s);
    s->is_ended = n == 0;
    s->is_broken = n < 0 && errno != EAGAIN;
    return n > 0;
}

ssize_t tls_stream_read(struct tls_stream *s, uint8_t *p, size_t room)
{
    size_t got = 0, n = 0;
    int pieces = 0, r = 0;

    s->is_full = s->wants_write = false;
    while (got < room && !s->is_ended && !s->is_broken) {
        ERR_clear_error();
        r = SSL_read_ex(s->ssl, p + got, room - got, &n);
        got += r == 1 ? n : 0;
        if (r != 1 && !may_go_on(s, SSL_get_error(s->ssl, r), &pieces))
            break;
    }
    ERR_clear_error();
    s->is_full = got == room || (got > 0 && (s->is_ended || s->is_broken));
    if (got > 0)
        return (ssize_t)got;
    errno = s->is_broken ? ECONNRESET : EAGAIN;
    return s->is_ended && !s->is_broken ? 0 : -1;
}

ssize_t tls_stream_write(struct tls_stream *s, const uint8_t *p, size_t len)
{
    size_t n = 0;

    ERR_clear_error();
    int r = SSL_write_ex(s->ssl, p, len, &n);
    int want = r == 1 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, r);
    ERR_clear_error();
    if (r == 1)
        return (ssize_t)n;
    errno = want == SSL_ERROR_WANT_WRITE || want == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
    s->is_broken = s->is_broken || errno == EPIPE;
    return -1;
}

bool tls_stream_wants_write(const struct tls_stream *s)
{
    return s->wants_write;
}

bool tls_stream_has_more(const struct tls_stream *s)
{
    return s->is_full;
}

void tls_stream_end(struct tls_stream *s)
{
    ERR_clear_error();
    if (!s->is_broken)
        (void)SSL_shutdown(s->ssl);
    ERR_clear_error();
}

const char *tls_stream_version(const struct tls_stream *s)
{
    return SSL_get_version(s->ssl);
}

/* --- names --- */

void tls_stream_names(const struct tls_stream *s, tls_name_fn *fn, void *arg)
{
    static const struct {
        int type;
        enum client_name_kind kind;
    } kinds[] = {
        {GEN_DNS, CLIENT_NAME_DNS}, {GEN_EMAIL, CLIENT_NAME_EMAIL}, {GEN_URI, CLIENT_NAME_URI}};
    const X509 *own = SSL_get0_peer_certificate(s->ssl);
    GENERAL_NAMES *names = own ? X509_get_ext_d2i(own, NID_subject_alt_name, NULL, NULL) : NULL;

    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            if (kinds[k].type == type)
                fn(arg, kinds[k].kind, ASN1_STRING_get0_data(value),
                   (size_t)ASN1_STRING_length(value));
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
}
