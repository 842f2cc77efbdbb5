/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/kernel.h"

#include <string.h>

/*
 * Built with -ffp-contract=fast, unlike everything else: a * b + c is one FMA where the instruction set has
 * it. Each accumulator is such a chain in every tile shape, so what is fused does not depend on the shape.
 */

#define INLINE static inline __attribute__((__always_inline__))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#if defined(__x86_64__)
#define ISA(name) name##_avx512
#define TARGET    __attribute__((__target__("avx512f")))
#define LANES     16
#define ROWS      6
#define COLS      4
#define WIDE      8
#include "lib/nn/kernel_tile.inc"
#undef ISA
#undef TARGET
#undef LANES
#undef ROWS
#undef COLS
#undef WIDE

#define ISA(name) name##_avx2
#define TARGET    __attribute__((__target__("avx2,fma")))
#define LANES     8
#define ROWS      6
#define COLS      2
#define WIDE      8
#include "lib/nn/kernel_tile.inc"
#undef ISA
#undef TARGET
#undef LANES
#undef ROWS
#undef COLS
#undef WIDE
#endif

#define ISA(name) name##_baseline
#define TARGET
#define LANES 4
#define ROWS  3
#define COLS  4
#define WIDE  8
#include "lib/nn/kernel_tile.inc"

#define KERNEL(isa)                                                                                \
    {                                                                                              \
        .name = #isa, .dense = dense_##isa, .sparse = sparse_##isa, .distance1 = distance1_##isa,  \
        .distance2 = distance2_##isa                                                               \
    }

static const struct gad_kernel kernels[] = {
#if defined(__x86_64__)
    KERNEL(avx512),
    KERNEL(avx2),
#endif
    KERNEL(baseline),
};

enum { N_KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

static bool runs_here(size_t i)
{
#if defined(__x86_64__)
    if (i == 0)
        return __builtin_cpu_supports("avx512f");
    if (i == 1)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return i < N_KERNELS;
}

const struct gad_kernel *gad_kernel_at(size_t i)
{
    for (size_t k = 0; k < N_KERNELS; k++)
        if (runs_here(k) && i-- == 0)
            return &kernels[k];
    return NULL;
}

const struct gad_kernel *gad_kernel_best(void)
{
    return gad_kernel_at(0);
}

void gad_kernel_index(size_t n, const float *x, size_t ld, uint16_t *index, uint16_t *n_index)
{
    for (size_t i = 0; i < n; i++, x += ld, index += ld) {
        size_t k = 0;
        for (size_t j = 0; j < ld; j++) { /* no branch: half of them would be mispredicted */
            index[k] = (uint16_t)j;
            k += x[j] != 0.0f;
        }
        n_index[i] = (uint16_t)k;
    }
}
