/* SPDX-License-Identifier: Apache-2.0 */
/* TCP and UDP, to whichever address of a name answers (daemon/feed/race.h). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/race.h"
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

int transport_connect_begin(struct transport *t, struct gad_diag *d)
{
    const struct race_options o = {.name = t->config->name,
                                   .to = t->config->to,
                                   .socktype = t->ops->is_datagram ? SOCK_DGRAM : SOCK_STREAM,
                                   .timeout = t->config->connect_timeout,
                                   .known = &t->memory->addresses};
    int r = race_begin(&o, &t->race, d);

    t->looked_up = gad_time_monotonic();
    return r != 0 ? r : GAD_MORE;
}

static void end_race(struct transport *t)
{
    race_free(t->race);
    t->race = NULL;
}

int transport_connect_proceed(struct transport *t, struct gad_diag *d)
{
    int r = t->race ? race_proceed(t->race, &t->fd, &t->peer, d) : 0;

    if (r == GAD_MORE)
        return r;
    end_race(t);
    if (r == 0 && !t->ops->is_datagram)
        set_options(t);
    return r;
}

void transport_close_inet(struct transport *t)
{
    transport_close_fd(t);
    end_race(t);
}

/*
 * A receiver of datagrams may move, and no error says so. Its name is looked up again at intervals; the socket stays as
 * long as its address is one of the name's. Datagrams go on to the old address meanwhile.
 */
static int refresh_udp(struct transport *t, struct gad_diag *d)
{
    struct address peer;
    int fd = -1;

    if (!t->race) {
        if (gad_time_sub(gad_time_monotonic(), t->looked_up).ns < t->config->resolve_interval.ns)
            return 0;
        int r = transport_connect_begin(t, d);
        return r < 0 ? r : 0;
    }
    int r = race_proceed(t->race, &fd, &peer, d);
    if (r == GAD_MORE)
        return 0;
    if (r < 0) {
        end_race(t);
        return r;
    }
    bool moved = !race_has(t->race, &t->peer);
    end_race(t);
    if (!moved) {
        (void)close(fd);
        return GAD_END;
    }
    transport_close_fd(t);
    t->fd = fd;
    t->peer = peer;
    return GAD_MORE;
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
                                            .close = transport_close_inet};

const struct transport_ops transport_udp = {.type = "udp",
                                            .is_datagram = true,
                                            .open = transport_connect_begin,
                                            .proceed = transport_connect_proceed,
                                            .write = transport_send,
                                            .read = transport_read_socket,
                                            .finish = finish_udp,
                                            .refresh = refresh_udp,
                                            .close = transport_close_inet};
