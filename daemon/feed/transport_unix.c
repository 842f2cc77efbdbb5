/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets of whoever takes events: streams, datagrams, and the journal's. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A unix socket connects at once or not at all: EAGAIN is a full backlog. */
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

static int finish_stream(struct transport *t)
{
    return shutdown(t->fd, SHUT_WR) == 0 ? 0 : -errno;
}

/* What the kernel took is with the receiver. */
static int finish_dgram(struct transport *t)
{
    (void)t;
    return GAD_END;
}

const struct transport_ops transport_unix = {.type = "unix",
                                             .is_connected = true,
                                             .open = open_stream,
                                             .write = transport_send,
                                             .read = transport_read_socket,
                                             .finish = finish_stream,
                                             .close = transport_close_fd};

const struct transport_ops transport_unix_dgram = {.type = "unix-dgram",
                                                   .is_datagram = true,
                                                   .is_connected = true,
                                                   .open = open_dgram,
                                                   .write = transport_send,
                                                   .read = transport_read_socket,
                                                   .finish = finish_dgram,
                                                   .close = transport_close_fd};

const struct transport_ops transport_journal = {.type = "journal",
                                                .is_datagram = true,
                                                .is_connected = true,
                                                .open = open_journal,
                                                .write = transport_send,
                                                .read = transport_read_socket,
                                                .finish = finish_dgram,
                                                .close = transport_close_fd};
