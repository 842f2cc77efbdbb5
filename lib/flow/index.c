/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/index.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/base/mem.h"
#include "lib/base/siphash.h"

#define VLAN_MASK UINT64_C(0xffffff)

struct gad_flow_secret gad_flow_secret_of(const uint8_t bytes[static 16])
{
    struct gad_flow_secret s;

    memcpy(s.k, bytes, sizeof(s.k));
    return s;
}

static bool is_above(const uint64_t x[2], uint16_t x_port, const uint64_t y[2], uint16_t y_port)
{
    if (x[0] != y[0])
        return x[0] > y[0];
    if (x[1] != y[1])
        return x[1] > y[1];
    return x_port > y_port;
}

struct gad_flow_key gad_flow_key_of(const struct gad_tuple *t, uint32_t vlan, bool *ret_src_is_b)
{
    struct gad_flow_key key;
    uint64_t ports;

    memcpy(key.a, t->src, sizeof(key.a));
    memcpy(key.b, t->dst, sizeof(key.b));
    bool swap = is_above(key.a, t->src_port, key.b, t->dst_port);
    if (swap) {
        memcpy(key.a, t->dst, sizeof(key.a));
        memcpy(key.b, t->src, sizeof(key.b));
        ports = t->dst_port | (uint64_t)t->src_port << 16;
    } else {
        ports = t->src_port | (uint64_t)t->dst_port << 16;
    }
    key.rest = ports | (vlan & VLAN_MASK) << GAD_FLOW_KEY_VLAN |
               (uint64_t)(t->family == 6) << GAD_FLOW_KEY_IPV6 |
               (uint64_t)(t->proto == GAD_IP_TCP) << GAD_FLOW_KEY_TCP;
    *ret_src_is_b = swap;
    return key;
}

struct gad_tuple gad_flow_key_tuple(const struct gad_flow_key *key, bool src_is_b)
{
    uint16_t a = (uint16_t)key->rest, b = (uint16_t)(key->rest >> 16);
    struct gad_tuple t = {
        .family = key->rest >> GAD_FLOW_KEY_IPV6 & 1 ? 6 : 4,
        .proto = key->rest >> GAD_FLOW_KEY_TCP & 1 ? GAD_IP_TCP : GAD_IP_UDP,
        .src_port = src_is_b ? b : a,
        .dst_port = src_is_b ? a : b,
    };

    memcpy(t.src, src_is_b ? key->b : key->a, sizeof(t.src));
    memcpy(t.dst, src_is_b ? key->a : key->b, sizeof(t.dst));
    return t;
}

uint64_t gad_flow_key_hash(const struct gad_flow_key *key, const struct gad_flow_secret *secret)
{
    uint64_t words[5] = {key->a[0], key->b[0], key->rest, key->a[1], key->b[1]};
    uint32_t half[2];

    if (key->rest >> GAD_FLOW_KEY_IPV6 & 1)
        return gad_siphash13(secret->k, words, 5);
    memcpy(half, key->a, sizeof(half[0]));
    memcpy(half + 1, key->b, sizeof(half[1]));
    memcpy(words + 1, half, sizeof(half));
    return gad_siphash13(secret->k, words + 1, 2);
}

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

/* Returns whole pages of the old index to the kernel, which can also keep them. */
static void give_back(const struct gad_flow_index_entry *old, size_t n)
{
    const uintptr_t page = 4096;
    uintptr_t from = ((uintptr_t)old + page - 1) & ~(page - 1),
              to = (uintptr_t)(old + n) & ~(page - 1);

    if (to > from)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

/* Doubles the index. */
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

/* Fills the hole with the next entry that can move there: one whose preferred place is not behind
 * the hole. */
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
