/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/param.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"

size_t gad_params_add(struct gad_params *p, enum gad_param_kind kind, size_t rows, size_t cols)
{
    size_t at = p->size, n;

    gad_assert(!p->value && p->n_tensors < GAD_PARAM_TENSORS_MAX);
    gad_assert(gad_mul_size(rows, cols, &n) && n < SIZE_MAX / 1024);
    p->tensor[p->n_tensors++] =
        (struct gad_param){.kind = kind, .at = at, .rows = rows, .cols = cols};
    p->size += (n + GAD_PARAM_ALIGN - 1) / GAD_PARAM_ALIGN * GAD_PARAM_ALIGN;
    return at;
}

int gad_params_alloc(struct gad_params *p)
{
    gad_real *plane = gad_calloc_aligned(p->size, 5 * sizeof(*plane));

    if (!plane)
        return GAD_ENOMEM;
    p->value = plane;
    p->grad = plane + p->size;
    p->m = plane + 2 * p->size;
    p->v = plane + 3 * p->size;
    p->average = plane + 4 * p->size;
    return 0;
}

void gad_params_deinit(struct gad_params *p)
{
    gad_free(p->value);
    p->value = p->grad = p->m = p->v = p->average = NULL;
}

struct gad_range gad_range_join(struct gad_range a, struct gad_range b)
{
    gad_assert(a.at <= b.at);
    return (struct gad_range){.at = a.at, .n = b.at + b.n - a.at};
}

static bool weight_within(const struct gad_param *t, struct gad_range r)
{
    return t->kind == GAD_PARAM_WEIGHT && t->at >= r.at && t->at < r.at + r.n;
}

void gad_init_xavier(struct gad_params *p, struct gad_range r, struct gad_rng *rng)
{
    memset(p->value + r.at, 0, r.n * sizeof(*p->value));
    for (size_t i = 0; i < p->n_tensors; i++) {
        const struct gad_param *t = &p->tensor[i];
        double limit = sqrt(6 / (double)(t->rows + t->cols));

        for (size_t j = 0; weight_within(t, r) && j < t->rows * t->cols; j++)
            p->value[t->at + j] = (gad_real)(limit * (2 * (double)gad_rng_uniform(rng) - 1));
    }
}
