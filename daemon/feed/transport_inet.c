/* SPDX-License-Identifier: Apache-2.0 */
/* TCP and UDP: each address that a name has is tried in turn. */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/feed/lookup.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

static void set_options(const struct transport *t)
{
    const int yes = 1;
    unsigned ms = (unsigned)(t->config->stall_timeout.ns / 1000000);

    /* A receiver whose machine is gone is found out in the time in which one that does not read is. */
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)setsockopt(t->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/* The next address; the reason for the last one's failure is in @d. */
static int try_next(struct transport *t, int failure, struct gad_diag *d)
{
    const struct addrinfo *a;

    while ((a = lookup_address(t->lookup, t->n_tried)) != NULL) {
        t->n_tried++;
        transport_close_fd(t);
        t->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (t->fd < 0) {
            failure = gad_fail(d, -errno, "%s", gad_strerror(-errno));
            continue;
        }
        if (!t->ops->is_datagram)
            set_options(t);
        if (connect(t->fd, a->ai_addr, a->ai_addrlen) == 0)
            return 0;
        if (errno == EINPROGRESS) {
            t->wants_write = true;
            return GAD_MORE;
        }
        failure = gad_fail(d, -errno, "%s", gad_strerror(-errno));
    }
    transport_close_fd(t);
    return failure;
}

int transport_connect_begin(struct transport *t, struct gad_diag *d)
{
    int r =
        lookup_begin(t->config->to, t->ops->is_datagram ? SOCK_DGRAM : SOCK_STREAM, &t->lookup, d);
    return r != 0 ? r : GAD_MORE;
}

int transport_connect_proceed(struct transport *t, struct gad_diag *d)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (t->fd < 0) {
        int r = lookup_proceed(t->lookup, d);
        return r != 0 ? r : try_next(t, GAD_EUNKNOWN, d);
    }
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        err = errno;
    if (err != 0)
        return try_next(t, gad_fail(d, -err, "%s", gad_strerror(-err)), d);
    /* Called by the clock as well: connected is who has a peer. */
    if (getpeername(t->fd, (struct sockaddr *)&peer, &peer_len) != 0)
        return GAD_MORE;
    return 0;
}

static void close_inet(struct transport *t)
{
    transport_close_fd(t);
    lookup_free(t->lookup);
    t->lookup = NULL;
}

static int finish_tcp(struct transport *t)
{
    return shutdown(t->fd, SHUT_WR) == 0 ? 0 : -errno;
}

static int finish_udp(struct transport *t)
{
    (void)t;
    return GAD_END;
}

const struct transport_ops transport_tcp = {.type = "tcp",
                                            .is_connected = true,
                                            .open = transport_connect_begin,
                                            .proceed = transport_connect_proceed,
                                            .write = transport_send,
                                            .read = transport_read_socket,
                                            .finish = finish_tcp,
                                            .close = close_inet};

const struct transport_ops transport_udp = {.type = "udp",
                                            .is_datagram = true,
                                            .open = transport_connect_begin,
                                            .proceed = transport_connect_proceed,
                                            .write = transport_send,
                                            .read = transport_read_socket,
                                            .finish = finish_udp,
                                            .close = close_inet};
