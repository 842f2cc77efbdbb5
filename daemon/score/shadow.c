/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/shadow.h"

#include <stdbool.h>
#include <stdint.h>

#include "daemon/config/networks.h"
#include "daemon/rate_limit.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/flow/conn.h"
#include "lib/record/record.h"
#include "models/detector.h"

/* Records of several jobs that one shadow scores together. */
struct gathered {
    struct model *model;
    size_t k; /* the index of the shadow in its jobs */
    struct gad_record *rec;
    size_t n;
    struct job *job[MODEL_ROWS];
    size_t row[MODEL_ROWS];
};

static void score(struct gathered *g, struct gad_time now)
{
    struct model *m = g->model;
    float score[MODEL_ROWS];
    size_t n = m && m->search_rate > 0 ? rate_limit_take(&m->search_limit, now, g->n) : g->n;

    if (n > 0)
        (void)gad_detector_score(m->detector, m->workspace, n, g->rec, score);
    for (size_t i = 0; i < g->n; i++) {
        struct job_shadow *s = &g->job[i]->shadow[g->k];
        bool is_cut = g->job[i]->origin && (g->rec[i].notes & GAD_NOTE_CUT);
        bool anomalous = i < n && !is_cut && score[i] > m->threshold;
        s->unscored += i >= n;
        s->scored += i < n;
        s->anomalous += anomalous;
        s->disagreed += i < n && anomalous != g->job[i]->anomalous[g->row[i]];
    }
    g->n = 0;
}

static void add_job(struct gathered *g, struct job *j, struct gad_time now)
{
    const struct networks *networks = j->shadow[g->k].model->networks;

    if (j->shadow[g->k].model != g->model) { /* the models changed between the two jobs */
        score(g, now);
        g->model = j->shadow[g->k].model;
    }
    for (size_t i = 0; i < job_n_scored(j); i++) {
        if (networks && networks_match(networks, &j->rec[i].tuple) < 0)
            continue;
        g->rec[g->n] = j->rec[i];
        g->job[g->n] = j;
        g->row[g->n++] = i;
        if (g->n == MODEL_ROWS)
            score(g, now);
    }
}

void shadow_score(struct gad_record *scratch, struct job *const *job, size_t n, struct gad_time now)
{
    struct gathered g = {.rec = scratch};
    size_t most = 0;

    for (size_t i = 0; i < n; i++)
        most = job[i]->n_shadows > most ? job[i]->n_shadows : most;
    for (g.k = 0; g.k < most; g.k++) {
        for (size_t i = 0; i < n; i++)
            if (!job[i]->error && g.k < job[i]->n_shadows)
                add_job(&g, job[i], now);
        score(&g, now);
    }
}
