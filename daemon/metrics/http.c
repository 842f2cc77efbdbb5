/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/descriptors.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/metrics/asset.h"
#include "daemon/metrics/live.h"
#include "daemon/metrics/metrics.h"
#include "daemon/socket_group.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/wire/socket.h"

enum {
    CONNECTIONS_MAX = 16,
    HEAD_MAX = 4096,
    BODY_MAX = 1, /* a GET has no body; 0 would mean unlimited */
    PAGE_MAX = 4 << 20,
    LAST_SECONDS = 10, /* longest life of a connection */
    BACKLOG = 64,
    FORBIDDEN = 403,
};

#define SHORT_NS INT64_C(1000000000)

static const struct gad_time sweep_interval = {100000000};

/*
 * A connection of evhttp. evhttp does not report when it closes one, so this holds a reference to
 * its bufferevent and checks it.
 */
struct visit {
    struct bufferevent *bev;
    struct gad_time began;
    TAILQ_ENTRY(visit) all;
};

TAILQ_HEAD(visit_list, visit);

struct metrics {
    struct metrics_options o;
    struct evhttp *http;
    struct evconnlistener *listener; /* owned by http */
    bool is_paused;                  /* accepting is paused */
    /* monotonic: accepting is paused until then for want of descriptors */
    struct gad_time short_until;
    bool failing; /* accepting failed, which has been logged */
    struct log_limit limit;
    struct watch *sweep;
    size_t n;
    struct visit_list visits;
    struct gad_buf page;
};

static struct metrics *served; /* for cannot_accept(), whose argument belongs to evhttp */

/* evhttp removes its callbacks before it releases a connection. */
static bool is_closed(const struct visit *v)
{
    bufferevent_data_cb read = NULL, write = NULL;
    bufferevent_event_cb event = NULL;
    void *arg = NULL;

    bufferevent_getcb(v->bev, &read, &write, &event, &arg);
    return !read && !write && !event;
}

static void end_visit(struct metrics *m, struct visit *v)
{
    TAILQ_REMOVE(&m->visits, v, all);
    bufferevent_decref(v->bev);
    gad_free(v);
    m->n--;
}

static void set_pause(struct metrics *m, bool rests)
{
    char more[LOG_LIMIT_TEXT];

    if (rests && !m->is_paused) {
        (void)evconnlistener_disable(m->listener);
        m->o.stats->metrics_waits++;
        if (m->n >= CONNECTIONS_MAX && log_limit_allows(&m->limit, gad_time_monotonic(), more))
            log_warn("metrics", "%d clients are connected, further ones wait%s", CONNECTIONS_MAX,
                     more);
    } else if (!rests && m->is_paused)
        (void)evconnlistener_enable(m->listener);
    m->is_paused = rests;
}

static void sweep_event(void *arg)
{
    struct metrics *m = arg;
    struct visit *v, *next;

    for (v = TAILQ_FIRST(&m->visits); v; v = next) {
        next = TAILQ_NEXT(v, all);
        if (is_closed(v)) {
            end_visit(m, v);
            continue;
        }
        int64_t lasts = gad_time_sub(gad_time_monotonic(), v->began).ns;
        /* evhttp then sees the end of the stream */
        if (lasts > LAST_SECONDS * INT64_C(1000000000))
            (void)shutdown(bufferevent_getfd(v->bev), SHUT_RDWR);
    }
    bool is_short = gad_time_monotonic().ns < m->short_until.ns;
    set_pause(m, m->n >= CONNECTIONS_MAX || is_short);
    if (m->n > 0 || is_short)
        watch_after(m->sweep, sweep_interval);
}

/*
 * Called, for example, when descriptors run out. Without a pause libevent would retry at once,
 * forever.
 */
static void cannot_accept(struct evconnlistener *listener, void *evhttps_own)
{
    struct metrics *m = served;
    int err = errno;
    char more[LOG_LIMIT_TEXT];
    (void)listener;
    (void)evhttps_own;

    m->short_until.ns = gad_time_monotonic().ns + SHORT_NS;
    set_pause(m, true);
    watch_after(m->sweep, sweep_interval);
    bool is_new = !m->failing;
    m->failing = true;
    if (is_new && log_limit_allows(&m->limit, gad_time_monotonic(), more))
        log_warn("metrics", "cannot accept: %s; retrying every second%s%s", gad_strerror(-err),
                 err == EMFILE || err == ENFILE ? ": " DESCRIPTORS_ADVICE : "", more);
}

/*
 * Called by evhttp for each connection. If it returns NULL, evhttp makes its own bufferevent, which
 * only has an idle timeout.
 */
static struct bufferevent *visit_begins(struct event_base *base, void *arg)
{
    struct metrics *m = arg;
    struct visit *v = gad_calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    v->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!v->bev) {
        gad_free(v);
        return NULL;
    }
    bufferevent_incref(v->bev);
    v->began = gad_time_monotonic();
    m->failing = false;
    TAILQ_INSERT_TAIL(&m->visits, v, all);
    set_pause(m, ++m->n >= CONNECTIONS_MAX);
    if (!watch_is_on(m->sweep))
        watch_after(m->sweep, sweep_interval);
    return v->bev;
}

static void add_heads(struct evkeyvalq *head, const char *type)
{
    static const char *const heads[][2] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"}};

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        (void)evhttp_add_header(head, heads[i][0], heads[i][1]);
    (void)evhttp_add_header(head, "Content-Type", type);
}

static void send_bytes(struct evhttp_request *req, int code, const void *p, size_t len,
                       const char *type)
{
    struct evbuffer *out = evbuffer_new();

    if (!out || evbuffer_add(out, p, len) != 0) {
        evhttp_send_error(req, HTTP_INTERNAL, "no memory");
    } else {
        add_heads(evhttp_request_get_output_headers(req), type);
        evhttp_send_reply(req, code, NULL, out);
    }
    if (out)
        evbuffer_free(out);
}

static void send_refusal(struct evhttp_request *req, int code, const char *text)
{
    send_bytes(req, code, text, strlen(text), "text/plain; charset=utf-8");
}

static struct gad_buf *empty_page(struct metrics *m)
{
    m->page.pos = m->page.len = 0;
    m->page.bad = false;
    return &m->page;
}

static void send_page(struct metrics *m, struct evhttp_request *req, const char *type)
{
    if (m->page.bad)
        evhttp_send_error(req, HTTP_INTERNAL, "no memory");
    else
        send_bytes(req, HTTP_OK, m->page.p, m->page.len, type);
}

/*
 * Serves the files and data of the live page, to local clients only. Returns false if @path does
 * not belong to the page.
 */
static bool send_live(struct metrics *m, struct evhttp_request *req, const char *path)
{
    const char *host = evhttp_find_header(evhttp_request_get_input_headers(req), "Host");
    const struct asset *a = NULL;
    bool is_data = strcmp(path, "/live.json") == 0;

    for (size_t i = 0; i < n_assets; i++)
        if (strcmp(assets[i].path, path) == 0)
            a = &assets[i];
    if (!m->o.config->metrics.page || (!a && !is_data))
        return false;
    if (!*m->o.config->metrics.unix_path && !live_host_is_ours(host))
        send_refusal(req, FORBIDDEN, "only by IP address or as localhost\n");
    else if (is_data) {
        live_json(&m->o, evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)), empty_page(m));
        send_page(m, req, "application/json");
    } else
        send_bytes(req, HTTP_OK, a->data, a->len, a->type);
    return true;
}

static void asked(struct evhttp_request *req, void *arg)
{
    struct metrics *m = arg;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

    (void)evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
    if (path && strcmp(path, "/metrics") == 0) {
        metrics_page(&m->o, empty_page(m));
        send_page(m, req, "text/plain; version=0.0.4; charset=utf-8");
    } else if (!path || !send_live(m, req, path))
        send_refusal(req, HTTP_NOTFOUND, "only /metrics exists, and / if the page is enabled\n");
}

static int listen_on(struct metrics *m, const char *address, struct gad_diag *d)
{
    int fd = -1;

    int r = gad_socket_listen(address, (mode_t)m->o.config->metrics.mode, BACKLOG, &fd, d);
    if (r != 0)
        return r;
    m->listener = evconnlistener_new(m->o.base, NULL, NULL,
                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!m->listener)
        (void)close(fd);
    if (!m->listener || !evhttp_bind_listener(m->http, m->listener))
        return gad_fail(d, GAD_ENOMEM, "metrics: no memory");
    served = m;
    evconnlistener_set_error_cb(m->listener, cannot_accept);
    return gad_socket_is_unix(address)
               ? socket_group_set("metrics", m->o.config->metrics.group, address, d)
               : 0;
}

int metrics_new(const struct metrics_options *o, struct metrics **ret, struct gad_diag *d)
{
    const char *address =
        *o->config->metrics.unix_path ? o->config->metrics.unix_path : o->config->metrics.tcp;

    *ret = NULL;
    if (!*address)
        return 0;
    gad_cleanup(metrics_freep) struct metrics *m = gad_calloc(1, sizeof(*m));
    if (!m)
        return gad_fail(d, GAD_ENOMEM, "metrics: no memory");
    m->o = *o;
    m->limit = log_limit_init(gad_time_monotonic());
    TAILQ_INIT(&m->visits);
    m->page = GAD_BUF_INIT(PAGE_MAX);
    m->sweep = watch_timer(o->base, sweep_event, m);
    m->http = evhttp_new(o->base);
    if (!m->sweep || !m->http)
        return gad_fail(d, GAD_ENOMEM, "metrics: no memory");
    evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(m->http, HEAD_MAX);
    evhttp_set_max_body_size(m->http, BODY_MAX);
    evhttp_set_timeout(m->http, LAST_SECONDS);
    evhttp_set_bevcb(m->http, visit_begins, m);
    evhttp_set_gencb(m->http, asked, m);
    int r = listen_on(m, address, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&m);
    return 0;
}

void metrics_free(struct metrics *m)
{
    struct visit *v;

    if (!m)
        return;
    if (m->http)
        evhttp_free(m->http); /* with its listener and connections */
    while ((v = TAILQ_FIRST(&m->visits)) != NULL)
        end_visit(m, v);
    watch_free(m->sweep);
    if (m->listener && *m->o.config->metrics.unix_path) /* otherwise another process may own it */
        (void)unlink(m->o.config->metrics.unix_path);
    gad_buf_deinit(&m->page);
    gad_free(m);
}
