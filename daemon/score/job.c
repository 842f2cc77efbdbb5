/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/job.h"

#include "daemon/score/models.h"
#include "lib/base/mem.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum {
    ROOM_MIN = 16,
    KEPT_PART =
        4, /* a quarter of bytes_max may stay with free jobs, so that most jobs need not allocate */
};

/* A job is charged for the capacity of its arrays, not for the used part. */
struct job_pool {
    struct job *jobs; /* (JOBS_MAX) */
    struct job *free;
    size_t in_use;    /* jobs */
    size_t bytes;     /* of jobs in use */
    size_t bytes_max; /* at or above it no job is handed out */
    size_t kept;      /* bytes of free jobs */
};

static size_t held_by(const struct job *j)
{
    size_t row = sizeof(*j->rec) + sizeof(*j->score) + sizeof(*j->p_value) + sizeof(*j->anomalous) +
                 sizeof(*j->apart);
    return j->n_room * row + j->reason_room * sizeof(*j->reason) + j->part_room;
}

static void drop_records(struct job *j)
{
    gad_free(j->rec);
    gad_free(j->score);
    gad_free(j->p_value);
    gad_free(j->anomalous);
    gad_free(j->apart);
    gad_free(j->part_of);
    j->rec = NULL;
    j->score = j->p_value = NULL;
    j->anomalous = j->apart = j->part_of = NULL;
    j->n_room = j->part_room = 0;
}

static void drop_reasons(struct job *j)
{
    gad_free(j->reason);
    j->reason = NULL;
    j->reason_room = 0;
}

int job_pool_new(size_t bytes, struct job_pool **ret)
{
    struct job_pool *p = gad_calloc(1, sizeof(*p));
    if (!p)
        return GAD_ENOMEM;
    p->bytes_max = bytes;
    p->jobs = gad_calloc(JOBS_MAX, sizeof(*p->jobs));
    if (!p->jobs) {
        gad_free(p);
        return GAD_ENOMEM;
    }
    for (size_t i = JOBS_MAX; i-- > 0;) {
        p->jobs[i].next = p->free;
        p->free = &p->jobs[i];
    }
    *ret = p;
    return 0;
}

void job_pool_free(struct job_pool *p)
{
    if (!p)
        return;
    gad_assert(p->in_use == 0);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        drop_records(&p->jobs[i]);
        drop_reasons(&p->jobs[i]);
    }
    gad_free(p->jobs);
    gad_free(p);
}

bool job_pool_is_empty(const struct job_pool *p)
{
    return !p->free || p->bytes >= p->bytes_max;
}

size_t job_pool_in_use(const struct job_pool *p)
{
    return p->in_use;
}

struct job *job_get(struct job_pool *p)
{
    if (job_pool_is_empty(p))
        return NULL;
    struct job *j = p->free;
    p->free = j->next;
    p->in_use++;
    p->kept -= held_by(j);
    p->bytes += held_by(j);
    j->next = NULL;
    j->client = NULL;
    j->model = NULL;
    j->n_parts = j->n_shadows = 0;
    j->id = j->n_unknown = j->n_found = j->n_computed = 0;
    j->error = 0;
    j->text[0] = '\0';
    j->n = j->n_anomalous = j->n_unscored = 0;
    j->top = j->stride = 0;
    j->may_part = j->may_alert = j->begins_batch = j->is_done = false;
    j->origin = NULL;
    j->begun.ns = 0;
    return j;
}

void job_put(struct job_pool *p, struct job *j)
{
    size_t held = held_by(j);

    gad_assert(p->in_use > 0 && p->bytes >= held);
    for (size_t i = 0; i < j->n_parts; i++)
        model_drop(j->part[i]);
    for (size_t i = 0; i < j->n_shadows; i++)
        model_drop(j->shadow[i].model);
    model_drop(j->model);
    p->in_use--;
    p->bytes -= held;
    if (p->kept + held > p->bytes_max / KEPT_PART) {
        drop_records(j);
        drop_reasons(j);
        held = 0;
    }
    p->kept += held;
    j->next = p->free;
    p->free = j;
}

static int grow_records(struct job *j, size_t n)
{
    size_t room = ROOM_MIN;

    while (room < n) /* n is at most JOB_RECORDS_MAX */
        room *= 2;
    drop_records(j);
    j->rec = gad_realloc_array(NULL, room, sizeof(*j->rec)); /* the decoder sets every field */
    j->score = gad_realloc_array(NULL, room, sizeof(*j->score));
    j->p_value = gad_realloc_array(NULL, room, sizeof(*j->p_value));
    j->anomalous = gad_realloc_array(NULL, room, sizeof(*j->anomalous));
    j->apart = gad_realloc_array(NULL, room, sizeof(*j->apart));
    if (!j->rec || !j->score || !j->p_value || !j->anomalous || !j->apart) {
        drop_records(j);
        return GAD_ENOMEM;
    }
    j->n_room = room;
    return 0;
}

static int grow_parts(struct job *j)
{
    gad_free(j->part_of);
    j->part_of = gad_realloc_array(NULL, j->n_room, sizeof(*j->part_of));
    j->part_room = j->part_of ? j->n_room : 0;
    return j->part_of ? 0 : GAD_ENOMEM;
}

static int grow(struct job *j, size_t n, size_t reasons)
{
    if ((!j->rec || n > j->n_room) && grow_records(j, n) != 0)
        return GAD_ENOMEM;
    if (j->may_part && j->part_room < n && grow_parts(j) != 0)
        return GAD_ENOMEM;
    if (reasons <= j->reason_room)
        return 0;
    drop_reasons(j);
    j->reason = gad_calloc(reasons, sizeof(*j->reason));
    if (!j->reason)
        return GAD_ENOMEM;
    j->reason_room = reasons;
    return 0;
}

int job_reserve(struct job_pool *p, struct job *j, size_t n, uint32_t stride)
{
    gad_assert(n <= JOB_RECORDS_MAX && stride <= GAD_N_COLUMNS);
    p->bytes -= held_by(j);
    int r = grow(j, n, n * stride);
    p->bytes += held_by(j);
    if (r != 0)
        return r;
    j->n = n;
    j->stride = stride;
    return 0;
}
