/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/random_model.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/feature/schema.h"

enum { DIM = 121, LATENT = 32, NETS_MAX = 7, LAYERS_MAX = 4, GROUPS_MAX = 8 };

struct random_model {
    struct gad_checkpoint c;
    struct gad_ckpt_net nets[NETS_MAX];
    struct gad_ckpt_layer layers[NETS_MAX][LAYERS_MAX];
    struct gad_schema *schema;
    const char *names[DIM];
    struct gad_ckpt_group groups[GROUPS_MAX];
    bool log[DIM];
    float offset[DIM], range[DIM];
    struct gad_rng rng;
};

struct shape {
    uint32_t in, out;
    enum gad_ckpt_act act;
    float slope;
};

struct net_shape {
    const char *name;
    struct shape layer[LAYERS_MAX]; /* ends with in = 0 */
};

static const struct net_shape egbad[] = {
    {"encoder", {{DIM, 64, GAD_CKPT_LEAKY_RELU, 0.1f}, {64, LATENT, GAD_CKPT_LINEAR, 0}}},
    {"generator",
     {{LATENT, 64, GAD_CKPT_RELU, 0}, {64, 128, GAD_CKPT_RELU, 0}, {128, DIM, GAD_CKPT_LINEAR, 0}}},
    {"disc_x", {{DIM, 128, GAD_CKPT_LEAKY_RELU, 0.1f}}},
    {"disc_z", {{LATENT, 128, GAD_CKPT_LEAKY_RELU, 0.1f}}},
    {"disc_head", {{256, 128, GAD_CKPT_LEAKY_RELU, 0.1f}, {128, 1, GAD_CKPT_LINEAR, 0}}},
};

static const struct net_shape ganomaly[] = {
    {"encoder", {{DIM, 64, GAD_CKPT_LEAKY_RELU, 0.2f}, {64, LATENT, GAD_CKPT_LINEAR, 0}}},
    {"decoder",
     {{LATENT, 64, GAD_CKPT_RELU, 0}, {64, 128, GAD_CKPT_RELU, 0}, {128, DIM, GAD_CKPT_LINEAR, 0}}},
    {"encoder2", {{DIM, 64, GAD_CKPT_LEAKY_RELU, 0.2f}, {64, LATENT, GAD_CKPT_LINEAR, 0}}},
};

/* Maps of the whitened score: widths of x - x' and of the other values that the model compares. */
static const struct net_shape whitening[][2] = {
    {{"whiten_r", {{DIM, DIM, GAD_CKPT_LINEAR, 0}}},
     {"whiten_e", {{128, 128, GAD_CKPT_LINEAR, 0}}}},
    {{"whiten_r", {{DIM, DIM, GAD_CKPT_LINEAR, 0}}},
     {"whiten_e", {{LATENT, LATENT, GAD_CKPT_LINEAR, 0}}}},
};

/* The map of the joint score: hidden activations, for egbad f(z, x') and f(z, x), and x - x'. */
enum { JOINT_EGBAD = 64 + 64 + 128 + 2 * 128 + DIM, JOINT_GANOMALY = 64 + 64 + 128 + 64 + DIM };
static const struct net_shape joint[] = {
    {"joint", {{JOINT_EGBAD, JOINT_EGBAD, GAD_CKPT_LINEAR, 0}}},
    {"joint", {{JOINT_GANOMALY, JOINT_GANOMALY, GAD_CKPT_LINEAR, 0}}},
};

static const struct net_shape anogan[] = {
    {"generator",
     {{LATENT, 64, GAD_CKPT_RELU, 0}, {64, 128, GAD_CKPT_RELU, 0}, {128, DIM, GAD_CKPT_LINEAR, 0}}},
    {"disc",
     {{DIM, 256, GAD_CKPT_LEAKY_RELU, 0.1f},
      {256, 128, GAD_CKPT_LEAKY_RELU, 0.1f},
      {128, 128, GAD_CKPT_LEAKY_RELU, 0.1f},
      {128, 1, GAD_CKPT_LINEAR, 0}}},
};

static const struct model_shape {
    const char *name;
    const struct net_shape *nets;
    size_t n;
} models[] = {
    {"egbad", egbad, sizeof(egbad) / sizeof(egbad[0])},
    {"ganomaly", ganomaly, sizeof(ganomaly) / sizeof(ganomaly[0])},
    {"anogan", anogan, sizeof(anogan) / sizeof(anogan[0])},
};

/* U(-b, b) with b = sqrt(6 / (in + out)); biases are small and not zero, so that a missing one
 * is found. */
static const float *uniform(struct random_model *m, size_t n, float bound)
{
    float *w = gad_calloc(n, sizeof(*w));

    gad_assert(w);
    for (size_t i = 0; i < n; i++)
        w[i] = (2.0f * gad_rng_uniform(&m->rng) - 1.0f) * bound;
    return w;
}

/* Nets that take the condition as a second input. */
static bool is_conditional(const char *model, const char *net)
{
    static const char *const nets[][2] = {
        {"egbad", "generator"}, {"egbad", "disc_z"}, {"anogan", "generator"}, {"anogan", "disc"}};

    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
        if (strcmp(model, nets[i][0]) == 0 && strcmp(net, nets[i][1]) == 0)
            return true;
    return false;
}

static void add_net(struct random_model *m, const struct net_shape *shape)
{
    size_t at = m->c.n_nets++, y, n_y = 0;
    struct gad_ckpt_net *net = &m->nets[at];

    if (is_conditional(m->c.model, shape->name))
        gad_assert(gad_checkpoint_condition(&m->c, &y, &n_y, NULL) == 0);

    *net = (struct gad_ckpt_net){.name = shape->name, .layers = m->layers[at]};
    for (const struct shape *s = shape->layer; net->n_layers < LAYERS_MAX && s->in; s++) {
        uint32_t in = s->in + (s == shape->layer ? (uint32_t)n_y : 0);
        size_t n = (size_t)in * s->out;
        net->layers[net->n_layers++] = (struct gad_ckpt_layer){
            .kind = GAD_CKPT_DENSE,
            .act = s->act,
            .in = in,
            .out = s->out,
            .slope = s->slope,
            .weight = uniform(m, n, sqrtf(6.0f / (float)(in + s->out))),
            .bias = uniform(m, s->out, 0.1f),
        };
    }
}

static void add_joint(struct random_model *m)
{
    add_net(m, &joint[strcmp(m->c.model, "egbad") != 0]);
    const struct gad_ckpt_layer *l = m->nets[m->c.n_nets - 1].layers;
    float *w = (float *)(uintptr_t)l->weight;

    for (size_t i = 1; i < l->in; i++) /* upper triangular */
        memset(w + i * l->out, 0, i * sizeof(*w));
    for (size_t i = 0; i < (size_t)l->in * l->out; i++)
        w[i] *= 20.0f;
}

static void add_schema(struct random_model *m)
{
    int r = gad_schema_new_egbad(&m->schema);
    gad_assert(r == 0 && gad_schema_dim(m->schema) == DIM &&
               gad_schema_n_groups(m->schema) <= GROUPS_MAX);

    for (size_t j = 0; j < DIM; j++)
        m->names[j] = gad_schema_element_name(m->schema, j);
    m->c.schema.numeric = m->names;
    m->c.schema.n_numeric = gad_schema_n_numeric(m->schema);
    m->c.schema.groups = m->groups;
    m->c.schema.n_groups = gad_schema_n_groups(m->schema);
    for (size_t g = 0; g < m->c.schema.n_groups; g++) {
        size_t first, n;
        enum gad_column col = gad_schema_group_column(m->schema, g, &first, &n);
        m->groups[g] = (struct gad_ckpt_group){gad_columns[col].name, m->names + first, n};
    }
    for (size_t j = 0; j < DIM; j++)
        m->range[j] = j < 3                ? 1000.0f
                      : j == 15 || j == 16 ? 511.0f
                      : j == 24 || j == 25 ? 255.0f
                                           : 1.0f;
    m->c.scaler.kind = "minmax";
    m->c.scaler.dim = DIM;
    m->c.scaler.log = m->log;
    m->c.scaler.offset = m->offset;
    m->c.scaler.range = m->range;
}

struct random_model *random_model_new(const char *model, const char *score, unsigned degree,
                                      uint64_t seed)
{
    return random_model_new_conditional(model, score, degree, seed, "");
}

struct random_model *random_model_new_conditional(const char *model, const char *score,
                                                  unsigned degree, uint64_t seed,
                                                  const char *condition)
{
    static const double figures[] = {0.5, 0.25, 0.125};
    static const double level[] = {0.0, 0.5, 1.0};
    static const float value[] = {0.0f, 1.0f, 2.0f};
    static const struct gad_ckpt_phase phases[] = {{0, 0.01f}, {12, 0.001f}, {16, 0.0005f}};
    const struct model_shape *shape = models;

    while (strcmp(shape->name, model) != 0)
        gad_assert(++shape < models + sizeof(models) / sizeof(models[0]));
    struct random_model *m = gad_calloc(1, sizeof(*m));
    gad_assert(m);
    m->rng = gad_rng_init(seed, 0);
    m->c.name = "random";
    m->c.model = model;
    m->c.condition = condition;
    m->c.nets = m->nets;
    add_schema(m);
    for (size_t i = 0; i < shape->n; i++)
        add_net(m, &shape->nets[i]);
    for (size_t i = 0; strcmp(score, "whitened") == 0 && i < 2; i++)
        add_net(m, &whitening[strcmp(model, "egbad") != 0][i]);
    if (strcmp(score, "joint") == 0)
        add_joint(m);
    m->c.score.kind = score;
    m->c.score.weight = 0.1f;
    m->c.score.degree = degree;
    if (strcmp(model, "anogan") == 0)
        m->c.score.search =
            (struct gad_ckpt_search){.steps = 20, .seed = seed, .n_phases = 3, .phases = phases};
    m->c.calibration.n = 1000;
    m->c.calibration.n_levels = 3;
    m->c.calibration.level = level;
    m->c.calibration.value = value;
    m->c.provenance.created = "";
    m->c.provenance.software = "test";
    m->c.provenance.command = "random_model_new";
    m->c.provenance.protocol = "normal";
    m->c.provenance.seed = seed;
    m->c.provenance.epochs = m->c.provenance.epoch = 3;
    m->c.provenance.history = (struct gad_ckpt_history){3, figures, figures, figures, figures};
    return m;
}

void random_model_free(struct random_model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->c.n_nets; i++)
        for (size_t j = 0; j < m->nets[i].n_layers; j++) {
            gad_free((void *)(uintptr_t)m->nets[i].layers[j].weight);
            gad_free((void *)(uintptr_t)m->nets[i].layers[j].bias);
        }
    gad_schema_free(m->schema);
    gad_free(m);
}

struct gad_checkpoint *random_model_checkpoint(struct random_model *m)
{
    return &m->c;
}
