/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An ONNX graph under construction. Each call adds a node or a constant and returns the name of its
 * result, which is an argument of the next. After a failed allocation every call does nothing and
 * returns "", and onnx_graph_pack() returns GAD_ENOMEM.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_checkpoint;
struct gad_ckpt_net;
struct onnx_graph;

int onnx_graph_new(struct onnx_graph **ret) GAD_MUST_CHECK;
void onnx_graph_free(struct onnx_graph *g);

/* Names are valid as long as the graph. */
const char *onnx_constant(struct onnx_graph *g, float v); /* a scalar */
const char *onnx_op1(struct onnx_graph *g, const char *op, const char *a);
const char *onnx_op2(struct onnx_graph *g, const char *op, const char *a, const char *b);

/* Over the elements of each row: from (N, k) to (N). */
const char *onnx_row_sum(struct onnx_graph *g, const char *a);
const char *onnx_row_mean(struct onnx_graph *g, const char *a);
const char *onnx_concat(struct onnx_graph *g, const char *a, const char *b); /* columns */
const char *onnx_columns(struct onnx_graph *g, const char *a, size_t first, size_t n);
const char *onnx_squeeze(struct onnx_graph *g, const char *a); /* (N, 1) to (N) */

/* Layers first .. last - 1 of a net; its weights are borrowed. */
const char *onnx_layers(struct onnx_graph *g, const struct gad_ckpt_net *net, size_t first,
                        size_t last, const char *x);

/* Makes a result an output of the graph with this name. */
void onnx_output(struct onnx_graph *g, const char *from, const char *name, size_t columns);

void onnx_metadata(struct onnx_graph *g, const char *key, const char *value); /* copied */

/* The whole model with input "x" (N, dim). The same graph gives the same bytes. The caller
 * owns *ret. */
int onnx_graph_pack(struct onnx_graph *g, size_t dim, uint8_t **ret,
                    size_t *ret_len) GAD_MUST_CHECK;
