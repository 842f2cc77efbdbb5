/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The detectors that the configuration names, each with its threshold.
 *
 * A model is immutable: one with another checkpoint or threshold is another model, which replaces
 * the first one while the daemon runs. Holders of the first one (a job at the scorer, an aggregated
 * alert) continue to use it; the last holder frees it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/config.h"
#include "daemon/histogram.h"
#include "daemon/rate_limit.h"
#include "daemon/score/checkpoint.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/event/event.h"

struct budget;
struct drift;
struct gad_detector;
struct gad_diag;
struct gad_memo;
struct gad_memo_row;
struct gad_memo_use;
struct gad_tuple;
struct gad_workspace;
struct networks;

/* Counters of a model name since the daemon started, whatever its checkpoint. Thread: main. */
struct model_counts {
    unsigned holders;
    uint64_t scored, anomalous, unscored;
    struct histogram score;
    uint64_t disagreed; /* of a shadow: verdicts that differ from those of the model in use */
};

/*
 * What an alert says about its model. It outlives the model, so that an incident, which can last
 * for days, does not keep a checkpoint in memory. Thread: main, after loading.
 */
struct model_label {
    unsigned holders;
    char name[GAD_EVENT_NAME]; /* the checkpoint's */
    char sha256[GAD_EVENT_SHA256];
    float threshold;
    double fpr_budget;
    uint64_t n_calibration; /* rows behind its p-values */
};

struct model {
    unsigned holders; /* Thread: main, after loading */
    /* held; NULL, or this is that model with another threshold, and all but label, signature and
     * counts are the other's */
    struct model *base;
    uint32_t id;                    /* unique in the process, but for those of the same base */
    char name[CONFIG_NAME_MAX + 1]; /* the section's */
    char *file;
    struct checkpoint_proof proof; /* Thread: main, after loading */
    bool is_bound;                 /* to the model and version of its signature */
    char *signed_by; /* key number and trusted comment; "": not signed by a trusted key */
    struct gad_detector *detector;
    float threshold;   /* anomalous above it */
    float calibrated;  /* the threshold of the checkpoint or the configuration */
    double fpr_budget; /* 0: the threshold was configured directly */
    uint32_t top_features;
    uint32_t steps;         /* steps of the search per record; 1: the model does not search */
    double search_rate;     /* searches a second; 0: unlimited */
    struct gad_time loaded; /* wall */
    struct model_counts *counts;
    struct model_label *label;
    bool is_shadow;        /* scores the records of other models, and raises no alert */
    bool is_demonstration; /* trained on public data: the name in the checkpoint begins "kdd99-" */
    bool is_learned;       /* of [learning], trained on this network */
    bool is_withheld;      /* raises no alert, because of [learning] */
    struct drift *drift;   /* Thread: main. NULL: its checkpoint has no reference */
    struct budget *budget; /* Thread: main. NULL: fpr_budget is 0 */
    char *networks_text;
    struct networks *networks; /* NULL: none; a shadow without networks scores all records */

    uint64_t memo_size;               /* bytes; 0: each record is scored */
    struct gad_workspace *explaining; /* Thread: main */
    struct gad_workspace *workspace;  /* Thread: scorer */
    struct gad_memo *memo;            /* Thread: scorer; NULL: memo_size is 0 */
    struct rate_limit search_limit;   /* Thread: scorer */
};

enum { MODEL_ROWS = 64 }; /* rows of a workspace */

/* gad_memo_score() by this model. Thread: scorer. */
size_t model_score(struct model *m, size_t n, struct gad_memo_row *row, size_t most,
                   struct gad_memo_use *use);

/* The models in use. Thread: main, after loading. */
struct models {
    size_t n;
    struct model *model[CONFIG_MODELS_MAX]; /* held; the first that is no shadow is the default */
};

/*
 * Reads, checks and self-tests all models. Touches nothing shared, so any thread may call it. Keeps
 * no pointer into @c.
 */
int models_load(const struct config *c, struct models **ret, struct gad_diag *d) GAD_MUST_CHECK;
void models_free(struct models *m);
GAD_DEFINE_CLEANUP(struct models, models_free);

/*
 * Loads one model, from @file instead of the configured checkpoint unless @file is NULL. The caller
 * holds it.
 */
int model_load(const struct config_model *c, const struct config_trust *t, const char *file,
               struct model **ret, struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Stores the versions of the bound models in the file of [trust] versions: to be called when they
 * are in use. A failure is only logged. Thread: main.
 */
void models_note_versions(const struct models *m, const struct config_trust *t);

/**
 * model_with_threshold() - the same model with another threshold
 *
 * The two share detector, memo, search limit, drift and budget, so that one can replace the other
 * between two jobs. The caller holds it. GAD_ENOMEM. Thread: main.
 */
int model_with_threshold(struct model *m, float threshold, struct model **ret) GAD_MUST_CHECK;

/* Replaces @was, which is one of @m, by @is, which @m then holds instead of the caller. Thread:
 * main. */
void models_replace(struct models *m, const struct model *was, struct model *is);

/* The search limit, which models of the same base share. Thread: scorer. */
struct rate_limit *model_search_limit(struct model *m);

/* Takes a newer proof of the same checkpoint. GAD_ENOMEM: nothing has changed. Thread: main. */
int model_set_proof(struct model *m, const struct checkpoint_proof *p,
                    struct gad_diag *d) GAD_MUST_CHECK;

struct model_label *model_label_hold(struct model_label *l);
void model_label_drop(struct model_label *l);

struct model *model_hold(struct model *m); /* returns @m; NULL is fine */
void model_drop(struct model *m);          /* NULL is fine */
GAD_DEFINE_CLEANUP(struct model, model_drop);

/*
 * Checks the models together: where networks route records, none of the models that can get them
 * may search, because the records of a request beyond a search_rate have to be its last ones.
 */
int models_check(const struct models *m, struct gad_diag *d) GAD_MUST_CHECK;

/* Whether records that name no model are routed to several. */
bool models_are_routed(const struct models *m);

/*
 * The model of a record that names none: the one with the longest prefix that contains one of its
 * addresses, else the default. Of prefixes of the same length the first model of the configuration
 * wins.
 */
struct model *models_route(const struct models *m, const struct gad_tuple *t);

/*
 * Finds a model by its name in the configuration, else by that of its checkpoint; "" is the
 * default. NULL: not loaded.
 */
struct model *models_find(const struct models *m, const char *name);

/*
 * Replaces each model of @fresh that equals one of @m by that one, so that its search limit and
 * aggregated alerts are kept.
 */
void models_keep(const struct models *m, struct models *fresh);

/*
 * Exchanges the models of @m and @fresh. A model keeps the counters of the old model of the same
 * name.
 */
void models_swap(struct models *m, struct models *fresh);
