/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/models.h"

#include <math.h>
#include <string.h>

#include "daemon/config.h"
#include "lib/base/diag.h"
#include "models/detector.h"

void models_free(struct models *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        gad_detector_free(m->model[i].detector);
    gad_free(m->model);
    gad_free(m);
}

static int load(const struct config_model *c, struct model *m, struct gad_diag *d)
{
    int r = gad_detector_open(c->checkpoint, &m->detector, d);

    if (r != 0) {
        gad_diag_prefix(d, "model '%s'", c->name);
        return r;
    }
    m->name = c->name;
    m->file = c->checkpoint;
    m->steps = gad_detector_steps(m->detector);
    if (m->steps > c->search_steps)
        return gad_fail(d, GAD_ELIMIT,
                        "model '%s': %s: takes %u steps a record, search_steps allows %llu; "
                        "'ganad-train fit --steps' makes it with fewer",
                        c->name, c->checkpoint, m->steps, (unsigned long long)c->search_steps);
    m->search_rate = m->steps > 1 ? c->search_rate : 0;
    m->top_features = (uint32_t)c->top_features; /* the table says at most 41 */
    if (isnan(c->threshold)) {
        m->fpr_budget = c->fpr_budget;
        m->threshold = gad_detector_threshold(m->detector, c->fpr_budget);
    } else {
        m->threshold = (float)c->threshold;
    }
    return 0;
}

int models_load(const struct config *c, struct models **ret, struct gad_diag *d)
{
    gad_cleanup(models_freep) struct models *m = gad_calloc(1, sizeof(*m));

    if (m)
        m->model = gad_calloc(c->n_models, sizeof(*m->model));
    if (!m || !m->model)
        return gad_fail(d, GAD_ENOMEM, "models: no memory");
    while (m->n < c->n_models) {
        size_t i = m->n++; /* half loaded is freed too */
        int r = load(&c->model[i], &m->model[i], d);
        if (r != 0)
            return r;
    }
    *ret = gad_steal(&m);
    return 0;
}

struct model *models_find(struct models *m, const char *name)
{
    if (*name == '\0')
        return m->n > 0 ? &m->model[0] : NULL;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->model[i].name, name) == 0)
            return &m->model[i];
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(gad_detector_name(m->model[i].detector), name) == 0)
            return &m->model[i];
    return NULL;
}
