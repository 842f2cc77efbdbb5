/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/checkpoint.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/checkpoint/internal.h"

/* Each build function creates one message in the arena; NULL on failure, with the reason in the
 * arena. */

/* protobuf-c has no const members, but packing only reads. */
static char *borrow(const char *s)
{
    char *p;
    memcpy(&p, &s, sizeof(p));
    return p;
}

static float *borrow_floats(const float *v)
{
    float *p;
    memcpy(&p, &v, sizeof(p));
    return p;
}

static double *borrow_doubles(const double *v)
{
    double *p;
    memcpy(&p, &v, sizeof(p));
    return p;
}

/* Allocates n pointers to messages or strings. */
static void *pointers(struct gad_ckpt_arena *a, size_t n)
{
    return gad_ckpt_arena_alloc(a, n, sizeof(void *));
}

static char **borrow_strings(struct gad_ckpt_arena *a, const char *const *s, size_t n)
{
    char **p = pointers(a, n);
    for (size_t i = 0; p && i < n; i++)
        p[i] = borrow(s[i]);
    return p;
}

static Ganad__Checkpoint__Layer *build_layer(struct gad_ckpt_arena *a,
                                             const struct gad_ckpt_layer *l)
{
    Ganad__Checkpoint__Layer *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__layer__init(m);
    m->kind = (Ganad__Checkpoint__Layer__Kind)l->kind;
    m->in = l->in;
    m->out = l->out;
    m->activation = (Ganad__Checkpoint__Layer__Activation)l->act;
    m->slope = l->slope;
    m->dropout = l->dropout;
    return m;
}

static Ganad__Checkpoint__Net *build_net(struct gad_ckpt_arena *a, const struct gad_ckpt_net *net)
{
    Ganad__Checkpoint__Net *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__net__init(m);
    m->name = borrow(net->name);
    m->n_layer = net->n_layers;
    m->layer = pointers(a, net->n_layers);
    for (size_t i = 0; m->layer && i < net->n_layers; i++)
        if (!(m->layer[i] = build_layer(a, &net->layers[i])))
            return NULL;
    return m->layer ? m : NULL;
}

static void encode_floats(const float *v, size_t n, uint8_t *p)
{
    for (size_t i = 0; i < n; i++, p += 4) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof(bits));
        p[0] = (uint8_t)bits;
        p[1] = (uint8_t)(bits >> 8);
        p[2] = (uint8_t)(bits >> 16);
        p[3] = (uint8_t)(bits >> 24);
    }
}

static Ganad__Checkpoint__Tensor *build_tensor(struct gad_ckpt_arena *a,
                                               const struct gad_ckpt_net *net, size_t i, bool bias)
{
    const struct gad_ckpt_layer *l = &net->layers[i];
    Ganad__Checkpoint__Tensor *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    char *name = gad_ckpt_arena_alloc(a, 1, GAD_CKPT_TENSOR_NAME);
    uint32_t *dim = gad_ckpt_arena_alloc(a, 2, sizeof(*dim));
    size_t n = bias ? l->out : (size_t)l->in * l->out; /* 32 bits times 32 bits */
    uint8_t *p = gad_ckpt_arena_alloc(a, n, sizeof(float));

    if (!m || !name || !dim || !p)
        return NULL;
    gad_ckpt_tensor_name(net->name, i, bias, name);
    dim[0] = bias ? l->out : l->in;
    dim[1] = l->out;
    encode_floats(bias ? l->bias : l->weight, n, p);
    ganad__checkpoint__tensor__init(m);
    m->name = name;
    m->n_dim = bias ? 1 : 2;
    m->dim = dim;
    m->data = (ProtobufCBinaryData){.len = n * sizeof(float), .data = p};
    return m;
}

static bool build_nets(struct gad_ckpt_arena *a, const struct gad_checkpoint *c,
                       Ganad__Checkpoint__Checkpoint *m)
{
    size_t n_layers = 0;

    for (size_t i = 0; i < c->n_nets; i++)
        n_layers += c->nets[i].n_layers;
    m->net = pointers(a, c->n_nets);
    m->tensor = pointers(a, 2 * n_layers);
    if (!m->net || !m->tensor)
        return false;
    for (size_t i = 0; i < c->n_nets; i++) {
        if (!(m->net[m->n_net++] = build_net(a, &c->nets[i])))
            return false;
        for (size_t k = 0; k < c->nets[i].n_layers; k++)
            if (!(m->tensor[m->n_tensor++] = build_tensor(a, &c->nets[i], k, false)) ||
                !(m->tensor[m->n_tensor++] = build_tensor(a, &c->nets[i], k, true)))
                return false;
    }
    return true;
}

static Ganad__Checkpoint__Schema__Group *build_group(struct gad_ckpt_arena *a,
                                                     const struct gad_ckpt_group *g)
{
    Ganad__Checkpoint__Schema__Group *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__schema__group__init(m);
    m->column = borrow(g->column);
    m->n_category = g->n_categories;
    m->category = borrow_strings(a, g->categories, g->n_categories);
    return m->category ? m : NULL;
}

static Ganad__Checkpoint__Schema *build_schema(struct gad_ckpt_arena *a,
                                               const struct gad_checkpoint *c)
{
    Ganad__Checkpoint__Schema *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__schema__init(m);
    m->n_numeric = c->schema.n_numeric;
    m->numeric = borrow_strings(a, c->schema.numeric, c->schema.n_numeric);
    m->n_group = c->schema.n_groups;
    m->group = pointers(a, c->schema.n_groups);
    for (size_t i = 0; m->group && i < c->schema.n_groups; i++)
        if (!(m->group[i] = build_group(a, &c->schema.groups[i])))
            return NULL;
    return m->numeric && m->group ? m : NULL;
}

static Ganad__Checkpoint__Scaler *build_scaler(struct gad_ckpt_arena *a,
                                               const struct gad_checkpoint *c)
{
    Ganad__Checkpoint__Scaler *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__scaler__init(m);
    m->kind = borrow(c->scaler.kind);
    m->n_log = m->n_offset = m->n_range = c->scaler.dim;
    m->log = gad_ckpt_arena_alloc(a, c->scaler.dim, sizeof(*m->log));
    for (size_t i = 0; m->log && i < c->scaler.dim; i++)
        m->log[i] = c->scaler.log[i];
    m->offset = borrow_floats(c->scaler.offset);
    m->range = borrow_floats(c->scaler.range);
    if (c->scaler.n_knots > 0) {
        m->n_knots = c->scaler.dim;
        m->knots = (uint32_t *)(uintptr_t)c->scaler.knots;
        m->n_knot_x = m->n_knot_y = c->scaler.n_knots;
        m->knot_x = borrow_floats(c->scaler.knot_x);
        m->knot_y = borrow_floats(c->scaler.knot_y);
    }
    return m->log ? m : NULL;
}

static Ganad__Checkpoint__Search *build_search(struct gad_ckpt_arena *a,
                                               const struct gad_ckpt_search *s)
{
    Ganad__Checkpoint__Search *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    Ganad__Checkpoint__Search__Phase *phase = gad_ckpt_arena_alloc(a, s->n_phases, sizeof(*phase));
    if (!m || !phase)
        return NULL;
    ganad__checkpoint__search__init(m);
    m->steps = s->steps;
    m->seed = s->seed;
    m->tolerance = s->tolerance;
    m->phase = pointers(a, s->n_phases);
    for (size_t i = 0; m->phase && i < s->n_phases; i++) {
        ganad__checkpoint__search__phase__init(&phase[i]);
        phase[i].from = s->phases[i].from;
        phase[i].rate = s->phases[i].rate;
        m->phase[m->n_phase++] = &phase[i];
    }
    return m->phase ? m : NULL;
}

static Ganad__Checkpoint__Score *build_score(struct gad_ckpt_arena *a,
                                             const struct gad_checkpoint *c)
{
    Ganad__Checkpoint__Score *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__score__init(m);
    m->kind = borrow(c->score.kind);
    m->weight = c->score.weight;
    m->degree = c->score.degree;
    if (c->score.search.steps > 0 && !(m->search = build_search(a, &c->score.search)))
        return NULL;
    return m;
}

static Ganad__Checkpoint__Tail *build_tail(struct gad_ckpt_arena *a, const struct gad_ckpt_tail *t)
{
    Ganad__Checkpoint__Tail *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__tail__init(m);
    m->state = (Ganad__Checkpoint__Tail__State)t->state;
    m->level = t->level;
    m->n_peaks = t->n_peaks;
    m->shape = t->shape;
    m->scale = t->scale;
    m->goodness = t->goodness;
    if (t->state == GAD_CKPT_TAIL_FITTED) {
        m->n_curve_shape = m->n_curve_scale = GAD_CKPT_TAIL_CURVE;
        m->curve_shape = borrow_doubles(t->curve_shape);
        m->curve_scale = borrow_doubles(t->curve_scale);
    }
    return m;
}

static Ganad__Checkpoint__Calibration *build_calibration(struct gad_ckpt_arena *a,
                                                         const struct gad_checkpoint *c)
{
    Ganad__Checkpoint__Calibration *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__calibration__init(m);
    m->n = c->calibration.n;
    m->n_level = m->n_value = c->calibration.n_levels;
    m->level = borrow_doubles(c->calibration.level);
    m->value = borrow_floats(c->calibration.value);
    m->folds = c->calibration.folds;
    m->worth = c->calibration.worth;
    if (c->calibration.tail.state != GAD_CKPT_TAIL_NONE &&
        !(m->tail = build_tail(a, &c->calibration.tail)))
        return NULL;
    return m;
}

static Ganad__Checkpoint__Provenance__Source *build_source(struct gad_ckpt_arena *a,
                                                           const struct gad_ckpt_source *s)
{
    Ganad__Checkpoint__Provenance__Source *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__provenance__source__init(m);
    m->name = borrow(s->name);
    m->sha256 = borrow(s->sha256);
    m->rows = s->rows;
    return m;
}

static Ganad__Checkpoint__Provenance__Metric *build_metric(struct gad_ckpt_arena *a,
                                                           const struct gad_ckpt_metric *metric)
{
    Ganad__Checkpoint__Provenance__Metric *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__provenance__metric__init(m);
    m->name = borrow(metric->name);
    m->value = metric->value;
    return m;
}

static Ganad__Checkpoint__Provenance__History *build_history(struct gad_ckpt_arena *a,
                                                             const struct gad_ckpt_history *h)
{
    Ganad__Checkpoint__Provenance__History *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__provenance__history__init(m);
    m->n_loss_d = m->n_loss_g = m->n_loss_e = m->n_held_out = h->n;
    m->loss_d = borrow_doubles(h->loss_d);
    m->loss_g = borrow_doubles(h->loss_g);
    m->loss_e = borrow_doubles(h->loss_e);
    m->held_out = borrow_doubles(h->held_out);
    return m;
}

static Ganad__Checkpoint__Provenance *build_provenance(struct gad_ckpt_arena *a,
                                                       const struct gad_checkpoint *c)
{
    Ganad__Checkpoint__Provenance *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    if (!m)
        return NULL;
    ganad__checkpoint__provenance__init(m);
    m->created = borrow(c->provenance.created);
    m->software = borrow(c->provenance.software);
    m->command = borrow(c->provenance.command);
    m->protocol = borrow(c->provenance.protocol);
    m->seed = c->provenance.seed;
    m->epochs = c->provenance.epochs;
    m->epoch = c->provenance.epoch;
    m->n_data = c->provenance.n_data;
    m->n_metric = c->provenance.n_metrics;
    m->data = pointers(a, m->n_data);
    m->metric = pointers(a, m->n_metric);
    if (!m->data || !m->metric)
        return NULL;
    for (size_t i = 0; i < m->n_data; i++)
        if (!(m->data[i] = build_source(a, &c->provenance.data[i])))
            return NULL;
    for (size_t i = 0; i < m->n_metric; i++)
        if (!(m->metric[i] = build_metric(a, &c->provenance.metrics[i])))
            return NULL;
    if (c->provenance.history.n > 0 && !(m->history = build_history(a, &c->provenance.history)))
        return NULL;
    return m;
}

static Ganad__Checkpoint__Reference *build_reference(struct gad_ckpt_arena *a,
                                                     const struct gad_checkpoint *c)
{
    size_t n = c->reference.n_columns;
    Ganad__Checkpoint__Reference *m = gad_ckpt_arena_alloc(a, 1, sizeof(*m));
    Ganad__Checkpoint__Reference__Column *column = gad_ckpt_arena_alloc(a, n, sizeof(*column));

    if (!m || !column)
        return NULL;
    ganad__checkpoint__reference__init(m);
    m->n = c->reference.n;
    m->column = gad_ckpt_arena_alloc(a, n, sizeof(*m->column));
    for (size_t i = 0; m->column && i < n; i++) {
        const struct gad_ckpt_histogram *h = &c->reference.column[i];
        ganad__checkpoint__reference__column__init(&column[i]);
        column[i].n_edge = h->n_edges;
        column[i].edge = (double *)(uintptr_t)h->edge; /* packing only reads */
        column[i].n_count = h->n_bins;
        column[i].count = (uint64_t *)(uintptr_t)h->count;
        m->column[m->n_column++] = &column[i];
    }
    return m->column ? m : NULL;
}

static bool build_self_tests(struct gad_ckpt_arena *a, const struct gad_checkpoint *c,
                             Ganad__Checkpoint__Checkpoint *m)
{
    m->self_test = pointers(a, c->n_self_tests);
    Ganad__Checkpoint__SelfTest *t = gad_ckpt_arena_alloc(a, c->n_self_tests, sizeof(*t));
    if (!m->self_test || !t)
        return false;
    for (size_t i = 0; i < c->n_self_tests; i++) {
        ganad__checkpoint__self_test__init(&t[i]);
        t[i].record = borrow(c->self_tests[i].record);
        t[i].score = c->self_tests[i].score;
        m->self_test[m->n_self_test++] = &t[i];
    }
    return true;
}

static bool build(struct gad_ckpt_arena *a, const struct gad_checkpoint *c,
                  Ganad__Checkpoint__Checkpoint *m)
{
    ganad__checkpoint__checkpoint__init(m);
    m->name = borrow(c->name);
    m->model = borrow(c->model);
    m->condition = borrow(c->condition);
    if (c->reference.n > 0 && !(m->reference = build_reference(a, c)))
        return false;
    return build_nets(a, c, m) && (m->schema = build_schema(a, c)) &&
           (m->scaler = build_scaler(a, c)) && (m->score = build_score(a, c)) &&
           (m->calibration = build_calibration(a, c)) && (m->provenance = build_provenance(a, c)) &&
           build_self_tests(a, c, m);
}

enum { MEMORY_MAX = 2 * GAD_CKPT_FILE_MAX }; /* for building, and then for the file */

/* Writes the message after space for the header, then the header. */
static int encode(const struct gad_checkpoint *c, struct gad_buf *file, uint8_t sum[static 32],
                  struct gad_diag *d)
{
    gad_cleanup(gad_ckpt_arena_freep) struct gad_ckpt_arena *a = gad_ckpt_arena_new(MEMORY_MAX);
    Ganad__Checkpoint__Checkpoint m;

    if (!a || (!build(a, c, &m) && !a->over))
        return gad_fail(d, GAD_ENOMEM, "no memory");
    if (a->over)
        return gad_fail(d, GAD_ELIMIT, "would be more than %d bytes", GAD_CKPT_FILE_MAX);
    size_t len = ganad__checkpoint__checkpoint__get_packed_size(&m);
    uint8_t *p = gad_buf_room(file, GAD_CKPT_HEADER_LEN + len);
    if (!p)
        return gad_fail(d, GAD_ENOMEM, "no memory for %zu bytes", len);
    (void)ganad__checkpoint__checkpoint__pack(&m, p + GAD_CKPT_HEADER_LEN);
    int r = gad_ckpt_sha256(p + GAD_CKPT_HEADER_LEN, len, sum, d);
    if (r != 0)
        return r;
    gad_buf_add(file, gad_ckpt_magic, sizeof(gad_ckpt_magic));
    gad_buf_add_u32le(file, GAD_CKPT_VERSION);
    gad_buf_add_u32le(file, 0);
    gad_buf_add_u64le(file, len);
    gad_buf_add(file, sum, 32);
    gad_assert(!file->bad && file->len == GAD_CKPT_HEADER_LEN);
    file->len += len;
    return 0;
}

static int pack(const char *name, struct gad_checkpoint *c, struct gad_buf *file,
                struct gad_diag *d)
{
    struct gad_checkpoint *back;
    uint8_t sum[32];

    int r = encode(c, file, sum, d);
    if (r != 0) {
        gad_diag_prefix(d, "%s", name);
        return r;
    }
    r = gad_checkpoint_parse(name, file->p, file->len, &back, d);
    if (r != 0)
        return r;
    gad_checkpoint_free(back);
    memcpy(c->sha256, sum, sizeof(sum));
    return 0;
}

int gad_checkpoint_write(struct gad_checkpoint *c, const char *path, struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf file = GAD_BUF_INIT(MEMORY_MAX);

    int r = pack(path, c, &file, d);
    return r != 0 ? r : gad_file_write_atomic(path, file.p, file.len, d);
}

int gad_checkpoint_pack(struct gad_checkpoint *c, uint8_t **ret, size_t *ret_len,
                        struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf file = GAD_BUF_INIT(MEMORY_MAX);

    int r = pack("checkpoint", c, &file, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&file.p);
    *ret_len = file.len;
    return 0;
}
