/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/dataset/table.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/survey/data.h"
#include "tools/ganad-train/survey/report.h"

static const struct {
    const char *name;
    size_t offset;
} figures[] = {{"precision", offsetof(struct survey_figure, precision)},
               {"recall", offsetof(struct survey_figure, recall)},
               {"f1", offsetof(struct survey_figure, f1)},
               {"auroc", offsetof(struct survey_figure, auroc)}};
enum { N_FIGURES = sizeof(figures) / sizeof(figures[0]) };

/* JSON has no NaN: null means "not defined" or "not published". */
static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *reals(size_t n, const double *v)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(a, real(v[i]));
    return a;
}

static json_t *published_json(const struct survey_plan *p, const char *score)
{
    json_t *a = json_array();
    const struct survey_published *o;

    for (size_t i = 0; (o = survey_published_at(i)) != NULL; i++)
        if (survey_is_published_for(o, p) && (!o->score || strcmp(o->score, score) == 0))
            (void)json_array_append_new(
                a,
                json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "source", o->source, "score",
                          o->score, "precision", real(o->precision), "recall", real(o->recall),
                          "f1", real(o->f1), "precision_sd", real(o->precision_sd), "recall_sd",
                          real(o->recall_sd), "f1_sd", real(o->f1_sd)));
    return a;
}

/* For each figure its values by seed, and their spread. */
static json_t *pick_json(const struct survey_result *r, enum survey_pick pick, size_t view)
{
    double value[SURVEY_SEEDS_MAX];
    json_t *o = json_object(), *epoch = json_array();

    for (size_t i = 0; i < r->n; i++)
        (void)json_array_append_new(epoch,
                                    json_integer(survey_pick(&r->training[i], pick, view)->epoch));
    (void)json_object_set_new(o, "epoch", epoch);
    for (size_t k = 0; k < N_FIGURES; k++) {
        struct spread s = survey_spread(r, pick, view, figures[k].offset, value);
        (void)json_object_set_new(o, figures[k].name,
                                  json_pack("{s:o, s:o, s:o, s:o}", "mean", real(s.mean), "sd",
                                            real(s.sd), "worst", real(s.least), "by_seed",
                                            reals(r->n, value)));
    }
    return o;
}

/* [seed][look] */
static json_t *course_json(const struct survey_result *r, size_t view)
{
    json_t *by_seed = json_array();

    for (size_t i = 0; i < r->n; i++) {
        json_t *a = json_array();
        for (size_t k = 0; k < r->training[i].n_points; k++)
            (void)json_array_append_new(a, real(r->training[i].point[k].figure[view].f1));
        (void)json_array_append_new(by_seed, a);
    }
    return by_seed;
}

static json_t *view_json(const struct survey_result *r, size_t v, const struct survey_data *data)
{
    const struct survey_view *view = &r->plan->view[v];
    const struct survey_rows *rows = &data->sample[view->sample];
    json_t *o =
        json_pack("{s:s, s:I, s:I, s:o, s:o}", "score", view->score, "rows", (json_int_t)rows->n,
                  "positives", (json_int_t)rows->positives, "published",
                  published_json(r->plan, view->score), "f1_by_look", course_json(r, v));

    for (int pick = 0; pick < SURVEY_N_PICKS; pick++)
        (void)json_object_set_new(o, survey_pick_names[pick],
                                  pick_json(r, (enum survey_pick)pick, v));
    return o;
}

static json_t *seed_json(const struct survey_training *t)
{
    json_t *epoch = json_array(), *residual = json_array();

    for (size_t k = 0; k < t->n_points; k++) {
        (void)json_array_append_new(epoch, json_integer(t->point[k].epoch));
        (void)json_array_append_new(residual, real(t->point[k].residual));
    }
    return json_pack("{s:I, s:f, s:f, s:o, s:o}", "seed", (json_int_t)t->seed, "train_seconds",
                     t->train_s, "score_seconds", t->look_s, "looks_at_epoch", epoch, "residual",
                     residual);
}

static json_t *result_json(const struct survey_result *r, const struct survey_data *data)
{
    const struct survey_plan *p = r->plan;
    json_t *views = json_array(), *seeds = json_array();

    for (size_t v = 0; v < p->n_views; v++)
        (void)json_array_append_new(views, view_json(r, v, data));
    for (size_t i = 0; i < r->n; i++)
        (void)json_array_append_new(seeds, seed_json(&r->training[i]));
    return json_pack("{s:s, s:s, s:f, s:s, s:I, s:o, s:o}", "model", p->model, "loss",
                     fit_loss_names[p->loss], "residual_on_e", p->residual, "scaler",
                     gad_scaler_kind_name(p->scaler), "epochs", (json_int_t)r->epochs, "trainings",
                     seeds, "scores", views);
}

static json_t *sources_json(const struct gad_table *t)
{
    json_t *a = json_array();

    for (size_t i = 0; i < gad_table_n_sources(t); i++) {
        const struct gad_table_source *s = gad_table_source(t, i);
        (void)json_array_append_new(a, json_pack("{s:s, s:s, s:I}", "name", s->name, "sha256",
                                                 s->sha256, "rows", (json_int_t)s->rows));
    }
    return a;
}

/* Far above the size of 100 seeds of 100,000 epochs. */
enum { JSON_BYTES_MAX = 1 << 30 };

static int append(const char *p, size_t len, void *arg)
{
    struct gad_buf *b = arg;

    gad_buf_add(b, p, len);
    return b->bad ? -1 : 0;
}

int survey_write_json(const struct survey_findings *s, const char *path, struct gad_diag *d)
{
    const struct survey_data *data = s->data;
    struct gad_buf b = GAD_BUF_INIT(JSON_BYTES_MAX);
    json_t *results = json_array();

    for (size_t i = 0; i < s->n; i++)
        if (s->result[i].n > 0)
            (void)json_array_append_new(results, result_json(&s->result[i], data));
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "software",
        "ganad " GANAD_VERSION, "protocol", s->protocol->name, "positive", "normal", "labels",
        s->protocol->labels, "complete", s->complete, "seeds", (json_int_t)s->n_seeds, "train_rows",
        (json_int_t)data->split.n_train, "test_rows", (json_int_t)data->sample[SURVEY_ALL].n,
        "test_positives", (json_int_t)data->sample[SURVEY_ALL].positives, "test_rows_distinct",
        (json_int_t)data->n_distinct, "data", sources_json(data->table), "results", results);
    int err = o && json_dump_callback(o, append, &b, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) == 0
                  ? 0
                  : GAD_ENOMEM;
    json_decref(o);
    if (err == 0)
        err = gad_file_write_atomic(path, b.p, b.len, d);
    gad_buf_deinit(&b);
    return err;
}
