/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic long n_allocations;
static _Atomic long fail_at; /* 0: never */

static bool must_fail(void)
{
    long i = atomic_fetch_add_explicit(&n_allocations, 1, memory_order_relaxed) + 1;
    return i == atomic_load_explicit(&fail_at, memory_order_relaxed);
}

long gad_mem_fail_at(long k)
{
    atomic_store(&fail_at, k);
    return atomic_exchange(&n_allocations, 0);
}

void *gad_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : calloc(n, size);
}

void *gad_realloc_array(void *p, size_t n, size_t size)
{
    if (n == 0 || size == 0)
        n = size = 1; /* realloc(p, 0) frees p, and what it returns depends on the C library */
    return must_fail() ? NULL : reallocarray(p, n, size);
}

void *gad_calloc_aligned(size_t n, size_t size)
{
    size_t len;

    if (must_fail() || !gad_mul_size(n, size, &len) || len > SIZE_MAX - 64)
        return NULL;
    len = (len + 63) & ~(size_t)63; /* aligned_alloc() needs a multiple */
    void *p = aligned_alloc(64, len ? len : 64);
    if (p)
        memset(p, 0, len);
    return p;
}

char *gad_strndup(const char *s, size_t len)
{
    char *p = len < SIZE_MAX ? gad_calloc(1, len + 1) : NULL;
    if (p && len > 0)
        memcpy(p, s, len);
    return p;
}

void gad_free(void *p)
{
    free(p);
}

void gad_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
    abort();
}
