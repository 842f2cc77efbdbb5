/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/kernel.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/*
 * Built with -ffp-contract=fast, unlike all other files: a * b + c is one FMA if the instruction
 * set has it. Each accumulator is such a chain in every tile shape, so the fused operations do not
 * depend on the shape.
 */

#define INLINE static inline __attribute__((__always_inline__))
#if defined(GAD_KERNEL_ROLLED)
#define UNROLL
#elif defined(__clang__)
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
        .name = #isa, .index = index_##isa, .dense = dense_##isa, .sparse = sparse_##isa,          \
        .distance1 = distance1_##isa, .distance2 = distance2_##isa, .bounded = bounded_##isa,      \
        .sign = sign_##isa, .leaky_back = leaky_back_##isa                                         \
    }

static void index_plain(size_t n, const float *x, size_t ld, uint32_t *index, uint32_t *n_index)
{
    for (size_t i = 0; i < n; i++, x += ld, index += ld) {
        uint32_t k = 0;
        for (size_t j = 0; j < ld;
             j++) { /* no branch: half of the branches would be mispredicted */
            index[k] = (uint32_t)j;
            k += x[j] != 0.0f;
        }
        n_index[i] = k;
    }
}

#if defined(__x86_64__)
/* Sixteen at a time: the columns of the non-zeros, packed to the front of a register. */
__attribute__((__target__("avx512f"))) static void index_avx512(size_t n, const float *x, size_t ld,
                                                                uint32_t *index, uint32_t *n_index)
{
    const __m512i step = _mm512_set1_epi32(16);

    for (size_t i = 0; i < n; i++, x += ld, index += ld) {
        __m512i place = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        uint32_t k = 0;
        for (size_t j = 0; j < ld; j += 16) { /* k <= j, so a full store stays within the row */
            __mmask16 m =
                _mm512_cmp_ps_mask(_mm512_load_ps(x + j), _mm512_setzero_ps(), _CMP_NEQ_UQ);
            _mm512_storeu_si512(index + k, _mm512_maskz_compress_epi32(m, place));
            k += (uint32_t)__builtin_popcount(m);
            place = _mm512_add_epi32(place, step);
        }
        n_index[i] = k;
    }
}
#endif

#define index_avx2     index_plain
#define index_baseline index_plain

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
