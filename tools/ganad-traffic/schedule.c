/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/schedule.h"

#include <stdbool.h>

#include "lib/base/mem.h"

static bool before(const struct task *a, const struct task *b)
{
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void rise(struct schedule *s, size_t i)
{
    struct task *t = s->heap[i];

    for (; i > 0 && before(t, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = t;
}

static void sink(struct schedule *s, size_t i)
{
    struct task *t = s->heap[i];

    for (size_t child = 2 * i + 1; child < s->n; child = 2 * i + 1) {
        if (child + 1 < s->n && before(s->heap[child + 1], s->heap[child]))
            child++;
        if (!before(s->heap[child], t))
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = t;
}

int schedule_add(struct schedule *s, struct task *t)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        struct task **grown = gad_realloc_array(s->heap, cap, sizeof(struct task *));
        if (!grown) {
            t->free(t);
            return GAD_ENOMEM;
        }
        s->heap = grown;
        s->cap = cap;
    }
    t->order = s->n_added++;
    s->heap[s->n] = t;
    rise(s, s->n++);
    return 0;
}

int schedule_act(struct schedule *s)
{
    if (s->n == 0)
        return GAD_END;

    struct task *t = s->heap[0];
    int r = t->act(t);
    if (r < 0)
        return r;
    if (r == GAD_END) { /* still the first: added tasks are not before it */
        gad_assert(s->heap[0] == t);
        s->heap[0] = s->heap[--s->n];
        t->free(t);
    }
    if (s->n > 0)
        sink(s, 0);
    return 0;
}

void schedule_deinit(struct schedule *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->heap[i]->free(s->heap[i]);
    gad_free(s->heap);
    *s = (struct schedule){0};
}
