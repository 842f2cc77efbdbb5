/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of reload.h: the queue and the worker are reload.c, what they bring is put in place by swap.c. */

#include "daemon/reload/reload.h"
#include "daemon/score/models.h"
#include "daemon/thread.h"

struct event;

TAILQ_HEAD(reload_asks, reload_ask);

/* What the worker is given, and gives back. */
struct reload_work {
    const char *file;        /* of the configuration; NULL: one model */
    struct config_model one; /* as configured */
    struct config_trust trust;
    char checkpoint[4096]; /* its new one */
    int error;
    struct gad_diag why;
    struct config *config;
    struct models *models;
};

struct reload {
    struct reload_options o;
    const struct config *now; /* what the models are from; owned if it is not o.config */
    struct model *previous[CONFIG_MODELS_MAX]; /* held; NULL: none */
    struct reload_asks waiting, served;        /* served: by what the worker is at */
    struct reload_ask signalled;
    struct reload_work work;
    struct reload_result result;
    struct thread thread;
    int fd; /* the event that the worker is done */
    struct event *done, *begin;
};

/* The models of r->work take the place of those that run. */
void reload_put(struct reload *r);

/* The previous one of this name takes its place back. */
void reload_put_back(struct reload *r, const char *name);
