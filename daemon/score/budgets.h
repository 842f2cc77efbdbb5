/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The budgets of all models (budget.h): counts their records, reports a budget that is exceeded,
 * changes thresholds, and keeps the state in a file.
 *
 * A change replaces the model by one with the same detector and another threshold. A job holds the
 * model that scored it, so its scores, its verdicts, its answer and its alerts have one threshold.
 *
 * A damaged file is logged and not used: thresholds are then the calibrated ones. Not starting
 * would lose alerts; the calibrated thresholds at most raise more of them.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/score/budget.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct budgets;
struct config;
struct gad_diag;
struct gad_model_event;
struct job;
struct model;
struct models;
struct stats;

struct budgets_options {
    const struct config *config; /* not kept */
    struct models *models;
    struct stats *stats;
    bool is_stored; /* whether the state is read and written */
    /* Takes an event of a model; the log has it already. */
    void (*event)(void *arg, const struct gad_model_event *e);
    /* Whether a person said that record i is of an attack, so that it is no false alarm. NULL: no
     * one did. */
    bool (*excludes)(void *arg, const struct job *j, size_t i);
    void *arg;
};

/* Everything in @o but the configuration must outlive it. */
int budgets_new(const struct budgets_options *o, struct budgets **ret) GAD_MUST_CHECK;
void budgets_free(struct budgets *b); /* stores the state */
GAD_DEFINE_CLEANUP(struct budgets, budgets_free);

/* Other keys are in use. */
void budgets_configure(struct budgets *b, const struct config *c);

/* Other models are in use: those with a stored state get their threshold back. */
void budgets_attach(struct budgets *b);

/* Counts the records of a job that raises alerts, after the alerts. */
void budgets_count(struct budgets *b, const struct job *j);

/* The keys in use. */
const struct budget_options *budgets_keys(const struct budgets *b);

/*
 * Changes the threshold of a model to the proposal. GAD_EUNKNOWN: no such model, or it has no
 * budget; GAD_EINVAL: nothing to change, or a day has not passed since the last change.
 */
int budgets_adapt(struct budgets *b, const char *name, struct gad_diag *d) GAD_MUST_CHECK;

/* Puts the calibrated threshold back, and forgets all counts. */
int budgets_reset(struct budgets *b, const char *name, struct gad_diag *d) GAD_MUST_CHECK;
