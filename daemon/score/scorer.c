/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/scorer.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "daemon/rate_limit.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/shadow.h"
#include "daemon/thread.h"
#include "lib/base/ring.h"
#include "lib/flow/conn.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "models/memo.h"

enum {
    BATCH_JOBS = 64,
    /* no further job is taken once a batch has this many: about 1 ms of work */
    BATCH_RECORDS = 512,
    ROWS = BATCH_RECORDS, /* records that are passed to a model at once */
};

struct scorer {
    /* the start of the batch: the time that scoring takes does not refill its own limit */
    struct gad_time now;
    struct gad_ring *jobs, *done;
    struct thread thread;
    _Atomic uint64_t asked, answered; /* scorer_answers() */

    /* records of one or more jobs, and where their scores go */
    size_t n_rows;
    struct gad_memo_row row[ROWS];
    float *to[ROWS];
    struct gad_memo_use use; /* of the batch */
};

/*
 * Whether the features of a record are computed here: a client asked for them, or the model
 * searches, which would take too long in the main loop. It explains the others that it reports.
 */
static bool is_explained(const struct job *j, const struct model *m, size_t i)
{
    return j->stride > 0 && (j->top > 0 || (j->anomalous[i] && m->steps > 1));
}

static void explain(struct job *j, const struct model *m, size_t i)
{
    struct gad_reason reason[GAD_N_COLUMNS];

    (void)gad_detector_explain(m->detector, m->workspace, &j->rec[i], reason);
    memcpy(&j->reason[i * j->stride], reason, j->stride * sizeof(reason[0]));
}

/*
 * Verdicts and features of records first .. last. Returns the number of records that were
 * explained.
 */
static size_t decide(struct job *j, size_t first, size_t last)
{
    size_t n_explained = 0;

    for (size_t i = first; i < last; i++) {
        const struct model *m = job_model(j, i);
        j->p_value[i] = (float)gad_detector_p_value(m->detector, j->score[i]);
        /* of a capture: the end of the capture made this record, not the connection */
        bool is_cut = j->origin && (j->rec[i].notes & GAD_NOTE_CUT);
        bool is_background = (j->rec[i].notes & GAD_NOTE_BACKGROUND) != 0;
        j->anomalous[i] = !is_cut && !is_background && j->score[i] > m->threshold;
        j->n_anomalous += j->anomalous[i];
        if (j->apart)
            j->apart[i] = 0;
        if (!is_explained(j, m, i))
            continue;
        explain(j, m, i);
        n_explained++;
    }
    return n_explained;
}

/* Scores the rows. Returns how many have a score; @most: as of gad_memo_score(). */
static size_t score_rows(struct scorer *s, struct model *m, size_t most)
{
    size_t n = model_score(m, s->n_rows, s->row, most, &s->use);

    for (size_t i = 0; i < n; i++)
        *s->to[i] = s->row[i].score;
    s->n_rows = 0;
    return n;
}

static void add_row(struct scorer *s, struct model *m, const struct gad_record *rec, float *to)
{
    s->row[s->n_rows].rec = rec;
    s->to[s->n_rows++] = to;
    if (s->n_rows == ROWS)
        (void)score_rows(s, m, ROWS);
}

/* Scores jobs [0, n), all by one model. */
static void score_run(struct scorer *s, struct job **job, size_t n)
{
    struct model *m = job[0]->model;

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < job[k]->n; i++)
            add_row(s, m, &job[k]->rec[i], &job[k]->score[i]);
    (void)score_rows(s, m, ROWS);
    for (size_t k = 0; k < n; k++)
        (void)decide(job[k], 0, job[k]->n);
}

/* Scores each record by the model that it was routed to. */
static void score_parts(struct scorer *s, struct job *j)
{
    for (size_t p = 0; p < j->n_parts; p++) {
        for (size_t i = 0; i < j->n; i++)
            if (j->part_of[i] == p)
                add_row(s, j->part[p], &j->rec[i], &j->score[i]);
        (void)score_rows(s, j->part[p], ROWS);
    }
    (void)decide(j, 0, j->n);
}

/*
 * Scores as many records, from the first on, as the model's search limit allows. A record takes one
 * search, and another one if it has to be explained. A score that is known takes none. The others
 * stay unscored.
 */
static void score_within_limit(struct scorer *s, struct job *j)
{
    size_t each = j->stride > 0 ? 2 : 1, n;
    struct model *m = j->model;
    struct rate_limit *limit = model_search_limit(m);

    for (size_t at = 0; at < j->n; at += n) {
        size_t most = j->n - at < ROWS ? j->n - at : ROWS;
        size_t granted = rate_limit_take(limit, s->now, each * most);
        uint64_t before = s->use.scored;
        /* without features, known scores need not wait for the limit */
        size_t rows = each == 1 ? most : granted / each;
        for (size_t i = at; i < at + rows; i++) {
            s->row[s->n_rows].rec = &j->rec[i];
            s->to[s->n_rows++] = &j->score[i];
        }
        n = score_rows(s, m, granted / each);
        size_t n_explained = decide(j, at, at + n);
        rate_limit_give_back(limit, granted - (size_t)(s->use.scored - before) - n_explained);
        if (n == 0) {
            j->n_unscored = j->n - at;
            return;
        }
    }
}

/* The number of jobs, from the first on, that one model without a search limit scores. */
static size_t run_length(struct job **job, size_t n)
{
    size_t i = 1;

    while (i < n && !job[i]->error && job[i]->model == job[0]->model && job[i]->n_parts == 0)
        i++;
    return i;
}

static void score_batch(struct scorer *s, struct job **job, size_t n)
{
    job[0]->begins_batch = true;
    s->now = gad_time_monotonic();
    s->use = (struct gad_memo_use){0};
    for (size_t i = 0; i < n; i++)
        job[i]->is_done = true;
    for (size_t i = 0, run; i < n; i += run) {
        run = 1;
        if (job[i]->error)
            continue;
        if (job[i]->model->search_rate > 0) {
            score_within_limit(s, job[i]);
        } else if (job[i]->n_parts > 0) {
            score_parts(s, job[i]);
        } else {
            run = run_length(job + i, n - i);
            score_run(s, job + i, run);
        }
    }
    /* only the sums over all jobs are reported */
    job[0]->n_unknown = s->use.unknown;
    shadow_score(job, n, s->now, &s->use);
    job[0]->n_found = s->use.found;
    job[0]->n_computed = s->use.scored;
}

/* Scores one batch; returns false if there was none. */
static bool work(struct scorer *s)
{
    struct job *job[BATCH_JOBS];
    void *item[BATCH_JOBS]; /* the same */
    size_t n = 0, rows = 0;

    while (n < BATCH_JOBS && rows < BATCH_RECORDS && (item[n] = gad_ring_pop(s->jobs)) != NULL) {
        job[n] = item[n];
        rows += job[n++]->n;
    }
    if (n == 0)
        return false;
    score_batch(s, job, n);
    size_t pushed = gad_ring_push_many(s->done, item, n);
    gad_assert(pushed == n); /* fits: the ring has a place for each job */
    return true;
}

static void run(void *arg)
{
    struct scorer *s = arg;
    struct pollfd p = {.fd = gad_ring_items_fd(s->jobs), .events = POLLIN};

    for (;;) {
        do
            atomic_store(&s->answered, atomic_load(&s->asked));
        while (!thread_must_stop(&s->thread) && work(s));
        if (thread_must_stop(&s->thread))
            return;
        if (!gad_ring_arm_items(s->jobs))
            (void)poll(&p, 1, -1);
        gad_ring_disarm_items(s->jobs);
    }
}

int scorer_new(struct scorer **ret)
{
    gad_cleanup(scorer_freep) struct scorer *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    int r = gad_ring_new(JOBS_MAX + JOBS_CAPTURED, &s->jobs);
    if (r == 0)
        r = gad_ring_new(JOBS_MAX + JOBS_CAPTURED, &s->done);
    if (r == 0)
        *ret = gad_steal(&s);
    return r;
}

int scorer_start(struct scorer *s)
{
    return thread_run(&s->thread, "ganadd-scorer", run, s);
}

void scorer_stop(struct scorer *s)
{
    if (!s || !s->thread.runs)
        return;
    thread_ask_stop(&s->thread);
    gad_ring_wake(s->jobs);
    thread_join(&s->thread);
}

void scorer_free(struct scorer *s)
{
    if (!s)
        return;
    scorer_stop(s);
    gad_ring_free(s->jobs);
    gad_ring_free(s->done);
    gad_free(s);
}

void scorer_push(struct scorer *s, void *const *job, size_t n)
{
    size_t pushed = gad_ring_push_many(s->jobs, job, n);
    gad_assert(pushed == n); /* fits: the ring has a place for each job */
}

bool scorer_answers(struct scorer *s)
{
    bool has = atomic_load(&s->answered) == atomic_load(&s->asked);

    atomic_fetch_add(&s->asked, 1);
    gad_ring_wake(s->jobs);
    return has;
}

struct gad_ring *scorer_done(struct scorer *s)
{
    return s->done;
}

struct job *scorer_take_back(struct scorer *s)
{
    gad_assert(!s->thread.runs);
    struct job *j = gad_ring_pop(s->done);
    return j ? j : gad_ring_pop(s->jobs);
}
