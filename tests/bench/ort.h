/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ONNX Runtime through its C interface, loaded at run time: the peer of the scorer in comparisons.
 * The library's header is not needed. Its function table only grows at the end, so a slot's number
 * identifies it; the numbers here are those of API version 1.
 */

#include <stddef.h>

struct ort;

/* Loads the library and the model, one thread, all graph optimisations. NULL with a message on
 * stderr. */
struct ort *ort_open(const char *library, const char *model);
void ort_close(struct ort *o);

/* Binds x (n, dim) and y (n) for ort_run(); both stay the caller's. 0 or -1. */
int ort_bind(struct ort *o, size_t n, size_t dim, float *x, float *y);

/* One call into preallocated output. 0 or -1. */
int ort_run(struct ort *o);

const char *ort_version(const struct ort *o);
