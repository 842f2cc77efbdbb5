/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/internal.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"

void gad_ckpt_tensor_name(const char *net, size_t layer, bool bias,
                          char text[static GAD_CKPT_TENSOR_NAME])
{
    (void)snprintf(text, GAD_CKPT_TENSOR_NAME, "%.*s.%zu.%s", GAD_CKPT_NAME_MAX, net, layer,
                   bias ? "bias" : "weight");
}

struct tally {
    size_t n, subnormal; /* over all tensors */
};

/* Little-endian bytes to floats where they stand: arena memory is aligned and has no other type. */
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

/* What a layer says of its tensor; a bias has no rows. Verified, so that rows * cols cannot overflow. */
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
        return gad_fail(d, GAD_EMISMATCH, "tensor '%s': '%s' stands in its place", s->name, found);
    }
    if (t->data.len != s->n * sizeof(float))
        return gad_fail(d, GAD_EMISMATCH, "tensor '%s': %zu values%s, layer says %s", s->name,
                        t->data.len / sizeof(float),
                        t->data.len % sizeof(float) ? " and a part of one" : "", s->text);
    if (!same_shape(t, s))
        return gad_fail(d, GAD_EMISMATCH, "tensor '%s': has another shape than %s", s->name,
                        s->text);
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
    /* Arithmetic on subnormal numbers is many times slower; training leaves next to none. */
    if (r == 0 && tally.subnormal > tally.n / 100)
        r = gad_fail(d, GAD_EFORMAT, "tensors: %zu of %zu values are subnormal", tally.subnormal,
                     tally.n);
    return r;
}
