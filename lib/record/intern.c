/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/intern.h"

#include <string.h>

#include "lib/base/siphash.h"

enum { NONE = UINT16_MAX };

struct node {
    uint8_t key[GAD_INTERN_KEY];
    uint32_t holds;
    uint16_t bucket;
    uint16_t next; /* in the chain of its bucket, or of free nodes */
};

struct gad_intern {
    uint64_t key[2];
    struct node *node; /* (n) */
    uint16_t *head;    /* (n_buckets) first node of each chain */
    size_t n, n_buckets /* a power of two */;
    uint16_t free;
};

int gad_intern_new(const uint64_t key[static 2], size_t n, struct gad_intern **ret)
{
    gad_cleanup(gad_intern_freep) struct gad_intern *t = gad_calloc(1, sizeof(*t));

    gad_assert(n >= 1 && n <= GAD_INTERN_MAX);
    if (!t)
        return GAD_ENOMEM;
    memcpy(t->key, key, sizeof(t->key));
    t->n = n;
    for (t->n_buckets = 1; t->n_buckets < n;)
        t->n_buckets *= 2;
    t->node = gad_calloc(n, sizeof(*t->node));
    t->head = gad_calloc(t->n_buckets, sizeof(*t->head));
    if (!t->node || !t->head)
        return GAD_ENOMEM;
    for (size_t i = 0; i < t->n_buckets; i++)
        t->head[i] = NONE;
    for (size_t i = 0; i < n; i++)
        t->node[i].next = i + 1 < n ? (uint16_t)(i + 1) : (uint16_t)NONE;
    *ret = gad_steal(&t);
    return 0;
}

void gad_intern_free(struct gad_intern *t)
{
    if (!t)
        return;
    gad_free(t->node);
    gad_free(t->head);
    gad_free(t);
}

size_t gad_intern_hold(struct gad_intern *t, const uint8_t key[static GAD_INTERN_KEY])
{
    uint64_t word[(GAD_INTERN_KEY + 7) / 8] = {0};

    memcpy(word, key, GAD_INTERN_KEY);
    size_t bucket =
        gad_siphash13(t->key, word, sizeof(word) / sizeof(word[0])) & (t->n_buckets - 1);

    for (uint16_t i = t->head[bucket]; i != NONE; i = t->node[i].next)
        if (memcmp(t->node[i].key, key, GAD_INTERN_KEY) == 0) {
            t->node[i].holds++;
            return i;
        }

    uint16_t fresh = t->free;
    gad_assert(fresh != NONE);
    struct node *n = &t->node[fresh];
    t->free = n->next;
    memcpy(n->key, key, GAD_INTERN_KEY);
    n->holds = 1;
    n->bucket = (uint16_t)bucket;
    n->next = t->head[bucket];
    t->head[bucket] = fresh;
    return fresh;
}

void gad_intern_drop(struct gad_intern *t, size_t number)
{
    gad_assert(number < t->n && t->node[number].holds > 0);
    struct node *n = &t->node[number];
    if (--n->holds > 0)
        return;

    uint16_t *link = &t->head[n->bucket];
    while (*link != number)
        link = &t->node[*link].next;
    *link = n->next;
    n->next = t->free;
    t->free = (uint16_t)number;
}

size_t gad_intern_holds(const struct gad_intern *t, size_t number)
{
    gad_assert(number < t->n);
    return t->node[number].holds;
}
