/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/signals.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/watch.h"
#include "lib/base/time.h"

enum { SIGNALS_MAX = 80, NAME = 32 };

_Static_assert(SIGNALS_MAX >= NSIG, "a place for each signal");

static const int stopping[] = {SIGTERM, SIGINT, SIGXCPU};

/*
 * In addition to the real-time signals. Each would end a program that does not catch it: signal(7).
 */
static const int ignored[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
                              SIGPROF, SIGIO,   SIGPWR,  SIGSTKFLT};

struct caught {
    struct signals *signals;
    int number;
    struct watch *watch;
};

struct signals {
    struct signals_options o;
    struct log_limit limit;
    struct caught caught[SIGNALS_MAX];
    size_t n;
};

static const char *name_of(int number, char text[static NAME])
{
    const char *abbreviation = sigabbrev_np(number);

    if (abbreviation)
        (void)snprintf(text, NAME, "SIG%s", abbreviation);
    else
        (void)snprintf(text, NAME, "signal %d", number);
    return text;
}

static void fill_held(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGHUP);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)sigaddset(set, ignored[i]);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        (void)sigaddset(set, number);
}

void signals_hold(void)
{
    sigset_t set;

    fill_held(&set);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* reaching RLIMIT_FSIZE is handled like a full disk */
}

static void stop_event(void *arg)
{
    const struct caught *c = arg;
    char name[NAME];

    c->signals->o.stop(c->signals->o.arg, name_of(c->number, name));
}

static void hup_event(void *arg)
{
    const struct caught *c = arg;

    c->signals->o.hup(c->signals->o.arg);
}

static void ignored_event(void *arg)
{
    const struct caught *c = arg;
    char name[NAME], more[LOG_LIMIT_TEXT];

    if (log_limit_allows(&c->signals->limit, gad_time_monotonic(), more))
        log_notice("loop",
                   "%s has no meaning here and is ignored; SIGHUP reopens files and reloads%s",
                   name_of(c->number, name), more);
}

static int add(struct signals *s, int number, watch_fn *fn)
{
    struct caught *c = &s->caught[s->n++];

    c->signals = s;
    c->number = number;
    c->watch = watch_signal(s->o.base, number, fn, c);
    return c->watch ? 0 : GAD_ENOMEM;
}

static int add_all(struct signals *s)
{
    int r = add(s, SIGHUP, hup_event);

    for (size_t i = 0; r == 0 && i < sizeof(stopping) / sizeof(stopping[0]); i++)
        r = add(s, stopping[i], stop_event);
    for (size_t i = 0; r == 0 && i < sizeof(ignored) / sizeof(ignored[0]); i++)
        r = add(s, ignored[i], ignored_event);
    for (int number = SIGRTMIN; r == 0 && number <= SIGRTMAX; number++)
        r = add(s, number, ignored_event);
    return r;
}

int signals_new(const struct signals_options *o, struct signals **ret)
{
    gad_cleanup(signals_freep) struct signals *s = gad_calloc(1, sizeof(*s));
    sigset_t set;

    if (!s)
        return GAD_ENOMEM;
    s->o = *o;
    s->limit = log_limit_init(gad_time_monotonic());
    signals_hold();
    if (add_all(s) != 0)
        return GAD_ENOMEM;
    fill_held(&set);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    *ret = gad_steal(&s);
    return 0;
}

void signals_free(struct signals *s)
{
    if (!s)
        return;
    signals_hold(); /* libevent restores the defaults, which would end the process now */
    for (size_t i = 0; i < s->n; i++)
        watch_free(s->caught[i].watch);
    gad_free(s);
}
