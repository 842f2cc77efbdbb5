/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The control socket, which ganadctl uses. STATUS is answered at once; REOPEN is answered when the
 * files are reopened. A client that sent TAIL gets every alert from then on, as fast as it takes
 * them. Alerts beyond its queue are lost to it and counted; a loss event reports their number as
 * soon as the queue has room.
 *
 * Thread: main.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct budgets;
struct config;
struct control;
struct event_base;
struct evidence;
struct feed;
struct server;
struct gad_diag;
struct models;
struct reload;
struct capture_merge;
struct stats;
struct warnings;
struct suppressor;
struct feedback;
struct record_log;

struct control_options {
    struct event_base *base;
    const struct config *config;
    const struct models *models;
    struct reload *reload; /* NULL: models cannot be changed */
    struct stats *stats;
    struct feed *feed;
    struct suppressor *suppressor;        /* may be NULL */
    struct feedback *feedback;            /* or NULL */
    const struct record_log *record_log;  /* or NULL */
    const struct capture_merge *captures; /* or NULL */
    const struct server *server;          /* or NULL */
    struct warnings *warnings;            /* or NULL */
    struct budgets *budgets;              /* or NULL */
    const struct evidence *evidence;      /* or NULL */
    void (*reopen)(void *arg);            /* reopens the output files */
    void *arg;
};

/* Opens the socket, if the configuration names one. Everything in @o must outlive it. */
int control_new(const struct control_options *o, struct control **ret,
                struct gad_diag *d) GAD_MUST_CHECK;
void control_free(struct control *c);
GAD_DEFINE_CLEANUP(struct control, control_free);
