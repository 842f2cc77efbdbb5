/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/loop.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/alert/suppressor.h"
#include "daemon/announce.h"
#include "daemon/config/config.h"
#include "daemon/control/control.h"
#include "daemon/control/notify.h"
#include "daemon/descriptors.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/tap.h"
#include "daemon/ingest/sensor.h"
#include "daemon/ingest/server.h"
#include "daemon/log.h"
#include "daemon/metrics/metrics.h"
#include "daemon/privileges.h"
#include "daemon/reload/events.h"
#include "daemon/reload/reload.h"
#include "daemon/score/drift.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/signals.h"
#include "daemon/stats.h"
#include "daemon/stop_guard.h"
#include "lib/base/diag.h"
#include "lib/event/event.h"

enum {
    FLUSH_LOOK_US = 20000,    /* at the end: how often it is seen whether the outputs are done */
    REST_MAX_NS = 1000000000, /* of stop_timeout, for the threads to end */
};

struct loop {
    struct drift_options drift;
    const struct config *config;
    struct gad_time stop_timeout;
    struct stop_guard guard;
    struct stats stats;
    struct event_base *base;
    struct signals *signals;
    struct event *deadline, *look, *watchdog;
    struct scorer *scorer;
    struct suppressor *suppressor;
    struct feed *feed;
    struct tap *tap;
    struct server *server;
    struct sensor *sensor;
    struct reload *reload; /* NULL: files are read once */
    struct control *control;
    struct metrics *metrics; /* NULL: nobody may ask */
    struct announce *announce;
    bool once, stopping, server_stopped, sensor_ended;
};

static void drifted(void *arg, const struct gad_model_event *e)
{
    struct loop *l = arg;

    log_notice("models", "model '%s' %s%s%s", e->model, e->action, *e->reason ? ": " : "",
               e->reason);
    feed_model(l->feed, e);
}

static void scored(void *arg, const struct job *j)
{
    struct loop *l = arg;
    drift_take(&l->drift, j, gad_time_monotonic(), drifted, l);
    feed_scored(l->feed, j);
    if (j->client)
        tap_add(l->tap, j);
}

static void drained(void *arg)
{
    struct loop *l = arg;
    feed_flush(l->feed);
    tap_flush(l->tap);
}

/* The clients are gone; the outputs that have a connection get what is left. */
static void look_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    const struct timeval again = {0, FLUSH_LOOK_US};
    (void)fd;
    (void)what;

    bool is_flushed = tap_is_flushed(l->tap);
    if (!feed_finish(l->feed) || !is_flushed)
        (void)event_add(l->look, &again);
    else
        (void)event_base_loopbreak(l->base);
}

static void look_if_all_stopped(struct loop *l)
{
    if (l->stopping && l->server_stopped && l->sensor_ended)
        event_active(l->look, 0, 0);
}

static void stopped(void *arg)
{
    struct loop *l = arg;
    l->server_stopped = true;
    look_if_all_stopped(l);
}

static void returned(void *arg, struct job *j)
{
    struct loop *l = arg;
    tap_add(l->tap, j); /* scored or not */
    sensor_returned(l->sensor, j);
}

static size_t room(void *arg)
{
    const struct loop *l = arg;
    return tap_has_room(l->tap) ? feed_room(l->feed) : 0;
}

static void begin_stop(struct loop *l)
{
    l->stopping = true;
    announce_free(gad_steal(&l->announce));
    notify_state("STOPPING=1\nSTATUS=finishing what was accepted");
    sensor_stop(l->sensor);
    server_stop(l->server);
    look_if_all_stopped(l);
}

static void captures_ended(void *arg)
{
    struct loop *l = arg;

    l->sensor_ended = true;
    if (!l->stopping && l->once)
        begin_stop(l);
    else if (!l->stopping)
        log_notice("loop", "all captures have been read");
    look_if_all_stopped(l);
}

static void deadline_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    (void)fd;
    (void)what;
    log_warn("loop", "stop_timeout is nearly over, leaving the rest");
    (void)event_base_loopbreak(l->base);
}

static void stop(void *arg, const char *signal_name)
{
    struct loop *l = arg;
    int64_t ns = l->stop_timeout.ns, rest = ns / 4 < REST_MAX_NS ? ns / 4 : REST_MAX_NS;
    const struct timeval tv = {(ns - rest) / 1000000000, (ns - rest) % 1000000000 / 1000};

    if (event_pending(l->deadline, EV_TIMEOUT, NULL))
        return;
    stop_guard_arm(&l->guard, l->stop_timeout); /* before all that may block, the log is of it */
    log_notice("loop", "%s: finishing what was accepted", signal_name);
    (void)event_add(l->deadline, &tv);
    if (!l->stopping)
        begin_stop(l);
}

static void reopen(void *arg)
{
    struct loop *l = arg;
    tap_reopen(l->tap);
    feed_reopen(l->feed);
}

static struct drift_options drift_options(const struct config *c)
{
    return (struct drift_options){
        .threshold = c->drift.threshold, .window = c->drift.window, .rate = c->drift.rate};
}

static int configure(void *arg, const struct config *c)
{
    struct loop *l = arg;
    int r = feed_configure(l->feed, c);

    if (r != 0)
        return r;
    scorer_set_again(l->scorer, (struct gad_time){c->alerts.rollup.ns / 2});
    l->stop_timeout = c->ganadd.stop_timeout;
    l->drift = drift_options(c);
    return 0;
}

static void reloaded(void *arg, const struct reload_result *r)
{
    struct loop *l = arg;

    l->stats.reloads += r->error == 0;
    l->stats.reloads_refused += r->error != 0;
    if (!l->stopping)
        reload_tell(r, l->feed);
}

static void hup(void *arg)
{
    struct loop *l = arg;

    log_notice("loop", "SIGHUP: reopening the files%s", l->reload ? " and reloading" : "");
    reopen(l);
    if (l->reload && !l->stopping)
        reload_all(l->reload);
}

/* Only if the scorer moves, too: we stand still with it. */
static void watchdog_event(evutil_socket_t fd, short what, void *arg)
{
    const struct loop *l = arg;
    (void)fd;
    (void)what;

    if (scorer_answers(l->scorer))
        notify_state("WATCHDOG=1");
    else
        log_error("loop", "the scorer does not answer");
}

/* Thrice in the time that is allowed. */
static int start_watchdog(struct loop *l)
{
    int64_t ns = notify_watchdog().ns / 3;
    const struct timeval tv = {ns / 1000000000, ns % 1000000000 / 1000};

    if (ns == 0)
        return 0;
    l->watchdog = event_new(l->base, -1, EV_PERSIST, watchdog_event, l);
    return l->watchdog && event_add(l->watchdog, &tv) == 0 ? 0 : GAD_ENOMEM;
}

static int make_events(struct loop *l, struct gad_diag *d)
{
    l->base = event_base_new();
    if (!l->base)
        return gad_fail(d, GAD_ENOMEM, "no memory for an event loop");
    const struct signals_options so = {.base = l->base, .stop = stop, .hup = hup, .arg = l};
    l->deadline = event_new(l->base, -1, 0, deadline_event, l);
    l->look = event_new(l->base, -1, 0, look_event, l);
    if (!l->deadline || !l->look || signals_new(&so, &l->signals) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for the events of signals");
    return 0;
}

static void free_event(struct event *e)
{
    if (e)
        event_free(e);
}

static void loop_deinit(struct loop *l)
{
    announce_free(l->announce);
    scorer_stop(l->scorer);
    metrics_free(l->metrics);
    control_free(l->control);
    reload_free(l->reload);
    server_free(l->server);
    sensor_free(l->sensor);
    tap_free(l->tap);
    feed_free(l->feed);
    suppressor_free(l->suppressor);
    scorer_free(l->scorer);
    signals_free(l->signals);
    free_event(l->deadline);
    free_event(l->look);
    free_event(l->watchdog);
    if (l->base)
        event_base_free(l->base);
    stop_guard_disarm(&l->guard);
}

static void warn_of_open_tcp(const struct config *c)
{
    const char *tcp = c->scoring.tcp;

    if (*tcp && strncmp(tcp, "127.", 4) != 0 && strncmp(tcp, "[::1]", 5) != 0)
        log_warn("scoring",
                 "tcp '%s' is open to everybody who can reach it, without login or encryption",
                 tcp);
}

/* What was made as root, and is written later. */
static int give_files(const struct loop *l, struct gad_diag *d)
{
    const struct config *c = l->config;
    int r = privileges_give_folder(c->ganadd.user, feed_folder(l->feed), d);

    if (r == 0 && *c->alerts.suppress && access(c->alerts.suppress, F_OK) == 0)
        r = privileges_give(c->ganadd.user, c->alerts.suppress, d);
    for (size_t i = 0; r == 0 && i < c->n_outputs; i++)
        if (strcmp(c->output[i].type, "file") == 0)
            r = privileges_give(c->ganadd.user, c->output[i].to, d);
    return r;
}

/* Everything that may need root. */
static int make_rooms(struct loop *l, struct models *m, struct gad_diag *d)
{
    const struct config *c = l->config;
    int r = scorer_new((struct gad_time){c->alerts.rollup.ns / 2}, &l->scorer);

    l->drift = drift_options(c);
    if (r != 0)
        return gad_fail(d, r, "scorer: %s", gad_strerror(r));
    r = tap_new(l->base, c, &l->stats, &l->tap, d);
    if (r != 0)
        return r;
    const struct sensor_options sensor = {.base = l->base,
                                          .config = c,
                                          .models = m,
                                          .scorer = l->scorer,
                                          .stats = &l->stats,
                                          .room = room,
                                          .ended = captures_ended,
                                          .arg = l};
    r = sensor_new(&sensor, &l->sensor, d);
    if (r != 0)
        return r;
    const struct server_options so = {.base = l->base,
                                      .config = c,
                                      .models = m,
                                      .scorer = l->scorer,
                                      .stats = &l->stats,
                                      .scored = scored,
                                      .returned = returned,
                                      .drained = drained,
                                      .stopped = stopped,
                                      .arg = l};
    r = server_new(&so, &l->server, d);
    if (r != 0)
        return r;
    r = suppressor_new(l->base, c->alerts.suppress, &l->suppressor, d);
    if (r != 0)
        return r;
    const struct feed_options fo = {.base = l->base,
                                    .config = c,
                                    .stats = &l->stats,
                                    .suppressor = l->suppressor,
                                    .by_packets = l->once};
    r = feed_new(&fo, &l->feed, d);
    if (r != 0)
        return r;
    const struct reload_options ro = {.base = l->base,
                                      .config = c,
                                      .feed = l->feed,
                                      .models = m,
                                      .configure = configure,
                                      .told = reloaded,
                                      .arg = l};
    r = l->once ? 0 : reload_new(&ro, &l->reload, d);
    if (r != 0)
        return r;
    const struct control_options co = {.base = l->base,
                                       .config = c,
                                       .models = m,
                                       .reload = l->reload,
                                       .stats = &l->stats,
                                       .feed = l->feed,
                                       .suppressor = l->suppressor,
                                       .tap = l->tap,
                                       .sensor = l->sensor,
                                       .reopen = reopen,
                                       .arg = l};
    r = control_new(&co, &l->control, d);
    if (r != 0)
        return r;
    const struct metrics_options mo = {.base = l->base,
                                       .config = c,
                                       .models = m,
                                       .stats = &l->stats,
                                       .feed = l->feed,
                                       .sensor = l->sensor};
    r = metrics_new(&mo, &l->metrics, d);
    if (r != 0)
        return r;
    if (*c->scoring.unix_path)
        r = privileges_give(c->ganadd.user, c->scoring.unix_path, d);
    if (r == 0 && *c->control.unix_path)
        r = privileges_give(c->ganadd.user, c->control.unix_path, d);
    if (r == 0)
        r = give_files(l, d);
    if (r == 0 && *c->records.file && access(c->records.file, F_OK) == 0) /* not on a full disk */
        r = privileges_give(c->ganadd.user, c->records.file, d);
    return r;
}

/* What came of the captures, a line on stderr. */
static int summary(const struct loop *l, struct gad_diag *d)
{
    struct capture_stats sum = {0};
    struct sensor_source one;
    bool is_whole = true;

    for (size_t i = 0; sensor_source(l->sensor, i, &one); i++) {
        sum.packets += one.stats.packets;
        sum.refused += one.stats.refused;
        sum.conns += one.stats.conns;
        is_whole = is_whole && strcmp(one.state, "broken") != 0;
    }
    (void)fprintf(stderr,
                  "%llu packets, %llu refused, %llu connections, %llu records scored, "
                  "%llu anomalous\n",
                  (unsigned long long)sum.packets, (unsigned long long)sum.refused,
                  (unsigned long long)sum.conns, (unsigned long long)l->stats.records_scored,
                  (unsigned long long)l->stats.records_anomalous);
    return is_whole ? 0 : gad_fail(d, -EIO, "a capture could not be read to its end");
}

static int start_threads(struct loop *l, struct gad_diag *d)
{
    int r = feed_start(l->feed, d);

    if (r != 0)
        return r;
    r = tap_start(l->tap);
    if (r != 0)
        return gad_fail(d, r, "records: %s", gad_strerror(r));
    r = scorer_start(l->scorer);
    if (r != 0)
        return gad_fail(d, r, "scorer thread: %s", gad_strerror(r));
    return sensor_start(l->sensor, d);
}

static int start_announcing(struct loop *l, const struct models *m, struct gad_diag *d)
{
    const struct announce_options o = {
        .base = l->base, .config = l->config, .models = m, .feed = l->feed, .sensor = l->sensor};

    if (start_watchdog(l) != 0 || announce_new(&o, &l->announce) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for the events of the service manager");
    return 0;
}

/* As it is after the package was installed. */
static void say_if_no_capture(const struct config *c)
{
    if (config_n_captures_used(c) == 0)
        log_notice("capture",
                   "no capture is configured: records come from scoring clients only; for packets "
                   "add [capture NAME] with interface = ... to %s or a file of %s.d, and restart",
                   c->file, c->file);
}

int loop_run(const struct config *c, struct models *m, bool once, struct gad_diag *d)
{
    gad_cleanup(loop_deinit) struct loop l = {
        .config = c, .once = once, .stop_timeout = c->ganadd.stop_timeout};

    stats_init(&l.stats);

    if (config_is_live(c))
        privileges_take_raw();
    int r = descriptors_raise(c, d);
    if (r == 0)
        r = make_events(&l, d);
    if (r == 0)
        r = make_rooms(&l, m, d);
    if (r == 0)
        r = privileges_drop(c->ganadd.user, config_is_live(c), d);
    if (r != 0)
        return r;
    warn_of_open_tcp(c);
    r = start_threads(&l, d);
    if (r == 0)
        r = start_announcing(&l, m, d);
    if (r != 0)
        return r;
    say_if_no_capture(c);
    log_notice("loop", "ganadd " GANAD_VERSION " is ready, %zu model%s", m->n,
               m->n == 1 ? "" : "s");
    announce_ready(l.announce);
    if (event_base_dispatch(l.base) < 0)
        return gad_fail(d, -EIO, "the event loop failed");
    log_notice("loop", "stopped");
    return once ? summary(&l, d) : 0;
}
