/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/feed.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/alert/decide.h"
#include "daemon/alert/recent.h"
#include "daemon/config/config.h"
#include "daemon/evidence/evidence.h"
#include "daemon/feed/feed_spool.h"
#include "daemon/feed/lookup.h"
#include "daemon/feed/output.h"
#include "daemon/feed/output_thread.h"
#include "daemon/feed/renewal.h"
#include "daemon/feed/spool_writer.h"
#include "daemon/log.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/event/event.h"
#include "lib/event/format.h"
#include "lib/record/community_id.h"

enum {
    LINE_MAX_BYTES = 64 << 10,
    REPORT_SECONDS = 60, /* between two lines in the log about the losses of one output */
    SPOOLED_HEAD = 32,   /* bytes in the spool for each record, besides the record */
    /* 1 / this of the quota may hold events that outputs have not read, while a capture file is
     * read */
    ROOM_PART = 2,
};

/* Losses of one output that its cursor in the spool has. */
struct unread_pass {
    uint64_t done; /* losses acknowledged so far */
    uint64_t seen; /* losses that the output had when its position was @next */
    uint64_t next;
};

/* What was logged of one output. */
struct unread_log {
    uint64_t lost; /* by the output, when it was logged last */
    struct gad_time logged;
    bool was_logged;
};

struct feed {
    struct feed_options o;
    char sensor[GAD_EVENT_NAME];
    uint64_t run;
    struct gad_time started, due_at;       /* due_at: when the timer `due` runs */
    struct gad_time every, counters_every; /* between two heartbeats, two stats */
    struct feed_spool *spool;
    struct spool_writer *writer; /* the spool's */
    struct output_thread *output_thread;
    struct renewal *renewal;
    struct decider *decider;
    struct gad_community_id *id;
    struct watch *committed, *tick, *due, *heartbeat, *stats;
    void (*tail)(void *arg, const char *json, size_t len);
    void *tail_arg;
    /* of each output, the losses acknowledged to the spool */
    struct unread_pass passed[CONFIG_OUTPUTS_MAX];
    struct unread_log unread[CONFIG_OUTPUTS_MAX];
    bool finishing, finished_sent;
    struct gad_buf packed, line;
    struct gad_event event; /* scratch */
    struct recent *recent;
};

static int name_sensor(struct feed *f)
{
    const char *given = f->o.config->ganadd.sensor;

    if (*given)
        (void)snprintf(f->sensor, sizeof(f->sensor), "%s", given);
    else if (gethostname(f->sensor, sizeof(f->sensor)) != 0)
        return -errno;
    f->sensor[sizeof(f->sensor) - 1] = '\0';
    return getrandom(&f->run, sizeof(f->run), 0) == (ssize_t)sizeof(f->run) ? 0 : -errno;
}

/* --- events --- */

static struct gad_event *begin_event(struct feed *f, enum gad_event_kind kind, struct gad_time wall)
{
    f->event = (struct gad_event){.kind = kind, .run = f->run, .time = wall};
    memcpy(f->event.sensor, f->sensor, sizeof(f->sensor));
    return &f->event;
}

static void show_tail(struct feed *f)
{
    static const struct gad_format_options options = {.max = LINE_MAX_BYTES - 1};

    f->line.len = f->line.pos = 0;
    if (f->tail && gad_format_write(&gad_format_json, &f->event, &options, &f->line) == 0)
        f->tail(f->tail_arg, (const char *)f->line.p, f->line.len);
}

static void emit(struct feed *f)
{
    bool dropped;

    f->packed.len = f->packed.pos = 0;
    gad_event_pack(&f->event, &f->packed);
    gad_assert(!f->packed.bad); /* a unit test packs the longest */
    f->event.seq = spool_writer_add(f->writer, f->event.kind, f->event.time, f->packed.p,
                                    f->packed.len, &dropped);
    f->o.stats->events++;
    f->o.stats->events_dropped = spool_writer_dropped(f->writer);
    show_tail(f);
}

static void emit_alert(void *arg, const struct gad_alert *a, struct gad_time wall)
{
    struct feed *f = arg;
    struct stats *s = f->o.stats;

    struct gad_event *e = begin_event(f, GAD_EVENT_ALERT, wall);
    e->alert = *a;
    gad_record_identify(f->id, &e->alert.record);
    if (f->o.evidence) {
        e->seq = spool_writer_next(f->writer); /* the event gets this number */
        evidence_add(f->o.evidence, e);
    }
    emit(f);
    uint64_t *const of[] = {&s->alerts_high, &s->alerts_medium, &s->alerts_low};
    *of[a->severity - GAD_SEVERITY_HIGH] += 1;
    s->incidents_unlisted += recent_put(f->recent, &f->event);
}

static void emit_limit(void *arg, const struct gad_limit_event *l)
{
    begin_event(arg, GAD_EVENT_LIMIT, gad_time_wall())->limit = *l;
    emit(arg);
    feed_flush(arg);
}

struct recent *feed_recent(const struct feed *f)
{
    return f->recent;
}

static void on_heartbeat(void *arg)
{
    struct feed *f = arg;
    struct gad_heartbeat *h = &begin_event(f, GAD_EVENT_HEARTBEAT, gad_time_wall())->heartbeat;

    (void)snprintf(h->version, sizeof(h->version), "%s", GANAD_VERSION);
    h->uptime = gad_time_sub(gad_time_monotonic(), f->started);
    h->interval = f->every;
    h->records = f->o.stats->records_scored;
    h->alerts = f->o.stats->alerts;
    emit(f);
    feed_flush(f);
}

_Static_assert(STATS_N_ITEMS + CAPTURE_COUNTERS <= GAD_EVENT_COUNTERS, "all counters fit");

static void add_counter(struct gad_stats_event *s, const char *prefix,
                        const struct gad_counter_item *item, uint64_t value)
{
    struct gad_counter *c = &s->counter[s->n++];

    (void)snprintf(c->name, sizeof(c->name), "%s%s", prefix, item->name);
    c->value = value;
}

static void on_stats(void *arg)
{
    struct feed *f = arg;
    const struct stats *from = f->o.stats;
    struct gad_stats_event *s = &begin_event(f, GAD_EVENT_STATS, gad_time_wall())->stats;

    s->uptime = gad_time_sub(gad_time_monotonic(), f->started);
    for (size_t i = 0; i < STATS_N_ITEMS; i++)
        add_counter(s, "", &stats_items[i], gad_counter_get(from, &stats_items[i]));
    for (size_t i = 0; i < CAPTURE_COUNTERS && f->o.config->n_captures > 0; i++)
        add_counter(s, "capture_", capture_counter(i), capture_count(&from->captures, i));
    emit(f);
    feed_flush(f);
}

/* --- what outputs have not read --- */

/*
 * An output that is behind has lost events that the quota evicted, that the disk did not take, and
 * those of segments that someone deleted. They count at once, not only when its reader arrives
 * there: a receiver may be away for days.
 */

/* Sets s->waiting, and adds the losses that the output has not reached to s->lost and
 * s->lost_at_most. */
static void unread_add(struct output_status *s, const struct gad_spool_status *spool)
{
    const struct gad_spool_place place = {.next = s->next, .gone = s->gone, .known = s->known};
    const struct gad_spool_share share =
        gad_spool_gaps_share(&spool->gaps, spool->oldest, spool->end, &place);

    s->waiting = share.waiting;
    s->lost += share.lost;
    s->lost_at_most += share.at_most;
}

/* Returns the losses to acknowledge now. The output must have passed all events before them: a
 * start after a crash meets the same gap again, and would count it twice. */
static uint64_t unread_passed(struct unread_pass *p, const struct output_status *s)
{
    if (p->seen == p->done && s->lost != p->seen) {
        p->seen = s->lost;
        p->next = s->next;
    }
    if (s->released < p->next)
        return 0;
    uint64_t more = p->seen - p->done;
    p->done = p->seen;
    return more;
}

/* Logs what the output lost of events that it has not reached: at once, then once a minute. @own:
 * losses that the output has reported itself. */
static void unread_report(struct unread_log *u, uint64_t own, const struct output_status *s,
                          const struct gad_spool_status *spool)
{
    struct gad_time now = gad_time_monotonic();

    if (s->lost == own) { /* the output itself logs the losses that it reads */
        u->lost = own;
        return;
    }
    if (s->lost <= u->lost)
        return;
    if (u->was_logged && gad_time_sub(now, u->logged).ns < REPORT_SECONDS * INT64_C(1000000000))
        return;
    log_warn("spool",
             "output '%s' loses events before it reads them: %" PRIu64 " more, %" PRIu64
             " in total (since the spool was created: %" PRIu64
             " segments evicted for the quota, %" PRIu64 " deleted by another program, %" PRIu64
             " events dropped while the disk failed)",
             s->config->name, s->lost - u->lost, s->lost, spool->totals.evicted,
             spool->totals.removed, spool->totals.dropped);
    *u = (struct unread_log){.lost = s->lost, .logged = now, .was_logged = true};
}

/* At the end: logs what was not delivered. @kept: the next start continues with it. */
static void unread_report_end(const struct output_status *s, bool kept)
{
    if (s->waiting > 0)
        log_warn("feed", "output '%s': %" PRIu64 " events could not be delivered%s",
                 s->config->name, s->waiting, kept ? "; they are kept" : "");
    if (s->released < s->next && strcmp(s->config->type, "file") == 0)
        log_warn("feed",
                 "output '%s': the disk has not confirmed events %" PRIu64 " to %" PRIu64 "%s",
                 s->config->name, s->released, s->next - 1,
                 kept ? "; the next start writes them again" : "");
}

/* --- time --- */

static void schedule_due(struct feed *f, struct gad_time due)
{
    if (due.ns == INT64_MAX)
        return;
    f->due_at = due;
    due = gad_time_sub(due, gad_time_monotonic());
    watch_after(f->due, due.ns > 0 ? due : (struct gad_time){0});
}

static void on_due(void *arg)
{
    struct feed *f = arg;

    if (f->finishing)
        return;
    schedule_due(f, decider_tick(f->decider));
    feed_flush(f);
}

/* Passes each output's acknowledged position to the spool. */
static void acknowledge(struct feed *f)
{
    struct output_status s;

    for (size_t i = 0; output_thread_status(f->output_thread, i, &s); i++)
        spool_writer_ack(f->writer, feed_spool_cursor(f->spool, i), s.released,
                         unread_passed(&f->passed[i], &s));
}

static void look_at_unread(struct feed *f)
{
    struct output_status s, all;

    f->o.stats->events_dropped = spool_writer_dropped(f->writer);
    f->o.stats->lookups = lookups_running();
    f->o.stats->lookups_waits = lookups_waits();
    for (size_t i = 0; output_thread_status(f->output_thread, i, &s); i++) {
        all = s;
        unread_add(&all, spool_writer_status(f->writer));
        unread_report(&f->unread[i], s.lost, &all, spool_writer_status(f->writer));
    }
}

static void on_tick(void *arg)
{
    struct feed *f = arg;

    if (f->o.evidence)
        evidence_count(f->o.evidence);
    acknowledge(f);
    look_at_unread(f);
    spool_writer_flush(f->writer, true);
}

static void on_committed(void *arg)
{
    struct feed *f = arg;

    do
        spool_writer_take(f->writer);
    while (spool_writer_arm(f->writer));
    spool_writer_flush(f->writer, false);
}

/* --- life --- */

/* The period begins now if it is another one. */
static void set_period(struct watch *w, struct gad_time was, struct gad_time is)
{
    if (was.ns != is.ns && watch_every(w, is) != 0)
        log_error("feed", "no memory for a timer");
}

static int make_watches(struct feed *f)
{
    struct event_base *base = f->o.base;

    f->every = f->o.config->alerts.heartbeat;
    f->counters_every = f->o.config->alerts.stats;
    f->committed = watch_reader(base, spool_writer_fd(f->writer), on_committed, f);
    f->tick = watch_ticker(base, (struct gad_time){1000000000}, on_tick, f);
    f->due = watch_timer(base, on_due, f);
    f->heartbeat = watch_ticker(base, f->every, on_heartbeat, f);
    f->stats = watch_ticker(base, f->counters_every, on_stats, f);
    if (!f->committed || !f->tick || !f->due || !f->heartbeat || !f->stats)
        return GAD_ENOMEM;
    (void)spool_writer_arm(f->writer);
    return 0;
}

static uint64_t end_of(const void *arg)
{
    return spool_writer_end(arg);
}

static int open_outputs(struct feed *f, struct gad_diag *d)
{
    uint64_t next[CONFIG_OUTPUTS_MAX];

    for (size_t i = 0; i < f->o.config->n_outputs; i++)
        next[i] = feed_spool_next(f->spool, i);
    const struct output_thread_options o = {.config = f->o.config,
                                            .directory = feed_spool_directory(f->spool),
                                            .sensor = f->sensor,
                                            .run = f->run,
                                            .next = next,
                                            .gaps = &spool_writer_status(f->writer)->gaps,
                                            .end = end_of,
                                            .arg = f->writer};
    if (renewal_new(f->o.config, &f->renewal) != 0)
        return gad_fail(d, GAD_ENOMEM, "outputs: no memory");
    return output_thread_new(&o, &f->output_thread, d);
}

int feed_new(const struct feed_options *o, struct feed **ret, struct gad_diag *d)
{
    gad_cleanup(feed_freep) struct feed *f = gad_calloc(1, sizeof(*f));

    if (!f)
        return gad_fail(d, GAD_ENOMEM, "alerts: no memory");
    f->o = *o;
    f->started = gad_time_monotonic();
    f->packed = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
    f->line = GAD_BUF_INIT(LINE_MAX_BYTES);
    if (!gad_buf_room(&f->packed, GAD_EVENT_PACKED_MAX) ||
        !gad_buf_room(&f->line, LINE_MAX_BYTES) || recent_new(&f->recent) != 0 ||
        gad_community_id_new((uint16_t)o->config->records.community_id_seed, &f->id) != 0)
        return gad_fail(d, GAD_ENOMEM, "alerts: no memory");
    int r = name_sensor(f);
    if (r != 0)
        return gad_fail(d, r, "alerts: no name for this sensor: %s", gad_strerror(r));
    const struct decider_options deciding = {.config = o->config,
                                             .stats = o->stats,
                                             .suppressor = o->suppressor,
                                             .feedback = o->feedback,
                                             .by_packets = o->by_packets,
                                             .emit = emit_alert,
                                             .limited = emit_limit,
                                             .arg = f};
    r = decider_new(&deciding, &f->decider);
    if (r != 0)
        return gad_fail(d, r, "alerts: %s", gad_strerror(r));
    r = feed_spool_open(o->config, &f->spool, d);
    if (r != 0)
        return r;
    f->writer = feed_spool_writer(f->spool);
    r = open_outputs(f, d);
    if (r == 0 && make_watches(f) != 0)
        r = gad_fail(d, GAD_ENOMEM, "alerts: no memory");
    if (r == 0)
        *ret = gad_steal(&f);
    return r;
}

static void committed(void *arg)
{
    output_thread_wake(arg);
}

int feed_start(struct feed *f, struct gad_diag *d)
{
    spool_writer_on_commit(f->writer, committed, f->output_thread);
    int r = spool_writer_start(f->writer);
    if (r == 0)
        r = output_thread_start(f->output_thread);
    return r == 0 ? 0 : gad_fail(d, r, "alerts: %s", gad_strerror(r));
}

/* A temporary spool is deleted, so its undelivered events are lost. */
static void report_undelivered(struct feed *f)
{
    struct output_status s;

    for (size_t i = 0; feed_output(f, i, &s); i++)
        unread_report_end(&s, feed_spool_is_kept(f->spool));
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    if (f->output_thread) {
        report_undelivered(f);
        acknowledge(f);
    }
    /* Before the outputs are freed: the writer's thread wakes theirs while it runs. */
    if (f->writer && spool_writer_stop(f->writer) != 0)
        log_warn("feed", "the spool could not be closed cleanly");
    output_thread_free(f->output_thread);
    renewal_free(f->renewal);
    watch_free(f->committed);
    watch_free(f->tick);
    watch_free(f->due);
    watch_free(f->heartbeat);
    watch_free(f->stats);
    decider_free(f->decider);
    gad_community_id_free(f->id);
    feed_spool_close(f->spool);
    gad_buf_deinit(&f->packed);
    gad_buf_deinit(&f->line);
    recent_free(f->recent);
    gad_free(f);
}

void feed_set_tail(struct feed *f, void (*tail)(void *arg, const char *json, size_t len), void *arg)
{
    f->tail = tail;
    f->tail_arg = arg;
}

void feed_scored(struct feed *f, const struct job *j)
{
    decider_take(f->decider, j);
    struct gad_time due = decider_due(f->decider);
    if (!watch_is_on(f->due) || due.ns < f->due_at.ns)
        schedule_due(f, due);
}

void feed_model(struct feed *f, const struct gad_model_event *m)
{
    begin_event(f, GAD_EVENT_MODEL, gad_time_wall())->model = *m;
    emit(f);
    feed_flush(f);
}

void feed_blind(struct feed *f, const struct gad_blind_event *b)
{
    begin_event(f, GAD_EVENT_BLIND, gad_time_wall())->blind = *b;
    emit(f);
    feed_flush(f);
}

int feed_configure(struct feed *f, const struct config *c)
{
    int r = decider_configure(f->decider, c);

    if (r != 0)
        return r;
    set_period(f->heartbeat, f->every, c->alerts.heartbeat);
    set_period(f->stats, f->counters_every, c->alerts.stats);
    f->every = c->alerts.heartbeat;
    f->counters_every = c->alerts.stats;
    schedule_due(f, decider_tick(f->decider));
    feed_flush(f);
    return 0;
}

int feed_renewal_read(struct feed *f, struct gad_diag *d)
{
    return renewal_read(f->renewal, d);
}

void feed_renewal_put(struct feed *f, void (*fn)(void *arg, bool is_applied, const char *text),
                      void *arg)
{
    renewal_put(f->renewal, f->output_thread, fn, arg);
}

void feed_flush(struct feed *f)
{
    spool_writer_flush(f->writer, false);
}

void feed_reopen(struct feed *f)
{
    output_thread_reopen(f->output_thread);
}

/* Approximate bytes on disk that an output with a connection has not read yet. */
static uint64_t unread(const struct feed *f)
{
    const struct gad_spool_status *st = spool_writer_status(f->writer);
    uint64_t each = st->totals.committed ? st->totals.committed_bytes / st->totals.committed : 0;
    uint64_t most = 0;
    struct output_status s;

    for (size_t i = 0; feed_output(f, i, &s); i++)
        if (s.state != OUTPUT_WAITING && s.waiting > most)
            most = s.waiting;
    return most * (each + SPOOLED_HEAD);
}

size_t feed_room(const struct feed *f)
{
    uint64_t quota = f->o.config->spool.quota / ROOM_PART, waiting = unread(f);
    size_t memory = spool_writer_room(f->writer) / GAD_EVENT_PACKED_MAX;
    size_t disk = waiting < quota ? (size_t)((quota - waiting) / GAD_EVENT_PACKED_MAX) : 0;

    return memory < disk ? memory : disk;
}

bool feed_finish(struct feed *f)
{
    if (!f->finishing) {
        decider_flush(f->decider);
        watch_stop(f->heartbeat); /* outputs end with what there is now */
        watch_stop(f->stats);
        f->finishing = true;
    }
    spool_writer_flush(f->writer, true);
    spool_writer_take(f->writer);
    const struct gad_spool_status *st = spool_writer_status(f->writer);
    bool is_idle = spool_writer_is_idle(f->writer);
    if (!f->finished_sent &&
        (is_idle || st->failure != 0)) { /* outputs still close their connections in order */
        output_thread_finish(f->output_thread);
        f->finished_sent = true;
    }
    return f->finished_sent && (is_idle || st->waiting == 0) &&
           output_thread_is_finished(f->output_thread);
}

const char *feed_directory(const struct feed *f)
{
    return feed_spool_directory(f->spool);
}

const struct gad_spool_status *feed_spool(const struct feed *f)
{
    return spool_writer_status(f->writer);
}

void feed_release_models(struct feed *f)
{
    decider_release_models(f->decider);
}

bool feed_output(const struct feed *f, size_t i, struct output_status *ret)
{
    if (!output_thread_status(f->output_thread, i, ret))
        return false;
    unread_add(ret, spool_writer_status(f->writer));
    return true;
}
