/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/thread.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static void *begin(void *arg)
{
    const struct thread *t = arg;

    t->run(t->arg); /* may free t */
    return NULL;
}

int thread_run(struct thread *t, const char *name, void (*run)(void *arg), void *arg)
{
    sigset_t all, old;

    t->run = run;
    t->arg = arg;
    atomic_store(&t->stop, false);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old); /* inherited by the new thread */
    int r = pthread_create(&t->id, NULL, begin, t);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    t->runs = r == 0;
    if (t->runs)
        (void)pthread_setname_np(t->id, name);
    return -r;
}

void thread_ask_stop(struct thread *t)
{
    atomic_store(&t->stop, true);
}

bool thread_must_stop(const struct thread *t)
{
    return atomic_load(&t->stop);
}

void thread_join(struct thread *t)
{
    if (t->runs)
        (void)pthread_join(t->id, NULL);
    t->runs = false;
}

bool thread_join_within(struct thread *t, int seconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    if (t->runs && pthread_timedjoin_np(t->id, NULL, &until) != 0)
        return false;
    t->runs = false;
    return true;
}

void thread_detach(struct thread *t)
{
    (void)pthread_detach(t->id);
    t->runs = false;
}

int thread_event_open(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

void thread_event_post(int fd)
{
    const uint64_t one = 1;
    (void)!write(fd, &one,
                 sizeof(one)); /* fails only when the counter is full: it is readable then, too */
}

void thread_event_clear(int fd)
{
    uint64_t n;
    (void)!read(fd, &n, sizeof(n));
}
