/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/models.h"

#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/networks.h"
#include "daemon/log.h"
#include "daemon/score/budget.h"
#include "daemon/score/checkpoint.h"
#include "daemon/score/drift.h"
#include "daemon/score/versions.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/sign/beside.h"
#include "models/detector.h"
#include "models/memo.h"

enum { SCORE_LOW = -8 }; /* of the histogram of scores, 2^-8 */

struct model_label *model_label_hold(struct model_label *l)
{
    if (l)
        l->holders++;
    return l;
}

void model_label_drop(struct model_label *l)
{
    if (l && --l->holders == 0)
        gad_free(l);
}

struct model *model_hold(struct model *m)
{
    if (m)
        m->holders++;
    return m;
}

/* What models of the same base share. */
static void free_own(struct model *m)
{
    drift_free(m->drift);
    budget_free(m->budget);
    gad_workspace_free(m->workspace);
    gad_memo_free(m->memo);
    gad_workspace_free(m->explaining);
    gad_detector_free(m->detector);
    networks_free(m->networks);
    gad_free(m->networks_text);
    gad_free(m->file);
}

void model_drop(struct model *m)
{
    if (!m || --m->holders > 0)
        return;
    model_label_drop(m->label);
    if (m->counts && --m->counts->holders == 0)
        gad_free(m->counts);
    gad_free(m->signed_by);
    if (m->base)
        model_drop(m->base);
    else
        free_own(m);
    gad_free(m);
}

/*
 * A score that needs a search takes a thousand times as long as another score, and there is one
 * scorer thread for all models. The limit allows a tenth of a second's searches at once, which is
 * also the longest that other records wait for it. It allows at least two, because a record with
 * features is two searches.
 */
static struct rate_limit search_limit_of(const struct model *m)
{
    double tenth = m->search_rate / 10;
    return rate_limit_init(m->search_rate, tenth > 2 ? tenth : 2, gad_time_monotonic());
}

static int label(struct model *m)
{
    struct model_label *l = gad_calloc(1, sizeof(*l));

    if (!l)
        return GAD_ENOMEM;
    *l = (struct model_label){.holders = 1,
                              .threshold = m->threshold,
                              .fpr_budget = m->fpr_budget,
                              .n_calibration = gad_detector_n_calibration(m->detector)};
    (void)snprintf(l->name, sizeof(l->name), "%s", gad_detector_name(m->detector));
    (void)snprintf(l->sha256, sizeof(l->sha256), "%s", gad_detector_sha256_hex(m->detector));
    m->label = l;
    return 0;
}

static int set_up(struct model *m, const struct config_model *c, struct gad_diag *d)
{
    m->steps = gad_detector_steps(m->detector);
    if (m->steps > c->search_steps)
        return gad_fail(d, GAD_ELIMIT,
                        "%s: needs %u steps per record, search_steps allows %llu; "
                        "use 'ganad-train fit --steps' to train it with fewer",
                        m->file, m->steps, (unsigned long long)c->search_steps);
    m->is_shadow = c->shadow;
    /* such names have the shipped ones: tools/dev/make-default-models */
    m->is_demonstration = strncmp(gad_detector_name(m->detector), "kdd99-", 6) == 0;
    int r = networks_new(c->networks, &m->networks, d);
    if (r != 0)
        return r;
    m->search_rate = m->steps > 1 ? c->search_rate : 0;
    m->search_limit = search_limit_of(m);
    m->top_features = (uint32_t)c->top_features; /* the table of keys limits it to 41 */
    if (isnan(c->threshold)) {
        m->fpr_budget = c->fpr_budget;
        m->threshold = gad_detector_threshold(m->detector, c->fpr_budget);
    } else {
        m->threshold = (float)c->threshold;
    }
    m->calibrated = m->threshold;
    m->memo_size = c->memo;
    if (c->memo > 0 && (r = gad_memo_new(c->memo, &m->memo)) != 0)
        return gad_fail(d, r, "memo: %s", gad_strerror(r));
    return gad_workspace_new(m->detector, MODEL_ROWS, &m->workspace) == 0 &&
                   gad_workspace_new(m->detector, 1, &m->explaining) == 0 && label(m) == 0 &&
                   drift_new(m->detector, &m->drift) == 0 &&
                   (m->fpr_budget <= 0 || budget_new(m->detector, m->fpr_budget, &m->budget) == 0)
               ? 0
               : gad_fail(d, GAD_ENOMEM, "no memory");
}

static int set_signed_by(struct model *m, const struct gad_signed *s, struct gad_diag *d)
{
    char comment[4 * GAD_SIGN_COMMENT_MAX + 1], text[GAD_SIGN_ID_TEXT + sizeof(comment)] = "";

    gad_text_escape(comment, sizeof(comment), s->comment, strlen(s->comment));
    if (s->state == GAD_SIGNED)
        (void)snprintf(text, sizeof(text), "%s%s%s", s->key, *comment ? " " : "", comment);
    else if (s->state == GAD_SIGNED_UNKNOWN)
        log_notice("models", "model '%s': %s is signed by key %s, which is not trusted", m->name,
                   m->file, s->key);
    char *signed_by = gad_strndup(text, strlen(text));
    if (!signed_by)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    gad_free(m->signed_by);
    m->signed_by = signed_by;
    return 0;
}

int model_set_proof(struct model *m, const struct checkpoint_proof *p, struct gad_diag *d)
{
    int r = set_signed_by(m, &p->is, d);

    if (r == 0)
        m->proof = *p;
    return r;
}

int model_load(const struct config_model *c, const struct config_trust *t, const char *file,
               struct model **ret, struct gad_diag *d)
{
    static _Atomic uint32_t last_id;
    gad_cleanup(model_dropp) struct model *m = gad_calloc(1, sizeof(*m));

    if (m) {
        m->holders = 1;
        m->id = ++last_id;
        m->counts = gad_calloc(1, sizeof(*m->counts));
        if (m->counts)
            m->counts->holders = 1; /* before anything can fail: model_drop() frees by this count */
        m->networks_text = gad_strndup(c->networks, strlen(c->networks));
        m->file = gad_strndup(file ? file : c->checkpoint, strlen(file ? file : c->checkpoint));
    }
    if (!m || !m->counts || !m->file || !m->networks_text)
        return gad_fail(d, GAD_ENOMEM, "models: no memory");
    m->counts->score.low = SCORE_LOW;
    m->loaded = gad_time_wall();
    (void)snprintf(m->name, sizeof(m->name), "%s", c->name);
    m->is_bound = checkpoint_is_bound(c, t);
    int r = checkpoint_open(m->file, c, t, &m->detector, &m->proof, d);
    if (r == 0)
        r = set_signed_by(m, &m->proof.is, d);
    if (r == 0)
        r = set_up(m, c, d);
    if (r != 0) {
        gad_diag_prefix(d, "model '%s'", c->name);
        return r;
    }
    *ret = gad_steal(&m);
    return 0;
}

int model_with_threshold(struct model *m, float threshold, struct model **ret)
{
    gad_cleanup(model_dropp) struct model *to = gad_calloc(1, sizeof(*to));

    if (!to)
        return GAD_ENOMEM;
    *to = *m;
    to->holders = 1;
    to->base = model_hold(m->base ? m->base : m);
    to->counts->holders++;
    to->threshold = threshold;
    to->label = NULL;
    to->signed_by = gad_strndup(m->signed_by, strlen(m->signed_by));
    if (!to->signed_by || label(to) != 0)
        return GAD_ENOMEM;
    *ret = gad_steal(&to);
    return 0;
}

void models_replace(struct models *m, const struct model *was, struct model *is)
{
    size_t i = 0;

    while (i < m->n && m->model[i] != was)
        i++;
    gad_assert(i < m->n);
    model_drop(m->model[i]);
    m->model[i] = is;
}

struct rate_limit *model_search_limit(struct model *m)
{
    return m->base ? &m->base->search_limit : &m->search_limit;
}

size_t model_score(struct model *m, size_t n, struct gad_memo_row *row, size_t most,
                   struct gad_memo_use *use)
{
    return gad_memo_score(m->memo, m->detector, m->workspace, n, row, most, use);
}

static struct model *default_of(const struct models *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (!m->model[i]->is_shadow)
            return m->model[i];
    return NULL;
}

/* The model of [learning] takes the place of a default model that is a demonstration, with its
 * settings. Demonstrations become shadows then; before that they raise no alert, if so
 * configured. */
static int add_learned(const struct config *c, struct models *m, struct gad_diag *d)
{
    struct model *was = default_of(m);
    char file[PATH_MAX];

    if (strcmp(c->learning.mode, "off") == 0 || !was || !was->is_demonstration)
        return 0;
    if (c->trust.require_signature || c->trust.bind) /* a learned model has no signature */
        return 0;
    for (size_t i = 0; i < m->n; i++)
        m->model[i]->is_withheld =
            m->model[i]->is_demonstration && strcmp(c->learning.mode, "learn-then-alert") == 0;
    int len = snprintf(file, sizeof(file), "%s/learned.ckpt", c->learning.directory);
    if (len >= (int)sizeof(file) || access(file, F_OK) != 0)
        return 0;
    if (m->n == CONFIG_MODELS_MAX)
        return gad_fail(d, GAD_ELIMIT, "no room for the learned model beside %zu others", m->n);
    struct config_model settings = c->model[0];
    for (size_t i = 0; i < c->n_models; i++)
        if (strcmp(c->model[i].name, was->name) == 0)
            settings = c->model[i];
    (void)snprintf(settings.name, sizeof(settings.name), "learned");
    settings.minimum_version = 0;
    settings.networks = "";
    memmove(m->model + 1, m->model, m->n++ * sizeof(m->model[0]));
    m->model[0] = NULL;
    int r = model_load(&settings, &c->trust, file, &m->model[0], d);
    if (r != 0)
        return r;
    m->model[0]->is_learned = true;
    for (size_t i = 1; i < m->n; i++)
        m->model[i]->is_shadow |= m->model[i]->is_demonstration;
    return 0;
}

int models_load(const struct config *c, struct models **ret, struct gad_diag *d)
{
    gad_cleanup(models_freep) struct models *m = gad_calloc(1, sizeof(*m));

    if (!m)
        return gad_fail(d, GAD_ENOMEM, "models: no memory");
    for (; m->n < c->n_models; m->n++) {
        int r = model_load(&c->model[m->n], &c->trust, NULL, &m->model[m->n], d);
        if (r != 0)
            return r;
    }
    int r = add_learned(c, m, d);
    if (r == 0)
        r = models_check(m, d);
    if (r == 0)
        *ret = gad_steal(&m);
    return r;
}

void models_note_versions(const struct models *m, const struct config_trust *t)
{
    struct gad_claim claim[CONFIG_MODELS_MAX];
    struct gad_diag d = {""};
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        const struct model *is = m->model[i];
        if (!is->is_bound || is->is_shadow || is->proof.claim.version == 0)
            continue;
        claim[n].version = is->proof.claim.version;
        (void)snprintf(claim[n++].model, sizeof(claim[0].model), "%s", is->name);
    }
    if (*t->versions && n > 0 && versions_store(t->versions, claim, n, &d) != 0)
        log_error("models", "%s: after a restart an older checkpoint could replace the one in use",
                  d.text);
}

void models_free(struct models *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        model_drop(m->model[i]);
    gad_free(m);
}

static struct model *find_by_name(const struct models *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->model[i]->name, name) == 0)
            return m->model[i];
    return NULL;
}

bool models_are_routed(const struct models *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->model[i]->networks && !m->model[i]->is_shadow)
            return true;
    return false;
}

struct model *models_route(const struct models *m, const struct gad_tuple *t)
{
    struct model *found = NULL;
    int longest = -1;

    for (size_t i = 0; i < m->n; i++) {
        int bits = m->model[i]->is_shadow ? -1 : networks_match(m->model[i]->networks, t);
        if (bits > longest) {
            longest = bits;
            found = m->model[i];
        }
    }
    return found ? found : default_of(m);
}

int models_check(const struct models *m, struct gad_diag *d)
{
    for (size_t i = 0; i < m->n && models_are_routed(m); i++) {
        const struct model *is = m->model[i];
        if (is->steps > 1 && !is->is_shadow && (is->networks || is == default_of(m)))
            return gad_fail(d, GAD_EINVAL,
                            "model '%s': needs a search for each record, so it cannot be one of "
                            "the models to which "
                            "'networks' routes records",
                            is->name);
    }
    return 0;
}

struct model *models_find(const struct models *m, const char *name)
{
    if (*name == '\0')
        return default_of(m);
    struct model *found = find_by_name(m, name);
    for (size_t i = 0; !found && i < m->n; i++)
        if (strcmp(gad_detector_name(m->model[i]->detector), name) == 0)
            found = m->model[i];
    return found;
}

static bool same_number(double a, double b)
{
    return !(a < b) && !(a > b);
}

static bool same(const struct model *a, const struct model *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->file, b->file) == 0 &&
           strcmp(a->label->sha256, b->label->sha256) == 0 &&
           strcmp(a->signed_by, b->signed_by) == 0 &&
           memcmp(&a->proof.is.by, &b->proof.is.by, sizeof(a->proof.is.by)) == 0 &&
           a->is_bound == b->is_bound &&
           same_number((double)a->calibrated, (double)b->calibrated) &&
           same_number(a->fpr_budget, b->fpr_budget) && a->top_features == b->top_features &&
           same_number(a->search_rate, b->search_rate) && a->is_shadow == b->is_shadow &&
           a->is_withheld == b->is_withheld && a->is_learned == b->is_learned &&
           a->memo_size == b->memo_size && strcmp(a->networks_text, b->networks_text) == 0;
}

void models_keep(const struct models *m, struct models *fresh)
{
    for (size_t i = 0; i < fresh->n; i++) {
        struct model *was = find_by_name(m, fresh->model[i]->name);
        if (!was || !same(was, fresh->model[i]))
            continue;
        model_drop(fresh->model[i]);
        fresh->model[i] = model_hold(was);
    }
}

void models_swap(struct models *m, struct models *fresh)
{
    for (size_t i = 0; i < fresh->n; i++) {
        struct model *is = fresh->model[i], *was = find_by_name(m, is->name);
        if (!was || was->counts == is->counts)
            continue;
        if (--is->counts->holders == 0)
            gad_free(is->counts);
        is->counts = was->counts;
        is->counts->holders++;
    }
    struct models old = *m;
    *m = *fresh;
    *fresh = old;
}
