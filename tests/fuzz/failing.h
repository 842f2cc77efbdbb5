/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A round in which one allocation fails. The input determines which one, so that a crash is
 * reproducible, and small changes of the input select another.
 */

#include <stdint.h>

#include "lib/base/mem.h"

enum { FAILING_MAX = 61 };

static inline void failing_begin(const uint8_t *data, size_t size)
{
    unsigned k = 0;

    for (size_t i = 0; i < size; i++)
        k = (k * 31 + data[i]) % FAILING_MAX;
    (void)gad_mem_fail_at((long)k + 1);
}

static inline void failing_end(void)
{
    (void)gad_mem_fail_at(0);
}
