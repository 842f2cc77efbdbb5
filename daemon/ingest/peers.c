/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/peers.h"

#include <stdio.h>
#include <string.h>

#include "daemon/config/clients.h"
#include "daemon/ingest/tls_stream.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"

static const int64_t second = 1000000000;

struct peers {
    struct client_names *names; /* the values are indices of @configured */
    size_t n;
    struct peer *configured[CONFIG_CLIENTS_MAX]; /* in the order of the files */
};

static struct peer *named(const struct peers *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->configured[i]->name, name) == 0)
            return p->configured[i];
    return NULL;
}

static struct peer *peer_new(const char *name)
{
    struct peer *p = gad_calloc(1, sizeof(*p));

    if (p)
        (void)snprintf(p->name, sizeof(p->name), "%s", name);
    return p;
}

static void set_limits(struct peer *p, const struct config_client *c)
{
    p->is_configured = true;
    p->max_connections = c->connections;
    p->max_in_flight = c->in_flight;
    p->max_records = c->records;
    p->rate = c->rate;
}

static void forget(struct peer *p)
{
    p->is_configured = false;
    if (p->held == 0)
        gad_free(p);
}

void peer_hold(struct peer *p)
{
    p->held++;
}

void peer_drop(struct peer *p)
{
    if (--p->held == 0 && !p->is_configured)
        gad_free(p);
}

void peers_free(struct peers *p)
{
    for (size_t i = 0; p && i < p->n; i++)
        forget(p->configured[i]);
    if (p)
        client_names_free(p->names);
    gad_free(p);
}

/* Those of the same name are taken over. @ret: (n), in the order of the files */
static int make_list(const struct peers *p, const struct config_client *const *used, size_t n,
                     struct peer **ret)
{
    for (size_t i = 0; i < n; i++) {
        ret[i] = named(p, used[i]->name);
        if (!ret[i])
            ret[i] = peer_new(used[i]->name);
        if (ret[i])
            continue;
        while (i-- > 0)
            if (!ret[i]->is_configured)
                gad_free(ret[i]);
        return GAD_ENOMEM;
    }
    return 0;
}

int peers_configure(struct peers *p, const struct config *c, struct gad_diag *d)
{
    gad_cleanup(client_names_freep) struct client_names *names = NULL;
    const struct config_client *used[CONFIG_CLIENTS_MAX];
    struct peer *list[CONFIG_CLIENTS_MAX] = {NULL};
    size_t n = 0;

    for (size_t i = 0; i < c->n_clients; i++)
        if (config_client_is_used(&c->client[i]))
            used[n++] = &c->client[i];
    int r = client_names_of(c, &names, d);
    if (r == 0 && make_list(p, used, n, list) != 0)
        r = gad_fail(d, GAD_ENOMEM, "no memory");
    if (r != 0)
        return r;
    for (size_t i = 0; i < p->n; i++)
        p->configured[i]->is_configured = false;
    for (size_t i = 0; i < n; i++)
        set_limits(list[i], used[i]);
    for (size_t i = 0; i < p->n; i++)
        if (!p->configured[i]->is_configured)
            forget(p->configured[i]);
    memcpy(p->configured, list, sizeof(list));
    p->n = n;
    client_names_free(p->names);
    p->names = gad_steal(&names);
    return 0;
}

int peers_new(const struct config *c, struct peers **ret, struct gad_diag *d)
{
    gad_cleanup(peers_freep) struct peers *p = gad_calloc(1, sizeof(*p));

    if (!p)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = peers_configure(p, c, d);
    if (r == 0)
        *ret = gad_steal(&p);
    return r;
}

const struct peer *peers_at(const struct peers *p, size_t i)
{
    return p && i < p->n ? p->configured[i] : NULL;
}

/* --- the certificate of a connection --- */

struct search {
    const struct peers *peers;
    struct peer *found;
    bool is_ambiguous;
    char *seen; /* (PEER_SEEN) */
};

static void add_seen(char *seen, enum client_name_kind kind, const void *name, size_t len)
{
    char text[128];
    size_t used = strlen(seen);

    gad_text_escape(text, sizeof(text), name, len);
    (void)snprintf(seen + used, PEER_SEEN - used, "%s%s:%s", used > 0 ? ", " : "",
                   client_name_kind(kind), text);
}

static void take_name(void *arg, enum client_name_kind kind, const void *name, size_t len)
{
    struct search *s = arg;
    int i = client_names_find(s->peers->names, kind, name, len);

    add_seen(s->seen, kind, name, len);
    if (i < 0)
        return;
    struct peer *p = s->peers->configured[i];
    s->is_ambiguous = s->is_ambiguous || (s->found && s->found != p);
    s->found = p;
}

int peers_identify(const struct peers *p, const struct tls_stream *tls, struct peer **ret,
                   char seen[static PEER_SEEN])
{
    struct search s = {.peers = p, .seen = seen};

    seen[0] = '\0';
    tls_stream_names(tls, take_name, &s);
    if (s.is_ambiguous)
        return GAD_EMISMATCH;
    if (!s.found)
        return GAD_EUNKNOWN;
    *ret = s.found;
    return 0;
}

/* --- limits --- */

/* A second's records can be saved up. One request can exceed the rate; then the wait is longer. */
struct gad_time peer_wait(const struct peer *p, struct gad_time now)
{
    int64_t ahead = p->rate > 0 ? p->paid.ns - now.ns - second : 0;

    return (struct gad_time){ahead > 0 ? ahead : 0};
}

bool peer_has_room(const struct peer *p)
{
    return p->in_flight < p->max_in_flight && p->records_in_flight < p->max_records;
}

void peer_take(struct peer *p, size_t n, struct gad_time now)
{
    p->requests++;
    p->records += n;
    p->in_flight++;
    p->records_in_flight += n;
    if (p->rate == 0)
        return;
    if (p->paid.ns < now.ns)
        p->paid = now;
    p->paid.ns += (int64_t)n * second / (int64_t)p->rate; /* n is at most JOB_RECORDS_MAX */
}

void peer_give_back(struct peer *p, size_t n)
{
    p->in_flight--;
    p->records_in_flight -= n;
}
