/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A job is one request, from decoding until its answer is written: records in, scores out. It has
 * one owner at a time: the pool, the main loop, the ring to the scorer, the scorer, or the ring
 * back. A refused request also travels as a job, so that answers leave in the order of the
 * requests.
 *
 * The pool is bounded in jobs and in bytes. When it is exhausted, reading from clients pauses;
 * nothing is dropped.
 *
 * Thread: the pool belongs to the main loop.
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
    JOB_REASONS_MAX = 16384, /* records times features asked for, of one request */
    JOBS_MAX = 1024,         /* of a pool */
    JOBS_CAPTURED = 16,      /* at a time that have no client */
    JOB_ERROR_TEXT = 256,
};

/* The counts of a shadow model for one job. */
struct job_shadow {
    struct model *model; /* held */
    uint32_t scored, anomalous, disagreed, unscored;
};

/* What a captured record does not contain itself. */
struct job_origin {
    struct gad_time decided;
    /* the capture's name; its interface, or ""; borrowed */
    const char *source, *interface;
};

struct job {
    struct client *client; /* receives the answer; NULL: none, the records come from captures */
    /* the client's name by its certificate, which lives as long as the job; NULL: no name */
    const char *client_name;
    uint64_t id;
    struct model *model; /* held; NULL: none yet. Scores all records unless n_parts > 0 */
    bool may_part;       /* set before job_reserve(): the records can go to several models */
    size_t n_parts;      /* models that have some of the records each; 0, or more than 1 */
    struct model *part[CONFIG_MODELS_MAX]; /* held; see job_model() */
    size_t n_shadows;
    struct job_shadow shadow[CONFIG_SHADOWS_MAX];
    int error;                 /* ErrorReply.Code if the request is refused, else 0 */
    char text[JOB_ERROR_TEXT]; /* of the error */

    size_t n;
    struct gad_record *rec;          /* (n) */
    const struct job_origin *origin; /* (n), owned by the capture merge; NULL: of a client */
    uint8_t *part_of;                /* (n), index into part, if n_parts > 0 */
    float *score;                    /* (n); of scored records only, as are the next two */
    float *p_value;                  /* (n) */
    uint8_t *anomalous;              /* (n), 0 or 1 */
    /*
     * (n), above 0: an anomalous record that is no false alarm: of an attack or its bystander, or
     * expected by a rule. 1 + k: nor are k earlier ones of its incident, which has just come to
     * look like an attack. The main loop sets it after the alert; NULL: not kept.
     */
    uint8_t *apart;

    uint32_t top;    /* features per record in the answer */
    bool may_alert;  /* anomalous records raise alerts */
    uint32_t stride; /* features kept per record: the most that the answer or an alert needs */
    /*
     * (n, stride). Rows of normal records are set only if top > 0. Rows of anomalies that were
     * explained recently have only a first feature, then shares of 0.
     */
    struct gad_reason *reason;

    uint64_t n_unknown; /* values outside the model's vocabulary */
    /* of the batch that this job begins: scores that a memo knew, and that were computed */
    uint64_t n_found, n_computed;
    bool is_done; /* the scorer has processed it */
    size_t n_anomalous;
    /* the number of records at the end that are beyond the model's search_rate */
    size_t n_unscored;
    bool begins_batch;     /* the first job of a batch */
    struct gad_time begun; /* monotonic: when it was decoded; 0: no client waits for it */

    size_t n_room, reason_room, part_room; /* capacity of the arrays */
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

/* @bytes: limit of records, scores and features in all jobs together; one job may exceed it. */
int job_pool_new(size_t bytes, struct job_pool **ret) GAD_MUST_CHECK;
void job_pool_free(struct job_pool *p); /* all jobs must have been returned */

/* Whether job_get() would return NULL now. */
bool job_pool_is_empty(const struct job_pool *p);
size_t job_pool_in_use(const struct job_pool *p);

/* A blank job; NULL if the pool is empty. */
struct job *job_get(struct job_pool *p);
void job_put(struct job_pool *p, struct job *j);

/**
 * job_reserve() - reserves memory for n records with stride features each, and sets both
 * The contents of the arrays are undefined. Returns 0 or GAD_ENOMEM.
 */
int job_reserve(struct job_pool *p, struct job *j, size_t n, uint32_t stride) GAD_MUST_CHECK;
