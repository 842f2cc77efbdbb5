/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/snapshot.h"

#include <string.h>

struct snapshot {
    size_t n_nets;
    struct gad_ckpt_net nets[GAD_CKPT_NETS_MAX];
    struct gad_ckpt_layer layers[GAD_CKPT_LAYERS_MAX];
    size_t n_weights;
    float *weights; /* of all layers, each weight before its bias */
};

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    gad_free(s->weights);
    gad_free(s);
}

static const float *copy(float **at, const float *from, size_t n)
{
    float *to = *at;
    memcpy(to, from, n * sizeof(*to));
    *at += n;
    return to;
}

int snapshot_new(const struct gad_checkpoint *c, struct snapshot **ret)
{
    gad_cleanup(snapshot_freep) struct snapshot *s = gad_calloc(1, sizeof(*s));
    size_t n_layers = 0, n_weights = 0;

    if (!s)
        return GAD_ENOMEM;
    gad_assert(c->n_nets <= GAD_CKPT_NETS_MAX);
    for (size_t i = 0; i < c->n_nets; i++) {
        s->nets[i] = c->nets[i];
        s->nets[i].layers = s->layers + n_layers;
        for (size_t k = 0; k < c->nets[i].n_layers; k++) {
            const struct gad_ckpt_layer *l = &c->nets[i].layers[k];
            gad_assert(n_layers < GAD_CKPT_LAYERS_MAX);
            s->layers[n_layers++] = *l;
            n_weights += (size_t)l->in * l->out + l->out; /* dims are at most GAD_CKPT_DIM_MAX */
        }
    }
    s->n_nets = c->n_nets;
    s->n_weights = n_weights;
    s->weights = gad_calloc(n_weights, sizeof(*s->weights));
    if (!s->weights)
        return GAD_ENOMEM;
    float *at = s->weights;
    for (size_t k = 0; k < n_layers; k++) {
        struct gad_ckpt_layer *l = &s->layers[k];
        l->weight = copy(&at, l->weight, (size_t)l->in * l->out);
        l->bias = copy(&at, l->bias, l->out);
    }
    *ret = gad_steal(&s);
    return 0;
}

float *snapshot_weights(struct snapshot *s, size_t *ret_n)
{
    *ret_n = s->n_weights;
    return s->weights;
}

void snapshot_fill(struct snapshot *s, struct gad_checkpoint *c)
{
    c->n_nets = s->n_nets;
    c->nets = s->nets;
}
