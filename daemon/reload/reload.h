/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Models while the daemon runs. The new ones are read, checked and self-tested beside the running ones, by a thread that
 * lives as long as that takes, and then put into their place between two turns of the main loop: what was accepted
 * before is scored by the old ones, what comes after by the new. If anything is wrong with any of them nothing changes.
 *
 *     ask --> waiting --> worker --> swap --> done
 *
 * There is one at a time. Those who ask for all models while others wait share one reading, which begins after they asked.
 *
 * Of a configuration models, alerts and what else daemon/config/diff.c lists take effect; the other keys that have changed
 * are told, for a restart.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "daemon/config/config.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct event_base;
struct feed;
struct models;
struct reload;

enum reload_change_kind { RELOAD_SAME, RELOAD_CHANGED, RELOAD_NEW, RELOAD_GONE };

/* What became of a model. */
struct reload_change {
    enum reload_change_kind kind;
    char name[CONFIG_NAME_MAX + 1];
    char is[65],
        was[65]; /* SHA-256 of its checkpoint in hex, before and now; "" if there is none */
};

enum { RELOAD_KEYS_MAX = 100 };

/* Keys that have changed. */
struct reload_keys {
    size_t n; /* the first RELOAD_KEYS_MAX are listed */
    struct gad_buf
        text; /* "FILE:LINE: [section] key", or "[section] key FILE ...", each with its NUL */
};

enum reload_how { RELOAD_ALL, RELOAD_LOAD, RELOAD_BACK };

struct reload_result {
    enum reload_how how;
    char asked[CONFIG_NAME_MAX + 1]; /* which model; "": all */
    int error;                       /* 0, or nothing has changed */
    struct gad_diag why;
    size_t n;
    struct reload_change change[2 * CONFIG_MODELS_MAX];
    struct reload_keys applied, restart; /* in use now; at a restart */
};

/* Somebody who asks. His memory, from asking until done() or reload_forget(). */
struct reload_ask {
    bool is_waiting; /* between the two */
    const char *
        model; /* one model by its name in the configuration; NULL: all, as the configuration says */
    const char *file; /* for one: the checkpoint; NULL: the one that it had before this one */
    void (*done)(void *arg, const struct reload_result *r);
    void *arg;
    TAILQ_ENTRY(reload_ask) next;
};

struct reload_options {
    struct event_base *base;
    const struct config *config; /* as it was at the start */
    struct feed *feed;           /* whose outputs have files; NULL: there are none */
    struct models *models;       /* those that run: their places get the new ones */
    /* All but models that takes effect at once; not kept. An error: nothing is as it says. NULL: there is nothing. */
    int (*configure)(void *arg, const struct config *c);
    void (*done)(void *arg, const struct reload_result *r); /* after each reload; may be NULL */
    void *arg;
};

/* Everything handed in must outlive it. */
int reload_new(const struct reload_options *o, struct reload **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void reload_free(struct reload *r); /* waits for the worker; nobody is told */
GAD_DEFINE_CLEANUP(struct reload, reload_free);

void reload_ask(struct reload *r, struct reload_ask *ask);
void reload_forget(struct reload *r, struct reload_ask *ask); /* harmless if he does not wait */

/* All models, with nobody to tell but the log: the signal. */
void reload_all(struct reload *r);

/* What the daemon has read last, and what can change at once is from; the caller of reload_new()'s if nothing else. */
const struct config *reload_config(const struct reload *r);

/* The model that rollback would bring back; NULL: none. */
const struct model *reload_previous(const struct reload *r, const char *name);
