/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/index.h"

#include "lib/base/mem.h"

int gad_flow_index_init(struct gad_flow_index *ix, size_t n)
{
    size_t len = 16;

    if (n > GAD_FLOW_INDEX_MAX)
        return GAD_ELIMIT;
    while (len < 2 * n)
        len *= 2;
    ix->entries = gad_calloc(len, sizeof(*ix->entries));
    if (!ix->entries)
        return GAD_ENOMEM;
    ix->mask = (uint32_t)(len - 1);
    return 0;
}

void gad_flow_index_deinit(struct gad_flow_index *ix)
{
    gad_free(ix->entries);
}

uint32_t gad_flow_index_next(const struct gad_flow_index *ix, uint64_t hash, uint32_t *at)
{
    uint32_t tag = (uint32_t)hash;

    for (;;) {
        const struct gad_flow_index_entry *e = &ix->entries[*at & ix->mask];
        (*at)++;
        if (e->flow == 0 || e->tag == tag)
            return e->flow;
    }
}

void gad_flow_index_add(struct gad_flow_index *ix, uint64_t hash, uint32_t flow)
{
    uint32_t at = (uint32_t)hash;

    while (ix->entries[at & ix->mask].flow != 0)
        at++;
    ix->entries[at & ix->mask] = (struct gad_flow_index_entry){(uint32_t)hash, flow};
}

/* The hole is filled by the next entry that may move there: one whose own place is not behind the hole. */
void gad_flow_index_remove(struct gad_flow_index *ix, uint32_t tag, uint32_t flow)
{
    uint32_t hole = tag & ix->mask;

    while (ix->entries[hole].flow != flow) {
        gad_assert(ix->entries[hole].flow != 0);
        hole = (hole + 1) & ix->mask;
    }
    for (uint32_t at = (hole + 1) & ix->mask; ix->entries[at].flow != 0; at = (at + 1) & ix->mask) {
        uint32_t from_home = (at - ix->entries[at].tag) & ix->mask;
        if (from_home >= ((at - hole) & ix->mask)) {
            ix->entries[hole] = ix->entries[at];
            hole = at;
        }
    }
    ix->entries[hole] = (struct gad_flow_index_entry){0};
}
