/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The detectors that the configuration names, each with the threshold that it asks for.
 *
 * A model never changes: one with another checkpoint or threshold is another model, which takes the place of the first
 * one while the daemon runs. Whoever holds the first one (a job at the scorer, repeats that are counted) goes on with it;
 * the last one frees it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/config.h"
#include "daemon/histogram.h"
#include "daemon/rate_limit.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/event/event.h"

struct drift;
struct gad_detector;
struct gad_diag;
struct gad_tuple;
struct gad_workspace;
struct networks;

/* What a model of this name has done since the daemon started, whatever checkpoint it had. Thread: main. */
struct model_counts {
    unsigned holders;
    uint64_t scored, anomalous, unscored;
    struct histogram score;
    uint64_t disagreed; /* of a shadow: verdicts that the model in use did not share */
};

/* What an alert says of its model. It outlives the model: repeats that are counted, for a day maybe, keep no checkpoint in
 * memory. Thread: main, once it is loaded. */
struct model_label {
    unsigned holders;
    char name[GAD_EVENT_NAME]; /* the checkpoint's */
    char sha256[GAD_EVENT_SHA256];
    float threshold;
    double fpr_budget;
};

struct model {
    unsigned holders;               /* Thread: main, once it is loaded */
    uint32_t id;                    /* no two models of a process have the same */
    char name[CONFIG_NAME_MAX + 1]; /* the section's */
    char *file;
    char *signed_by; /* number of the key, and the trusted comment; "": nobody that is trusted */
    struct gad_detector *detector;
    float threshold;   /* anomalous above it */
    double fpr_budget; /* 0: the threshold was given outright */
    uint32_t top_features;
    uint32_t steps;         /* of the search for each record; 1: the model does not search */
    double search_rate;     /* searches a second; 0: it has no budget */
    struct gad_time loaded; /* wall */
    struct model_counts *counts;
    struct model_label *label;
    bool is_shadow;      /* scores what others do, and raises no alert */
    struct drift *drift; /* Thread: main. NULL: its checkpoint does not say what is normal */
    char *networks_text;
    struct networks *networks; /* NULL: of none; a shadow's: of all */

    struct gad_workspace *workspace; /* Thread: scorer */
    struct rate_limit search_limit;  /* Thread: scorer */
};

enum { MODEL_ROWS = 64 }; /* of a workspace */

/* The models in use. Thread: main, once they are loaded. */
struct models {
    size_t n;
    struct model *model[CONFIG_MODELS_MAX]; /* held; the first that is no shadow is the default */
};

/* Reads, checks and self-tests them all; has no place but memory, so that any thread can do it. Keeps nothing of @c. */
int models_load(const struct config *c, struct models **ret, struct gad_diag *d) GAD_MUST_CHECK;
void models_free(struct models *m);
GAD_DEFINE_CLEANUP(struct models, models_free);

/* One of them, from @file instead of the configured checkpoint if it is not NULL. Held by the caller. */
int model_load(const struct config_model *c, const struct config_trust *t, const char *file,
               struct model **ret, struct gad_diag *d) GAD_MUST_CHECK;

struct model_label *model_label_hold(struct model_label *l); /* as model_hold() */
void model_label_drop(struct model_label *l);

struct model *model_hold(struct model *m); /* returns it; NULL is nothing */
void model_drop(struct model *m);          /* NULL is nothing */
GAD_DEFINE_CLEANUP(struct model, model_drop);

/* What no single model can show: where records go by their networks none of those that they may go to searches, for
 * the records of a request that are beyond a budget are its last ones. */
int models_check(const struct models *m, struct gad_diag *d) GAD_MUST_CHECK;

/* Do records that name no model go to several? */
bool models_are_routed(const struct models *m);

/* Where a record goes that names none: by the longest prefix that holds one of its ends, else the default; of prefixes
 * of one length the first model of the configuration. */
struct model *models_route(const struct models *m, const struct gad_tuple *t);

/* By the name in the configuration, else by the checkpoint's own; "" is the default. NULL: not loaded. */
struct model *models_find(const struct models *m, const char *name);

/* Of those of @fresh that are the same as one of @m in everything the one of @m stays: with its budget, and what the
 * roll-up counts of it. */
void models_keep(const struct models *m, struct models *fresh);

/* Puts those of @fresh into the place of those of @m, and the other way round. Models of one name go on counting. */
void models_swap(struct models *m, struct models *fresh);
