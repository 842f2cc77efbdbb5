/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What signals mean to ganadd. SIGTERM, SIGINT and SIGXCPU stop it, SIGHUP reopens and reloads. The others that can be
 * caught and would end a program are ignored, with a line in the log; so nothing that is counted is lost by them.
 * SIGQUIT, and the signals of faults, keep their default.
 *
 * Thread: main, and before any other thread is started.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct event_base;
struct signals;

struct signals_options {
    struct event_base *base;
    void (*stop)(void *arg, const char *name); /* may be called again */
    void (*hup)(void *arg);
    void *arg;
};

/* From the start of the program until signals_new(): what does not stop ganadd waits. */
void signals_hold(void);

/* Return: 0 or GAD_ENOMEM. */
int signals_new(const struct signals_options *o, struct signals **ret) GAD_MUST_CHECK;

/* Signals that do not stop ganadd wait again: the program ends. */
void signals_free(struct signals *s);
GAD_DEFINE_CLEANUP(struct signals, signals_free);
