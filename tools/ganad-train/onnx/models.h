/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The scores of the models as ONNX nodes: the formulas of models/NAME.c, one function for each
 * model.
 */

#include "lib/base/err.h"

struct gad_checkpoint;
struct gad_diag;
struct onnx_graph;

/* Adds the nodes from "x" (N, dim), scaled, to the outputs "score" (N) and "reconstruction" (N,
 * dim). GAD_EINVAL with @d for a model that searches: its score is not one pass through a graph. */
int onnx_score(struct onnx_graph *g, const struct gad_checkpoint *c,
               struct gad_diag *d) GAD_MUST_CHECK;
