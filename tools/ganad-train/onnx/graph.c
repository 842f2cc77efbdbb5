/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/onnx/graph.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "proto/onnx.pb-c.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "tensors are written as they lie in memory");

enum {
    IR_VERSION = 8,
    OPERATOR_SET = 13,
    TYPE_FLOAT = 1, /* TensorProto.DataType */
    TYPE_INT64 = 7,
    LIST_MAX = 256, /* nodes, constants: the largest model has about 60 */
    BLOCKS_MAX = 8192,
    NAME_MAX_LEN = 24,
};

struct onnx_graph {
    bool failed;
    size_t n_blocks;
    void *block[BLOCKS_MAX]; /* all its allocations */
    Ganad__Onnx__Node *node[LIST_MAX];
    Ganad__Onnx__Tensor *constant[LIST_MAX];
    Ganad__Onnx__Value *output[4];
    Ganad__Onnx__Entry *entry[LIST_MAX];
    size_t n_nodes, n_constants, n_outputs, n_entries;
    const char *axis; /* constant [1]; NULL until it is used */
};

int onnx_graph_new(struct onnx_graph **ret)
{
    struct onnx_graph *g = gad_calloc(1, sizeof(*g));
    if (!g)
        return GAD_ENOMEM;
    *ret = g;
    return 0;
}

void onnx_graph_free(struct onnx_graph *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n_blocks; i++)
        gad_free(g->block[i]);
    gad_free(g);
}

static void *take(struct onnx_graph *g, size_t n, size_t size)
{
    void *p = g->failed || g->n_blocks == BLOCKS_MAX ? NULL : gad_calloc(n, size);

    if (p)
        g->block[g->n_blocks++] = p;
    else
        g->failed = true;
    return p;
}

/* "v12" */
static char *name(struct onnx_graph *g, char letter, size_t number)
{
    char *s = take(g, NAME_MAX_LEN, 1);

    if (s)
        (void)snprintf(s, NAME_MAX_LEN, "%c%zu", letter, number);
    return s;
}

static char *borrow(const char *s)
{
    return (char *)(uintptr_t)s; /* protobuf-c has no const */
}

static Ganad__Onnx__Node *add_node(struct onnx_graph *g, const char *op, size_t n_inputs,
                                   const char *const *input)
{
    Ganad__Onnx__Node *n = take(g, 1, sizeof(*n));
    char **in = take(g, n_inputs, sizeof(*in)), **out = take(g, 1, sizeof(*out));
    char *result = name(g, 'v', g->n_nodes);

    if (g->failed || g->n_nodes == LIST_MAX) {
        g->failed = true;
        return NULL;
    }
    ganad__onnx__node__init(n);
    for (size_t i = 0; i < n_inputs; i++)
        in[i] = borrow(input[i]);
    out[0] = result;
    n->op_type = borrow(op);
    n->name = result;
    n->n_input = n_inputs;
    n->input = in;
    n->n_output = 1;
    n->output = out;
    g->node[g->n_nodes++] = n;
    return n;
}

static const char *result_of(const Ganad__Onnx__Node *n)
{
    return n ? n->output[0] : "";
}

static Ganad__Onnx__Attribute *add_attribute(struct onnx_graph *g, Ganad__Onnx__Node *n,
                                             const char *key, Ganad__Onnx__Attribute__Type type)
{
    Ganad__Onnx__Attribute *a = n ? take(g, 1, sizeof(*a)) : NULL;

    if (!a)
        return NULL;
    if (!n->attribute)
        n->attribute = take(g, 2, sizeof(*n->attribute));
    if (g->failed)
        return NULL;
    ganad__onnx__attribute__init(a);
    a->name = borrow(key);
    a->type = type;
    n->attribute[n->n_attribute++] = a;
    return a;
}

static void set_int(struct onnx_graph *g, Ganad__Onnx__Node *n, const char *key, int64_t v)
{
    Ganad__Onnx__Attribute *a = add_attribute(g, n, key, GANAD__ONNX__ATTRIBUTE__TYPE__INT);
    if (a)
        a->i = v;
}

/* @data: borrowed. */
static const char *add_tensor(struct onnx_graph *g, int type, size_t n_dims, const int64_t *dims,
                              const void *data, size_t len)
{
    Ganad__Onnx__Tensor *t = take(g, 1, sizeof(*t));
    int64_t *d = take(g, n_dims ? n_dims : 1, sizeof(*d));
    char *label = name(g, 'c', g->n_constants);

    if (g->failed || g->n_constants == LIST_MAX) {
        g->failed = true;
        return "";
    }
    ganad__onnx__tensor__init(t);
    memcpy(d, dims, n_dims * sizeof(*d));
    t->name = label;
    t->data_type = type;
    t->n_dims = n_dims;
    t->dims = d;
    t->raw_data = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
    g->constant[g->n_constants++] = t;
    return label;
}

const char *onnx_constant(struct onnx_graph *g, float v)
{
    float *p = take(g, 1, sizeof(*p));
    const int64_t one = 1;

    if (!p)
        return "";
    *p = v;
    return add_tensor(g, TYPE_FLOAT, 1, &one, p, sizeof(*p));
}

const char *onnx_op1(struct onnx_graph *g, const char *op, const char *a)
{
    return result_of(add_node(g, op, 1, &a));
}

const char *onnx_op2(struct onnx_graph *g, const char *op, const char *a, const char *b)
{
    return result_of(add_node(g, op, 2, (const char *const[]){a, b}));
}

static const char *axis(struct onnx_graph *g)
{
    static const int64_t one = 1; /* the axis of the columns, and the number of axes */

    if (!g->axis)
        g->axis = add_tensor(g, TYPE_INT64, 1, &one, &one, sizeof(one));
    return g->axis;
}

const char *onnx_row_sum(struct onnx_graph *g, const char *a)
{
    Ganad__Onnx__Node *n = add_node(g, "ReduceSum", 2, (const char *const[]){a, axis(g)});
    set_int(g, n, "keepdims", 0);
    return result_of(n);
}

const char *onnx_row_mean(struct onnx_graph *g, const char *a)
{
    static int64_t one = 1;
    Ganad__Onnx__Node *n = add_node(g, "ReduceMean", 1, &a);
    Ganad__Onnx__Attribute *axes = add_attribute(g, n, "axes", GANAD__ONNX__ATTRIBUTE__TYPE__INTS);

    if (axes) {
        axes->n_ints = 1;
        axes->ints = &one;
    }
    set_int(g, n, "keepdims", 0);
    return result_of(n);
}

const char *onnx_concat(struct onnx_graph *g, const char *a, const char *b)
{
    Ganad__Onnx__Node *n = add_node(g, "Concat", 2, (const char *const[]){a, b});
    set_int(g, n, "axis", 1);
    return result_of(n);
}

const char *onnx_columns(struct onnx_graph *g, const char *a, size_t first, size_t n)
{
    int64_t *ends = take(g, 2, sizeof(*ends));
    const int64_t one = 1;

    if (!ends)
        return "";
    ends[0] = (int64_t)first;
    ends[1] = (int64_t)(first + n);
    const char *from = add_tensor(g, TYPE_INT64, 1, &one, &ends[0], sizeof(*ends)),
               *to = add_tensor(g, TYPE_INT64, 1, &one, &ends[1], sizeof(*ends));
    return result_of(add_node(g, "Slice", 4, (const char *const[]){a, from, to, axis(g)}));
}

const char *onnx_squeeze(struct onnx_graph *g, const char *a)
{
    return onnx_op2(g, "Squeeze", a, axis(g));
}

static const char *activate(struct onnx_graph *g, const struct gad_ckpt_layer *l, const char *v)
{
    static const char *const op[GAD_CKPT_N_ACTS] = {[GAD_CKPT_RELU] = "Relu",
                                                    [GAD_CKPT_LEAKY_RELU] = "LeakyRelu",
                                                    [GAD_CKPT_SIGMOID] = "Sigmoid",
                                                    [GAD_CKPT_TANH] = "Tanh"};
    if (l->act == GAD_CKPT_LINEAR)
        return v;
    Ganad__Onnx__Node *n = add_node(g, op[l->act], 1, &v);
    if (l->act == GAD_CKPT_LEAKY_RELU) {
        Ganad__Onnx__Attribute *alpha =
            add_attribute(g, n, "alpha", GANAD__ONNX__ATTRIBUTE__TYPE__FLOAT);
        if (alpha)
            alpha->f = l->slope;
    }
    return result_of(n);
}

const char *onnx_layers(struct onnx_graph *g, const struct gad_ckpt_net *net, size_t first,
                        size_t last, const char *x)
{
    for (size_t i = first; i < last; i++) {
        const struct gad_ckpt_layer *l = &net->layers[i];
        const int64_t shape[2] = {l->in, l->out}, width = l->out;
        size_t n = (size_t)l->in * l->out; /* within the limits of the reader: no overflow */
        const char *w = add_tensor(g, TYPE_FLOAT, 2, shape, l->weight, n * sizeof(float)),
                   *b = add_tensor(g, TYPE_FLOAT, 1, &width, l->bias, l->out * sizeof(float));
        x = activate(g, l, result_of(add_node(g, "Gemm", 3, (const char *const[]){x, w, b})));
    }
    return x;
}

/* float32 (N, columns), or (N) with no columns. */
static Ganad__Onnx__Value *value(struct onnx_graph *g, const char *label, size_t columns)
{
    struct {
        Ganad__Onnx__Value value;
        Ganad__Onnx__Type type;
        Ganad__Onnx__Type__TensorType tensor;
        Ganad__Onnx__Shape shape;
        Ganad__Onnx__Shape__Dimension dim[2], *dims[2];
    } *v = take(g, 1, sizeof(*v));

    if (!v)
        return NULL;
    ganad__onnx__value__init(&v->value);
    ganad__onnx__type__init(&v->type);
    ganad__onnx__type__tensor_type__init(&v->tensor);
    ganad__onnx__shape__init(&v->shape);
    for (int i = 0; i < 2; i++) {
        ganad__onnx__shape__dimension__init(&v->dim[i]);
        v->dims[i] = &v->dim[i];
    }
    v->dim[0].value_case = GANAD__ONNX__SHAPE__DIMENSION__VALUE_DIM_PARAM;
    v->dim[0].dim_param = borrow("N");
    v->dim[1].value_case = GANAD__ONNX__SHAPE__DIMENSION__VALUE_DIM_VALUE;
    v->dim[1].dim_value = (int64_t)columns;
    v->shape.n_dim = columns ? 2 : 1;
    v->shape.dim = v->dims;
    v->tensor.elem_type = TYPE_FLOAT;
    v->tensor.shape = &v->shape;
    v->type.tensor_type = &v->tensor;
    v->value.name = borrow(label);
    v->value.type = &v->type;
    return &v->value;
}

void onnx_output(struct onnx_graph *g, const char *from, const char *label, size_t columns)
{
    Ganad__Onnx__Node *n = add_node(g, "Identity", 1, &from);
    Ganad__Onnx__Value *v = value(g, label, columns);

    if (!n || !v)
        return;
    gad_assert(g->n_outputs < sizeof(g->output) / sizeof(g->output[0]));
    n->output[0] = borrow(label);
    g->output[g->n_outputs++] = v;
}

void onnx_metadata(struct onnx_graph *g, const char *key, const char *text)
{
    Ganad__Onnx__Entry *e = take(g, 1, sizeof(*e));
    char *copy = take(g, strlen(text) + 1, 1);

    if (!e || !copy || g->n_entries == LIST_MAX) {
        g->failed = true;
        return;
    }
    ganad__onnx__entry__init(e);
    memcpy(copy, text, strlen(text) + 1);
    e->key = borrow(key);
    e->value = copy;
    g->entry[g->n_entries++] = e;
}

int onnx_graph_pack(struct onnx_graph *g, size_t dim, uint8_t **ret, size_t *ret_len)
{
    Ganad__Onnx__Model model;
    Ganad__Onnx__Graph graph;
    Ganad__Onnx__OperatorSet set, *sets[1] = {&set};
    Ganad__Onnx__Value *input[1] = {value(g, "x", dim)};

    if (g->failed)
        return GAD_ENOMEM;
    ganad__onnx__model__init(&model);
    ganad__onnx__graph__init(&graph);
    ganad__onnx__operator_set__init(&set);
    set.version = OPERATOR_SET;
    graph.name = borrow("score");
    graph.n_node = g->n_nodes;
    graph.node = g->node;
    graph.n_initializer = g->n_constants;
    graph.initializer = g->constant;
    graph.n_input = 1;
    graph.input = input;
    graph.n_output = g->n_outputs;
    graph.output = g->output;
    model.ir_version = IR_VERSION;
    model.producer_name = borrow("ganad");
    model.producer_version = borrow(GANAD_VERSION);
    model.graph = &graph;
    model.n_opset_import = 1;
    model.opset_import = sets;
    model.n_metadata_props = g->n_entries;
    model.metadata_props = g->entry;

    size_t len = ganad__onnx__model__get_packed_size(&model);
    uint8_t *p = gad_calloc(len, 1);
    if (!p)
        return GAD_ENOMEM;
    *ret_len = ganad__onnx__model__pack(&model, p);
    *ret = p;
    return 0;
}
