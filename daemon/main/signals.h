/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signals. SIGTERM, SIGINT and SIGXCPU stop ganadd; SIGHUP reopens files and reloads. Other
 * catchable signals that would end a program are ignored with a line in the log, so that they lose
 * no events or counters. SIGQUIT, and the signals of faults, keep their default action.
 *
 * Thread: main, and before any other thread starts.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct event_base;
struct signals;

struct signals_options {
    struct event_base *base;
    void (*stop)(void *arg, const char *name); /* may be called more than once */
    void (*hup)(void *arg);
    void *arg;
};

/*
 * Blocks all handled signals but those that stop ganadd, from the start of the program until
 * signals_new().
 */
void signals_hold(void);

/* Returns 0 or GAD_ENOMEM. */
int signals_new(const struct signals_options *o, struct signals **ret) GAD_MUST_CHECK;

/* Blocks them again: the program ends. */
void signals_free(struct signals *s);
GAD_DEFINE_CLEANUP(struct signals, signals_free);
