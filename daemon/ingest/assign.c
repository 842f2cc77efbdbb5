/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/assign.h"

#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/record/record.h"

uint32_t assign_begin(const struct models *m, struct job *j, bool names_model)
{
    uint32_t most = j->model->top_features;

    j->may_part = !names_model && models_are_routed(m);
    for (size_t i = 0; j->may_part && i < m->n; i++)
        if (m->model[i]->networks && !m->model[i]->is_shadow && m->model[i]->top_features > most)
            most = m->model[i]->top_features;
    return most;
}

/* Index of the model among the parts of the job; adds it if it is new. */
static uint8_t part_for(struct job *j, struct model *m)
{
    size_t i = 0;

    while (i < j->n_parts && j->part[i] != m)
        i++;
    /* cannot overflow: there is a place for each model */
    if (i == j->n_parts)
        j->part[j->n_parts++] = model_hold(m);
    return (uint8_t)i;
}

/*
 * The job's model is that of the first record. If all records have the same model, the job has no
 * parts.
 */
static void route(const struct models *m, struct job *j)
{
    for (size_t i = 0; i < j->n; i++)
        j->part_of[i] = part_for(j, models_route(m, &j->rec[i].tuple));
    if (j->n_parts == 0)
        return;
    struct model *first = model_hold(j->part[0]);
    model_drop(j->model);
    j->model = first;
    if (j->n_parts == 1) {
        model_drop(j->part[0]);
        j->n_parts = 0;
    }
}

void assign_models(const struct models *m, struct job *j)
{
    if (j->may_part)
        route(m, j);
    for (size_t i = 0; i < m->n && !j->model->is_shadow; i++)
        if (m->model[i]->is_shadow)
            j->shadow[j->n_shadows++] = (struct job_shadow){.model = model_hold(m->model[i])};
}

static void count_parts(const struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        struct model_counts *c = job_model(j, i)->counts;
        bool is_scored = i < job_n_scored(j);
        c->scored += is_scored;
        c->anomalous += is_scored && j->anomalous[i];
    }
}

void assign_count(const struct job *j)
{
    for (size_t i = 0; i < job_n_scored(j); i++)
        histogram_add(&job_model(j, i)->counts->score, (double)j->score[i]);
    if (j->n_parts > 0) {
        count_parts(j);
    } else {
        j->model->counts->scored += job_n_scored(j);
        j->model->counts->unscored += j->n_unscored;
        j->model->counts->anomalous += j->n_anomalous;
    }
    for (size_t i = 0; i < j->n_shadows; i++) {
        const struct job_shadow *s = &j->shadow[i];
        s->model->counts->scored += s->scored;
        s->model->counts->anomalous += s->anomalous;
        s->model->counts->disagreed += s->disagreed;
        s->model->counts->unscored += s->unscored;
    }
}
