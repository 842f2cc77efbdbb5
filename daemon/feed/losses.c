/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/losses.h"

#include <string.h>

static void remember(struct losses *l, const struct gad_loss *part)
{
    size_t at = l->n;

    if (l->n == LOSSES_MAX) {
        memmove(l->range, l->range + 1, (LOSSES_MAX - 1) * sizeof(l->range[0]));
        l->n--;
        at--;
    }
    while (at > 0 && l->range[at - 1].first > part->first) {
        l->range[at] = l->range[at - 1];
        at--;
    }
    l->range[at] = *part;
    l->n++;
}

void losses_take(struct losses *l, const struct gad_loss *gap, uint64_t known,
                 void (*report)(void *arg, const struct gad_loss *part, bool is_new), void *arg)
{
    const struct losses before = *l;
    struct gad_loss part = *gap;
    uint64_t at = gap->first > known ? gap->first : known;

    for (size_t i = 0; i < before.n; i++) {
        const struct gad_loss *t = &before.range[i];
        if (t->last < gap->first || t->first > gap->last)
            continue;
        if (at < t->first) {
            part.first = at;
            part.last = t->first - 1;
            remember(l, &part);
            report(arg, &part, true);
        }
        report(arg, t, false);
        at = t->last + 1 > at ? t->last + 1 : at;
    }
    if (at <= gap->last) {
        part.first = at;
        part.last = gap->last;
        remember(l, &part);
        report(arg, &part, true);
    }
}
