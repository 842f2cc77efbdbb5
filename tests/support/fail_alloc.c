/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOADed: makes the n-th allocation of the process fail once, in whichever library. n is
 * GANAD_FAIL_ALLOC. With 0 or without it no allocation fails, and the number of allocations is
 * written to standard error at the end. glibc only.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long n_allocations;
static long fail_at;

__attribute__((constructor)) static void start(void)
{
    const char *n = getenv("GANAD_FAIL_ALLOC");
    atomic_store(&n_allocations, 0);
    fail_at = 0;
    for (; n && *n >= '0' && *n <= '9' && fail_at < 1000000000; n++)
        fail_at = fail_at * 10 + (*n - '0');
}

__attribute__((destructor)) static void end(void)
{
    if (!fail_at)
        fprintf(stderr, "allocations: %ld\n", atomic_load(&n_allocations));
}

static int fails(void)
{
    if (atomic_fetch_add(&n_allocations, 1) + 1 != fail_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    void *p = fails() ? NULL : __libc_memalign(alignment, size);
    if (!p)
        return ENOMEM;
    *ret = p;
    return 0;
}
