/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/interface.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static enum gad_link link_of(short flags)
{
    if (!(flags & IFF_UP))
        return GAD_LINK_DOWN;
    return flags & IFF_RUNNING ? GAD_LINK_UP : GAD_LINK_NO_CARRIER;
}

enum gad_link gad_interface_link(const char *name)
{
    struct ifreq request = {0};
    size_t len = strlen(name);

    if (len == 0 || len >= sizeof(request.ifr_name) || strcmp(name, "any") == 0 ||
        strchr(name, ':')) /* "nflog:1" is a source of libpcap */
        return GAD_LINK_UNKNOWN;
    /* netdevice(7): works with any socket */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return GAD_LINK_UNKNOWN;
    memcpy(request.ifr_name, name, len);
    int r = ioctl(fd, SIOCGIFFLAGS, &request), err = errno;
    (void)close(fd);
    if (r != 0)
        return err == ENODEV ? GAD_LINK_MISSING : GAD_LINK_UNKNOWN;
    return link_of(request.ifr_flags);
}

const char *gad_link_name(enum gad_link link)
{
    static const char *const names[] = {"", "up", "no carrier", "down", "missing"};

    return names[link];
}

void gad_interface_list(char text[static GAD_INTERFACE_LIST])
{
    struct if_nameindex *all = if_nameindex();
    size_t room = GAD_INTERFACE_LIST - sizeof(", ..."), at = 0;

    (void)snprintf(text, GAD_INTERFACE_LIST, "none");
    for (size_t i = 0; all && all[i].if_name; i++) {
        int n = snprintf(text + at, room - at, "%s%s", at > 0 ? ", " : "", all[i].if_name);
        if (n < 0 || (size_t)n >= room - at) {
            (void)snprintf(text + at, GAD_INTERFACE_LIST - at, "%s...", at > 0 ? ", " : "");
            break;
        }
        at += (size_t)n;
    }
    if (all)
        if_freenameindex(all);
}
