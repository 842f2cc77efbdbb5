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

enum {
    BATCH_JOBS = 64,
    /* no further job is taken once a batch has this many: about 1 ms of work */
    BATCH_RECORDS = 512,
    GATHER_MAX = MODEL_ROWS, /* shorter requests are scored together; longer ones alone */
};

struct scorer {
    /* the start of the batch: the time that scoring takes does not refill its own limit */
    struct gad_time now;
    struct gad_ring *jobs, *done;
    struct thread thread;
    _Atomic uint64_t asked, answered; /* scorer_answers() */

    struct gad_record *gathered; /* (GATHER_MAX) */
    float gathered_score[GATHER_MAX];
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
        if (!is_explained(j, m, i))
            continue;
        explain(j, m, i);
        n_explained++;
    }
    return n_explained;
}

/* Scores jobs [0, n) of one model, whose records fit GATHER_MAX, as one batch. */
static void score_together(struct scorer *s, struct job **job, size_t n)
{
    const struct model *m = job[0]->model;
    size_t rows = 0;

    for (size_t i = 0; i < n; i++) {
        memcpy(&s->gathered[rows], job[i]->rec, job[i]->n * sizeof(job[i]->rec[0]));
        rows += job[i]->n;
    }
    uint64_t unknown =
        gad_detector_score(m->detector, m->workspace, rows, s->gathered, s->gathered_score);
    job[0]->n_unknown = unknown; /* only the sum over all jobs is reported */
    rows = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(job[i]->score, &s->gathered_score[rows], job[i]->n * sizeof(float));
        rows += job[i]->n;
        (void)decide(job[i], 0, job[i]->n);
    }
}

static void score_alone(struct job *j)
{
    const struct model *m = j->model;

    j->n_unknown = gad_detector_score(m->detector, m->workspace, j->n, j->rec, j->score);
    (void)decide(j, 0, j->n);
}

/* The records of the job's part @p, GATHER_MAX at a time. */
static void score_part(struct scorer *s, struct job *j, size_t p)
{
    const struct model *m = j->part[p];
    size_t from[GATHER_MAX], rows = 0;

    for (size_t i = 0; i < j->n; i++) {
        if (j->part_of[i] == p) {
            s->gathered[rows] = j->rec[i];
            from[rows++] = i;
        }
        if (rows < GATHER_MAX && (i + 1 < j->n || rows == 0))
            continue;
        j->n_unknown +=
            gad_detector_score(m->detector, m->workspace, rows, s->gathered, s->gathered_score);
        for (size_t k = 0; k < rows; k++)
            j->score[from[k]] = s->gathered_score[k];
        rows = 0;
    }
}

/* Scores each record by the model that it was routed to. */
static void score_parts(struct scorer *s, struct job *j)
{
    for (size_t p = 0; p < j->n_parts; p++)
        score_part(s, j, p);
    (void)decide(j, 0, j->n);
}

/*
 * Scores as many records, from the first on, as the model's search limit allows. A record takes one
 * search, and another one if it has to be explained. The others stay unscored.
 */
static void score_within_limit(struct scorer *s, struct job *j)
{
    size_t each = j->stride > 0 ? 2 : 1, n;
    struct model *m = j->model;
    struct rate_limit *limit = &m->search_limit;

    for (size_t at = 0; at < j->n; at += n) {
        size_t granted = rate_limit_take(limit, s->now, each * (j->n - at));
        n = granted / each;
        if (n > 0)
            j->n_unknown +=
                gad_detector_score(m->detector, m->workspace, n, j->rec + at, j->score + at);
        size_t n_explained = n > 0 ? decide(j, at, at + n) : 0;
        rate_limit_give_back(limit, granted - n - n_explained);
        if (n == 0) {
            j->n_unscored = j->n - at;
            return;
        }
    }
}

/*
 * The number of jobs, from the first on, that can be scored together: one model without a search
 * limit, at most GATHER_MAX rows.
 */
static size_t run_length(struct job **job, size_t n)
{
    size_t rows = 0, i;

    if (!job[0]->error && (job[0]->model->search_rate > 0 || job[0]->n_parts > 0))
        return 1;
    for (i = 0; i < n && !job[i]->error && job[i]->model == job[0]->model && job[i]->n_parts == 0;
         i++) {
        rows += job[i]->n;
        if (rows > GATHER_MAX)
            break;
    }
    return i;
}

static void score_batch(struct scorer *s, struct job **job, size_t n)
{
    job[0]->begins_batch = true;
    s->now = gad_time_monotonic();
    for (size_t i = 0; i < n; i++)
        job[i]->is_done = true;
    for (size_t i = 0; i < n;) {
        size_t run = run_length(job + i, n - i);
        if (!job[i]->error && job[i]->model->search_rate > 0)
            score_within_limit(s, job[i]);
        else if (!job[i]->error && job[i]->n_parts > 0)
            score_parts(s, job[i]);
        else if (run > 1)
            score_together(s, job + i, run);
        else if (!job[i]->error)
            score_alone(job[i]);
        i += run > 1 ? run : 1;
    }
    shadow_score(s->gathered, job, n, s->now);
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
    s->gathered = gad_calloc(GATHER_MAX, sizeof(*s->gathered));
    if (!s->gathered)
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
    gad_free(s->gathered);
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
