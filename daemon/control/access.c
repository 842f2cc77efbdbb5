/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/access.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/privileges.h"
#include "daemon/socket_group.h"
#include "lib/base/mem.h"

enum { OVERFLOW_UID = 65534 };

int access_init(const struct config *c, struct access *ret, struct gad_diag *d)
{
    *ret = (struct access){.read_name = c->control.group, .admin_name = c->control.admin_group};
    int r = socket_group_find("control", ret->read_name, &ret->read, d);

    return r == 0 ? socket_group_find("control", ret->admin_name, &ret->admin, d) : r;
}

static bool is_set(gid_t group)
{
    return group != (gid_t)PRIVILEGES_OWN_GROUP;
}

/* The groups that the kernel states, besides the first one of SO_PEERCRED. */
struct groups {
    gid_t *id; /* owned */
    size_t n;
};

static struct groups groups_of(int fd)
{
    struct groups g = {NULL, 0};
    socklen_t len = 0;

    /* With too little room the kernel fails and states the length. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
        return g;
    g.id = gad_calloc(1, len);
    if (g.id && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, g.id, &len) == 0)
        g.n = len / sizeof(g.id[0]);
    return g;
}

static bool is_member(const struct ucred *peer, const struct groups *g, gid_t group)
{
    bool is = is_set(group) && peer->gid == group;

    for (size_t i = 0; i < g->n && is_set(group); i++)
        is = is || g->id[i] == group;
    return is;
}

struct access_peer access_peer(const struct access *a, int fd)
{
    struct ucred peer = {0};
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof(peer))
        return (struct access_peer){.uid = OVERFLOW_UID};
    if (peer.uid == 0 || peer.uid == geteuid())
        return (struct access_peer){peer.uid, ACCESS_READ | ACCESS_CHANGE,
                                    peer.uid == 0 ? ACCESS_RESERVED : 1};
    struct groups g = groups_of(fd);
    bool is_admin = is_member(&peer, &g, a->admin);
    bool reads = !is_set(a->read) || is_admin || is_member(&peer, &g, a->read);
    gad_free(g.id);
    bool changes = is_set(a->admin) ? is_admin : reads;
    return (struct access_peer){peer.uid,
                                (reads ? ACCESS_READ : 0U) | (changes ? ACCESS_CHANGE : 0U), 0};
}

unsigned access_needs(const Ganad__V1__ControlRequest *m)
{
    switch (m->command) {
    case GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__TAIL:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_LIST:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_TEST:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__CONFIG:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__INCIDENTS:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__EVIDENCE_LIST:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_LIST:
        return ACCESS_READ;
    /* packets of other people, EVIDENCE_READ, need as much as a change */
    default:
        return ACCESS_CHANGE;
    }
}

const char *access_refusal(const struct access *a, unsigned needs, char text[static ACCESS_TEXT])
{
    bool changes = needs == ACCESS_CHANGE && is_set(a->admin);

    (void)snprintf(text, ACCESS_TEXT,
                   "not permitted: %s needs a member of group '%s' ([control] %s), the daemon's "
                   "user or root",
                   needs == ACCESS_CHANGE ? "a command that changes ganadd" : "reading its state",
                   changes ? a->admin_name : a->read_name, changes ? "admin_group" : "group");
    return text;
}
