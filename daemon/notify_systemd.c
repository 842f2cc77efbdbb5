/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>

#include <systemd/sd-daemon.h>

void notify_state(const char *state)
{
    (void)sd_notify(0, state); /* fails harmlessly without a service manager */
}

struct gad_time notify_watchdog(void)
{
    uint64_t usec = 0;

    if (sd_watchdog_enabled(0, &usec) <= 0 || usec > INT64_MAX / 1000)
        return (struct gad_time){0};
    return (struct gad_time){(int64_t)usec * 1000};
}

/*
 * The environment is kept: each listener searches it for its own socket, and no other program is
 * ever started.
 */
int notify_socket(const char *path)
{
    int n = sd_listen_fds(0);

    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
        if (sd_is_socket_unix(fd, SOCK_STREAM, 1, path, 0) <= 0)
            continue;
        int flags = fcntl(fd, F_GETFL);
        if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
            return fd;
    }
    return -1;
}
