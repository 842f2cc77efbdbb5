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
#include "models/memo.h"

/* Records of several jobs that one shadow scores together. */
struct gathered {
    struct model *model;
    size_t k; /* the index of the shadow in its jobs */
    size_t n;
    struct gad_memo_row row[MODEL_ROWS];
    struct job *job[MODEL_ROWS];
    size_t at[MODEL_ROWS];
    struct gad_memo_use *use;
};

static void score(struct gathered *g, struct gad_time now)
{
    struct model *m = g->model;
    bool is_limited = m && m->search_rate > 0;
    size_t most = is_limited ? rate_limit_take(model_search_limit(m), now, g->n) : g->n;
    uint64_t before = g->use->scored;
    size_t n = g->n > 0 ? model_score(m, g->n, g->row, most, g->use) : 0;

    if (is_limited)
        rate_limit_give_back(model_search_limit(m), most - (size_t)(g->use->scored - before));
    for (size_t i = 0; i < g->n; i++) {
        struct job_shadow *s = &g->job[i]->shadow[g->k];
        bool is_cut = g->job[i]->origin && (g->row[i].rec->notes & GAD_NOTE_CUT);
        bool anomalous = i < n && !is_cut && g->row[i].score > m->threshold;
        s->unscored += i >= n;
        s->scored += i < n;
        s->anomalous += anomalous;
        s->disagreed += i < n && anomalous != g->job[i]->anomalous[g->at[i]];
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
        g->row[g->n].rec = &j->rec[i];
        g->job[g->n] = j;
        g->at[g->n++] = i;
        if (g->n == MODEL_ROWS)
            score(g, now);
    }
}

void shadow_score(struct job *const *job, size_t n, struct gad_time now, struct gad_memo_use *use)
{
    struct gathered g = {.use = use};
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
