/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/checkpoint/sample.h"

#include <math.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/test.h"

static void init_nets(struct sample *s)
{
    static const char *const names[SAMPLE_NETS] = {"encoder", "generator"};
    static const uint32_t dims[SAMPLE_NETS][SAMPLE_LAYERS + 1] = {{SAMPLE_DIM, SAMPLE_HIDDEN, 2},
                                                                  {2, SAMPLE_HIDDEN, SAMPLE_DIM}};

    for (size_t i = 0; i < SAMPLE_NETS; i++) {
        s->nets[i] = (struct gad_ckpt_net){names[i], SAMPLE_LAYERS, s->layers[i]};
        for (size_t k = 0; k < SAMPLE_LAYERS; k++) {
            for (size_t j = 0; j < SAMPLE_DIM * SAMPLE_HIDDEN; j++)
                s->weights[i][k][j] = sinf((float)(100 * i + 10 * k + j));
            for (size_t j = 0; j < SAMPLE_DIM; j++)
                s->biases[i][k][j] = 0.125f * (float)j;
            s->layers[i][k] = (struct gad_ckpt_layer){
                .kind = GAD_CKPT_DENSE,
                .act = k == 0 ? GAD_CKPT_LEAKY_RELU : GAD_CKPT_LINEAR,
                .in = dims[i][k],
                .out = dims[i][k + 1],
                .slope = k == 0 ? 0.1f : 0.0f,
                .dropout = k == 0 ? 0.2f : 0.0f,
                .weight = s->weights[i][k],
                .bias = s->biases[i][k],
            };
        }
    }
    s->c.n_nets = SAMPLE_NETS;
    s->c.nets = s->nets;
}

static void init_input(struct sample *s)
{
    s->numeric[0] = "duration";
    s->numeric[1] = "src_bytes";
    s->numeric[2] = "dst_bytes";
    s->protocols[0] = "tcp";
    s->protocols[1] = "udp";
    s->flags[0] = "SF";
    s->groups[0] = (struct gad_ckpt_group){"protocol_type", s->protocols, 2};
    s->groups[1] = (struct gad_ckpt_group){"flag", s->flags, 1};
    s->c.schema.n_numeric = 3;
    s->c.schema.numeric = s->numeric;
    s->c.schema.n_groups = 2;
    s->c.schema.groups = s->groups;
    for (size_t j = 0; j < SAMPLE_DIM; j++) {
        s->log[j] = j == 1;
        s->offset[j] = -0.5f * (float)j;
        s->range[j] = 1.0f + (float)j;
    }
    s->c.scaler.kind = "log-minmax";
    s->c.scaler.dim = SAMPLE_DIM;
    s->c.scaler.log = s->log;
    s->c.scaler.offset = s->offset;
    s->c.scaler.range = s->range;
    s->knots[0] = 2;
    s->knots[SAMPLE_DIM - 1] = 1;
    for (size_t i = 0; i < 3; i++)
        s->knot_x[i] = s->knot_y[i] = (float)i;
    s->c.scaler.n_knots = 3;
    s->c.scaler.knots = s->knots;
    s->c.scaler.knot_x = s->knot_x;
    s->c.scaler.knot_y = s->knot_y;
}

static void init_provenance(struct sample *s)
{
    s->data[0] = (struct gad_ckpt_source){
        "kddcup.data_10_percent.gz",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 494021};
    s->metrics[0] = (struct gad_ckpt_metric){"auroc", 0.9975};
    s->metrics[1] = (struct gad_ckpt_metric){"tpr_at_fpr_0.01", 0.9915};
    s->c.provenance.created = "2026-11-23T14:05:09Z";
    s->c.provenance.software = "ganad 0.1.0";
    s->c.provenance.command = "ganad-train fit --model egbad";
    s->c.provenance.protocol = "normal";
    s->c.provenance.seed = UINT64_MAX;
    s->c.provenance.epochs = SAMPLE_EPOCHS;
    s->c.provenance.epoch = 7;
    s->c.provenance.n_data = 1;
    s->c.provenance.data = s->data;
    s->c.provenance.n_metrics = 2;
    s->c.provenance.metrics = s->metrics;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < SAMPLE_EPOCHS; k++)
            s->history[i][k] = 1.0 / (double)(1 + k + 10 * i);
    s->c.provenance.history = (struct gad_ckpt_history){.n = SAMPLE_EPOCHS,
                                                        .loss_d = s->history[0],
                                                        .loss_g = s->history[1],
                                                        .loss_e = s->history[2],
                                                        .held_out = s->history[3]};
}

/* Of 10 records: each column but the flags has bins of 5, 0 and 5. */
static void init_reference(struct sample *s)
{
    for (size_t i = 0; i < 5; i++) {
        s->counts[i][0] = 5;
        s->counts[i][i < 4 ? 2 : 1] = 5;
        s->histograms[i] = (struct gad_ckpt_histogram){.n_edges = i < 3 ? 2 : 0,
                                                       .n_bins = i < 4 ? 3 : 2,
                                                       .edge = i < 3 ? s->edges[i] : NULL,
                                                       .count = s->counts[i]};
    }
    for (size_t i = 0; i < 3; i++)
        s->edges[i][1] = (double)(i + 1);
    s->c.reference.n = 10;
    s->c.reference.n_columns = 5;
    s->c.reference.column = s->histograms;
}

static void init_tail(struct gad_ckpt_tail *t)
{
    *t = (struct gad_ckpt_tail){.state = GAD_CKPT_TAIL_FITTED,
                                .level = 0.5f,
                                .n_peaks = 20,
                                .shape = 0.25,
                                .scale = 1.0,
                                .goodness = 0.4};
    for (size_t i = 0; i < GAD_CKPT_TAIL_CURVE; i++) {
        t->curve_shape[i] = -0.25 + 0.03125 * (double)i;
        t->curve_scale[i] = 0.5 + 0.03125 * (double)i;
    }
}

void sample_init(struct sample *s)
{
    *s = (struct sample){0};
    s->c.name = "sample-1.0";
    s->c.model = "egbad";
    s->c.condition = "flag";
    init_nets(s);
    init_input(s);
    s->c.score.kind = "fm";
    s->c.score.weight = 0.1f;
    s->c.score.degree = 1;
    s->phases[0] = (struct gad_ckpt_phase){0, 0.01f};
    s->phases[1] = (struct gad_ckpt_phase){300, 0.001f};
    s->c.score.search = (struct gad_ckpt_search){
        .steps = 500, .tolerance = 0.01f, .seed = 7, .n_phases = 2, .phases = s->phases};
    for (size_t i = 0; i < SAMPLE_LEVELS; i++) {
        s->level[i] = (double)i / (SAMPLE_LEVELS - 1);
        s->value[i] = (float)(i / 2); /* equal neighbours are legal */
    }
    s->c.calibration.n = 1000;
    s->c.calibration.folds = 5;
    s->c.calibration.worth = 900;
    s->c.calibration.n_levels = SAMPLE_LEVELS;
    s->c.calibration.level = s->level;
    s->c.calibration.value = s->value;
    init_tail(&s->c.calibration.tail);
    init_provenance(s);
    s->self_tests[0] = (struct gad_ckpt_self_test){"0,tcp,http,SF,181,5450", 0.25f};
    s->self_tests[1] = (struct gad_ckpt_self_test){"0,icmp,ecr_i,SF,1032,0", 12.5f};
    s->c.n_self_tests = 2;
    s->c.self_tests = s->self_tests;
    init_reference(s);
}

static void assert_text(const char *s, size_t min, size_t max)
{
    size_t len = strlen(s);
    assert_true(len >= min && len <= max);
    for (size_t i = 0; i < len; i++)
        assert_true(s[i] >= ' ' && s[i] <= '~');
}

static void assert_name(const char *s)
{
    assert_text(s, 1, 63);
    for (; *s; s++)
        assert_true((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '.' ||
                    *s == '_' || *s == '-');
}

static void assert_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(v[i]));
}

static void assert_legal_nets(const struct gad_checkpoint *c)
{
    uint64_t n_layers = 0, n_params = 0;

    assert_in_range(c->n_nets, 1, 16);
    for (size_t i = 0; i < c->n_nets; i++) {
        const struct gad_ckpt_net *net = &c->nets[i];
        assert_name(net->name);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(net->name, c->nets[k].name);
        assert_in_range(net->n_layers, 1, 64);
        n_layers += net->n_layers;
        for (size_t k = 0; k < net->n_layers; k++) {
            const struct gad_ckpt_layer *l = &net->layers[k];
            assert_int_equal(l->kind, GAD_CKPT_DENSE);
            assert_in_range(l->act, 0, GAD_CKPT_N_ACTS - 1);
            assert_in_range(l->in, 1, 4096);
            assert_in_range(l->out, 1, 4096);
            assert_true(l->slope >= 0 && l->slope <= 1 && l->dropout >= 0 && l->dropout < 1);
            if (k > 0)
                assert_int_equal(l->in, l[-1].out);
            assert_finite(l->weight, (size_t)l->in * l->out); /* a sanitizer sees a short one */
            assert_finite(l->bias, l->out);
            n_params += (uint64_t)l->in * l->out + l->out;
        }
    }
    assert_in_range(n_layers, 1, 64);
    assert_in_range(n_params, 1, 16 << 20);
}

static void assert_legal_input(const struct gad_checkpoint *c)
{
    size_t dim = c->schema.n_numeric;

    for (size_t i = 0; i < c->schema.n_numeric; i++)
        assert_text(c->schema.numeric[i], 1, 4096);
    for (size_t i = 0; i < c->schema.n_groups; i++) {
        assert_text(c->schema.groups[i].column, 1, 4096);
        assert_true(c->schema.groups[i].n_categories > 0);
        dim += c->schema.groups[i].n_categories;
        for (size_t k = 0; k < c->schema.groups[i].n_categories; k++)
            assert_text(c->schema.groups[i].categories[k], 1, 4096);
    }
    assert_in_range(dim, 1, 4096);
    assert_int_equal(c->scaler.dim, dim);
    assert_name(c->scaler.kind);
    assert_finite(c->scaler.offset, dim);
    assert_finite(c->scaler.range, dim);
    assert_finite(c->scaler.knot_x, c->scaler.n_knots);
    assert_finite(c->scaler.knot_y, c->scaler.n_knots);
    uint64_t knots = 0;
    for (size_t i = 0; c->scaler.n_knots > 0 && i < dim; i++)
        knots += c->scaler.knots[i];
    assert_int_equal(knots, c->scaler.n_knots);
    for (size_t i = 0; i < dim; i++) {
        unsigned char b;
        memcpy(&b, &c->scaler.log[i], 1);
        assert_true(b <= 1);
        assert_true(c->scaler.range[i] > 0);
    }
}

static void assert_legal_condition(const struct gad_checkpoint *c)
{
    bool found = c->condition[0] == '\0';

    assert_text(c->condition, 0, 4096);
    for (size_t i = 0; i < c->schema.n_groups; i++)
        found |= strcmp(c->condition, c->schema.groups[i].column) == 0;
    assert_true(found);
}

static void assert_legal_tail(const struct gad_ckpt_tail *t, uint64_t n, float highest)
{
    assert_in_range(t->state, 0, 5);
    if (t->state != 1) {
        assert_true(t->n_peaks == 0 && t->level == 0.0f && t->shape == 0.0 && t->scale == 0.0 &&
                    t->goodness == 0.0);
        return;
    }
    assert_true(isfinite(t->level) && t->level < highest);
    assert_true(t->n_peaks > 0 && t->n_peaks < n);
    assert_true(t->goodness >= 0.0 && t->goodness <= 1.0);
    for (size_t i = 0; i <= 32; i++) {
        double shape = i < 32 ? t->curve_shape[i] : t->shape;
        double scale = i < 32 ? t->curve_scale[i] : t->scale;
        assert_true(isfinite(scale) && scale > 0.0 && shape >= -1.0 && shape <= 100.0);
        assert_true(1.0 + shape * (((double)highest - (double)t->level) / scale) > 0.0);
    }
}

static void assert_legal_tables(const struct gad_checkpoint *c)
{
    size_t n = c->calibration.n_levels;

    assert_true(c->calibration.n >= 1);
    assert_in_range(n, 2, 1 << 16);
    assert_true(c->calibration.level[0] == 0.0 && c->calibration.level[n - 1] == 1.0);
    assert_finite(c->calibration.value, n);
    for (size_t i = 1; i < n; i++) {
        assert_true(c->calibration.level[i] > c->calibration.level[i - 1]);
        assert_true(c->calibration.value[i] >= c->calibration.value[i - 1]);
    }
    assert_legal_tail(&c->calibration.tail, c->calibration.n, c->calibration.value[n - 1]);
    assert_in_range(c->n_self_tests, 1, 256);
    for (size_t i = 0; i < c->n_self_tests; i++) {
        assert_text(c->self_tests[i].record, 1, 4096);
        assert_true(isfinite(c->self_tests[i].score));
    }
}

static void assert_legal_search(const struct gad_ckpt_search *s)
{
    if (s->steps == 0) {
        assert_true(s->n_phases == 0 && s->tolerance == 0.0f && s->seed == 0);
        return;
    }
    assert_in_range(s->steps, 1, 100000);
    assert_in_range(s->n_phases, 1, 16);
    assert_true(s->tolerance >= 0.0f && s->tolerance < 1.0f);
    for (size_t i = 0; i < s->n_phases; i++) {
        assert_true(isfinite(s->phases[i].rate) && s->phases[i].rate > 0.0f);
        assert_true(i == 0 ? s->phases[0].from == 0
                           : s->phases[i].from > s->phases[i - 1].from &&
                                 s->phases[i].from < s->steps);
    }
}

static void assert_legal_history(const struct gad_checkpoint *c)
{
    const struct gad_ckpt_history *h = &c->provenance.history;

    if (h->n == 0)
        return;
    assert_in_range(h->n, 1, 100000);
    assert_int_equal(h->n, c->provenance.epochs);
    for (size_t i = 0; i < h->n; i++)
        assert_true(isfinite(h->loss_d[i]) && isfinite(h->loss_g[i]) && isfinite(h->loss_e[i]) &&
                    isfinite(h->held_out[i]));
}

static void assert_legal_reference(const struct gad_checkpoint *c)
{
    if (c->reference.n == 0)
        return;
    assert_int_equal(c->reference.n_columns, c->schema.n_numeric + c->schema.n_groups);
    for (size_t i = 0; i < c->reference.n_columns; i++) {
        const struct gad_ckpt_histogram *h = &c->reference.column[i];
        bool is_group = i >= c->schema.n_numeric;
        uint64_t sum = 0;
        assert_in_range(h->n_edges, is_group ? 0 : 1, is_group ? 0 : 64);
        assert_int_equal(
            h->n_bins,
            1 + (is_group ? c->schema.groups[i - c->schema.n_numeric].n_categories : h->n_edges));
        for (size_t k = 1; k < h->n_edges; k++)
            assert_true(isfinite(h->edge[k]) && h->edge[k] > h->edge[k - 1]);
        for (size_t k = 0; k < h->n_bins; k++) {
            assert_true(h->count[k] <= c->reference.n);
            sum += h->count[k];
        }
        assert_true(sum == c->reference.n);
    }
}

void assert_legal(const struct gad_checkpoint *c)
{
    assert_name(c->name);
    assert_name(c->model);
    assert_legal_nets(c);
    assert_legal_input(c);
    assert_legal_condition(c);
    assert_name(c->score.kind);
    assert_true(c->score.weight >= 0 && c->score.weight <= 1 && c->score.degree <= 2);
    assert_legal_search(&c->score.search);
    assert_legal_tables(c);
    assert_text(c->provenance.created, 0, 4096);
    assert_text(c->provenance.software, 0, 4096);
    assert_text(c->provenance.command, 0, 4096);
    assert_text(c->provenance.protocol, 0, 4096);
    assert_true(c->provenance.n_data <= 1024 && c->provenance.n_metrics <= 1024);
    for (size_t i = 0; i < c->provenance.n_data; i++) {
        assert_text(c->provenance.data[i].name, 1, 4096);
        assert_text(c->provenance.data[i].sha256, 64, 64);
        assert_int_equal(strspn(c->provenance.data[i].sha256, "0123456789abcdef"), 64);
    }
    for (size_t i = 0; i < c->provenance.n_metrics; i++) {
        assert_text(c->provenance.metrics[i].name, 1, 4096);
        assert_true(isfinite(c->provenance.metrics[i].value));
    }
    assert_legal_history(c);
    assert_legal_reference(c);
}

static void assert_same_nets(const struct gad_checkpoint *a, const struct gad_checkpoint *b)
{
    assert_int_equal(a->n_nets, b->n_nets);
    for (size_t i = 0; i < a->n_nets; i++) {
        assert_string_equal(a->nets[i].name, b->nets[i].name);
        assert_int_equal(a->nets[i].n_layers, b->nets[i].n_layers);
        for (size_t k = 0; k < a->nets[i].n_layers; k++) {
            const struct gad_ckpt_layer *x = &a->nets[i].layers[k], *y = &b->nets[i].layers[k];
            assert_true(x->kind == y->kind && x->act == y->act && x->in == y->in &&
                        x->out == y->out && x->slope == y->slope && x->dropout == y->dropout);
            assert_memory_equal(x->weight, y->weight, sizeof(float) * x->in * x->out);
            assert_memory_equal(x->bias, y->bias, sizeof(float) * x->out);
        }
    }
}

static void assert_same_input(const struct gad_checkpoint *a, const struct gad_checkpoint *b)
{
    assert_int_equal(a->schema.n_numeric, b->schema.n_numeric);
    for (size_t i = 0; i < a->schema.n_numeric; i++)
        assert_string_equal(a->schema.numeric[i], b->schema.numeric[i]);
    assert_int_equal(a->schema.n_groups, b->schema.n_groups);
    for (size_t i = 0; i < a->schema.n_groups; i++) {
        const struct gad_ckpt_group *x = &a->schema.groups[i], *y = &b->schema.groups[i];
        assert_string_equal(x->column, y->column);
        assert_int_equal(x->n_categories, y->n_categories);
        for (size_t k = 0; k < x->n_categories; k++)
            assert_string_equal(x->categories[k], y->categories[k]);
    }
    assert_string_equal(a->scaler.kind, b->scaler.kind);
    assert_int_equal(a->scaler.dim, b->scaler.dim);
    assert_memory_equal(a->scaler.log, b->scaler.log, a->scaler.dim * sizeof(bool));
    assert_memory_equal(a->scaler.offset, b->scaler.offset, a->scaler.dim * sizeof(float));
    assert_memory_equal(a->scaler.range, b->scaler.range, a->scaler.dim * sizeof(float));
    assert_int_equal(a->scaler.n_knots, b->scaler.n_knots);
    if (a->scaler.n_knots > 0)
        assert_memory_equal(a->scaler.knots, b->scaler.knots, a->scaler.dim * sizeof(uint32_t));
    assert_memory_equal(a->scaler.knot_x, b->scaler.knot_x, a->scaler.n_knots * sizeof(float));
    assert_memory_equal(a->scaler.knot_y, b->scaler.knot_y, a->scaler.n_knots * sizeof(float));
}

static void assert_same_provenance(const struct gad_checkpoint *a, const struct gad_checkpoint *b)
{
    assert_string_equal(a->provenance.created, b->provenance.created);
    assert_string_equal(a->provenance.software, b->provenance.software);
    assert_string_equal(a->provenance.command, b->provenance.command);
    assert_string_equal(a->provenance.protocol, b->provenance.protocol);
    assert_true(a->provenance.seed == b->provenance.seed &&
                a->provenance.epochs == b->provenance.epochs &&
                a->provenance.epoch == b->provenance.epoch);
    assert_int_equal(a->provenance.n_data, b->provenance.n_data);
    for (size_t i = 0; i < a->provenance.n_data; i++) {
        assert_string_equal(a->provenance.data[i].name, b->provenance.data[i].name);
        assert_string_equal(a->provenance.data[i].sha256, b->provenance.data[i].sha256);
        assert_true(a->provenance.data[i].rows == b->provenance.data[i].rows);
    }
    assert_int_equal(a->provenance.n_metrics, b->provenance.n_metrics);
    for (size_t i = 0; i < a->provenance.n_metrics; i++) {
        assert_string_equal(a->provenance.metrics[i].name, b->provenance.metrics[i].name);
        assert_true(a->provenance.metrics[i].value == b->provenance.metrics[i].value);
    }
    const struct gad_ckpt_history *x = &a->provenance.history, *y = &b->provenance.history;
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++)
        assert_true(x->loss_d[i] == y->loss_d[i] && x->loss_g[i] == y->loss_g[i] &&
                    x->loss_e[i] == y->loss_e[i] && x->held_out[i] == y->held_out[i]);
}

static void assert_same_reference(const struct gad_checkpoint *a, const struct gad_checkpoint *b)
{
    assert_true(a->reference.n == b->reference.n);
    assert_int_equal(a->reference.n_columns, b->reference.n_columns);
    for (size_t i = 0; i < a->reference.n_columns; i++) {
        const struct gad_ckpt_histogram *x = &a->reference.column[i], *y = &b->reference.column[i];
        assert_int_equal(x->n_edges, y->n_edges);
        assert_int_equal(x->n_bins, y->n_bins);
        for (size_t k = 0; k < x->n_edges; k++)
            assert_true(x->edge[k] == y->edge[k]);
        for (size_t k = 0; k < x->n_bins; k++)
            assert_true(x->count[k] == y->count[k]);
    }
}

void assert_same(const struct gad_checkpoint *a, const struct gad_checkpoint *b)
{
    assert_same_reference(a, b);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->condition, b->condition);
    assert_same_nets(a, b);
    assert_same_input(a, b);
    assert_string_equal(a->score.kind, b->score.kind);
    assert_true(a->score.weight == b->score.weight && a->score.degree == b->score.degree);
    const struct gad_ckpt_search *x = &a->score.search, *y = &b->score.search;
    assert_true(x->steps == y->steps && x->tolerance == y->tolerance && x->seed == y->seed &&
                x->n_phases == y->n_phases);
    for (size_t i = 0; i < x->n_phases; i++)
        assert_true(x->phases[i].from == y->phases[i].from &&
                    x->phases[i].rate == y->phases[i].rate);
    assert_true(a->calibration.n == b->calibration.n);
    assert_int_equal(a->calibration.folds, b->calibration.folds);
    assert_true(a->calibration.worth == b->calibration.worth);
    assert_int_equal(a->calibration.n_levels, b->calibration.n_levels);
    assert_memory_equal(a->calibration.level, b->calibration.level,
                        a->calibration.n_levels * sizeof(double));
    assert_memory_equal(a->calibration.value, b->calibration.value,
                        a->calibration.n_levels * sizeof(float));
    assert_memory_equal(&a->calibration.tail, &b->calibration.tail, sizeof(a->calibration.tail));
    assert_same_provenance(a, b);
    assert_int_equal(a->n_self_tests, b->n_self_tests);
    for (size_t i = 0; i < a->n_self_tests; i++) {
        assert_string_equal(a->self_tests[i].record, b->self_tests[i].record);
        assert_true(a->self_tests[i].score == b->self_tests[i].score);
    }
    assert_memory_equal(a->sha256, b->sha256, sizeof(a->sha256));
}

void assert_fault(struct sample *s, int err, const char *why)
{
    struct gad_diag d = {0};
    uint8_t *p = NULL;
    size_t len;

    int r = gad_checkpoint_pack(&s->c, &p, &len, &d);
    if (r != err || !strstr(d.text, why))
        fail_msg("%d '%s', not %d '%s'", r, d.text, err, why);
    assert_null(p);
}

void assert_fine(struct sample *s)
{
    struct gad_diag d = {0};
    struct gad_checkpoint *c = NULL;
    uint8_t *p = NULL;
    size_t len;

    if (gad_checkpoint_pack(&s->c, &p, &len, &d) != 0 ||
        gad_checkpoint_parse("p", p, len, &c, &d) != 0)
        fail_msg("%s", d.text);
    assert_legal(c);
    assert_same(&s->c, c);
    gad_checkpoint_free(c);
    gad_free(p);
}

void seal(uint8_t *file, size_t len)
{
    uint64_t n = len - 56;

    for (size_t i = 0; i < 8; i++)
        file[16 + i] = (uint8_t)(n >> 8 * i);
    assert_int_equal(EVP_Digest(file + 56, n, file + 24, NULL, EVP_sha256(), NULL), 1);
}
