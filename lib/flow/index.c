/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/index.h"

#include <sys/mman.h>

#include "lib/base/mem.h"

enum { SMALLEST = 1024 }; /* entries: 8 KiB */

static void use_size(struct gad_flow_index *ix, uint32_t len)
{
    ix->entries = ix->memory + len;
    ix->mask = len - 1;
}

int gad_flow_index_init(struct gad_flow_index *ix, size_t n)
{
    uint32_t len = 16;

    if (n > GAD_FLOW_INDEX_MAX)
        return GAD_ELIMIT;
    while (len < 2 * n)
        len *= 2;
    ix->memory = gad_calloc(2 * (size_t)len, sizeof(*ix->memory));
    if (!ix->memory)
        return GAD_ENOMEM;
    ix->n = 0;
    ix->largest = len;
    use_size(ix, len < SMALLEST ? len : SMALLEST);
    return 0;
}

void gad_flow_index_deinit(struct gad_flow_index *ix)
{
    gad_free(ix->memory);
}

static void put(struct gad_flow_index *ix, struct gad_flow_index_entry e)
{
    uint32_t at = e.tag;

    while (ix->entries[at & ix->mask].flow != 0)
        at++;
    ix->entries[at & ix->mask] = e;
}

/* Whole pages of what is not read again; it matters little if the kernel keeps them. */
static void give_back(const struct gad_flow_index_entry *old, size_t n)
{
    const uintptr_t page = 4096;
    uintptr_t from = ((uintptr_t)old + page - 1) & ~(page - 1),
              to = (uintptr_t)(old + n) & ~(page - 1);

    if (to > from)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

/* Twice the size. */
static void grow(struct gad_flow_index *ix)
{
    const struct gad_flow_index_entry *old = ix->entries;
    uint32_t len = ix->mask + 1;

    use_size(ix, 2 * len);
    for (uint32_t i = 0; i < len; i++)
        if (old[i].flow != 0)
            put(ix, old[i]);
    give_back(old, len);
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
    if (2 * ++ix->n > ix->mask && ix->mask + 1 < ix->largest)
        grow(ix);
    put(ix, (struct gad_flow_index_entry){(uint32_t)hash, flow});
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
    ix->n--;
}
