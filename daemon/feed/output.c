/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/disk.h"
#include "daemon/feed/output_parts.h"
#include "daemon/feed/tls_files.h"
#include "daemon/log.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/spool/reader.h"

enum {
    FINISH_SECONDS = 3, /* for the receiver to close the connection in its turn */
    TURNS = 4,          /* buffers that one output writes before the others have a turn */
};

/* Kinds of events that have a number. */
static const unsigned NUMBERED = 1U << GAD_EVENT_ALERT | 1U << GAD_EVENT_HEARTBEAT |
                                 1U << GAD_EVENT_STATS | 1U << GAD_EVENT_MODEL |
                                 1U << GAD_EVENT_BLIND | 1U << GAD_EVENT_LIMIT;

const char *output_state_name(enum output_state s)
{
    static const char *const name[] = {"waiting", "connecting", "open", "finishing", "finished"};
    return name[s];
}

static void publish(struct output *o)
{
    o->now.state = o->stalled ? OUTPUT_WAITING : o->state;
    o->now.next = gad_spool_reader_at(o->reader);
    o->now.released = o->window.released;
    o->now.known = o->known;
    o->now.gone = gad_spool_reader_gone(o->reader);
    (void)pthread_mutex_lock(&o->lock);
    o->published = o->now;
    (void)pthread_mutex_unlock(&o->lock);
}

void output_status(struct output *o, struct output_status *ret)
{
    (void)pthread_mutex_lock(&o->lock);
    *ret = o->published;
    (void)pthread_mutex_unlock(&o->lock);
}

/* --- connection --- */

static void stop_watching(struct output *o)
{
    watch_free(gad_steal(&o->readable));
    watch_free(gad_steal(&o->writable));
}

static void drop_connection(struct output *o)
{
    stop_watching(o);
    watch_stop(o->timer);
    o->rate_waits = false;
    transport_free(gad_steal(&o->transport));
    o->now.address[0] = '\0';
}

static void fail(struct output *o, const char *why)
{
    output_proof_failed(o, why);
    drop_connection(o);
    output_forget_unwritten(o);
    o->state = OUTPUT_WAITING;
    output_schedule_retry(o);
    publish(o);
}

/* Closes our side. The state is finished when the receiver has closed its side, too. */
static void begin_finish(struct output *o)
{
    if (o->state != OUTPUT_FINISHING)
        o->deadline.ns = gad_time_monotonic().ns + FINISH_SECONDS * INT64_C(1000000000);
    o->state = OUTPUT_FINISHING;
    int r = o->ops->finish(o->transport);
    if (r == GAD_MORE && o->writable) {
        watch_start(o->writable);
    } else if (r == GAD_END) {
        resend_window_all_arrived(&o->window);
        drop_connection(o);
        o->state = OUTPUT_FINISHED;
    } else if (r != 0) {
        fail(o, *o->transport->error ? o->transport->error : gad_strerror(r));
    }
}

/* --- the pump --- */

/* False: the receiver takes nothing more now, or the connection broke. */
static bool write_some(struct output *o)
{
    if (o->disk) { /* continues when the file's thread has written them */
        output_file_write(o);
        return false;
    }
    ssize_t n = o->ops->write(o->transport, o->buf.p + o->buf.pos, output_next_write(o));
    if (n >= 0) {
        output_took(o, (size_t)n);
        return true;
    }
    if (errno == EINTR)
        return true;
    if (errno == EMSGSIZE && o->ops->is_datagram) {
        output_drop_first(o);
        return true;
    }
    if (errno == EAGAIN && o->writable) {
        watch_start(o->writable);
        return false;
    }
    fail(o, *o->transport->error ? o->transport->error : gad_strerror(-errno));
    return false;
}

/* Reads, formats and writes what can be now. */
static void pump(struct output *o)
{
    bool can_write = true;

    for (int turn = 0; can_write && turn < TURNS && o->state == OUTPUT_OPEN; turn++) {
        output_fill(o);
        if (o->n_messages == 0) {
            o->progress = gad_time_monotonic();
            break;
        }
        while (can_write && o->n_messages > 0)
            can_write = write_some(o);
    }
    if (o->state == OUTPUT_OPEN && can_write && !o->rate_waits && !o->spool_fails &&
        !output_is_at_end(o))
        watch_after(o->timer, (struct gad_time){0}); /* the other outputs first */
}

void output_wake(struct output *o)
{
    if (o->state != OUTPUT_OPEN)
        return;
    pump(o);
    if (o->state == OUTPUT_OPEN && o->finishing && output_is_at_end(o) &&
        (!o->disk || output_file_is_safe(o)))
        begin_finish(o);
    publish(o);
}

/* --- connecting --- */

static void opened(struct output *o)
{
    o->state = OUTPUT_OPEN;
    o->now.connects++;
    o->progress = gad_time_monotonic();
    if (o->disk)
        output_file_opened(o);
    output_proof_begin(o);
    watch_stop(o->timer);
    output_wake(o);
}

static int fail_late(const struct output *o, struct gad_diag *d)
{
    char text[TRANSPORT_TEXT];

    if (o->disk)
        return gad_fail(d, -ETIMEDOUT, "its file system did not answer within connect_timeout");
    transport_text(o->transport, text);
    if (o->transport->peer.len > 0)
        return gad_fail(d, -ETIMEDOUT, "connected, but no TLS handshake within connect_timeout");
    return gad_fail(d, -ETIMEDOUT, "no connection within connect_timeout%s%s",
                    *text ? "; still waiting for " : "", text);
}

static int watch(struct output *o);

static void proceed(struct output *o)
{
    struct gad_diag d = {""};

    /* A refused transport closes its descriptor, and the kernel may soon reuse the number: no watch
     * may keep it. */
    stop_watching(o);
    int r = o->ops->proceed(o->transport, &d);

    if (r == GAD_MORE && gad_time_monotonic().ns > o->deadline.ns)
        r = fail_late(o, &d);
    if (r == 0 || (r == GAD_MORE && o->transport->fd >= 0))
        r = watch(o) == 0 ? r : gad_fail(&d, GAD_ENOMEM, "no memory");
    if (r < 0)
        fail(o, d.text);
    else if (r == 0)
        opened(o);
    else
        watch_after(o->timer, (struct gad_time){TRANSPORT_POLL_MS * INT64_C(1000000)});
}

static void read_some(struct output *o)
{
    struct gad_diag d = {""};
    int r = o->ops->read(o->transport, &d);

    if (r == GAD_END && o->state == OUTPUT_FINISHING) {
        resend_window_all_arrived(&o->window);
        drop_connection(o);
        o->state = OUTPUT_FINISHED;
        publish(o);
    } else if (r == GAD_END) {
        fail(o, "the receiver closed the connection");
    } else if (r < 0) {
        fail(o, d.text);
    }
}

static void on_readable(void *arg)
{
    struct output *o = arg;
    struct gad_diag d = {""};

    if (o->state == OUTPUT_CONNECTING)
        proceed(o);
    else if (!o->disk)
        read_some(o);
    else if (output_file_done(o, &d) < 0)
        fail(o, d.text);
    else
        output_wake(o);
}

static void on_writable(void *arg)
{
    struct output *o = arg;

    if (o->state == OUTPUT_CONNECTING)
        proceed(o);
    else if (o->state == OUTPUT_FINISHING)
        begin_finish(o);
    else
        output_wake(o);
}

/* Watches the transport's descriptor, which is another one for each address. */
static int watch(struct output *o)
{
    struct transport *t = o->transport;

    if (o->readable && watch_fd(o->readable) == t->fd) {
        if (o->writable && t->wants_write)
            watch_start(o->writable);
        return 0;
    }
    stop_watching(o);
    if (!o->ops->is_file) { /* a file's descriptor is readable when its thread has a result */
        o->writable = watch_writer(o->o.base, t->fd, on_writable, o);
        if (!o->writable)
            return GAD_ENOMEM;
        if (t->wants_write)
            watch_start(o->writable);
    }
    if (t->fd <= STDERR_FILENO) /* the standard output is not read, and may be a file */
        return 0;
    o->readable = watch_reader(o->o.base, t->fd, on_readable, o);
    return o->readable ? 0 : GAD_ENOMEM;
}

/* Makes the transport: 0, GAD_MORE or negative. */
static int connect_transport(struct output *o, struct gad_diag *d)
{
    int r = transport_new(o->ops, o->o.config, &o->memory, &o->transport);

    if (r == 0)
        r = o->ops->open(o->transport, d);
    return r == 0 ? watch(o) : r;
}

void output_start(struct output *o)
{
    struct gad_diag d = {""};

    if (o->transport) { /* a file, which output_new() has opened */
        opened(o);
        return;
    }
    log_debug("feed", "output '%s': attempt %u, %s %s", o->o.config->name, o->tries + 1,
              o->o.config->type, o->o.config->to);
    o->state = OUTPUT_CONNECTING;
    o->proven = false;
    o->deadline.ns = gad_time_monotonic().ns + o->o.config->connect_timeout.ns;
    int r = connect_transport(o, &d);
    if (r == GAD_MORE)
        proceed(o);
    else if (r == 0)
        opened(o);
    else
        fail(o, d.text);
    publish(o);
}

static void on_timer(void *arg)
{
    struct output *o = arg;

    o->rate_waits = false;
    if (o->state == OUTPUT_WAITING)
        output_start(o);
    else if (o->state == OUTPUT_CONNECTING)
        proceed(o);
    else
        output_wake(o);
}

/* --- once a second --- */

/* The address took something once, but another one is better now. */
static void fail_stalled(struct output *o)
{
    o->proven = false;
    fail(o, "the receiver has taken nothing for longer than stall_timeout");
}

/* The name of a receiver of datagrams may have another address by now. */
static void refresh(struct output *o)
{
    struct gad_diag d = {""};
    int r = o->ops->refresh(o->transport, &d);

    if (r < 0 && !o->lookup_fails)
        log_warn("feed", "output '%s': %s; still sending to %s", o->o.config->name, d.text,
                 o->now.address);
    if (r == GAD_END && o->lookup_fails)
        log_notice("feed", "output '%s': its name resolves again", o->o.config->name);
    if (r != 0)
        o->lookup_fails = r < 0;
    if (r != GAD_MORE)
        return;
    stop_watching(o);
    if (watch(o) != 0) {
        fail(o, "no memory");
        return;
    }
    output_proof_begin(o);
    log_notice("feed", "output '%s': its name has another address, %s", o->o.config->name,
               o->now.address);
}

void output_tick(struct output *o)
{
    struct gad_time now = gad_time_monotonic();

    gad_spool_reader_look(o->reader);
    if (o->state == OUTPUT_FINISHING && now.ns > o->deadline.ns) {
        drop_connection(o); /* what is not known to have arrived the next run sends again */
        o->state = OUTPUT_FINISHED;
    }
    if (o->disk)
        output_file_tick(o);
    else if (o->state == OUTPUT_OPEN)
        (void)resend_window_released(&o->window, now);
    if (o->state == OUTPUT_OPEN)
        output_proof_check(o, now);
    if (o->state == OUTPUT_OPEN && o->ops->refresh)
        refresh(o);
    if (o->state == OUTPUT_OPEN && o->n_messages > 0 && o->ops->is_connected &&
        gad_time_sub(now, o->progress).ns > o->o.config->stall_timeout.ns)
        fail_stalled(o);
    else
        output_wake(o);
    publish(o);
}

/* --- requests of the main loop --- */

void output_reopen(struct output *o)
{
    if (o->disk && o->state == OUTPUT_OPEN)
        output_file_reopen(o);
}

bool output_is_reopening(const struct output *o)
{
    return o->disk && output_file_is_reopening(o);
}

void output_renew(struct output *o, void *context)
{
    transport_tls_context_free(o->memory.context);
    o->memory.context = context;
    if (o->state != OUTPUT_WAITING)
        return;
    o->tries = 1; /* it has failed before, so that output_is_finished() does not wait for it */
    watch_after(o->timer, (struct gad_time){0});
}

void output_finish(struct output *o)
{
    o->finishing = true;
    output_wake(o);
}

/* A receiver that is down does not delay the stop. */
bool output_is_finished(const struct output *o)
{
    return o->state == OUTPUT_FINISHED || o->state == OUTPUT_WAITING || o->stalled ||
           (o->state == OUTPUT_CONNECTING && o->tries > 0);
}

/* --- new and free --- */

static unsigned severity_of(const char *name)
{
    for (unsigned s = GAD_SEVERITY_HIGH; s < GAD_SEVERITY_LOW; s++)
        if (strcmp(gad_severity_name(s), name) == 0)
            return s;
    return GAD_SEVERITY_LOW;
}

static void configure(struct output *o, const struct config_output *c)
{
    struct gad_diag d;
    bool is_syslog = strcmp(c->format, "syslog") == 0 || c->syslog;
    bool by_default = strcmp(c->type, "tls") == 0 || (strcmp(c->type, "tcp") == 0 && is_syslog);

    o->ops = transport_find(c->type);
    o->format = gad_format_find(c->format);
    int r = config_event_kinds(c->events, &o->kinds, &d);
    gad_assert(o->ops && o->format && r == 0); /* config_check() */
    o->severity = severity_of(c->severity);
    o->filters = (o->kinds & NUMBERED) != NUMBERED || o->severity < GAD_SEVERITY_LOW;
    o->octets = !o->ops->is_datagram && (strcmp(c->framing, "octets") == 0 ||
                                         (by_default && strcmp(c->framing, "auto") == 0));
    o->form = (struct gad_format_options){.pid = (uint32_t)getpid(),
                                          .enterprise = (uint32_t)c->enterprise,
                                          .facility = (unsigned)c->facility,
                                          .max = c->length,
                                          .version = GANAD_VERSION};
    o->rate = rate_limit_init((double)c->rate, c->rate < 100 ? 10 : (double)c->rate / 10,
                              gad_time_monotonic());
    /* A file keeps what it has; of a datagram nothing says that it must be sent again. */
    bool replays = o->ops->is_connected;
    resend_window_init(
        &o->window, replays ? c->replay : 0,
        replays ? c->replay_time : (struct gad_time){o->ops->is_file ? INT64_MAX : 0}, o->o.next);
    o->known = o->o.next;
    o->now.config = c;
}

/* An expired certificate does not end the start: its receiver may refuse it, and the output then
 * reports that. */
static int read_tls_files(struct output *o, struct gad_diag *d)
{
    struct gad_diag why = {""};
    int r = transport_tls_context(o->o.config, &o->memory.context, d);

    if (r == 0 && tls_files_check_dates(o->memory.context, o->o.config, &why) != 0)
        log_warn("feed", "output '%s': %s", o->o.config->name, why.text);
    return r;
}

static int make(struct output *o, struct gad_diag *d)
{
    o->buf = GAD_BUF_INIT((size_t)4 * OUTPUT_BUFFER);
    o->line = GAD_BUF_INIT(OUTPUT_LINE_MAX);
    o->timer = watch_timer(o->o.base, on_timer, o);
    if (!o->timer || !gad_buf_room(&o->buf, (size_t)4 * OUTPUT_BUFFER) ||
        !gad_buf_room(&o->line, OUTPUT_LINE_MAX))
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = gad_spool_reader_open(o->o.directory, o->o.next, &o->reader, d);
    if (r == 0)
        gad_spool_reader_know(o->reader, o->o.gaps);
    if (r == 0 && strcmp(o->o.config->type, "tls") == 0)
        r = read_tls_files(o, d);
    if (r == 0 && o->ops->is_file)
        r = output_file_new(o);
    if (r == 0 && o->disk)
        r = connect_transport(o, d);
    return r;
}

int output_new(const struct output_options *options, struct output **ret, struct gad_diag *d)
{
    gad_cleanup(output_freep) struct output *o = gad_calloc(1, sizeof(*o));

    if (!o)
        return gad_fail(d, GAD_ENOMEM, "output '%s': no memory", options->config->name);
    o->o = *options;
    (void)pthread_mutex_init(&o->lock, NULL);
    o->rng = gad_rng_init((uint64_t)gad_time_monotonic().ns, (uint64_t)getpid());
    configure(o, options->config);
    int r = make(o, d);
    if (r != 0) {
        if (d && !*d->text)
            (void)gad_fail(d, r, "%s", gad_strerror(r));
        gad_diag_prefix(d, "output '%s' (%s %s)", options->config->name, options->config->type,
                        options->config->to);
        return r;
    }
    publish(o);
    *ret = gad_steal(&o);
    return 0;
}

void output_free(struct output *o)
{
    if (!o)
        return;
    if (o->timer) {
        drop_connection(o);
        watch_free(o->timer);
    }
    disk_free(o->disk);
    gad_spool_reader_close(o->reader);
    transport_tls_context_free(o->memory.context);
    lookups_forget(&o->memory.lookups);
    gad_buf_deinit(&o->buf);
    gad_buf_deinit(&o->line);
    (void)pthread_mutex_destroy(&o->lock);
    gad_free(o);
}
