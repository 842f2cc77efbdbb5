/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/counters.h"

#include <string.h>

uint64_t gad_counter_get(const void *s, const struct gad_counter_item *i)
{
    uint64_t v;

    memcpy(&v, (const char *)s + i->at, sizeof(v));
    return v;
}

static void set(void *s, const struct gad_counter_item *i, uint64_t v)
{
    memcpy((char *)s + i->at, &v, sizeof(v));
}

void gad_counters_add(void *sum, const void *one, const struct gad_counter_item *i, size_t n)
{
    for (; n > 0; n--, i++)
        set(sum, i, gad_counter_get(sum, i) + gad_counter_get(one, i));
}

void gad_counters_subtract(void *sum, const void *one, const struct gad_counter_item *i, size_t n)
{
    for (; n > 0; n--, i++)
        set(sum, i, gad_counter_get(sum, i) - gad_counter_get(one, i));
}
