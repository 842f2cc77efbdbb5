/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Repeats of an alert. What has the same source, model and reason within a window is one thing to a reader: the first
 * leaves at once, the others are counted, and at the end of the window they are told as one alert with their number,
 * which begins the next window. A window without any ends it. What is more severe than anything told in the window
 * leaves at once, with the number of those that were held back before it.
 *
 * No record is counted twice or not at all: the counts of all alerts sum to the records that came here.
 *
 * The table is bounded. When it is full the entry whose window began first is told early, and forgotten.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/event/event.h"

enum { ROLLUP_REASONS = 8 }; /* kept of an alert for when its repeats are told */

struct model_label;
struct rollup;

struct rollup_key {
    struct model_label *model; /* held by what is kept of it */
    uint8_t family;            /* of src; 0: not known, which is a source too */
    uint8_t cause;             /* column; GAD_N_COLUMNS: none */
    uint8_t src[16];
};

/* What is told again with the number of repeats. */
struct rollup_sample {
    struct gad_record record;
    const char *source, *interface; /* of the capture; outlive the table */
    float score;
    double p_value;
    unsigned risk, severity;
    size_t n_top;
    struct gad_reason top[ROLLUP_REASONS];
};

/* An alert to be told now. */
struct rollup_told {
    const struct model_label *model;
    const struct rollup_sample *sample; /* until the next call */
    uint64_t count;                     /* records, at least 1 */
    struct gad_time first, last;        /* wall */
};

/* @window: more than 0 */
int rollup_new(size_t n_keys, struct gad_time window, struct rollup **ret) GAD_MUST_CHECK;
void rollup_free(struct rollup *r);
GAD_DEFINE_CLEANUP(struct rollup, rollup_free);

/**
 * rollup_add() - one more record
 * @now:      monotonic, never backwards
 * @may_tell: false: it is counted, whatever it is, and told at the end of its window
 * Return: true: @ret is to be told.
 *
 * A key that rollup_is_full_for() must not be added: rollup_take_oldest() first.
 */
bool rollup_add(struct rollup *r, const struct rollup_key *key, const struct rollup_sample *sample,
                struct gad_time now, struct gad_time wall, bool may_tell, struct rollup_told *ret);

/* Would a record with this key need room that there is not? */
bool rollup_is_full_for(const struct rollup *r, const struct rollup_key *key);

/* Would it be told, if it may? */
bool rollup_would_tell(const struct rollup *r, const struct rollup_key *key, unsigned severity);

/* Forgets the entry whose window began first; true: it has records that were not told. */
bool rollup_take_oldest(struct rollup *r, struct rollup_told *ret);

/**
 * rollup_take_due() - repeats whose window is over
 * @may_tell: false: entries with something to tell wait another window
 * Return: true: @ret is to be told; call again. false: nothing is due.
 */
bool rollup_take_due(struct rollup *r, struct gad_time now, bool may_tell, struct rollup_told *ret);

/* When rollup_take_due() has something to do; INT64_MAX: not at all. */
struct gad_time rollup_due(const struct rollup *r);

size_t rollup_count(const struct rollup *r); /* entries */
