/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/handshakes.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/ingest/conn.h"
#include "daemon/ingest/tls_stream.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"

enum {
    ADDRESS_PART = 4, /* one address has 1 / this of the handshakes at most */
    REST_MAX = 16,    /* reads of what a refused peer has sent */
};

/* What one host has: an IPv4 address, or the first 64 bits of an IPv6 address. */
struct origin {
    uint8_t bytes[8];
};

struct handshake {
    struct handshakes *of;
    int fd;
    struct origin origin;
    struct tls_stream *tls;
    struct watch *reader, *writer, *timer;
    TAILQ_ENTRY(handshake) all;
};

TAILQ_HEAD(handshake_list, handshake);

struct handshakes {
    struct handshakes_options o;
    struct handshake_list all; /* the oldest first */
    struct log_limit failed;
};

static struct origin origin_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } sa = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof(sa);
    struct origin o = {{0}};

    if (getpeername(fd, &sa.any, &len) != 0)
        return o;
    if (sa.any.sa_family == AF_INET)
        memcpy(o.bytes + 4, &sa.v4.sin_addr, 4);
    else if (sa.any.sa_family == AF_INET6)
        memcpy(o.bytes, &sa.v6.sin6_addr, sizeof(o.bytes));
    return o;
}

static bool is_same(const struct origin *a, const struct origin *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Frees all but the connection. */
static void release(struct handshake *s)
{
    TAILQ_REMOVE(&s->of->all, s, all);
    s->of->o.stats->handshakes--;
    watch_free(s->reader);
    watch_free(s->writer);
    watch_free(s->timer);
    gad_free(s);
}

/*
 * A connection that is closed with unread bytes is reset, and the peer may then not read the TLS
 * alert that says why.
 */
static void close_read(int fd)
{
    char ignored[4096];

    for (int i = 0; i < REST_MAX && recv(fd, ignored, sizeof(ignored), 0) > 0; i++)
        ;
    (void)close(fd);
}

static void fail(struct handshake *s, const char *why)
{
    struct handshakes *h = s->of;
    char who[CONN_PEER_TEXT], more[LOG_LIMIT_TEXT];

    h->o.stats->handshakes_failed++;
    if (log_limit_allows(&h->failed, gad_time_monotonic(), more))
        log_warn("scoring", "refused client %s: %s%s", conn_peer(s->fd, who), why, more);
    tls_stream_free(s->tls);
    close_read(s->fd);
    release(s);
}

static void proceed(void *arg)
{
    struct handshake *s = arg;
    struct gad_diag d = {""};
    int r = tls_stream_handshake(s->tls, &d);

    if (r == GAD_MORE) {
        if (tls_stream_wants_write(s->tls))
            watch_start(s->writer);
        return;
    }
    if (r < 0) {
        fail(s, d.text);
        return;
    }
    struct handshakes *h = s->of;
    struct tls_stream *tls = s->tls;
    int fd = s->fd;
    release(s);
    h->o.done(h->o.arg, fd, tls);
}

static void expire(void *arg)
{
    fail(arg, "the TLS handshake was not complete within handshake_timeout");
}

static uint64_t number_of(const struct handshakes *h, const struct origin *o)
{
    const struct handshake *s;
    uint64_t n = 0;

    TAILQ_FOREACH (s, &h->all, all)
        n += is_same(&s->origin, o);
    return n;
}

static int make(struct handshakes *h, struct ssl_ctx_st *context, int fd, struct handshake *s)
{
    s->of = h;
    s->fd = fd;
    s->origin = origin_of(fd);
    s->reader = watch_reader(h->o.base, fd, proceed, s);
    s->writer = watch_writer(h->o.base, fd, proceed, s);
    s->timer = watch_timer(h->o.base, expire, s);
    if (!s->reader || !s->writer || !s->timer)
        return GAD_ENOMEM;
    return tls_stream_new(context, fd, &s->tls);
}

void handshakes_begin(struct handshakes *h, struct ssl_ctx_st *context, int fd)
{
    const struct origin origin = origin_of(fd);
    struct handshake *s = NULL;

    if (number_of(h, &origin) >= h->o.most / ADDRESS_PART) {
        h->o.stats->handshakes_failed++;
        (void)close(fd);
        return;
    }
    if (h->o.stats->handshakes >= h->o.most)
        fail(TAILQ_FIRST(&h->all), "its TLS handshake took long, and others had to wait");
    s = gad_calloc(1, sizeof(*s));
    if (!s) {
        (void)close(fd);
        return;
    }
    int r = make(h, context, fd, s);
    TAILQ_INSERT_TAIL(&h->all, s, all);
    h->o.stats->handshakes++;
    if (r != 0)
        fail(s, "no memory");
    else
        watch_after(s->timer, h->o.timeout);
}

int handshakes_new(const struct handshakes_options *o, struct handshakes **ret)
{
    struct handshakes *h = gad_calloc(1, sizeof(*h));

    if (!h)
        return GAD_ENOMEM;
    h->o = *o;
    h->failed = log_limit_init(gad_time_monotonic());
    TAILQ_INIT(&h->all);
    *ret = h;
    return 0;
}

void handshakes_free(struct handshakes *h)
{
    struct handshake *s;

    while (h && (s = TAILQ_FIRST(&h->all)) != NULL) {
        tls_stream_free(s->tls);
        (void)close(s->fd);
        release(s);
    }
    gad_free(h);
}
