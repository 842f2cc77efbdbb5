/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/tls_door.h"

#include "daemon/config/config.h"
#include "daemon/ingest/conn.h"
#include "daemon/ingest/handshakes.h"
#include "daemon/ingest/listen.h"
#include "daemon/ingest/peers.h"
#include "daemon/ingest/tls_stream.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "proto/ganad.pb-c.h"

struct tls_door {
    struct tls_door_options o;
    struct tls_files files;
    struct tls_renewal renewal;
    struct ssl_ctx_st *context;
    struct peers *peers;
    struct handshakes *handshakes;
    struct listener *listener;
    struct log_limit refused;
};

struct tls_files tls_door_files(const struct config *c)
{
    return (struct tls_files){
        GAD_TLS_SERVER,
        {c->scoring.ca, c->scoring.certificate, c->scoring.key, c->scoring.crl},
        "[scoring]"};
}

struct peers *tls_door_peers(struct tls_door *t)
{
    return t->peers;
}

static void accepted(void *arg, int fd)
{
    struct tls_door *t = arg;

    handshakes_begin(t->handshakes, t->context, fd);
}

static void log_refused(struct tls_door *t, int fd, const char *why, const char *what)
{
    char who[CONN_PEER_TEXT], more[LOG_LIMIT_TEXT];

    if (log_limit_allows(&t->refused, gad_time_monotonic(), more))
        log_warn("scoring", "refused client %s: %s%s%s", conn_peer(fd, who), why, what, more);
}

static void refuse_unknown(struct tls_door *t, int fd, struct tls_stream *tls, int err,
                           const char *seen)
{
    const char *why = err == GAD_EMISMATCH ? "its certificate has names of several [client] "
                                             "sections: "
                                           : "no [client] section has a name of its certificate: ";

    t->o.stats->clients_unknown++;
    log_refused(t, fd, why, *seen ? seen : "no name (the common name does not count)");
    t->o.refuse(t->o.arg, fd, tls, GANAD__V1__ERROR_REPLY__CODE__UNKNOWN_CLIENT,
                err == GAD_EMISMATCH ? "the certificate has names of several clients"
                                     : "the configuration has no client with a name of the "
                                       "certificate");
}

static void shaken(void *arg, int fd, struct tls_stream *tls)
{
    struct tls_door *t = arg;
    struct peer *p = NULL;
    char seen[PEER_SEEN];
    int r = peers_identify(t->peers, tls, &p, seen);

    if (r != 0) {
        refuse_unknown(t, fd, tls, r, seen);
        return;
    }
    if (p->connections < p->max_connections) {
        t->o.enter(t->o.arg, fd, tls, p);
        return;
    }
    p->refused++;
    t->o.stats->clients_refused++;
    log_refused(t, fd, "too many connections of client ", p->name);
    t->o.refuse(t->o.arg, fd, tls, GANAD__V1__ERROR_REPLY__CODE__BUSY,
                "too many connections of this client");
}

/* An expired certificate does not end the start: clients may refuse it, and say so. */
static int read_files(struct tls_door *t, struct gad_diag *d)
{
    struct gad_diag why = {""};

    tls_renewal_init(&t->renewal, &t->files);
    int r = tls_files_context(&t->files, &t->context, d);
    if (r == 0 && tls_files_check_dates(&t->files, t->context, &why) != 0)
        log_warn("scoring", "tls: %s", why.text);
    if (r != 0)
        gad_diag_prefix(d, "[scoring] tls");
    return r;
}

int tls_door_new(const struct tls_door_options *o, struct tls_door **ret, struct gad_diag *d)
{
    gad_cleanup(tls_door_freep) struct tls_door *t = gad_calloc(1, sizeof(*t));
    const struct config *c = o->config;

    if (!t)
        return gad_fail(d, GAD_ENOMEM, "[scoring] tls: no memory");
    t->o = *o;
    t->refused = log_limit_init(gad_time_monotonic());
    t->files = tls_door_files(c);
    int r = read_files(t, d);
    if (r == 0)
        r = peers_new(c, &t->peers, d);
    if (r != 0)
        return r;
    const struct handshakes_options handshakes = {.base = o->base,
                                                  .stats = o->stats,
                                                  .most = c->scoring.handshakes,
                                                  .timeout = c->scoring.handshake_timeout,
                                                  .done = shaken,
                                                  .arg = t};
    if (handshakes_new(&handshakes, &t->handshakes) != 0)
        return gad_fail(d, GAD_ENOMEM, "[scoring] tls: no memory");
    r = listener_new(o->base, c->scoring.tls, 0, LISTENER_TLS_PER_SECOND, accepted, t, &t->listener,
                     d);
    if (r == 0)
        *ret = gad_steal(&t);
    return r;
}

void tls_door_close(struct tls_door *t)
{
    if (!t)
        return;
    listener_free(gad_steal(&t->listener));
    handshakes_free(gad_steal(&t->handshakes));
}

void tls_door_free(struct tls_door *t)
{
    if (!t)
        return;
    tls_door_close(t);
    tls_renewal_forget(&t->renewal);
    gad_tls_context_free(t->context);
    peers_free(t->peers);
    gad_free(t);
}

int tls_door_renewal_read(struct tls_door *t, struct gad_diag *d)
{
    int r = tls_renewal_read(&t->renewal, d);

    if (r != 0) {
        tls_renewal_forget(&t->renewal);
        gad_diag_prefix(d, "[scoring] tls");
    }
    return r;
}

void tls_door_renewal_put(struct tls_door *t, tls_renewal_fn *fn, void *arg)
{
    struct ssl_ctx_st *context = tls_renewal_take(&t->renewal, fn, arg);

    if (!context)
        return;
    gad_tls_context_free(t->context); /* connections hold what they need of it */
    t->context = context;
}
