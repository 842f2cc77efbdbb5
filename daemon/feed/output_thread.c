/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output_thread.h"

#include <errno.h>
#include <event2/event.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/output.h"
#include "daemon/thread.h"
#include "daemon/tls_files.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"

enum {
    REOPEN_MS = 200, /* that the main thread waits for files to be reopened */
    CHECK_MS = 20,   /* between two checks while the main thread waits */
};

struct output_thread {
    struct event_base *base;
    struct watch *wake, *tick, *check;
    int fd; /* eventfd */
    size_t n;
    struct output *output[CONFIG_OUTPUTS_MAX];
    struct thread thread;
    _Atomic bool reopen, finish, finished;
    _Atomic(void *) renewed[CONFIG_OUTPUTS_MAX]; /* for the thread to take; NULL: nothing */
    sem_t reopened;
    bool is_finishing, is_reopening; /* the thread's */
};

/* Outputs do not report that they are done. While the main thread waits for it, a timer checks
 * them. */
static void check_whether_done(struct output_thread *d)
{
    bool finished = d->is_finishing, reopening = false;

    for (size_t i = 0; i < d->n; i++) {
        finished = finished && output_is_finished(d->output[i]);
        reopening = reopening || output_is_reopening(d->output[i]);
    }
    atomic_store(&d->finished, finished);
    if (d->is_reopening && !reopening) {
        d->is_reopening = false;
        (void)sem_post(&d->reopened);
    }
    if ((d->is_finishing && !finished) || d->is_reopening)
        watch_after(d->check, (struct gad_time){CHECK_MS * INT64_C(1000000)});
}

static void on_check(void *arg)
{
    check_whether_done(arg);
}

static void on_wake(void *arg)
{
    struct output_thread *d = arg;

    thread_event_clear(d->fd);
    if (thread_must_stop(&d->thread)) {
        (void)event_base_loopbreak(d->base);
        return;
    }
    bool reopen = atomic_exchange(&d->reopen, false);
    bool finish = atomic_exchange(&d->finish, false);
    d->is_finishing = d->is_finishing || finish;
    for (size_t i = 0; i < d->n; i++) {
        void *context = atomic_exchange(&d->renewed[i], NULL);
        if (context)
            output_renew(d->output[i], context);
        if (reopen)
            output_reopen(d->output[i]);
        if (finish)
            output_finish(d->output[i]);
        output_wake(d->output[i]);
    }
    d->is_reopening = d->is_reopening || reopen;
    check_whether_done(d);
}

static void on_tick(void *arg)
{
    struct output_thread *d = arg;

    for (size_t i = 0; i < d->n; i++)
        output_tick(d->output[i]);
    check_whether_done(d);
}

static int make_events(struct output_thread *d)
{
    d->base = event_base_new();
    d->fd = thread_event_open();
    if (!d->base || d->fd < 0)
        return GAD_ENOMEM;
    d->wake = watch_reader(d->base, d->fd, on_wake, d);
    d->tick = watch_ticker(d->base, (struct gad_time){1000000000}, on_tick, d);
    d->check = watch_timer(d->base, on_check, d);
    return d->wake && d->tick && d->check ? 0 : GAD_ENOMEM;
}

int output_thread_new(const struct output_thread_options *o, struct output_thread **ret,
                      struct gad_diag *diag)
{
    gad_cleanup(output_thread_freep) struct output_thread *d = gad_calloc(1, sizeof(*d));

    if (!d)
        return gad_fail(diag, GAD_ENOMEM, "outputs: no memory");
    d->fd = -1;
    (void)sem_init(&d->reopened, 0, 0);
    if (make_events(d) != 0)
        return gad_fail(diag, GAD_ENOMEM, "outputs: no memory");
    for (; d->n < o->config->n_outputs; d->n++) {
        const struct output_options oo = {.base = d->base,
                                          .config = &o->config->output[d->n],
                                          .directory = o->directory,
                                          .sensor = o->sensor,
                                          .run = o->run,
                                          .next = o->next[d->n],
                                          .gaps = o->gaps,
                                          .end = o->end,
                                          .arg = o->arg};
        int r = output_new(&oo, &d->output[d->n], diag);
        if (r != 0)
            return r;
    }
    *ret = gad_steal(&d);
    return 0;
}

static void run(void *arg)
{
    struct output_thread *d = arg;

    for (size_t i = 0; i < d->n; i++)
        output_start(d->output[i]);
    (void)event_base_dispatch(d->base);
}

int output_thread_start(struct output_thread *d)
{
    for (size_t i = 0; i < d->n; i++) {
        int err = output_start_thread(d->output[i]);
        if (err != 0)
            return err;
    }
    return thread_run(&d->thread, "ganadd-feed", run, d);
}

void output_thread_wake(struct output_thread *d)
{
    thread_event_post(d->fd);
}

void output_thread_reopen(struct output_thread *d)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += REOPEN_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (sem_trywait(&d->reopened) == 0)
        ; /* posted for an earlier call that had stopped waiting */
    atomic_store(&d->reopen, true);
    output_thread_wake(d);
    while (d->thread.runs && sem_clockwait(&d->reopened, CLOCK_MONOTONIC, &until) != 0 &&
           errno == EINTR)
        ;
}

void output_thread_renew(struct output_thread *d, size_t i, void *context)
{
    gad_tls_context_free(atomic_exchange(&d->renewed[i], context));
    output_thread_wake(d);
}

void output_thread_finish(struct output_thread *d)
{
    atomic_store(&d->finish, true);
    output_thread_wake(d);
}

bool output_thread_is_finished(const struct output_thread *d)
{
    return !d->thread.runs || atomic_load(&d->finished);
}

bool output_thread_status(struct output_thread *d, size_t i, struct output_status *ret)
{
    if (i >= d->n)
        return false;
    output_status(d->output[i], ret);
    return true;
}

void output_thread_free(struct output_thread *d)
{
    if (!d)
        return;
    thread_ask_stop(&d->thread);
    output_thread_wake(d);
    thread_join(&d->thread);
    for (size_t i = d->n; i-- > 0;) {
        gad_tls_context_free(atomic_exchange(&d->renewed[i], NULL));
        output_free(d->output[i]);
    }
    watch_free(d->wake);
    watch_free(d->tick);
    watch_free(d->check);
    if (d->base)
        event_base_free(d->base);
    if (d->fd >= 0)
        (void)close(d->fd);
    (void)sem_destroy(&d->reopened);
    gad_free(d);
}
