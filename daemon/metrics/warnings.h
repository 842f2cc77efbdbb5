/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an operator must know now, most important first: sentences for the live page and for
 * ganadctl status. What happened is measured over the last five minutes, in steps of ten seconds,
 * so that a warning ends when its cause ends.
 *
 * Thread: main.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct budgets;
struct capture_merge;
struct config;
struct event_base;
struct feed;
struct learning;
struct models;
struct stats;
struct warnings;

enum {
    WARNINGS_MAX = 32,  /* of one list; further ones are left out */
    WARNING_TEXT = 320, /* bytes, with the NUL; a longer text is cut */
};

struct warnings_options {
    struct event_base *base;
    const struct config *config;
    const struct models *models;
    const struct stats *stats;
    struct feed *feed;
    const struct capture_merge *captures; /* or NULL */
    const struct budgets *budgets;        /* or NULL */
    const struct learning *learning;      /* or NULL */
};

struct warning {
    unsigned weight; /* 0: the most important ones */
    char text[WARNING_TEXT];
};

struct warnings_list {
    size_t n;
    struct warning warning[WARNINGS_MAX]; /* (n), ascending weight */
};

/* Counts of the last minutes: at most five and ten seconds, less after a start. */
struct warnings_lately {
    struct gad_time period;
    uint64_t records, anomalous; /* scored; by models that are no shadow */
    uint64_t alerts;
};

/* Everything in @o must outlive it. */
int warnings_new(const struct warnings_options *o, struct warnings **ret) GAD_MUST_CHECK;
void warnings_free(struct warnings *w);
GAD_DEFINE_CLEANUP(struct warnings, warnings_free);

void warnings_get(struct warnings *w, struct warnings_list *ret);
void warnings_lately(const struct warnings *w, struct warnings_lately *ret);
