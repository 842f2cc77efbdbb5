/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/lookup.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "daemon/thread.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"

/* Each lookup has its own thread. The thread and the caller share the struct; the last of them
 * frees it. (getaddrinfo_a() would do this, but its thread has a minimal stack, too small for some
 * resolver modules.) */
enum { RUNNING = 1 }; /* not a result of getaddrinfo(), which is 0 or negative */

struct lookup {
    struct thread thread;
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
    atomic_store(&l->result, r);
    release(l);
}

static int start(struct lookup *l)
{
    atomic_store(&l->owners, 2);
    int r = thread_run(&l->thread, "ganadd-lookup", run, l);
    if (r == 0)
        thread_detach(&l->thread);
    return r;
}

int lookup_begin(const char *host_port, int socktype, struct lookup **ret, struct gad_diag *d)
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
    atomic_store(&l->result, RUNNING);
    if (r == 0 && (r = start(l)) != 0)
        (void)gad_fail(d, r, "%s: %s", host_port, gad_strerror(r));
    if (r == 0)
        *ret = l;
    else
        gad_free(l);
    return r;
}

int lookup_proceed(struct lookup *l, struct gad_diag *d)
{
    int r = atomic_load(&l->result);

    if (r == RUNNING)
        return GAD_MORE;
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
