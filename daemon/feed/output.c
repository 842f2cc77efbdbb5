/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/output_parts.h"
#include "daemon/feed/tls_files.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/spool/reader.h"

enum {
    FINISH_SECONDS = 3, /* for the receiver to come to its end */
};

const char *output_state_name(enum output_state s)
{
    static const char *const name[] = {"waiting", "connecting", "open", "finishing", "finished"};
    return name[s];
}

void output_publish(struct output *o)
{
    o->now.state = o->stalled ? OUTPUT_WAITING : o->state;
    o->now.next = gad_spool_reader_at(o->reader);
    o->now.released = o->window.released;
    o->now.known = o->known;
    o->now.gone = gad_spool_reader_gone(o->reader);
    (void)pthread_mutex_lock(&o->lock);
    o->told = o->now;
    (void)pthread_mutex_unlock(&o->lock);
}

void output_status(struct output *o, struct output_status *ret)
{
    (void)pthread_mutex_lock(&o->lock);
    *ret = o->told;
    (void)pthread_mutex_unlock(&o->lock);
}

static void free_event(struct event **e)
{
    if (*e)
        event_free(*e);
    *e = NULL;
}

void output_drop_connection(struct output *o)
{
    free_event(&o->readable);
    free_event(&o->writable);
    (void)event_del(o->timer);
    o->rate_waits = false;
    transport_free(gad_steal(&o->transport));
    o->now.address[0] = '\0';
}

void output_fail(struct output *o, const char *why)
{
    output_proof_failed(o, why);
    output_drop_connection(o);
    output_forget_unwritten(o);
    o->state = OUTPUT_WAITING;
    output_schedule_retry(o);
    output_publish(o);
}

static void begin_finish(struct output *o);

static void opened(struct output *o)
{
    o->state = OUTPUT_OPEN;
    o->now.connects++;
    o->progress = gad_time_monotonic();
    if (o->disk)
        output_file_opened(o);
    output_proof_begin(o);
    (void)event_del(o->timer);
    output_wake(o);
}

static int watch(struct output *o);

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

static void proceed(struct output *o)
{
    struct gad_diag d = {""};

    /* A transport that is refused closes its descriptor, and the number is soon somebody else's: nobody may watch it. */
    free_event(&o->readable);
    free_event(&o->writable);
    int r = o->ops->proceed(o->transport, &d);

    if (r == GAD_MORE && gad_time_monotonic().ns > o->deadline.ns)
        r = fail_late(o, &d);
    if (r == 0 || (r == GAD_MORE && o->transport->fd >= 0))
        r = watch(o) == 0 ? r : gad_fail(&d, GAD_ENOMEM, "no memory");
    if (r < 0) {
        output_fail(o, d.text);
    } else if (r == 0) {
        opened(o);
    } else {
        const struct timeval poll = {0, TRANSPORT_POLL_MS * 1000};
        (void)event_add(o->timer, &poll);
    }
}

static void read_some(struct output *o)
{
    struct gad_diag d = {""};
    int r = o->ops->read(o->transport, &d);

    if (r == GAD_END && o->state == OUTPUT_FINISHING) {
        resend_window_all_arrived(&o->window);
        output_drop_connection(o);
        o->state = OUTPUT_FINISHED;
        output_publish(o);
    } else if (r == GAD_END) {
        output_fail(o, "the other side closed the connection");
    } else if (r < 0) {
        output_fail(o, d.text);
    }
}

static void readable_event(evutil_socket_t fd, short what, void *arg)
{
    struct output *o = arg;
    (void)fd;
    (void)what;

    if (o->state == OUTPUT_CONNECTING) {
        proceed(o);
    } else if (o->disk) {
        output_file_done(o);
        output_wake(o);
    } else {
        read_some(o);
    }
}

static void writable_event(evutil_socket_t fd, short what, void *arg)
{
    struct output *o = arg;
    (void)fd;
    (void)what;

    if (o->state == OUTPUT_CONNECTING)
        proceed(o);
    else if (o->state == OUTPUT_FINISHING)
        begin_finish(o);
    else
        output_wake(o);
}

/* Events on the descriptor as it is now; another address is another descriptor. */
static int watch(struct output *o)
{
    struct transport *t = o->transport;

    if (o->readable && event_get_fd(o->readable) == t->fd) {
        if (o->writable && t->wants_write)
            (void)event_add(o->writable, NULL);
        return 0;
    }
    free_event(&o->readable);
    free_event(&o->writable);
    if (!o->ops->is_file) { /* its descriptor is readable when its thread has a result */
        o->writable = event_new(o->o.base, t->fd, EV_WRITE, writable_event, o);
        if (!o->writable)
            return GAD_ENOMEM;
        if (t->wants_write)
            (void)event_add(o->writable, NULL);
    }
    if (t->fd <= STDERR_FILENO) /* the standard output is not read, and may be a file */
        return 0;
    o->readable = event_new(o->o.base, t->fd, EV_READ | EV_PERSIST, readable_event, o);
    return o->readable && event_add(o->readable, NULL) == 0 ? 0 : GAD_ENOMEM;
}

int output_connect(struct output *o, struct gad_diag *d)
{
    int r = transport_new(o->ops, o->o.config, &o->memory, &o->transport);

    if (r == 0)
        r = o->ops->open(o->transport, d);
    return r == 0 ? watch(o) : r;
}

void output_start(struct output *o)
{
    struct gad_diag d = {""};

    if (o->transport) { /* a file, open already */
        opened(o);
        return;
    }
    log_debug("feed", "output '%s': attempt %u, %s %s", o->o.config->name, o->tries + 1,
              o->o.config->type, o->o.config->to);
    o->state = OUTPUT_CONNECTING;
    o->proven = false;
    o->deadline.ns = gad_time_monotonic().ns + o->o.config->connect_timeout.ns;
    int r = output_connect(o, &d);
    if (r == GAD_MORE)
        proceed(o);
    else if (r == 0)
        opened(o);
    else
        output_fail(o, d.text);
    output_publish(o);
}

void output_timer_event(evutil_socket_t fd, short what, void *arg)
{
    struct output *o = arg;
    (void)fd;
    (void)what;

    o->rate_waits = false;
    if (o->state == OUTPUT_WAITING)
        output_start(o);
    else if (o->state == OUTPUT_CONNECTING)
        proceed(o);
    else
        output_wake(o);
}

static void begin_finish(struct output *o)
{
    if (o->state != OUTPUT_FINISHING)
        o->deadline.ns = gad_time_monotonic().ns + FINISH_SECONDS * INT64_C(1000000000);
    o->state = OUTPUT_FINISHING;
    int r = o->ops->finish(o->transport);
    if (r == GAD_MORE && o->writable) {
        (void)event_add(o->writable, NULL);
    } else if (r == GAD_END) {
        resend_window_all_arrived(&o->window);
        output_drop_connection(o);
        o->state = OUTPUT_FINISHED;
    } else if (r != 0) {
        output_fail(o, *o->transport->error ? o->transport->error : gad_strerror(r));
    }
}

void output_wake(struct output *o)
{
    if (o->state != OUTPUT_OPEN)
        return;
    output_pump(o);
    if (o->state == OUTPUT_OPEN && o->finishing && output_is_at_end(o) &&
        (!o->disk || output_file_is_safe(o)))
        begin_finish(o);
    output_publish(o);
}

/* It took something once, but another address is better now. */
static void fail_stalled(struct output *o)
{
    o->proven = false;
    output_fail(o, "takes nothing, for longer than stall_timeout");
}

/* A name whose address has changed. */
static void refresh(struct output *o)
{
    struct gad_diag d = {""};
    int r = o->ops->refresh(o->transport, &d);

    if (r < 0 && !o->lookup_fails)
        log_warn("feed", "output '%s': %s; its events go on to %s", o->o.config->name, d.text,
                 o->now.address);
    if (r == GAD_END && o->lookup_fails)
        log_notice("feed", "output '%s': its name is known again", o->o.config->name);
    if (r != 0)
        o->lookup_fails = r < 0;
    if (r != GAD_MORE)
        return;
    free_event(&o->readable);
    free_event(&o->writable);
    if (watch(o) != 0) {
        output_fail(o, "no memory");
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
        output_drop_connection(
            o); /* nobody knows whether it arrived: the next run sends it again */
        o->state = OUTPUT_FINISHED;
    }
    if (o->disk)
        output_file_tick(o);
    else if (o->state == OUTPUT_OPEN)
        (void)resend_window_released(&o->window, now);
    if (o->state == OUTPUT_OPEN)
        output_proof_look(o, now);
    if (o->state == OUTPUT_OPEN && o->ops->refresh)
        refresh(o);
    if (o->state == OUTPUT_OPEN && o->n_messages > 0 && o->ops->is_connected &&
        gad_time_sub(now, o->progress).ns > o->o.config->stall_timeout.ns)
        fail_stalled(o);
    else
        output_wake(o);
    output_publish(o);
}

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
    const struct timeval now = {0, 0};

    transport_tls_context_free(o->memory.context);
    o->memory.context = context;
    if (o->state != OUTPUT_WAITING)
        return;
    o->tries = 1; /* it has failed: it holds up no stop */
    (void)event_add(o->timer, &now);
}

void output_finish(struct output *o)
{
    o->finishing = true;
    output_wake(o);
}

bool output_is_finished(const struct output *o)
{
    return o->state == OUTPUT_FINISHED || o->state == OUTPUT_WAITING || o->stalled ||
           (o->state == OUTPUT_CONNECTING &&
            o->tries > 0); /* a receiver that is down holds up no stop */
}
