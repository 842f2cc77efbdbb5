/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The number type of training: float. The same sources are compiled a second time with
 * GAD_NN_DOUBLE for the gradient checks, because central differences in float32 are too inexact.
 */

#include <float.h>
#include <math.h>

#ifdef GAD_NN_DOUBLE
typedef double gad_real;
#define gad_real_fabs fabs
#define gad_real_sqrt sqrt
#define gad_real_exp  exp
#define gad_real_tanh tanh
#else
typedef float gad_real;
#define gad_real_fabs fabsf
#define gad_real_sqrt sqrtf
#define gad_real_exp  expf
#define gad_real_tanh tanhf
#endif

/*
 * Loops over whole tensors are compiled once for each vector width; the loader chooses one.
 * Arithmetic is elementwise and never contracted, so all versions give the same bits.
 */
#if defined(__x86_64__) && __has_attribute(target_clones) && !defined(GAD_NO_CLONES)
#define GAD_NN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GAD_NN_CLONES
#endif
