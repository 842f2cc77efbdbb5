/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a model keeps its false-positive budget: the share of its records that raise alerts, by
 * hour and day, and the threshold that would keep the budget on recent records.
 *
 * The interval of a share is that of models/interval.h, widened because records come in bursts. The
 * counts of the hours vary more than those of independent records; the factor between the two
 * variances (Pearson's X^2 over its degrees of freedom, at least 1) divides both counts. This is
 * the usual design effect: Kish (1965), Survey Sampling.
 *
 * A level stands for a threshold: level i is the threshold whose p-value is the budget / 2^(i/16).
 * Level 0 is the calibrated threshold, the lowest that is ever used. A histogram counts how many
 * records exceed each level; each day it keeps three quarters, so it has about four days. The
 * proposal is the level that a share alpha of it exceeds. Alpha is the budget, and after each day
 * on which the threshold followed the proposal it moves by a quarter of the error: adaptive
 * conformal inference, Gibbs and Candes (2021). The threshold changes once a day at most, by
 * the factor `step` in p-value at most, and never beyond the factor `most` in all. So records of
 * an attacker who raises his scores slowly do not hide what is beyond that limit.
 *
 * Times are those of records: the clock never moves backwards, and an hour without records is
 * empty. The memory is fixed. Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_detector;

enum {
    BUDGET_HOURS = 24,
    BUDGET_DAYS = 14,
    BUDGET_STEPS = 16,                /* levels of a factor of two in p-value */
    BUDGET_LEVELS = 6 * BUDGET_STEPS, /* the highest level: the budget / 64 */
    BUDGET_TIME_MAX = 2500000, /* hours since 1970; as nanoseconds, with room, in an int64_t */
};

struct budget_options {
    bool adapt;
    double step, most;     /* factors in p-value, at least 1: a day, in all */
    struct gad_time after; /* hours with records that must exceed the budget, before an event */
    uint64_t least;        /* records that a verdict needs */
};

/* What a record was. */
enum budget_kind {
    BUDGET_NORMAL,      /* not anomalous */
    BUDGET_FALSE_ALARM, /* anomalous, and nothing says that it is an attack */
    BUDGET_APART,       /* anomalous: an attack, a bystander of one, or expected by a rule */
};

struct budget_hour {
    int64_t hour;         /* since 1970 */
    uint64_t n, k, apart; /* records; false alarms; records apart, which are not in n */
};

struct budget_day {
    int64_t day; /* since 1970 */
    uint64_t n, k, apart;
    double low, high; /* the interval of k / n */
    uint32_t level;   /* at its end */
};

/* What outlives a restart. */
struct budget_state {
    double fpr_budget;
    int64_t hour; /* the one that is counted; 0: none yet */
    uint32_t level;
    int64_t changed, since; /* hours: of the last change, and when it left 0; or 0 */
    int64_t over_since;     /* hour; 0: the budget is kept */
    double alpha;           /* share of recent records that may exceed the level */
    bool is_exact;          /* the last change was not cut by step or most */
    struct budget_hour hours[BUDGET_HOURS]; /* at hour % BUDGET_HOURS */
    struct budget_day days[BUDGET_DAYS];    /* at day % BUDGET_DAYS; day 0: empty */
    double recent;                          /* records of the histogram */
    double above[BUDGET_LEVELS + 1];        /* of these, above level i and not above level i + 1 */
};

struct budget {
    struct budget_state is;
    bool is_attached; /* the stored state was looked for */
    float threshold[BUDGET_LEVELS + 1];
};

/* A share with its interval. */
struct budget_rate {
    uint64_t n, k, apart;
    double rate, low, high; /* 0, 0, 1 without records */
    double spread;          /* the factor between the variances */
    unsigned hours;         /* with records; of days: 24 each */
};

/* @fpr_budget: above 0, below 1 */
int budget_new(const struct gad_detector *det, double fpr_budget,
               struct budget **ret) GAD_MUST_CHECK;
void budget_free(struct budget *b);
GAD_DEFINE_CLEANUP(struct budget, budget_free);

/* Nothing was counted yet, at level 0. */
void budget_clear(struct budget_state *s, double fpr_budget);

/**
 * budget_turn() - moves the clock to the time of a record, before it is counted
 * Returns whether an hour with records ended: time for budget_review().
 */
bool budget_turn(struct budget *b, const struct budget_options *o, struct gad_time when);

/* Counts a record with this score. */
void budget_count(struct budget *b, float score, enum budget_kind kind);

/* Counts records whose scores are not known, those of a shadow; k <= n. */
void budget_add(struct budget *b, uint64_t n, uint64_t k);

/* Counts false alarms of the current hour apart after all: those with the highest scores. Returns
 * how many of them there were. */
uint64_t budget_set_apart(struct budget *b, uint64_t k);

struct budget_news {
    bool is_over, is_settled; /* the budget was exceeded for long enough, or is kept again */
    bool may_adapt;           /* the threshold should change to this level now */
    uint32_t level;
    struct budget_rate rate; /* behind is_over and is_settled */
};

/* What the hours that ended show. Changes no level. An excess is reported when recent records call
 * for another level, too, or the level is at its limit: then the event says what to do. */
void budget_review(struct budget *b, const struct budget_options *o, struct budget_news *ret);

/* The level that a change now would have; the current one: none is needed, or data are missing. */
uint32_t budget_proposal(const struct budget *b, const struct budget_options *o);

/* Whether a day has passed since the last change. */
bool budget_may_change(const struct budget *b);

void budget_set_level(struct budget *b, const struct budget_options *o, uint32_t level);

/* The last 24 hours with the current one. */
struct budget_rate budget_of_day(const struct budget *b);
/* The hours behind a verdict: `after`, or more until there are `least` records. n = 0: too few. */
struct budget_rate budget_of_verdict(const struct budget *b, const struct budget_options *o);

/* The factor between the budget and the p-value of a level. */
double budget_factor(uint32_t level);
