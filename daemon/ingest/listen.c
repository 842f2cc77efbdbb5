/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/descriptors.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/wire/socket.h"

/*
 * Connections are accepted at a limited rate, and a 16th of those of a second at once. A peer that
 * floods the socket with connections then sleeps in connect(), instead of keeping a core busy here
 * and taking time from connected clients (tests/bench/hostile).
 */
enum { BACKLOG = 128, ACCEPTS_PER_EVENT = 16, ACCEPTS_AFTER_REST = 4, AT_ONCE_PART = 16 };

struct listener {
    int fd;
    char *address;
    bool is_unix, resting;
    bool is_given;        /* by the service manager, which also removes it */
    int64_t pace;         /* ns for each connection, in the long run */
    int64_t ahead_max;    /* ns */
    struct gad_time paid; /* the time at which the accepted connections conform to the rate */
    struct watch *reader, *rest;
    void (*accepted)(void *arg, int fd);
    void *arg;
};

GAD_DEFINE_CLEANUP(struct listener, listener_free);

static const char *path_of(const struct listener *l)
{
    return l->address + (strncmp(l->address, "unix:", 5) == 0 ? 5 : 0);
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    watch_free(l->reader);
    watch_free(l->rest);
    if (l->fd >= 0) {
        (void)close(l->fd);
        if (l->is_unix && !l->is_given)
            (void)unlink(path_of(l));
    }
    gad_free(l->address);
    gad_free(l);
}

static void rested(void *arg)
{
    struct listener *l = arg;
    watch_start(l->reader);
}

static void rest(struct listener *l, struct gad_time delay)
{
    watch_stop(l->reader);
    watch_after(l->rest, delay);
}

static void cannot_accept(struct listener *l, int err)
{
    if (!l->resting)
        log_warn("listen", "'%s': cannot accept: %s; retrying every second%s", l->address,
                 gad_strerror(err),
                 err == -EMFILE || err == -ENFILE ? ": " DESCRIPTORS_ADVICE : "");
    l->resting = true;
    rest(l, (struct gad_time){1000000000});
}

/* How far the accepted connections are ahead of the rate. */
static int64_t ahead(const struct listener *l)
{
    int64_t ns = l->paid.ns - gad_time_monotonic().ns;
    return ns > 0 ? ns : 0;
}

static bool is_passing(int err)
{
    return err == EINTR || err == ECONNABORTED || err == EPROTO || err == EPERM ||
           err == ENETDOWN || err == EHOSTUNREACH || err == ENETUNREACH || err == EHOSTDOWN ||
           err == ENONET || err == EOPNOTSUPP ||
           err == ENOPROTOOPT; /* affects one connection only: accept(2) */
}

static void accept_event(void *arg)
{
    struct listener *l = arg;

    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        if (ahead(l) >= l->ahead_max) {
            rest(l, (struct gad_time){ACCEPTS_AFTER_REST * l->pace});
            return;
        }
        int one = 1, peer = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0 && errno == EAGAIN)
            return;
        if (peer < 0 && is_passing(errno))
            continue;
        if (peer < 0) {
            cannot_accept(l, -errno);
            return;
        }
        l->resting = false;
        l->paid.ns = gad_time_monotonic().ns + ahead(l) + l->pace;
        if (!l->is_unix)
            (void)setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        l->accepted(l->arg, peer);
    }
}

int listener_new(struct event_base *base, const char *address, uint32_t mode, unsigned per_second,
                 void (*accepted)(void *arg, int fd), void *arg, struct listener **ret,
                 struct gad_diag *d)
{
    gad_cleanup(listener_freep) struct listener *l = gad_calloc(1, sizeof(*l));

    if (!l)
        return gad_fail(d, GAD_ENOMEM, "'%s': no memory", address);
    l->fd = -1;
    l->pace = 1000000000 / per_second;
    l->ahead_max = 1000000000 / AT_ONCE_PART;
    l->is_unix = gad_socket_is_unix(address);
    l->accepted = accepted;
    l->arg = arg;
    l->address = gad_strndup(address, strlen(address));
    if (!l->address)
        return gad_fail(d, GAD_ENOMEM, "'%s': no memory", address);
    if (l->is_unix)
        l->fd = notify_socket(path_of(l));
    l->is_given = l->fd >= 0;
    int r = l->is_given ? 0 : gad_socket_listen(address, (mode_t)mode, BACKLOG, &l->fd, d);
    if (r != 0)
        return r;
    l->reader = watch_reader(base, l->fd, accept_event, l);
    l->rest = watch_timer(base, rested, l);
    if (!l->reader || !l->rest)
        return gad_fail(d, GAD_ENOMEM, "'%s': no memory", address);
    *ret = gad_steal(&l);
    return 0;
}
