/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Replaces models while the daemon runs. A worker thread, which exists only during a reload, reads,
 * checks and self-tests the new models beside the running ones. The main loop then replaces the
 * running models between two turns: records accepted before are scored by the old models, later
 * ones by the new. If any model fails, nothing changes.
 *
 *     ask --> waiting --> worker --> swap --> done
 *
 * One reload runs at a time. Requests for all models that wait together share one reading, which
 * starts after they were made.
 *
 * Of a configuration, the models, the alerts and the other keys that daemon/config/diff.c lists
 * take effect at once; other keys that changed are reported: they take effect at a restart.
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
struct server;
struct models;
struct reload;

enum reload_change_kind { RELOAD_SAME, RELOAD_CHANGED, RELOAD_NEW, RELOAD_GONE };

/* What happened to a model. */
struct reload_change {
    enum reload_change_kind kind;
    char name[CONFIG_NAME_MAX + 1];
    /* SHA-256 of its checkpoint in hex, new and old; "" if the model does not exist */
    char is[65], was[65];
};

enum { RELOAD_KEYS_MAX = 100 };

/* Keys that changed. */
struct reload_keys {
    size_t n; /* the first RELOAD_KEYS_MAX are listed */
    /* each with its NUL: "FILE:LINE: [section] key", or "[section] key FILE ..." */
    struct gad_buf text;
};

enum reload_how { RELOAD_ALL, RELOAD_LOAD, RELOAD_BACK };

struct reload_result {
    enum reload_how how;
    char asked[CONFIG_NAME_MAX + 1]; /* name of the model; "": all */
    int error;                       /* 0; otherwise nothing has changed */
    struct gad_diag why;
    size_t n;
    struct reload_change change[2 * CONFIG_MODELS_MAX];
    struct reload_keys applied, restart; /* effective now; effective after a restart */
};

/* A request. The requester owns it and keeps it until done() or reload_forget(). */
struct reload_ask {
    bool is_waiting;   /* from reload_ask() until one of these */
    const char *model; /* name of one model in the configuration; NULL: all, as configured */
    const char *file;  /* with a model: its new checkpoint; NULL: its previous one (rollback) */
    void (*done)(void *arg, const struct reload_result *r);
    void *arg;
    TAILQ_ENTRY(reload_ask) next;
};

struct reload_options {
    struct event_base *base;
    const struct config *config; /* as of the start */
    struct feed *feed;           /* NULL: no outputs have files to reload */
    struct server *server;       /* NULL: it has no files to reload */
    struct models *models;       /* the running models, which are replaced in place */
    /*
     * Applies the keys other than models that take effect at once; does not keep @c. If it fails,
     * nothing has been applied. May be NULL.
     */
    int (*configure)(void *arg, const struct config *c);
    void (*done)(void *arg, const struct reload_result *r); /* after each reload; may be NULL */
    void *arg;
};

/* Everything in @o must outlive it. */
int reload_new(const struct reload_options *o, struct reload **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void reload_free(struct reload *r); /* waits for the worker; calls no done() */
GAD_DEFINE_CLEANUP(struct reload, reload_free);

void reload_ask(struct reload *r, struct reload_ask *ask);
/* does nothing if it is not waiting */
void reload_forget(struct reload *r, struct reload_ask *ask);

/* Reloads all models, with the result in the log only: for the signal. */
void reload_all(struct reload *r);

/*
 * The configuration that was loaded last, whose keys that can change at once are in use; initially
 * the one of reload_new().
 */
const struct config *reload_config(const struct reload *r);

/* The model that a rollback would restore; NULL: none. */
const struct model *reload_previous(const struct reload *r, const char *name);
