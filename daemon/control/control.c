/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/control.h"

#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/control/access.h"
#include "daemon/control/budget.h"
#include "daemon/control/config.h"
#include "daemon/control/evidence.h"
#include "daemon/control/feedback.h"
#include "daemon/control/incidents.h"
#include "daemon/control/models.h"
#include "daemon/control/status.h"
#include "daemon/control/suppress.h"
#include "daemon/control/tails.h"
#include "daemon/feed/feed.h"
#include "daemon/ingest/arena.h"
#include "daemon/ingest/conn.h"
#include "daemon/ingest/listen.h"
#include "daemon/ingest/reply.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/reload/reload.h"
#include "daemon/socket_group.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "proto/ganad.pb-c.h"

enum {
    FRAME_MAX = 4096,
    ARENA_MAX = 64 << 10,
    TAIL_QUEUE = 1 << 20, /* bytes of alerts that a tail client may lag behind */
    OUT_MAX = 2 << 20,
    IDLE_SECONDS = 60,
    FRAME_SECONDS = 5,
    LOOK_SECONDS = 5, /* at most, between looks at the tails */
};

struct viewer {
    struct conn conn; /* first: each conn here is a viewer */
    struct control *control;
    unsigned rights; /* a set of ACCESS_ */
    uid_t uid;
    bool tails;
    struct tail_state tail;
    uint64_t lost; /* alerts; not reported to it yet */
    struct reload_ask ask;
    char *ask_model, *ask_file;
    TAILQ_ENTRY(viewer) all;
};

TAILQ_HEAD(viewer_list, viewer);

struct control {
    struct control_options o;
    struct listener *listener;
    struct conn_kind kind;
    struct gad_time started; /* monotonic */
    size_t n_viewers;
    struct log_limit refused, denied;
    struct access access;
    struct viewer_list viewers, dead;
    struct watch *reaper, *flusher, *looker;
    struct arena arena;
    struct gad_buf event; /* one alert as a frame */
    /* not exported: operators use counters of scoring clients */
    uint64_t bytes_in, bytes_out, frames_bad, timed_out, waits;
};

static struct viewer *viewer_of(const struct conn *c)
{
    return (struct viewer *)(uintptr_t)c;
}

static size_t frame_cap(uint8_t kind, const void *arg)
{
    (void)arg;
    return kind == GANAD__V1__KIND__CONTROL_REQUEST ? FRAME_MAX : 0;
}

/* One request at a time: an answer can take as long as models take to load. */
static bool is_ready(struct conn *c)
{
    return !viewer_of(c)->ask.is_waiting;
}

static bool owes(const struct conn *c)
{
    return viewer_of(c)->ask.is_waiting;
}

/* --- tails --- */

static int add_event(const char *json, size_t len, struct gad_buf *out)
{
    Ganad__V1__Event m;
    (void)len;

    ganad__v1__event__init(&m);
    m.json = (char *)(uintptr_t)json;
    size_t packed = ganad__v1__event__get_packed_size(&m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + packed))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__EVENT, packed);
    out->len += ganad__v1__event__pack(&m, out->p + out->len);
    return 0;
}

static void report_loss(struct viewer *v)
{
    char text[128];
    struct gad_buf json = GAD_BUF_INIT(sizeof(text));

    gad_buf_printf(&json, "{\"schema\":1,\"event_type\":\"loss\",\"lost\":%llu}",
                   (unsigned long long)v->lost);
    gad_buf_add(&json, "", 1);
    if (!json.bad && add_event((const char *)json.p, json.len, &v->conn.out) == 0)
        v->lost = 0;
    gad_buf_deinit(&json);
}

static void give_event(struct viewer *v, const struct gad_buf *event)
{
    size_t behind = gad_buf_left(&v->conn.out);

    if (v->lost > 0 && behind < TAIL_QUEUE / 2)
        report_loss(v);
    if (v->lost == 0 && !event->bad && behind + event->len <= TAIL_QUEUE) {
        gad_buf_add(&v->conn.out, event->p, event->len);
        return;
    }
    v->lost++;
    v->control->o.stats->tail_lost++;
}

/* Passes every alert to the tail clients. @json ends with a line end, not with a NUL. */
static void tail(void *arg, const char *json, size_t len)
{
    struct control *c = arg;
    struct viewer *v;
    char *text;

    arena_reset(&c->arena);
    text = arena_alloc(&c->arena, len + 1);
    c->event.len = 0;
    c->event.bad = !text;
    if (text) {
        memcpy(text, json, len);
        text[len] = '\0';
        c->event.bad = add_event(text, len, &c->event) != 0;
    }
    TAILQ_FOREACH (v, &c->viewers, all) {
        if (v->tails)
            give_event(v, &c->event);
    }
    watch_soon(c->flusher);
}

/* Runs at the end of the loop's turn, so that many alerts leave in one write. */
static void flush_event(void *arg)
{
    struct control *c = arg;
    struct viewer *v, *next;

    for (v = TAILQ_FIRST(&c->viewers); v; v = next) {
        next = TAILQ_NEXT(v, all);
        if (v->tails)
            conn_send(&v->conn);
    }
}

static void begin_tail(struct viewer *v)
{
    if (v->tails)
        return;
    v->tails = true;
    v->conn.no_idle = true;
    tail_begin(&v->tail, &v->conn, gad_time_monotonic());
    if (v->control->o.stats->tails++ == 0)
        feed_set_tail(v->control->o.feed, tail, v->control);
}

static void end_tail(struct viewer *v)
{
    if (!v->tails)
        return;
    v->tails = false;
    if (--v->control->o.stats->tails == 0)
        feed_set_tail(v->control->o.feed, NULL, NULL);
}

/* Ends a tail without a reader, which would hold its place for ever. */
static void end_idle(struct viewer *v)
{
    v->control->o.stats->tails_idle++;
    log_info("control", "client %d: an idle tail is disconnected", v->conn.fd);
    if (v->tail.queued > 0)
        conn_close(&v->conn); /* it would not read an error either */
    else
        conn_fail(&v->conn, 0, GANAD__V1__ERROR_REPLY__CODE__TIMEOUT,
                  "a tail that takes and sends nothing ends after tail_idle");
}

static void look_event(void *arg)
{
    struct control *c = arg;
    struct gad_time now = gad_time_monotonic();
    struct viewer *v, *next;

    for (v = TAILQ_FIRST(&c->viewers); v; v = next) {
        next = TAILQ_NEXT(v, all);
        if (v->tails && v->conn.state == CONN_OPEN &&
            tail_is_idle(&v->tail, &v->conn, now, c->o.config->control.tail_idle))
            end_idle(v);
    }
}

static struct watch *start_looking(struct control *c)
{
    int64_t quarter = c->o.config->control.tail_idle.ns / 4;
    int64_t most = LOOK_SECONDS * INT64_C(1000000000);

    return watch_ticker(c->o.base, (struct gad_time){quarter < most ? quarter : most}, look_event,
                        c);
}

/* --- models --- */

static void reloaded(void *arg, const struct reload_result *r)
{
    struct viewer *v = arg;

    if (control_models_reply(r, &v->conn.out) != 0)
        log_warn("control", "no memory for an answer");
    conn_send(&v->conn);
}

static bool set_text(char **to, const char *from)
{
    gad_free(*to);
    *to = gad_strndup(from, strlen(from));
    return *to != NULL;
}

static void ask_models(struct viewer *v, const Ganad__V1__ControlRequest *m)
{
    struct control *c = v->control;
    bool all = m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__RELOAD;
    bool back = m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_ROLLBACK;

    if (!c->o.reload || !set_text(&v->ask_model, m->model) || !set_text(&v->ask_file, m->file)) {
        if (reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED,
                        c->o.reload ? "no memory"
                                    : "captures are read once (-r): models cannot be changed",
                        &v->conn.out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(&v->conn);
        return;
    }
    v->ask = (struct reload_ask){.model = all ? NULL : v->ask_model,
                                 .file = all || back ? NULL : v->ask_file,
                                 .done = reloaded,
                                 .arg = v};
    reload_ask(c->o.reload, &v->ask);
}

/* --- clients --- */

static void reopen(const struct control *c)
{
    log_notice("control", "a client requests it: reopening the files");
    c->o.reopen(c->o.arg);
}

static void deny(struct control *c, int fd, const char *why)
{
    char who[CONN_PEER_TEXT], more[LOG_LIMIT_TEXT];

    c->o.stats->control_denied++;
    if (log_limit_allows(&c->denied, gad_time_monotonic(), more))
        log_warn("control", "client %s: %s%s", conn_peer(fd, who), why, more);
}

/* Whether the client may do this. If not, it gets an answer with the group that it needs. */
static bool may(struct viewer *v, const Ganad__V1__ControlRequest *m)
{
    unsigned needs = access_needs(m);
    char why[ACCESS_TEXT];

    if ((v->rights & needs) != 0)
        return true;
    deny(v->control, v->conn.fd, access_refusal(&v->control->access, needs, why));
    if (reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED, why, &v->conn.out) != 0)
        log_warn("control", "no memory for an answer");
    conn_send(&v->conn);
    return false;
}

static void take_frame(struct conn *conn, const struct gad_frame *f)
{
    struct viewer *v = viewer_of(conn);
    struct control *c = v->control;

    arena_reset(&c->arena);
    const Ganad__V1__ControlRequest *m =
        ganad__v1__control_request__unpack(&c->arena.protobuf, f->len, f->p);
    if (!m) {
        conn_fail(conn, 0, GANAD__V1__ERROR_REPLY__CODE__BAD_MESSAGE,
                  "not a ControlRequest message");
        return;
    }
    if (!may(v, m))
        return;
    if (control_suppress_is(m)) {
        if (control_suppress(c->o.suppressor, m, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        return;
    }
    if (control_feedback_is(m)) {
        if (control_feedback(c->o.feedback, c->o.feed, m, v->uid, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        return;
    }
    if (control_evidence_is(m)) {
        if (control_evidence(c->o.evidence, m, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        return;
    }
    if (control_budget_is(m)) {
        if (control_budget(&c->o, c->started, m, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        return;
    }
    if (control_models_is(m)) {
        ask_models(v, m);
        return;
    }
    switch (m->command) {
    case GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS:
    case GANAD__V1__CONTROL_REQUEST__COMMAND__REOPEN:
        if (m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__REOPEN)
            reopen(c);
        if (status_reply(&c->o, c->started, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        break;
    case GANAD__V1__CONTROL_REQUEST__COMMAND__CONFIG:
        if (control_config_reply(&c->o, m->id, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        break;
    case GANAD__V1__CONTROL_REQUEST__COMMAND__INCIDENTS:
        if (control_incidents_reply(c->o.feed, m->id, &conn->out) != 0)
            log_warn("control", "no memory for an answer");
        conn_send(conn);
        break;
    case GANAD__V1__CONTROL_REQUEST__COMMAND__TAIL:
        begin_tail(v);
        break;
    default:
        conn_fail(conn, 0, GANAD__V1__ERROR_REPLY__CODE__BAD_MESSAGE, "unknown command");
        break;
    }
}

static void closed(struct conn *conn)
{
    struct viewer *v = viewer_of(conn);
    struct control *c = v->control;

    end_tail(v);
    reload_forget(c->o.reload, &v->ask);
    c->n_viewers--;
    TAILQ_REMOVE(&c->viewers, v, all);
    TAILQ_INSERT_TAIL(&c->dead, v, all);
    watch_soon(c->reaper);
}

static void free_dead(struct control *c)
{
    struct viewer *v;

    while ((v = TAILQ_FIRST(&c->dead)) != NULL) {
        TAILQ_REMOVE(&c->dead, v, all);
        gad_free(v->ask_model);
        gad_free(v->ask_file);
        gad_free(v);
    }
}

static void reap(void *arg)
{
    free_dead(arg);
}

static void send_and_close(int fd, int code, const char *text)
{
    struct gad_buf b = GAD_BUF_INIT(1024);

    if (reply_error(0, code, text, &b) == 0)
        (void)send(fd, b.p, b.len, MSG_NOSIGNAL);
    gad_buf_deinit(&b);
    (void)close(fd);
}

static void refuse_busy(struct control *c, int fd, const char *why)
{
    char who[CONN_PEER_TEXT], more[LOG_LIMIT_TEXT];

    c->o.stats->control_refused++;
    if (log_limit_allows(&c->refused, gad_time_monotonic(), more))
        log_warn("control", "refused client %s: %s%s", conn_peer(fd, who), why, more);
    send_and_close(fd, GANAD__V1__ERROR_REPLY__CODE__BUSY, "too many control clients");
}

/* A client without a right takes no place from others. */
static void refuse_without_right(struct control *c, int fd)
{
    char why[ACCESS_TEXT];

    deny(c, fd, access_refusal(&c->access, ACCESS_READ, why));
    send_and_close(fd, GANAD__V1__ERROR_REPLY__CODE__REFUSED, why);
}

static void accepted(void *arg, int fd)
{
    struct control *c = arg;
    struct access_peer peer = access_peer(&c->access, fd);
    if (peer.rights == 0) {
        refuse_without_right(c, fd);
        return;
    }
    bool is_full = c->n_viewers >= c->o.config->control.max_clients + peer.reserved;
    struct viewer *v = is_full ? NULL : gad_calloc(1, sizeof(*v));

    if (!v || conn_open(&v->conn, &c->kind, fd, NULL) != 0) {
        gad_free(v);
        refuse_busy(c, fd, is_full ? "max_clients is reached" : "no memory");
        return;
    }
    v->control = c;
    v->rights = peer.rights;
    v->uid = peer.uid;
    c->n_viewers++;
    TAILQ_INSERT_TAIL(&c->viewers, v, all);
}

static struct conn_kind control_kind(struct control *c)
{
    return (struct conn_kind){
        .token = "control",
        .base = c->o.base,
        .cap = frame_cap,
        .frame_max = FRAME_MAX,
        .out_pause = TAIL_QUEUE,
        .out_max = OUT_MAX,
        .idle_timeout = {IDLE_SECONDS * INT64_C(1000000000)},
        .frame_timeout = {FRAME_SECONDS * INT64_C(1000000000)},
        .scratch = gad_calloc(CONN_READ_MAX, 1),
        .bytes_in = &c->bytes_in,
        .bytes_out = &c->bytes_out,
        .frames_bad = &c->frames_bad,
        .timed_out = &c->timed_out,
        .waits = &c->waits,
        .ready = is_ready,
        .frame = take_frame,
        .owes = owes,
        .closed = closed,
    };
}

static int listen_on(struct control *c, struct gad_diag *d)
{
    const struct config *config = c->o.config;
    const char *path = config->control.unix_path;
    int r = access_init(config, &c->access, d);

    if (r == 0)
        r = listener_new(c->o.base, path, config->control.mode, LISTENER_PER_SECOND, accepted, c,
                         &c->listener, d);
    return r == 0 ? socket_group_set("control", config->control.group, path, d) : r;
}

int control_new(const struct control_options *o, struct control **ret, struct gad_diag *d)
{
    gad_cleanup(control_freep) struct control *c = gad_calloc(1, sizeof(*c));

    if (!c)
        return gad_fail(d, GAD_ENOMEM, "control: no memory");
    c->o = *o;
    c->started = gad_time_monotonic();
    c->refused = c->denied = log_limit_init(gad_time_monotonic());
    TAILQ_INIT(&c->viewers);
    TAILQ_INIT(&c->dead);
    c->event = GAD_BUF_INIT(ARENA_MAX);
    c->kind = control_kind(c);
    c->reaper = watch_timer(o->base, reap, c);
    c->flusher = watch_timer(o->base, flush_event, c);
    c->looker = start_looking(c);
    if (!c->kind.scratch || !c->reaper || !c->flusher || !c->looker ||
        arena_init(&c->arena, ARENA_MAX) != 0)
        return gad_fail(d, GAD_ENOMEM, "control: no memory");
    int r = *o->config->control.unix_path ? listen_on(c, d) : 0;
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}

void control_free(struct control *c)
{
    struct viewer *v;

    if (!c)
        return;
    listener_free(c->listener);
    while ((v = TAILQ_FIRST(&c->viewers)) != NULL)
        conn_close(&v->conn);
    free_dead(c);
    watch_free(c->reaper);
    watch_free(c->flusher);
    watch_free(c->looker);
    arena_deinit(&c->arena);
    gad_buf_deinit(&c->event);
    gad_free(c->kind.scratch);
    gad_free(c);
}
