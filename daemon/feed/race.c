/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/race.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/feed/lookup.h"
#include "daemon/log.h"
#include "lib/base/diag.h"

enum { MOMENT_NS = 250000000 }; /* RFC 8305 section 5 recommends it */

struct race {
    struct race_options o;
    struct lookup *lookup;
    bool is_found, is_won;
    size_t n, begun, running;
    struct address address[ADDRESSES_MAX];
    int fd[RACE_ATTEMPTS]; /* of address i; -1: no socket, or the attempt has failed */
    struct gad_time next;  /* when the next attempt begins */
    char failures[RACE_TEXT];
};

int race_begin(const struct race_options *o, struct race **ret, struct gad_diag *d)
{
    gad_cleanup(race_freep) struct race *r = gad_calloc(1, sizeof(*r));

    if (!r)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    r->o = *o;
    int e = lookup_begin(o->lookups, o->to, o->socktype, &r->lookup, d);
    if (e == 0)
        *ret = gad_steal(&r);
    return e;
}

void race_free(struct race *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->begun; i++) {
        if (r->fd[i] < 0)
            continue;
        (void)close(r->fd[i]);
        if (!r->is_won)
            addresses_failed(r->o.known, &r->address[i]);
    }
    lookup_free(r->lookup);
    gad_free(r);
}

static void append(char *text, size_t size, const char *separator, const char *a, const char *b)
{
    size_t len = strlen(text);
    (void)snprintf(text + len, size - len, "%s%s%s", len > 0 ? separator : "", a, b);
}

static void fail_attempt(struct race *r, size_t i, int err)
{
    char address[ADDRESS_TEXT], why[128];

    address_text(&r->address[i], address);
    log_debug("feed", "output '%s': %s: %s", r->o.name, address, gad_strerror(err));
    (void)snprintf(why, sizeof(why), ": %s", gad_strerror(err));
    append(r->failures, sizeof(r->failures), "; ", address, why);
    addresses_failed(r->o.known, &r->address[i]);
    if (r->fd[i] >= 0) {
        (void)close(r->fd[i]);
        r->running--;
    }
    r->fd[i] = -1;
    r->next.ns = 0;
}

static void win(struct race *r, size_t i, int *ret_fd, struct address *ret_peer)
{
    r->is_won = true;
    *ret_fd = r->fd[i];
    *ret_peer = r->address[i];
    r->fd[i] = -1;
}

static struct gad_time moment(const struct race *r)
{
    int64_t share = r->o.timeout.ns / (int64_t)(r->n + 1);
    return (struct gad_time){share < MOMENT_NS ? share : MOMENT_NS};
}

static void begin_attempt(struct race *r)
{
    size_t i = r->begun++;
    const struct address *a = &r->address[i];
    char text[ADDRESS_TEXT];

    address_text(a, text);
    log_debug("feed", "output '%s': trying %s", r->o.name, text);
    r->next.ns = gad_time_monotonic().ns + moment(r).ns;
    r->fd[i] = socket(a->any.sa_family, r->o.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    r->running += r->fd[i] >= 0;
    if (r->fd[i] < 0 || (connect(r->fd[i], &a->any, a->len) != 0 && errno != EINPROGRESS))
        fail_attempt(r, i, -errno);
}

/* Whether attempt @i is connected. Ends an attempt that has failed. */
static bool is_connected(struct race *r, size_t i)
{
    struct pollfd p = {.fd = r->fd[i], .events = POLLOUT};
    int err = 0;
    socklen_t len = sizeof(err);

    if (r->fd[i] < 0 || poll(&p, 1, 0) != 1)
        return false;
    if (getsockopt(r->fd[i], SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        err = errno;
    if (err != 0)
        fail_attempt(r, i, -err);
    return err == 0;
}

static int look_up(struct race *r, struct gad_diag *d)
{
    int e = r->is_found ? 0 : lookup_proceed(r->lookup, d);

    if (e != 0 || r->is_found)
        return e;
    r->is_found = true;
    r->n = addresses_order(r->o.known, lookup_found(r->lookup), r->address);
    log_debug("feed", "output '%s': '%s' has %zu address%s", r->o.name, r->o.to, r->n,
              r->n == 1 ? "" : "es");
    return 0;
}

int race_proceed(struct race *r, int *ret_fd, struct address *ret_peer, struct gad_diag *d)
{
    int e = look_up(r, d);

    if (e != 0)
        return e;
    for (;;) {
        for (size_t i = 0; i < r->begun; i++) {
            if (is_connected(r, i)) {
                win(r, i, ret_fd, ret_peer);
                return 0;
            }
        }
        bool more = r->begun < r->n && r->begun < RACE_ATTEMPTS;
        if (!more && r->running == 0)
            return gad_fail(d, GAD_ECLOSED, "%s", *r->failures ? r->failures : "no address");
        if (!more || gad_time_monotonic().ns < r->next.ns)
            return GAD_MORE;
        begin_attempt(r);
    }
}

bool race_has(const struct race *r, const struct address *a)
{
    for (size_t i = 0; i < r->n; i++)
        if (address_is(&r->address[i], a))
            return true;
    return false;
}

void race_text(const struct race *r, char text[static RACE_TEXT])
{
    char address[ADDRESS_TEXT];

    text[0] = '\0';
    if (!r->is_found)
        append(text, RACE_TEXT, "", "the lookup of ", r->o.to);
    for (size_t i = 0; i < r->begun; i++) {
        if (r->fd[i] < 0)
            continue;
        address_text(&r->address[i], address);
        append(text, RACE_TEXT, ", ", address, "");
    }
}
