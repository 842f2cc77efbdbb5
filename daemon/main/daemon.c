/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/daemon.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/alert/feedback.h"
#include "daemon/alert/suppressor.h"
#include "daemon/config/config.h"
#include "daemon/control/access.h"
#include "daemon/control/control.h"
#include "daemon/descriptors.h"
#include "daemon/evidence/evidence.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/record_log.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/ingest/server.h"
#include "daemon/learn/learning.h"
#include "daemon/log.h"
#include "daemon/main/announce.h"
#include "daemon/main/blindness.h"
#include "daemon/main/own_files.h"
#include "daemon/main/signals.h"
#include "daemon/main/start_check.h"
#include "daemon/main/stop_guard.h"
#include "daemon/metrics/metrics.h"
#include "daemon/metrics/warnings.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/reload/events.h"
#include "daemon/reload/reload.h"
#include "daemon/score/budgets.h"
#include "daemon/score/drift.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/event/event.h"
#include "lib/flow/conn.h"
#include "lib/record/record.h"

enum {
    FLUSH_CHECK_NS = 20000000, /* at the end: between checks of whether the outputs are done */
    REST_MAX_NS = 1000000000,  /* part of stop_timeout that is left for the threads to end */
};

struct daemon {
    struct drift_options drift;
    const struct config *config;
    struct gad_time stop_timeout;
    struct stop_guard guard;
    struct stats stats;
    struct event_base *base;
    struct signals *signals;
    struct watch *deadline, *flush, *watchdog;
    struct scorer *scorer;
    struct suppressor *suppressor;
    struct feedback *feedback;
    struct feed *feed;
    struct record_log *record_log;
    struct learning *learning;
    struct evidence *evidence;
    struct server *server;
    struct capture_merge *captures;
    struct blindness *blindness;
    struct reload *reload; /* NULL: files are read once (-r) */
    struct control *control;
    struct metrics *metrics; /* NULL: not configured */
    struct warnings *warnings;
    struct budgets *budgets;
    struct announce *announce;
    bool once, stopping, server_stopped, captures_ended;
};

static void report_drift(struct daemon *self, const struct model *m, struct gad_model_event *e)
{
    (void)snprintf(e->model, sizeof(e->model), "%s", m->name);
    (void)snprintf(e->model_sha256, sizeof(e->model_sha256), "%s", m->label->sha256);
    log_notice("models", "model '%s' %s%s%s", e->model, e->action, *e->reason ? ": " : "",
               e->reason);
    feed_model(self->feed, e);
}

static void count_drift(struct daemon *self, const struct job *j)
{
    struct gad_time now = gad_time_monotonic();
    struct gad_model_event e;

    for (size_t i = 0; i < job_n_scored(j); i++) {
        const struct model *m = job_model(j, i);
        if (j->rec[i].notes & (GAD_NOTE_INTERIM | GAD_NOTE_CUT))
            continue; /* the reference has finished connections, each once */
        if (m->drift && drift_count(m->drift, &self->drift, &j->rec[i], j->score[i], now, &e))
            report_drift(self, m, &e);
    }
}

static void report_budget(void *arg, const struct gad_model_event *e)
{
    const struct daemon *self = arg;
    feed_model(self->feed, e);
}

static void scored(void *arg, const struct job *j)
{
    struct daemon *self = arg;

    count_drift(self, j);
    feed_scored(self->feed, j);
    budgets_count(self->budgets, j);
    if (j->client) {
        record_log_add(self->record_log, j);
        learning_add(self->learning, j);
    }
}

static void drained(void *arg)
{
    struct daemon *self = arg;
    feed_flush(self->feed);
    record_log_flush(self->record_log);
    learning_flush(self->learning);
}

/* The clients are disconnected; the outputs that have a connection still get what is left. */
static void flush_event(void *arg)
{
    struct daemon *self = arg;

    bool is_flushed =
        record_log_is_flushed(self->record_log) && learning_is_flushed(self->learning);
    if (!feed_finish(self->feed) || !is_flushed)
        watch_after(self->flush, (struct gad_time){FLUSH_CHECK_NS});
    else
        (void)event_base_loopbreak(self->base);
}

static void flush_if_all_stopped(struct daemon *self)
{
    if (self->stopping && self->server_stopped && self->captures_ended)
        watch_soon(self->flush);
}

static void stopped(void *arg)
{
    struct daemon *self = arg;
    self->server_stopped = true;
    flush_if_all_stopped(self);
}

static void returned(void *arg, struct job *j)
{
    struct daemon *self = arg;
    record_log_add(self->record_log, j); /* whether scored or not */
    learning_add(self->learning, j);
    capture_merge_returned(self->captures, j);
}

static size_t alert_room(void *arg)
{
    const struct daemon *self = arg;
    return record_log_has_room(self->record_log) && learning_has_room(self->learning)
               ? feed_room(self->feed)
               : 0;
}

static void begin_stop(struct daemon *self)
{
    self->stopping = true;
    announce_free(gad_steal(&self->announce));
    notify_state("STOPPING=1\nSTATUS=finishing what was accepted");
    capture_merge_stop(self->captures);
    server_stop(self->server);
    flush_if_all_stopped(self);
}

static void captures_ended(void *arg)
{
    struct daemon *self = arg;

    self->captures_ended = true;
    blindness_look(self->blindness);
    if (!self->stopping && self->once)
        begin_stop(self);
    else if (!self->stopping)
        log_notice("loop", "all captures have been read");
    flush_if_all_stopped(self);
}

static void deadline_event(void *arg)
{
    struct daemon *self = arg;
    log_warn("loop", "stop_timeout has nearly expired, discarding the rest");
    (void)event_base_loopbreak(self->base);
}

static void stop(void *arg, const char *signal_name)
{
    struct daemon *self = arg;
    int64_t ns = self->stop_timeout.ns, rest = ns / 4 < REST_MAX_NS ? ns / 4 : REST_MAX_NS;

    if (watch_is_on(self->deadline))
        return;
    stop_guard_arm(&self->guard,
                   self->stop_timeout); /* before anything that can block, such as the log */
    log_notice("loop", "%s: finishing what was accepted", signal_name);
    watch_after(self->deadline, (struct gad_time){ns - rest});
    if (!self->stopping)
        begin_stop(self);
}

static void reopen(void *arg)
{
    struct daemon *self = arg;
    record_log_reopen(self->record_log);
    learning_reopen(self->learning);
    feed_reopen(self->feed);
}

static struct drift_options drift_options(const struct config *c)
{
    return (struct drift_options){
        .threshold = c->drift.threshold, .window = c->drift.window, .rate = c->drift.rate};
}

static int configure(void *arg, const struct config *c)
{
    struct daemon *self = arg;
    int r = server_configure(self->server, c, NULL);

    if (r == 0)
        r = feed_configure(self->feed, c);
    if (r != 0)
        return r;
    self->stop_timeout = c->ganadd.stop_timeout;
    self->drift = drift_options(c);
    budgets_configure(self->budgets, c);
    return 0;
}

static void reloaded(void *arg, const struct reload_result *r)
{
    struct daemon *self = arg;

    if (r->error == 0) {
        feed_release_models(self->feed);
        budgets_attach(self->budgets);
    }
    self->stats.reloads += r->error == 0;
    self->stats.reloads_refused += r->error != 0;
    if (!self->stopping)
        reload_report(r, self->feed);
}

static void hup(void *arg)
{
    struct daemon *self = arg;

    log_notice("loop", "SIGHUP: reopening the files%s", self->reload ? " and reloading" : "");
    reopen(self);
    if (self->reload && !self->stopping)
        reload_all(self->reload);
}

/*
 * Keeps the service manager's watchdog alive only while the scorer thread works, too; the main loop
 * does, since it runs this.
 */
static void watchdog_event(void *arg)
{
    const struct daemon *self = arg;

    if (scorer_answers(self->scorer))
        notify_state("WATCHDOG=1");
    else
        log_error("loop", "the scorer does not answer");
}

/* The keep-alive is sent three times per WatchdogSec=. */
static int start_watchdog(struct daemon *self)
{
    const struct gad_time third = {notify_watchdog().ns / 3};

    if (third.ns == 0)
        return 0;
    self->watchdog = watch_ticker(self->base, third, watchdog_event, self);
    return self->watchdog ? 0 : GAD_ENOMEM;
}

static int make_events(struct daemon *self, struct gad_diag *d)
{
    self->base = event_base_new();
    if (!self->base)
        return gad_fail(d, GAD_ENOMEM, "no memory for an event loop");
    const struct signals_options so = {.base = self->base, .stop = stop, .hup = hup, .arg = self};
    self->deadline = watch_timer(self->base, deadline_event, self);
    self->flush = watch_timer(self->base, flush_event, self);
    if (!self->deadline || !self->flush || signals_new(&so, &self->signals) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for the events of signals");
    return 0;
}

static void daemon_deinit(struct daemon *self)
{
    announce_free(self->announce);
    blindness_free(self->blindness);
    scorer_stop(self->scorer);
    metrics_free(self->metrics);
    control_free(self->control);
    budgets_free(self->budgets);
    warnings_free(self->warnings);
    reload_free(self->reload);
    server_free(self->server);
    capture_merge_free(self->captures);
    learning_free(self->learning);
    record_log_free(self->record_log);
    feed_free(self->feed);
    evidence_free(self->evidence); /* after the last alert */
    suppressor_free(self->suppressor);
    feedback_free(self->feedback);
    scorer_free(self->scorer);
    signals_free(self->signals);
    watch_free(self->deadline);
    watch_free(self->flush);
    watch_free(self->watchdog);
    if (self->base)
        event_base_free(self->base);
    stop_guard_disarm(&self->guard);
}

/* Where records come from, and the scorer. */
static int make_scoring(struct daemon *self, struct models *m, struct gad_diag *d)
{
    const struct config *c = self->config;
    int r = scorer_new(&self->scorer);

    self->drift = drift_options(c);
    if (r != 0)
        return gad_fail(d, r, "scorer: %s", gad_strerror(r));
    const struct capture_merge_options captures = {.base = self->base,
                                                   .config = c,
                                                   .models = m,
                                                   .scorer = self->scorer,
                                                   .stats = &self->stats,
                                                   .evidence = self->evidence,
                                                   .room = alert_room,
                                                   .ended = captures_ended,
                                                   .arg = self};
    const struct server_options server = {.base = self->base,
                                          .config = c,
                                          .models = m,
                                          .scorer = self->scorer,
                                          .stats = &self->stats,
                                          .scored = scored,
                                          .returned = returned,
                                          .drained = drained,
                                          .stopped = stopped,
                                          .arg = self};
    const struct record_log_options records = {.records = &c->records,
                                               .lost = &self->stats.records_lost};
    const struct learning_options learning = {
        .base = self->base, .config = c, .models = m, .stats = &self->stats};
    r = record_log_new(self->base, &records, &self->record_log, d);
    if (r == 0 && !self->once)
        r = learning_new(&learning, &self->learning, d);
    if (r == 0)
        r = capture_merge_new(&captures, &self->captures, d);
    return r == 0 ? server_new(&server, &self->server, d) : r;
}

/* Where alerts go. */
static int make_feed(struct daemon *self, struct models *m, struct gad_diag *d)
{
    const struct config *c = self->config;
    int r = suppressor_new(self->base, c->alerts.suppress, &self->suppressor, d);

    if (r == 0)
        r = feedback_new(c->alerts.feedback, &self->stats, &self->feedback, d);
    if (r != 0)
        return r;
    const struct feed_options o = {.base = self->base,
                                   .config = c,
                                   .stats = &self->stats,
                                   .suppressor = self->suppressor,
                                   .feedback = self->feedback,
                                   .evidence = self->evidence,
                                   .by_packets = self->once};
    r = feed_new(&o, &self->feed, d);
    if (r != 0)
        return r;
    const struct budgets_options budgets = {.config = c,
                                            .models = m,
                                            .stats = &self->stats,
                                            .is_stored = !self->once,
                                            .event = report_budget,
                                            .arg = self};
    return budgets_new(&budgets, &self->budgets) == 0 ? 0 : gad_fail(d, GAD_ENOMEM, "no memory");
}

/* What an operator reaches: reload, control socket and metrics. */
static int make_control(struct daemon *self, struct models *m, struct gad_diag *d)
{
    const struct reload_options reload = {.base = self->base,
                                          .config = self->config,
                                          .feed = self->feed,
                                          .server = self->server,
                                          .models = m,
                                          .configure = configure,
                                          .done = reloaded,
                                          .arg = self};
    int r = self->once ? 0 : reload_new(&reload, &self->reload, d);

    if (r != 0)
        return r;
    const struct warnings_options warn = {.base = self->base,
                                          .config = self->config,
                                          .models = m,
                                          .stats = &self->stats,
                                          .feed = self->feed,
                                          .captures = self->captures,
                                          .budgets = self->budgets,
                                          .learning = self->learning};
    if (warnings_new(&warn, &self->warnings) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    const struct control_options control = {.base = self->base,
                                            .config = self->config,
                                            .models = m,
                                            .reload = self->reload,
                                            .stats = &self->stats,
                                            .feed = self->feed,
                                            .suppressor = self->suppressor,
                                            .feedback = self->feedback,
                                            .record_log = self->record_log,
                                            .captures = self->captures,
                                            .server = self->server,
                                            .warnings = self->warnings,
                                            .budgets = self->budgets,
                                            .evidence = self->evidence,
                                            .reopen = reopen,
                                            .arg = self};
    r = control_new(&control, &self->control, d);
    if (r != 0)
        return r;
    const struct metrics_options metrics = {.base = self->base,
                                            .config = self->config,
                                            .models = m,
                                            .stats = &self->stats,
                                            .feed = self->feed,
                                            .server = self->server,
                                            .captures = self->captures,
                                            .budgets = self->budgets,
                                            .warnings = self->warnings};
    return metrics_new(&metrics, &self->metrics, d);
}

/* Everything that may need root. Opens sockets, captures and files. */
static int make_modules(struct daemon *self, struct models *m, struct gad_diag *d)
{
    int r = own_files_check(self->config, d);

    if (r == 0)
        r = evidence_new(self->config, self->once, &self->stats, &self->evidence, d);

    if (r == 0)
        r = make_scoring(self, m, d);
    if (r == 0)
        r = make_feed(self, m, d);
    if (r == 0)
        r = make_control(self, m, d);
    return r == 0 ? own_files_give(self->config, feed_directory(self->feed), d) : r;
}

/* The result of -r, one line on the standard error. */
static int summary(const struct daemon *self, struct gad_diag *d)
{
    const struct stats *s = &self->stats;
    struct capture_merge_source one;
    bool is_whole = true;

    for (size_t i = 0; capture_merge_source(self->captures, i, &one); i++)
        is_whole = is_whole && strcmp(one.state, "broken") != 0;
    (void)fprintf(stderr,
                  "%" PRIu64 " packets, %" PRIu64 " refused, %" PRIu64 " connections, %" PRIu64
                  " records scored, %" PRIu64 " anomalous\n",
                  s->captures.net.frames, gad_net_refused(&s->captures.net), s->captures.flow.ended,
                  s->records_scored, s->records_anomalous);
    return is_whole ? 0 : gad_fail(d, -EIO, "a capture could not be read to its end");
}

static int start_threads(struct daemon *self, struct gad_diag *d)
{
    int r = feed_start(self->feed, d);

    if (r != 0)
        return r;
    r = record_log_start(self->record_log);
    if (r != 0)
        return gad_fail(d, r, "records: %s", gad_strerror(r));
    r = learning_start(self->learning, self->reload);
    if (r != 0)
        return gad_fail(d, r, "learning: %s", gad_strerror(r));
    r = evidence_start(self->evidence);
    if (r != 0)
        return gad_fail(d, r, "evidence: %s", gad_strerror(r));
    r = scorer_start(self->scorer);
    if (r != 0)
        return gad_fail(d, r, "scorer thread: %s", gad_strerror(r));
    return capture_merge_start(self->captures, d);
}

static int start_looking(struct daemon *self, struct gad_diag *d)
{
    int r = blindness_new(self->base, self->captures, self->feed, &self->blindness);

    return r == 0 ? 0 : gad_fail(d, r, "no memory for the events of captures");
}

static int start_announcing(struct daemon *self, const struct models *m, struct gad_diag *d)
{
    const struct announce_options o = {.base = self->base,
                                       .config = self->config,
                                       .models = m,
                                       .feed = self->feed,
                                       .captures = self->captures};

    if (start_watchdog(self) != 0 || announce_new(&o, &self->announce) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for the events of the service manager");
    return 0;
}

/* Descriptors that clients can have. */
static uint64_t n_clients(const struct config *c)
{
    uint64_t n = c->scoring.max_clients + c->control.max_clients + ACCESS_RESERVED;

    if (*c->scoring.tls)
        n += c->scoring.handshakes;
    for (size_t i = 0; i < c->n_clients; i++)
        n += config_client_is_used(&c->client[i]) ? c->client[i].connections : 0;
    return n;
}

int daemon_run(const struct config *c, struct models *m, bool once, struct gad_diag *d)
{
    gad_cleanup(daemon_deinit) struct daemon self = {
        .config = c, .once = once, .stop_timeout = c->ganadd.stop_timeout};

    stats_init(&self.stats);

    if (config_is_live(c))
        privileges_take_raw();
    int r = descriptors_raise(n_clients(c), c->n_captures, c->n_outputs, d);
    if (r == 0)
        r = make_events(&self, d);
    if (r == 0)
        r = make_modules(&self, m, d);
    if (r == 0)
        r = privileges_drop(c->ganadd.user, config_is_live(c), d);
    if (r != 0)
        return r;
    start_warn_open_tcp(c);
    r = start_looking(&self, d);
    if (r == 0)
        r = start_threads(&self, d);
    if (r == 0)
        r = start_announcing(&self, m, d);
    if (r != 0)
        return r;
    if (!once)
        models_note_versions(m, &c->trust);
    start_log_no_capture(c);
    log_notice("loop", "ganadd " GANAD_VERSION " is ready, %zu model%s", m->n,
               m->n == 1 ? "" : "s");
    announce_ready(self.announce);
    if (event_base_dispatch(self.base) < 0)
        return gad_fail(d, -EIO, "the event loop failed");
    log_notice("loop", "stopped");
    return once ? summary(&self, d) : 0;
}
