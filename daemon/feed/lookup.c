/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/lookup.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/thread.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

/* Each lookup has its own thread. The thread, the table of the output and a caller share the
 * struct; the last of them frees it. (getaddrinfo_a() would do this, but its thread has a minimal
 * stack, too small for some resolver modules.) */
enum { RUNNING = 1 }; /* not a result of getaddrinfo(), which is 0 or negative */

static atomic_uint n_running;
static atomic_ullong n_waits;

struct lookup {
    struct thread thread;
    struct gad_time begun, ended; /* monotonic; ended: valid with the result */
    bool is_taken;                /* a caller had its result */
    atomic_int result;
    atomic_int owners;
    struct addrinfo hints, *found;
    char host[LOOKUP_HOST], port[16];
};

int lookup_host(const char *host_port, char host[static LOOKUP_HOST])
{
    const char *colon = strrchr(host_port, ':');
    const char *from = host_port, *to = colon;

    if (!colon || colon == host_port)
        return GAD_EINVAL;
    if (*from == '[' && to[-1] == ']') {
        from++;
        to--;
    }
    if (to <= from)
        return GAD_EINVAL;
    if (to - from >= LOOKUP_HOST)
        return GAD_ELIMIT;
    memcpy(host, from, (size_t)(to - from));
    host[to - from] = '\0';
    return 0;
}

static void release(struct lookup *l)
{
    if (atomic_fetch_sub(&l->owners, 1) != 1)
        return;
    if (l->found)
        freeaddrinfo(l->found);
    gad_free(l);
}

static void run(void *arg)
{
    struct lookup *l = arg;

    int r = getaddrinfo(l->host, l->port, &l->hints, &l->found);
    l->ended = gad_time_monotonic();
    atomic_store(&l->result, r);
    atomic_fetch_sub(&n_running, 1);
    release(l);
}

static int start(struct lookup *l)
{
    atomic_store(&l->owners, 3);
    atomic_fetch_add(&n_running, 1);
    int r = thread_run(&l->thread, "ganadd-lookup", run, l);
    if (r == 0)
        thread_detach(&l->thread);
    else
        atomic_fetch_sub(&n_running, 1);
    return r;
}

static int make(const char *host_port, int socktype, struct lookup **ret, struct gad_diag *d)
{
    struct lookup *l = gad_calloc(1, sizeof(*l));

    if (!l)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = lookup_host(host_port, l->host);
    if (r != 0)
        (void)gad_fail(d, r, "'%s' is not HOST:PORT", host_port);
    (void)snprintf(l->port, sizeof(l->port), "%s", r == 0 ? strrchr(host_port, ':') + 1 : "");
    l->hints.ai_socktype = socktype;
    /* Without AI_ADDRCONFIG, which hides 127.0.0.1 from a machine that has link-local addresses
     * only. */
    l->hints.ai_flags = AI_NUMERICSERV;
    l->begun = gad_time_monotonic();
    atomic_store(&l->result, RUNNING);
    if (r == 0 && (r = start(l)) != 0)
        (void)gad_fail(d, r, "%s: %s", host_port, gad_strerror(r));
    if (r == 0)
        *ret = l;
    else
        gad_free(l);
    return r;
}

static bool is_older(struct gad_time t, int seconds)
{
    return gad_time_sub(gad_time_monotonic(), t).ns > seconds * INT64_C(1000000000);
}

/* Forgets the lookups that have ended, but for new addresses that no caller has had. */
static void sweep(struct lookups *all)
{
    for (size_t i = 0; i < LOOKUPS_MAX; i++) {
        struct lookup *l = all->of[i];
        int r = l ? atomic_load(&l->result) : RUNNING;
        if (r == RUNNING || (r == 0 && !l->is_taken && !is_older(l->ended, LOOKUP_STUCK_S)))
            continue;
        release(l);
        all->of[i] = NULL;
    }
}

/* Returns the latest lookup, or NULL. */
static struct lookup *latest(const struct lookups *all)
{
    struct lookup *found = NULL;

    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        if (all->of[i] && (!found || all->of[i]->begun.ns > found->begun.ns))
            found = all->of[i];
    return found;
}

/* Whether another lookup may answer when this one does not: of a resolver that came back. */
static bool is_stuck(const struct lookup *l)
{
    return atomic_load(&l->result) == RUNNING && is_older(l->begun, LOOKUP_STUCK_S);
}

int lookup_begin(struct lookups *all, const char *host_port, int socktype, struct lookup **ret,
                 struct gad_diag *d)
{
    size_t free_at = 0;

    sweep(all);
    struct lookup *l = latest(all);
    while (free_at < LOOKUPS_MAX && all->of[free_at])
        free_at++;
    if (l && (!is_stuck(l) || free_at == LOOKUPS_MAX)) {
        atomic_fetch_add(&n_waits, 1);
        atomic_fetch_add(&l->owners, 1);
        *ret = l;
        return 0;
    }
    int r = make(host_port, socktype, ret, d);
    if (r == 0)
        all->of[free_at] = *ret;
    return r;
}

void lookups_forget(struct lookups *all)
{
    for (size_t i = 0; i < LOOKUPS_MAX; i++) {
        if (all->of[i])
            release(all->of[i]);
        all->of[i] = NULL;
    }
}

unsigned lookups_running(void)
{
    return atomic_load(&n_running);
}

uint64_t lookups_waits(void)
{
    return atomic_load(&n_waits);
}

int lookup_proceed(struct lookup *l, struct gad_diag *d)
{
    int r = atomic_load(&l->result);

    if (r == RUNNING)
        return GAD_MORE;
    l->is_taken = true;
    if (r != 0)
        return gad_fail(d, GAD_EUNKNOWN, "host '%s': %s", l->host, gai_strerror(r));
    return 0;
}

const struct addrinfo *lookup_found(const struct lookup *l)
{
    return atomic_load(&l->result) == 0 ? l->found : NULL;
}

void lookup_free(struct lookup *l)
{
    if (l)
        release(l);
}
