/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Aggregates repeats of an alert. Records with the same source, model and top feature within a
 * window are repeats. The first is reported at once and starts the window; later ones are counted.
 * At the end of the window they are reported as one alert with their number, which starts the next
 * window. A window without repeats ends the aggregate. A record that is more severe than all
 * reported in the window is reported at once, with the number of records held back before it.
 *
 * Every record is counted exactly once: the counts of all alerts sum to the records that were
 * added.
 *
 * The table has a fixed size. When it is full, the caller evicts the entry whose window began
 * first, which reports it early.
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

enum { ROLLUP_REASONS = 8 }; /* contributing features kept for the report of the repeats */

struct model_label;
struct rollup;

struct rollup_key {
    struct model_label *model; /* an entry holds a reference */
    uint8_t family;            /* of src; 0: not known, which counts as a source */
    uint8_t cause;             /* column of the top feature; GAD_N_COLUMNS: none */
    uint8_t src[16];
};

/* The data reported with the number of repeats. */
struct rollup_sample {
    struct gad_record record;
    const char *source, *interface; /* of the capture; outlive the table */
    float score;
    double p_value;
    unsigned risk, severity;
    size_t n_top;
    struct gad_reason top[ROLLUP_REASONS];
};

/* An alert to report now. */
struct rollup_report {
    const struct model_label *model;
    const struct rollup_sample *sample; /* valid until the next call */
    uint64_t count;                     /* records, at least 1 */
    struct gad_time first, last;        /* wall */
};

/* @n_keys: entries; @window: more than 0 */
int rollup_new(size_t n_keys, struct gad_time window, struct rollup **ret) GAD_MUST_CHECK;
void rollup_free(struct rollup *r);
GAD_DEFINE_CLEANUP(struct rollup, rollup_free);

/**
 * rollup_add() - adds one record
 * @now:        monotonic, never goes back
 * @may_report: false: the record is only counted, and reported at the end of its window
 * Return: true: the caller reports @ret.
 *
 * A key for which rollup_is_full_for() is true must not be added: the caller first calls
 * rollup_take_oldest().
 */
bool rollup_add(struct rollup *r, const struct rollup_key *key, const struct rollup_sample *sample,
                struct gad_time now, struct gad_time wall, bool may_report,
                struct rollup_report *ret);

/* Is the table full, and is this key not in it? */
bool rollup_is_full_for(const struct rollup *r, const struct rollup_key *key);

/* Would a record with this key and severity be reported at once, if it may? */
bool rollup_would_report(const struct rollup *r, const struct rollup_key *key, unsigned severity);

/* Evicts the entry whose window began first; true: it has unreported records, which the caller
 * reports. */
bool rollup_take_oldest(struct rollup *r, struct rollup_report *ret);

/**
 * rollup_take_due() - returns repeats whose window has ended
 * @may_report: false: entries with repeats wait another window
 * Return: true: the caller reports @ret and calls again. false: no window has ended.
 */
bool rollup_take_due(struct rollup *r, struct gad_time now, bool may_report,
                     struct rollup_report *ret);

/* Returns when the next window ends; INT64_MAX: the table is empty. */
struct gad_time rollup_due(const struct rollup *r);

size_t rollup_count(const struct rollup *r); /* entries */
