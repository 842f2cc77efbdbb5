/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A unix socket connects at once or not at all: EAGAIN is a full backlog. */
static int open_unix(struct output *o)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t len = strlen(o->target);

    if (len >= sizeof(addr.sun_path))
        return GAD_ELIMIT;
    memcpy(addr.sun_path, o->target, len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
        int err = -errno;
        (void)close(fd);
        return err;
    }
    o->fd = fd;
    return 0;
}

static ssize_t write_unix(const struct output *o, const uint8_t *p, size_t len)
{
    return send(o->fd, p, len, MSG_NOSIGNAL);
}

const struct output_ops output_unix = {
    .kind = "unix", .open = open_unix, .write = write_unix, .is_stream = true, .can_retry = true};
