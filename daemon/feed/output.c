/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/feed/output_parts.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/spool/reader.h"

enum {
    RETRY_MS = 250, /* the first; doubles */
    RETRY_MAX_MS = 30000,
    FINISH_SECONDS = 3,  /* for the receiver to come to its end */
    STEADY_SECONDS = 10, /* a connection that held this long begins the doubling anew */
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

/* Full jitter: many sensors that lost the same collector do not come back in step. */
static void schedule_retry(struct output *o)
{
    uint32_t most = RETRY_MS;

    for (unsigned i = 0; i < o->tries && most < RETRY_MAX_MS; i++)
        most *= 2;
    most = most < RETRY_MAX_MS ? most : RETRY_MAX_MS;
    o->tries++;
    uint32_t ms = RETRY_MS / 10 + gad_rng_below(&o->rng, most);
    const struct timeval tv = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    (void)event_add(o->timer, &tv);
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
}

void output_fail(struct output *o, const char *why)
{
    struct gad_time now = gad_time_monotonic();
    bool was_open = o->state == OUTPUT_OPEN || o->state == OUTPUT_FINISHING;

    if (!o->failing)
        log_warn("feed", "output '%s' (%s %s): %s; events wait in the spool", o->o.config->name,
                 o->o.config->type, o->o.config->to, why);
    o->failing = true;
    (void)snprintf(o->now.error, sizeof(o->now.error), "%s", why);
    output_drop_connection(o);
    if (was_open && gad_time_sub(now, o->opened).ns > STEADY_SECONDS * INT64_C(1000000000))
        o->tries = 0;
    output_forget_unwritten(o);
    o->state = OUTPUT_WAITING;
    schedule_retry(o);
    output_publish(o);
}

static void begin_finish(struct output *o);

static void opened(struct output *o)
{
    o->state = OUTPUT_OPEN;
    o->now.connects++;
    o->opened = o->progress = gad_time_monotonic();
    if (o->disk)
        output_file_opened(o);
    if (o->failing)
        log_notice("feed", "output '%s': works again", o->o.config->name);
    o->failing = false;
    (void)event_del(o->timer);
    output_wake(o);
}

static int watch(struct output *o);

static void proceed(struct output *o)
{
    struct gad_diag d = {""};

    /* A transport that is refused closes its descriptor, and the number is soon somebody else's: nobody may watch it. */
    free_event(&o->readable);
    free_event(&o->writable);
    int r = o->ops->proceed(o->transport, &d);

    if (r == GAD_MORE && gad_time_monotonic().ns > o->deadline.ns)
        r = gad_fail(&d, -ETIMEDOUT, "%s within connect_timeout",
                     o->disk ? "its file system did not answer" : "no connection");
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
        window_all_arrived(&o->window);
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
    void *context = o->disk ? (void *)o->disk : o->context;
    int r = transport_new(o->ops, o->o.config, context, &o->transport);

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
    o->state = OUTPUT_CONNECTING;
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
        window_all_arrived(&o->window);
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

void output_tick(struct output *o)
{
    struct gad_time now = gad_time_monotonic();

    if (o->state == OUTPUT_FINISHING && now.ns > o->deadline.ns) {
        output_drop_connection(
            o); /* nobody knows whether it arrived: the next run sends it again */
        o->state = OUTPUT_FINISHED;
    }
    if (o->disk)
        output_file_tick(o);
    else if (o->state == OUTPUT_OPEN)
        (void)window_released(&o->window, now);
    if (o->state == OUTPUT_OPEN && o->n_messages > 0 && o->ops->is_connected &&
        gad_time_sub(now, o->progress).ns > o->o.config->stall_timeout.ns)
        output_fail(o, "takes nothing, for longer than stall_timeout");
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
