/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The only access to the heap. Size products are checked here, memory is zeroed, and a test can
 * make the k-th allocation fail: see gad_mem_fail_at().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *gad_calloc(size_t n, size_t size) __attribute__((__warn_unused_result__));

/* Grows or shrinks an array to n items; NULL, and p untouched, on overflow or exhaustion. New bytes
 * are not zeroed. */
void *gad_realloc_array(void *p, size_t n, size_t size) __attribute__((__warn_unused_result__));

/* gad_calloc() on a 64-byte boundary (a cache line, a vector register); freed by gad_free(). */
void *gad_calloc_aligned(size_t n, size_t size) __attribute__((__warn_unused_result__));

/* Returns a NUL-terminated copy of len bytes; s may be NULL if len is 0. */
char *gad_strndup(const char *s, size_t len) __attribute__((__warn_unused_result__));

void gad_free(void *p);

/**
 * gad_mem_fail_at() - for tests: the k-th allocation from now fails, once; 0 switches this off
 * Return: number of allocations since the last call. Process-wide and atomic: the only global of
 * this library.
 */
long gad_mem_fail_at(long k);

static inline bool gad_mul_size(size_t a, size_t b, size_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

#define gad_cleanup(fn) __attribute__((__cleanup__(fn)))

/* Defines fn##p(T **) for use with gad_cleanup(), from a NULL-tolerant fn(T *). */
#define GAD_DEFINE_CLEANUP(T, fn)                                                                  \
    static inline void fn##p(T **p)                                                                \
    {                                                                                              \
        fn(*p);                                                                                    \
    }                                                                                              \
    struct gad_swallow_semicolon

/* gad_cleanup(gad_freep) for any pointer that gad_free() frees. */
static inline void gad_freep(void *pp)
{
    gad_free(*(void **)pp);
}

/* Moves a pointer out of a cleanup scope: returns *pp and leaves NULL behind. */
#define gad_steal(pp)                                                                              \
    __extension__({                                                                                \
        __typeof__(*(pp)) gad_steal_p = *(pp);                                                     \
        *(pp) = NULL;                                                                              \
        gad_steal_p;                                                                               \
    })

/* Stops the program on a broken invariant of ours; on in release builds too, never for input. */
#define gad_assert(x)                                                                              \
    do {                                                                                           \
        if (__builtin_expect(!(x), 0))                                                             \
            gad_assert_failed(#x, __FILE__, __LINE__);                                             \
    } while (0)
void gad_assert_failed(const char *what, const char *file, int line) __attribute__((__noreturn__));
