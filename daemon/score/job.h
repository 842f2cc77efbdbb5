/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A job is one request from the moment it is decoded until its answer is written: records in, scores out.
 * Exactly one holds it at a time: the pool, the main loop, the ring to the scorer, the scorer, the ring
 * back. A request that is refused travels as a job too, so that answers leave in the order of the requests.
 *
 * The pool is bounded in jobs and in bytes. Whoever finds it exhausted stops reading its client; nothing is
 * dropped.
 *
 * Thread: the pool is the main loop's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/config.h"
#include "lib/base/err.h"
#include "lib/base/time.h"

struct client;
struct gad_reason;
struct gad_record;
struct job_pool;
struct model;

enum {
    JOB_RECORDS_MAX = 8192,  /* of one request */
    JOB_REASONS_MAX = 16384, /* records times reasons asked for, of one request */
    JOBS_MAX = 1024,         /* of a pool */
    JOBS_CAPTURED = 16,      /* without a client, at a time */
    JOB_ERROR_TEXT = 256,
};

/* What a model that raises no alerts made of a job's records. */
struct job_shadow {
    struct model *model; /* held */
    uint32_t scored, anomalous, disagreed, unscored;
};

/* What a capture's record does not say of itself. */
struct job_origin {
    struct gad_time decided;
    const char *source,
        *interface; /* the capture's name, and what it captures on or ""; borrowed */
};

struct job {
    struct client *client; /* whom to answer; NULL: nobody, the records come from captures */
    uint64_t id;           /* the request's */
    struct model *model;   /* held; NULL: none yet. Of all records unless n_parts > 0 */
    bool may_part;         /* set before job_reserve(): its records may go to several models */
    size_t n_parts;        /* models of which each has some of the records; 0, or more than 1 */
    struct model *part[CONFIG_MODELS_MAX]; /* held; job_model() */
    size_t n_shadows;
    struct job_shadow shadow[CONFIG_SHADOWS_MAX];
    int error;                 /* ErrorReply.Code if the request is refused, else 0 */
    char text[JOB_ERROR_TEXT]; /* why */

    size_t n;
    struct gad_record *rec;          /* (n) */
    const struct job_origin *origin; /* (n), the sensor's; NULL: of a client */
    uint8_t *part_of;                /* (n), index in part, if there are some */
    float *score;                    /* (n); of those that were scored, and so the next three */
    float *p_value;                  /* (n) */
    uint8_t *anomalous;              /* (n), 0 or 1 */
    uint8_t
        *cause; /* (n), the column that stands for why it is anomalous; GAD_N_COLUMNS: not asked */

    uint32_t top;    /* reasons a record in the answer */
    bool may_alert;  /* anomalous records raise alerts */
    uint32_t stride; /* reasons kept for a record: the most that answer or alert need */
    struct gad_reason *
        reason; /* (n, stride); rows of normal records only if top > 0; those of alerts that are told
                                  with others have only a first one, then shares of 0 */

    uint64_t n_unknown; /* values outside the model's vocabulary */
    bool is_done;       /* the scorer has had it */
    size_t n_anomalous;
    size_t n_unscored;     /* the last so many, beyond their model's budget */
    bool begins_batch;     /* the first of those that the scorer took together */
    struct gad_time begun; /* monotonic: when it was decoded; 0: nobody waits for it */

    size_t n_room, reason_room, part_room; /* what the arrays can hold */
    struct job *next;                      /* in the pool */
};

static inline size_t job_n_scored(const struct job *j)
{
    return j->is_done ? j->n - j->n_unscored : 0;
}

static inline struct model *job_model(const struct job *j, size_t i)
{
    return j->n_parts > 0 ? j->part[j->part_of[i]] : j->model;
}

/* @bytes: of records, scores and reasons in all jobs together; may be exceeded by one job. */
int job_pool_new(size_t bytes, struct job_pool **ret) GAD_MUST_CHECK;
void job_pool_free(struct job_pool *p); /* all jobs must be back */

/* Is there nothing to be had now? */
bool job_pool_is_empty(const struct job_pool *p);
size_t job_pool_in_use(const struct job_pool *p);

/* A blank job; NULL if the pool is empty. */
struct job *job_get(struct job_pool *p);
void job_put(struct job_pool *p, struct job *j);

/**
 * job_reserve() - room for n records with stride reasons each; sets both
 * Contents of the arrays are undefined. Return: 0, GAD_ENOMEM.
 */
int job_reserve(struct job_pool *p, struct job *j, size_t n, uint32_t stride) GAD_MUST_CHECK;
