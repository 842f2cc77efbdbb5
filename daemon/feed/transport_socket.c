/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: TCP and UDP, to whichever address of a name answers (daemon/feed/race.h), and unix
 * sockets: streams, datagrams and the journal's.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/race.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

static void close_fd(struct transport *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
}

/* A receiver has nothing to send: its bytes are discarded, and its end is reported. */
static int read_socket(struct transport *t, struct gad_diag *d)
{
    char ignored[4096];
    ssize_t n = recv(t->fd, ignored, sizeof(ignored), MSG_DONTWAIT);

    if (n == 0 && !t->ops->is_datagram)
        return GAD_END;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return gad_fail(d, -errno, "%s", gad_strerror(-errno));
    return 0;
}

static ssize_t send_some(struct transport *t, const uint8_t *p, size_t len)
{
    return send(t->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int finish_stream(struct transport *t)
{
    return shutdown(t->fd, SHUT_WR) == 0 ? 0 : -errno;
}

/* What the kernel took has reached the receiver. */
static int finish_dgram(struct transport *t)
{
    (void)t;
    return GAD_END;
}

/* --- TCP and UDP --- */

static void set_options(const struct transport *t)
{
    const int yes = 1;
    unsigned ms = (unsigned)(t->config->stall_timeout.ns / 1000000);

    /* An unreachable receiver is detected in the same time as one that does not read. */
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
                                   .known = &t->memory->addresses,
                                   .lookups = &t->memory->lookups};
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
    close_fd(t);
    end_race(t);
}

/* A receiver of datagrams may move without an error. So its name is resolved again at intervals.
 * The socket stays as long as its address is one of the name's; meanwhile datagrams go to the old
 * address. */
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
    close_fd(t);
    t->fd = fd;
    t->peer = peer;
    return GAD_MORE;
}

const struct transport_ops transport_tcp = {.type = "tcp",
                                            .is_connected = true,
                                            .open = transport_connect_begin,
                                            .proceed = transport_connect_proceed,
                                            .write = send_some,
                                            .read = read_socket,
                                            .finish = finish_stream,
                                            .close = transport_close_inet};

const struct transport_ops transport_udp = {.type = "udp",
                                            .is_datagram = true,
                                            .open = transport_connect_begin,
                                            .proceed = transport_connect_proceed,
                                            .write = send_some,
                                            .read = read_socket,
                                            .finish = finish_dgram,
                                            .refresh = refresh_udp,
                                            .close = transport_close_inet};

/* --- unix sockets --- */

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A unix socket connects at once or fails; EAGAIN means a full backlog. */
static int connect_to(struct transport *t, int type, const char *path, struct gad_diag *d)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof(addr.sun_path))
        return gad_fail(d, GAD_ELIMIT, "the path is too long for a socket");
    memcpy(addr.sun_path, path, len + 1);
    t->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->fd < 0 || connect(t->fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0)
        return gad_fail(d, -errno, "%s", gad_strerror(-errno));
    return 0;
}

static int open_stream(struct transport *t, struct gad_diag *d)
{
    return connect_to(t, SOCK_STREAM, t->config->to, d);
}

static int open_dgram(struct transport *t, struct gad_diag *d)
{
    return connect_to(t, SOCK_DGRAM, t->config->to, d);
}

static int open_journal(struct transport *t, struct gad_diag *d)
{
    return connect_to(t, SOCK_DGRAM, *t->config->to ? t->config->to : JOURNAL_SOCKET, d);
}

const struct transport_ops transport_unix = {.type = "unix",
                                             .is_connected = true,
                                             .open = open_stream,
                                             .write = send_some,
                                             .read = read_socket,
                                             .finish = finish_stream,
                                             .close = close_fd};

const struct transport_ops transport_unix_dgram = {.type = "unix-dgram",
                                                   .is_datagram = true,
                                                   .is_connected = true,
                                                   .open = open_dgram,
                                                   .write = send_some,
                                                   .read = read_socket,
                                                   .finish = finish_dgram,
                                                   .close = close_fd};

const struct transport_ops transport_journal = {.type = "journal",
                                                .is_datagram = true,
                                                .is_connected = true,
                                                .open = open_journal,
                                                .write = send_some,
                                                .read = read_socket,
                                                .finish = finish_dgram,
                                                .close = close_fd};
