/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of AnoGAN, for anogan.c, which loads it, and anogan_search.c, which searches. */

#include <stddef.h>
#include <stdint.h>

#include "lib/checkpoint/checkpoint.h"
#include "models/condition.h"
#include "models/model.h"

enum score_kind { SCORE_FM, SCORE_CROSS_E };

struct gad_model {
    const struct gad_kernel *kernel;
    struct gad_conditional generator, disc;
    struct gad_layer generator_back[GAD_CHAIN_LAYERS_MAX], disc_back[GAD_CHAIN_LAYERS_MAX];
    float *start; /* (latent) */
    enum score_kind kind;
    float weight;
    size_t dim, latent; /* latent padded */
    uint32_t steps;
    float tolerance;
    size_t n_phases;
    struct gad_ckpt_phase phase[GAD_CKPT_SEARCH_PHASES_MAX];
};

/* Floats of workspace that a search of n rows takes. */
size_t gad_anogan_workspace(const struct gad_model *m, size_t n);

/* From the start to z* of each row of x (n, ld): its loss there, score (n), and G(z*), xhat (n, ld); either may be
 * NULL. As gad_model_ops.score() otherwise. */
void gad_anogan_search(const struct gad_model *m, size_t n, const float *x, float *ws, float *score,
                       float *xhat);
