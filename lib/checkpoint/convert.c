/* SPDX-License-Identifier: Apache-2.0 */
/* From a message to a checkpoint: first everything except the tensors, then, when the nets are
 * verified, the tensors. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/checkpoint/internal.h"

static int check_count(const char *what, size_t n, size_t min, size_t max, struct gad_diag *d)
{
    if (n < min)
        return gad_fail(d, GAD_EFORMAT, "%s: %zu, at least %zu needed", what, n, min);
    if (n > max)
        return gad_fail(d, GAD_ELIMIT, "%s: %zu, the limit is %zu", what, n, max);
    return 0;
}

static const char **copy_strings(struct gad_ckpt_arena *a, char **s, size_t n)
{
    const char **p = gad_ckpt_arena_alloc(a, n, sizeof(*p));
    for (size_t i = 0; p && i < n; i++)
        p[i] = s[i];
    return p;
}

static int convert_net(const Ganad__Checkpoint__Net *m, struct gad_ckpt_arena *a,
                       struct gad_ckpt_net *net, struct gad_diag *d)
{
    int r = check_count("layers of a net", m->n_layer, 1, GAD_CKPT_LAYERS_MAX, d);
    if (r != 0)
        return r;
    net->name = m->name;
    net->n_layers = m->n_layer;
    net->layers = gad_ckpt_arena_alloc(a, m->n_layer, sizeof(*net->layers));
    if (!net->layers)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < m->n_layer; i++) {
        const Ganad__Checkpoint__Layer *l = m->layer[i];
        /* the enums of the .proto have the same numbers; gad_ckpt_verify_nets() refuses all
         * others */
        net->layers[i] = (struct gad_ckpt_layer){
            .kind = (enum gad_ckpt_layer_kind)l->kind,
            .act = (enum gad_ckpt_act)l->activation,
            .in = l->in,
            .out = l->out,
            .slope = l->slope,
            .dropout = l->dropout,
        };
    }
    return 0;
}

static int convert_nets(const Ganad__Checkpoint__Checkpoint *m, struct gad_ckpt_arena *a,
                        struct gad_checkpoint *c, struct gad_diag *d)
{
    int r = check_count("nets", m->n_net, 1, GAD_CKPT_NETS_MAX, d);
    if (r != 0)
        return r;
    c->n_nets = m->n_net;
    c->nets = gad_ckpt_arena_alloc(a, m->n_net, sizeof(*c->nets));
    if (!c->nets)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < m->n_net && r == 0; i++)
        r = convert_net(m->net[i], a, &c->nets[i], d);
    return r;
}

/* Counts the elements of the feature vector during conversion, so that no sum can overflow. */
static int convert_schema(const Ganad__Checkpoint__Schema *m, struct gad_ckpt_arena *a,
                          struct gad_checkpoint *c, size_t *ret_dim, struct gad_diag *d)
{
    size_t dim = m->n_numeric;

    int r = check_count("schema: numeric columns", m->n_numeric, 0, GAD_CKPT_DIM_MAX, d);
    if (r == 0)
        r = check_count("schema: groups", m->n_group, 0, GAD_CKPT_DIM_MAX, d);
    if (r != 0)
        return r;
    c->schema.n_numeric = m->n_numeric;
    c->schema.n_groups = m->n_group;
    c->schema.numeric = copy_strings(a, m->numeric, m->n_numeric);
    c->schema.groups = gad_ckpt_arena_alloc(a, m->n_group, sizeof(*c->schema.groups));
    if (!c->schema.numeric || !c->schema.groups)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < m->n_group; i++) {
        const Ganad__Checkpoint__Schema__Group *g = m->group[i];
        r = check_count("schema: categories of a group", g->n_category, 1, GAD_CKPT_DIM_MAX - dim,
                        d);
        if (r != 0)
            return r;
        dim += g->n_category;
        c->schema.groups[i] = (struct gad_ckpt_group){
            .column = g->column,
            .categories = copy_strings(a, g->category, g->n_category),
            .n_categories = g->n_category,
        };
        if (!c->schema.groups[i].categories)
            return gad_ckpt_arena_fail(a, d);
    }
    *ret_dim = dim;
    return check_count("schema: elements", dim, 1, GAD_CKPT_DIM_MAX, d);
}

static int convert_scaler(const Ganad__Checkpoint__Scaler *m, size_t dim, struct gad_ckpt_arena *a,
                          struct gad_checkpoint *c, struct gad_diag *d)
{
    if (m->n_log != dim || m->n_offset != dim || m->n_range != dim)
        return gad_fail(d, GAD_EMISMATCH,
                        "scaler: %zu log, %zu offset, %zu range, the schema has %zu elements",
                        m->n_log, m->n_offset, m->n_range, dim);
    bool *log = gad_ckpt_arena_alloc(a, dim, sizeof(*log));
    if (!log)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < dim; i++)
        log[i] = m->log[i] != 0;
    c->scaler.kind = m->kind;
    c->scaler.dim = dim;
    c->scaler.log = log;
    c->scaler.offset = m->offset;
    c->scaler.range = m->range;
    if (m->n_knots == 0 && m->n_knot_x == 0 && m->n_knot_y == 0)
        return 0;
    uint64_t total = 0;
    for (size_t i = 0; i < m->n_knots; i++)
        total += m->knots[i];
    if (m->n_knots != dim || m->n_knot_x != total || m->n_knot_y != total)
        return gad_fail(d, GAD_EMISMATCH,
                        "scaler: %zu counts of knots with %zu places and %zu heights", m->n_knots,
                        m->n_knot_x, m->n_knot_y);
    c->scaler.n_knots = m->n_knot_x;
    c->scaler.knots = m->knots;
    c->scaler.knot_x = m->knot_x;
    c->scaler.knot_y = m->knot_y;
    return 0;
}

static int convert_score(const Ganad__Checkpoint__Score *m, struct gad_ckpt_arena *a,
                         struct gad_checkpoint *c, struct gad_diag *d)
{
    const Ganad__Checkpoint__Search *s = m->search;

    c->score.kind = m->kind;
    c->score.weight = m->weight;
    c->score.degree = m->degree;
    if (!s)
        return 0;
    int r = check_count("search: steps", s->steps, 1, GAD_CKPT_SEARCH_STEPS_MAX, d);
    if (r == 0)
        r = check_count("search: phases", s->n_phase, 1, GAD_CKPT_SEARCH_PHASES_MAX, d);
    if (r != 0)
        return r;
    struct gad_ckpt_phase *phases = gad_ckpt_arena_alloc(a, s->n_phase, sizeof(*phases));
    if (!phases)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < s->n_phase; i++)
        phases[i] = (struct gad_ckpt_phase){.from = s->phase[i]->from, .rate = s->phase[i]->rate};
    c->score.search = (struct gad_ckpt_search){.steps = s->steps,
                                               .tolerance = s->tolerance,
                                               .seed = s->seed,
                                               .n_phases = s->n_phase,
                                               .phases = phases};
    return 0;
}

static int convert_tail(const Ganad__Checkpoint__Tail *m, struct gad_ckpt_tail *t,
                        struct gad_diag *d)
{
    size_t n = m->state == GANAD__CHECKPOINT__TAIL__STATE__FITTED ? GAD_CKPT_TAIL_CURVE : 0;

    if (m->state == GANAD__CHECKPOINT__TAIL__STATE__NOT_TRIED)
        return gad_fail(d, GAD_EFORMAT, "tail: no state");
    if (m->n_curve_shape != n || m->n_curve_scale != n)
        return gad_fail(d, GAD_EMISMATCH, "tail: %zu and %zu points of the curve, not %zu",
                        m->n_curve_shape, m->n_curve_scale, n);
    *t = (struct gad_ckpt_tail){.state = (unsigned)m->state,
                                .level = m->level,
                                .n_peaks = m->n_peaks,
                                .shape = m->shape,
                                .scale = m->scale,
                                .goodness = m->goodness};
    for (size_t i = 0; i < n; i++) {
        t->curve_shape[i] = m->curve_shape[i];
        t->curve_scale[i] = m->curve_scale[i];
    }
    return 0;
}

static int convert_calibration(const Ganad__Checkpoint__Calibration *m, struct gad_checkpoint *c,
                               struct gad_diag *d)
{
    int r = check_count("calibration: levels", m->n_level, 2, GAD_CKPT_LEVELS_MAX, d);
    if (r != 0)
        return r;
    if (m->n_value != m->n_level)
        return gad_fail(d, GAD_EMISMATCH, "calibration: %zu levels, %zu values", m->n_level,
                        m->n_value);
    c->calibration.n = m->n;
    c->calibration.n_levels = m->n_level;
    c->calibration.level = m->level;
    c->calibration.value = m->value;
    c->calibration.folds = m->folds;
    c->calibration.worth = m->worth;
    return m->tail ? convert_tail(m->tail, &c->calibration.tail, d) : 0;
}

static int convert_history(const Ganad__Checkpoint__Provenance__History *m, uint32_t epochs,
                           struct gad_ckpt_history *h, struct gad_diag *d)
{
    int r = check_count("history: epochs", m->n_held_out, 1, GAD_CKPT_HISTORY_MAX, d);
    if (r != 0)
        return r;
    if (m->n_loss_d != epochs || m->n_loss_g != epochs || m->n_loss_e != epochs ||
        m->n_held_out != epochs)
        return gad_fail(
            d, GAD_EMISMATCH,
            "history: %zu, %zu and %zu losses and %zu held-out errors, but %u epochs were trained",
            m->n_loss_d, m->n_loss_g, m->n_loss_e, m->n_held_out, epochs);
    *h = (struct gad_ckpt_history){.n = epochs,
                                   .loss_d = m->loss_d,
                                   .loss_g = m->loss_g,
                                   .loss_e = m->loss_e,
                                   .held_out = m->held_out};
    return 0;
}

static int convert_provenance(const Ganad__Checkpoint__Provenance *m, struct gad_ckpt_arena *a,
                              struct gad_checkpoint *c, struct gad_diag *d)
{
    int r = check_count("provenance: sources", m->n_data, 0, GAD_CKPT_LIST_MAX, d);
    if (r == 0)
        r = check_count("provenance: metrics", m->n_metric, 0, GAD_CKPT_LIST_MAX, d);
    if (r == 0 && m->history)
        r = convert_history(m->history, m->epochs, &c->provenance.history, d);
    if (r != 0)
        return r;
    c->provenance.created = m->created;
    c->provenance.software = m->software;
    c->provenance.command = m->command;
    c->provenance.protocol = m->protocol;
    c->provenance.seed = m->seed;
    c->provenance.epochs = m->epochs;
    c->provenance.epoch = m->epoch;
    c->provenance.n_data = m->n_data;
    c->provenance.n_metrics = m->n_metric;
    c->provenance.data = gad_ckpt_arena_alloc(a, m->n_data, sizeof(*c->provenance.data));
    c->provenance.metrics = gad_ckpt_arena_alloc(a, m->n_metric, sizeof(*c->provenance.metrics));
    if (!c->provenance.data || !c->provenance.metrics)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < m->n_data; i++)
        c->provenance.data[i] = (struct gad_ckpt_source){
            .name = m->data[i]->name, .sha256 = m->data[i]->sha256, .rows = m->data[i]->rows};
    for (size_t i = 0; i < m->n_metric; i++)
        c->provenance.metrics[i] =
            (struct gad_ckpt_metric){.name = m->metric[i]->name, .value = m->metric[i]->value};
    return 0;
}

/* The histograms that drift is measured against. */
static int convert_reference(const Ganad__Checkpoint__Reference *m, struct gad_ckpt_arena *a,
                             struct gad_checkpoint *c, struct gad_diag *d)
{
    size_t n = c->schema.n_numeric + c->schema.n_groups;

    if (m->n_column != n)
        return gad_fail(d, GAD_EMISMATCH, "reference: %zu histograms, the schema has %zu columns",
                        m->n_column, n);
    if (m->n == 0)
        return gad_fail(d, GAD_EFORMAT, "reference: no records");
    c->reference.column = gad_ckpt_arena_alloc(a, n, sizeof(*c->reference.column));
    if (!c->reference.column)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < n; i++)
        c->reference.column[i] = (struct gad_ckpt_histogram){.n_edges = m->column[i]->n_edge,
                                                             .n_bins = m->column[i]->n_count,
                                                             .edge = m->column[i]->edge,
                                                             .count = m->column[i]->count};
    c->reference.n = m->n;
    c->reference.n_columns = n;
    return 0;
}

static int convert_self_tests(const Ganad__Checkpoint__Checkpoint *m, struct gad_ckpt_arena *a,
                              struct gad_checkpoint *c, struct gad_diag *d)
{
    int r = check_count("self-tests", m->n_self_test, 1, GAD_CKPT_SELF_TESTS_MAX, d);
    if (r != 0)
        return r;
    c->n_self_tests = m->n_self_test;
    c->self_tests = gad_ckpt_arena_alloc(a, m->n_self_test, sizeof(*c->self_tests));
    if (!c->self_tests)
        return gad_ckpt_arena_fail(a, d);
    for (size_t i = 0; i < m->n_self_test; i++)
        c->self_tests[i] = (struct gad_ckpt_self_test){.record = m->self_test[i]->record,
                                                       .score = m->self_test[i]->score};
    return 0;
}

int gad_ckpt_convert(const Ganad__Checkpoint__Checkpoint *m, struct gad_ckpt_arena *a,
                     struct gad_checkpoint *c, struct gad_diag *d)
{
    const struct {
        const char *what;
        const void *part;
    } parts[] = {{"schema", m->schema},
                 {"scaler", m->scaler},
                 {"score", m->score},
                 {"calibration", m->calibration},
                 {"provenance", m->provenance}};
    size_t dim = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!parts[i].part)
            return gad_fail(d, GAD_EFORMAT, "%s: missing", parts[i].what);

    c->name = m->name;
    c->model = m->model;
    c->condition = m->condition;
    int r = convert_nets(m, a, c, d);
    if (r == 0)
        r = convert_schema(m->schema, a, c, &dim, d);
    if (r == 0)
        r = convert_scaler(m->scaler, dim, a, c, d);
    if (r == 0)
        r = convert_score(m->score, a, c, d);
    if (r == 0)
        r = convert_calibration(m->calibration, c, d);
    if (r == 0)
        r = convert_provenance(m->provenance, a, c, d);
    if (r == 0 && m->reference)
        r = convert_reference(m->reference, a, c, d);
    if (r == 0)
        r = convert_self_tests(m, a, c, d);
    return r;
}

void gad_ckpt_tensor_name(const char *net, size_t layer, bool bias,
                          char text[static GAD_CKPT_TENSOR_NAME])
{
    (void)snprintf(text, GAD_CKPT_TENSOR_NAME, "%.*s.%zu.%s", GAD_CKPT_NAME_MAX, net, layer,
                   bias ? "bias" : "weight");
}

struct tally {
    size_t n, subnormal; /* over all tensors */
};

/* Converts little-endian bytes to floats in place: arena memory is aligned and has no other
 * type. */
static const float *decode(ProtobufCBinaryData data, size_t n, size_t *ret_first_bad,
                           struct tally *tally)
{
    struct gad_cursor in = gad_cursor_init(data.data, data.len);
    size_t first_bad = n;

    for (size_t i = 0; i < n; i++) {
        float v = gad_cursor_f32le(&in);
        memcpy(data.data + i * sizeof(v), &v, sizeof(v));
        if (!isfinite(v) && first_bad == n)
            first_bad = i;
        tally->subnormal += v != 0.0f && fabsf(v) < FLT_MIN;
    }
    tally->n += n;
    *ret_first_bad = first_bad;
    return (const float *)(const void *)data.data;
}

/* The shape that a layer requires of its tensor; a bias has no rows. Verified, so rows * cols
 * cannot overflow. */
struct shape {
    char name[GAD_CKPT_TENSOR_NAME], text[32];
    size_t n_dim, dim[2], n;
};

static struct shape layer_shape(const char *net, size_t i, const struct gad_ckpt_layer *l,
                                bool bias)
{
    struct shape s = {.n_dim = bias ? 1 : 2, .n = l->out};

    gad_ckpt_tensor_name(net, i, bias, s.name);
    if (bias) {
        s.dim[0] = l->out;
        (void)snprintf(s.text, sizeof(s.text), "%u", l->out);
    } else {
        s.dim[0] = l->in;
        s.dim[1] = l->out;
        s.n *= l->in;
        (void)snprintf(s.text, sizeof(s.text), "%u x %u", l->in, l->out);
    }
    return s;
}

static bool same_shape(const Ganad__Checkpoint__Tensor *t, const struct shape *s)
{
    return t->n_dim == s->n_dim && t->dim[0] == s->dim[0] &&
           (s->n_dim == 1 || t->dim[1] == s->dim[1]);
}

static int bind_tensor(const Ganad__Checkpoint__Tensor *t, const struct shape *s, const float **ret,
                       struct tally *tally, struct gad_diag *d)
{
    size_t first_bad;

    if (strcmp(t->name, s->name) != 0) {
        char found[GAD_CKPT_TENSOR_NAME];
        gad_text_escape(found, sizeof(found), t->name, strlen(t->name));
        return gad_fail(d, GAD_EMISMATCH, "tensor '%s': found '%s' in its place", s->name, found);
    }
    if (t->data.len != s->n * sizeof(float))
        return gad_fail(d, GAD_EMISMATCH, "tensor '%s': %zu values%s, the layer needs %s", s->name,
                        t->data.len / sizeof(float),
                        t->data.len % sizeof(float) ? " and part of another" : "", s->text);
    if (!same_shape(t, s))
        return gad_fail(d, GAD_EMISMATCH, "tensor '%s': shape is not %s", s->name, s->text);
    *ret = decode(t->data, s->n, &first_bad, tally);
    if (first_bad < s->n)
        return gad_fail(d, GAD_EFORMAT, "tensor '%s': value %zu is not a finite number", s->name,
                        first_bad);
    return 0;
}

static int bind_net(const Ganad__Checkpoint__Checkpoint *m, struct gad_ckpt_net *net, size_t *at,
                    struct tally *tally, struct gad_diag *d)
{
    for (size_t i = 0; i < net->n_layers; i++) {
        struct gad_ckpt_layer *l = &net->layers[i];
        struct shape weight = layer_shape(net->name, i, l, false);
        struct shape bias = layer_shape(net->name, i, l, true);
        int r = bind_tensor(m->tensor[(*at)++], &weight, &l->weight, tally, d);
        if (r == 0)
            r = bind_tensor(m->tensor[(*at)++], &bias, &l->bias, tally, d);
        if (r != 0)
            return r;
    }
    return 0;
}

int gad_ckpt_bind_tensors(const Ganad__Checkpoint__Checkpoint *m, struct gad_checkpoint *c,
                          struct gad_diag *d)
{
    struct tally tally = {0};
    size_t n_layers = 0, at = 0;
    int r = 0;

    for (size_t i = 0; i < c->n_nets; i++)
        n_layers += c->nets[i].n_layers;
    if (m->n_tensor != 2 * n_layers)
        return gad_fail(d, GAD_EMISMATCH, "%zu tensors, the %zu layers need %zu", m->n_tensor,
                        n_layers, 2 * n_layers);
    for (size_t i = 0; i < c->n_nets && r == 0; i++)
        r = bind_net(m, &c->nets[i], &at, &tally, d);
    /* Arithmetic on subnormal numbers is many times slower; trained models contain almost no
     * subnormal numbers. */
    if (r == 0 && tally.subnormal > tally.n / 100)
        r = gad_fail(d, GAD_EFORMAT, "tensors: %zu of %zu values are subnormal", tally.subnormal,
                     tally.n);
    return r;
}
