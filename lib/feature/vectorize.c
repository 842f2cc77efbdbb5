/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/vectorize.h"

#include <string.h>

#include "lib/feature/layout.h"
#include "lib/record/record.h"

static uint64_t vectorize_one(const struct gad_schema *s, const struct gad_record *rec, float *x,
                              size_t ld)
{
    uint64_t outside = 0;

    for (size_t i = 0; i < s->n_numeric; i++)
        x[i] = (float)rec->v[s->numeric[i]];
    memset(x + s->n_numeric, 0, (ld - s->n_numeric) * sizeof(x[0]));
    for (size_t g = 0; g < s->n_groups; g++) {
        const struct gad_schema_slot *slot = &s->group[g];
        int j = gad_schema_slot_element(slot, rec->v[slot->column]);
        if (j >= 0)
            x[j] = 1.0f;
        else
            outside++;
    }
    return outside;
}

uint64_t gad_vectorize(const struct gad_schema *s, size_t n, const struct gad_record *rec, float *x,
                       size_t ld)
{
    uint64_t outside = 0;

    for (size_t i = 0; i < n; i++)
        outside += vectorize_one(s, &rec[i], x + i * ld, ld);
    return outside;
}
