/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"

struct lookup {
    struct gaicb request;
    struct addrinfo hints;
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

int lookup_begin(const char *host_port, int socktype, struct lookup **ret, struct gad_diag *d)
{
    struct lookup *l = gad_calloc(1, sizeof(*l));

    if (!l)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = lookup_host(host_port, l->host);
    if (r != 0) {
        gad_free(l);
        return gad_fail(d, r, "'%s' is not HOST:PORT", host_port);
    }
    (void)snprintf(l->port, sizeof(l->port), "%s", strrchr(host_port, ':') + 1);
    l->hints.ai_socktype = socktype;
    l->hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    l->request = (struct gaicb){.ar_name = l->host, .ar_service = l->port, .ar_request = &l->hints};
    struct gaicb *list[] = {&l->request};
    r = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    if (r != 0) {
        gad_free(l);
        return gad_fail(d, GAD_ENOMEM, "%s: %s", host_port, gai_strerror(r));
    }
    *ret = l;
    return 0;
}

int lookup_proceed(struct lookup *l, struct gad_diag *d)
{
    int r = gai_error(&l->request);

    if (r == EAI_INPROGRESS)
        return GAD_MORE;
    if (r != 0)
        return gad_fail(d, GAD_EUNKNOWN, "host '%s': %s", l->host, gai_strerror(r));
    return 0;
}

const struct addrinfo *lookup_address(const struct lookup *l, size_t i)
{
    const struct addrinfo *a = l->request.ar_result;

    while (a && i-- > 0)
        a = a->ai_next;
    return a;
}

void lookup_free(struct lookup *l)
{
    if (!l)
        return;
    if (gai_error(&l->request) == EAI_INPROGRESS && gai_cancel(&l->request) == EAI_NOTCANCELED)
        return; /* the library's thread still writes to it: a few hundred bytes stay, once a failing resolver */
    if (l->request.ar_result)
        freeaddrinfo(l->request.ar_result);
    gad_free(l);
}
