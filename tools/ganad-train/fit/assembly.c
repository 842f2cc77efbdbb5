/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/assembly.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/table.h"
#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"
#include "models/calibrate.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/train.h"

enum { SOURCE_NAME = 256 }; /* bytes, escaped */

void assembly_deinit(struct assembly *a)
{
    gad_free(a->names);
    gad_free(a->groups);
    gad_buf_deinit(&a->command);
    gad_free(a->data);
    gad_free(a->source_names);
    gad_calibration_free(a->calibration);
    data_reference_deinit(&a->reference);
    gad_free(a->lines);
    *a = (struct assembly){0};
}

int assembly_input(struct assembly *a, const struct gad_schema *schema,
                   const struct gad_scaler *scaler)
{
    size_t dim = gad_schema_dim(schema), n_groups = gad_schema_n_groups(schema);

    a->names = gad_calloc(dim, sizeof(*a->names));
    a->groups = gad_calloc(n_groups ? n_groups : 1, sizeof(*a->groups));
    if (!a->names || !a->groups)
        return GAD_ENOMEM;
    for (size_t j = 0; j < dim; j++)
        a->names[j] = gad_schema_element_name(schema, j);
    for (size_t g = 0; g < n_groups; g++) {
        size_t first, n;
        enum gad_column column = gad_schema_group_column(schema, g, &first, &n);
        a->groups[g] = (struct gad_ckpt_group){
            .column = gad_columns[column].name, .categories = a->names + first, .n_categories = n};
    }
    a->c.schema.n_numeric = gad_schema_n_numeric(schema);
    a->c.schema.n_groups = n_groups;
    a->c.schema.numeric = a->names;
    a->c.schema.groups = a->groups;
    a->c.scaler.kind = gad_scaler_kind_name(gad_scaler_kind(scaler));
    a->c.scaler.dim = dim;
    a->c.scaler.log = gad_scaler_log(scaler);
    a->c.scaler.offset = gad_scaler_offset(scaler);
    a->c.scaler.range = gad_scaler_range(scaler);
    struct gad_scaler_knots knots = gad_scaler_knots(scaler);
    a->c.scaler.knots = knots.n;
    a->c.scaler.knot_x = knots.x;
    a->c.scaler.knot_y = knots.y;
    for (size_t j = 0; knots.n && j < dim; j++)
        a->c.scaler.n_knots += knots.n[j];
    return 0;
}

int assembly_provenance(struct assembly *a, const struct fit_options *o, const struct gad_table *t,
                        struct gad_diag *d)
{
    size_t n = gad_table_n_sources(t);

    a->data = gad_calloc(n, sizeof(*a->data));
    a->source_names = gad_calloc(n, SOURCE_NAME);
    if (!a->data || !a->source_names)
        return GAD_ENOMEM;
    a->c.name = o->name;
    a->c.model = o->model->name;
    a->c.condition = o->condition ? o->condition : "";
    a->c.provenance.created = o->date;
    a->c.provenance.software = "ganad " GANAD_VERSION;
    a->c.provenance.protocol = o->protocol->name;
    a->c.provenance.seed = o->train.seed;

    a->command = GAD_BUF_INIT(GAD_CKPT_STRING_MAX);
    fit_options_command(o, t, &a->command);
    for (size_t i = 0; i < n; i++) {
        char *name = a->source_names + i * SOURCE_NAME;
        const struct gad_table_source *src = gad_table_source(t, i);
        gad_text_escape(name, SOURCE_NAME, src->name, strlen(src->name));
        gad_buf_printf(&a->command, " %s", name);
        a->data[i] = (struct gad_ckpt_source){name, src->sha256, src->rows};
    }
    gad_buf_add(&a->command, "", 1);
    if (a->command.bad)
        return gad_fail(d, GAD_ELIMIT,
                        "the names of the data files do not fit a checkpoint (%d bytes)",
                        GAD_CKPT_STRING_MAX);
    a->c.provenance.command = (const char *)a->command.p;
    a->c.provenance.data = a->data;
    a->c.provenance.n_data = n;
    return 0;
}

int assembly_calibration(struct assembly *a, size_t n, const float *score, double contamination,
                         struct gad_diag *d)
{
    gad_calibration_free(gad_steal(&a->calibration));
    int err = gad_calibration_new(n, score, contamination, &a->calibration, d);
    if (err != 0)
        return err;
    gad_calibration_store(a->calibration, &a->c);
    return 0;
}

void assembly_history(struct assembly *a, const struct training *t)
{
    const struct train_history *h = &t->history;

    a->c.provenance.epochs = t->epochs;
    a->c.provenance.epoch = t->epoch;
    for (size_t i = 0; i < t->epochs; i++)
        if (!isfinite(h->loss_d[i]) || !isfinite(h->loss_g[i]) || !isfinite(h->loss_e[i]) ||
            !isfinite(h->held_out[i]))
            return;
    a->c.provenance.history = (struct gad_ckpt_history){.n = t->epochs,
                                                        .loss_d = h->loss_d,
                                                        .loss_g = h->loss_g,
                                                        .loss_e = h->loss_e,
                                                        .held_out = h->held_out};
}

void assembly_metric(struct assembly *a, const char *name, double value)
{
    size_t *n = &a->c.provenance.n_metrics;

    if (!isfinite(value))
        return;
    gad_assert(*n < ASSEMBLY_METRICS);
    a->metrics[(*n)++] = (struct gad_ckpt_metric){.name = name, .value = value};
    a->c.provenance.metrics = a->metrics;
}

struct scored {
    float score;
    uint32_t at; /* index among the rows given */
};

static int lowest_first(const void *pa, const void *pb)
{
    const struct scored *a = pa, *b = pb;
    int by_score = (a->score > b->score) - (a->score < b->score);
    return by_score != 0 ? by_score : (a->at > b->at) - (a->at < b->at);
}

/* Fills up to half of @pick; returns the number. */
static size_t spread_over_scores(size_t n, struct scored *s, uint32_t *pick)
{
    enum { HALF = ASSEMBLY_SELF_TESTS / 2 };

    qsort(s, n, sizeof(*s), lowest_first);
    if (n <= HALF) {
        for (size_t i = 0; i < n; i++)
            pick[i] = s[i].at;
        return n;
    }
    for (size_t i = 0; i < HALF; i++)
        pick[i] = s[i * (n - 1) / (HALF - 1)].at;
    return HALF;
}

static size_t first_of_each_label(const struct gad_table *t, size_t n, const uint32_t *row,
                                  uint32_t *pick, size_t max)
{
    size_t n_picked = 0;

    for (size_t i = 0; i < n && n_picked < max; i++) {
        bool seen = false;
        for (size_t k = 0; k < n_picked; k++)
            seen |= gad_table_label(t, row[pick[k]]) == gad_table_label(t, row[i]);
        if (!seen)
            pick[n_picked++] = (uint32_t)i;
    }
    return n_picked;
}

int assembly_self_tests(struct assembly *a, const struct gad_table *t, size_t n,
                        const uint32_t *row, const float *score)
{
    uint32_t pick[ASSEMBLY_SELF_TESTS];
    gad_cleanup(gad_freep) struct scored *s = gad_calloc(n, sizeof(*s));

    a->lines = gad_calloc(ASSEMBLY_SELF_TESTS, GAD_DATASET_LINE_MAX);
    if (!s || !a->lines)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        s[i] = (struct scored){score[i], (uint32_t)i};
    size_t n_picked = spread_over_scores(n, s, pick);
    n_picked += first_of_each_label(t, n, row, pick + n_picked, ASSEMBLY_SELF_TESTS - n_picked);

    for (size_t k = 0; k < n_picked; k++) {
        char *line = a->lines + k * GAD_DATASET_LINE_MAX;
        struct gad_record rec;
        gad_table_record(t, row[pick[k]], &rec);
        size_t len = gad_row_write(&rec, NULL, line);
        line[len - 1] = '\0'; /* in place of the line end */
        a->self_tests[k] = (struct gad_ckpt_self_test){line, score[pick[k]]};
    }
    a->c.n_self_tests = n_picked;
    a->c.self_tests = a->self_tests;
    return 0;
}
