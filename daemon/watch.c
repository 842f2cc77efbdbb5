/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/watch.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct watch {
    struct event event;
    watch_fn *fn;
    void *arg;
};

static void run(evutil_socket_t fd, short what, void *arg)
{
    const struct watch *w = arg;
    (void)fd;
    (void)what;

    w->fn(w->arg);
}

static struct timeval to_timeval(struct gad_time t)
{
    int64_t us = t.ns > 0 ? t.ns / 1000 + (t.ns % 1000 > 0) : 0;
    return (struct timeval){us / 1000000, us % 1000000};
}

static struct watch *make(struct event_base *base, int fd, short what, watch_fn *fn, void *arg)
{
    struct watch *w = gad_calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->fn = fn;
    w->arg = arg;
    if (event_assign(&w->event, base, fd, what, run, w) != 0) {
        gad_free(w);
        return NULL;
    }
    return w;
}

static struct watch *make_started(struct event_base *base, int fd, short what, watch_fn *fn,
                                  void *arg)
{
    struct watch *w = make(base, fd, what, fn, arg);

    if (w && event_add(&w->event, NULL) != 0) {
        watch_free(w);
        return NULL;
    }
    return w;
}

struct watch *watch_timer(struct event_base *base, watch_fn *fn, void *arg)
{
    return make(base, -1, 0, fn, arg);
}

struct watch *watch_ticker(struct event_base *base, struct gad_time period, watch_fn *fn, void *arg)
{
    struct watch *w = watch_timer(base, fn, arg);

    if (w && watch_every(w, period) != 0) {
        watch_free(w);
        return NULL;
    }
    return w;
}

struct watch *watch_reader(struct event_base *base, int fd, watch_fn *fn, void *arg)
{
    return make_started(base, fd, EV_READ | EV_PERSIST, fn, arg);
}

struct watch *watch_writer(struct event_base *base, int fd, watch_fn *fn, void *arg)
{
    return make(base, fd, EV_WRITE, fn, arg);
}

struct watch *watch_signal(struct event_base *base, int number, watch_fn *fn, void *arg)
{
    return make_started(base, number, EV_SIGNAL | EV_PERSIST, fn, arg);
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    (void)event_del(&w->event);
    gad_free(w);
}

void watch_start(struct watch *w)
{
    (void)event_add(&w->event, NULL);
}

int watch_fd(const struct watch *w)
{
    return (int)event_get_fd(&w->event);
}

/* A timer is persistent only while it runs by watch_every(). */
static int set_timer(struct watch *w, struct gad_time t, short what)
{
    const struct timeval tv = to_timeval(t);

    if (event_get_events(&w->event) != what) {
        (void)event_del(&w->event);
        (void)event_assign(&w->event, event_get_base(&w->event), -1, what, run, w);
    }
    return event_add(&w->event, &tv) == 0 ? 0 : GAD_ENOMEM;
}

void watch_after(struct watch *w, struct gad_time delay)
{
    (void)set_timer(w, delay, 0);
}

int watch_every(struct watch *w, struct gad_time period)
{
    (void)event_del(&w->event);
    return period.ns > 0 ? set_timer(w, period, EV_PERSIST) : 0;
}

void watch_soon(struct watch *w)
{
    event_active(&w->event, 0, 0);
}

void watch_stop(struct watch *w)
{
    (void)event_del(&w->event);
}

bool watch_is_on(const struct watch *w)
{
    return event_pending(&w->event, EV_READ | EV_WRITE | EV_TIMEOUT | EV_SIGNAL, NULL) != 0;
}
