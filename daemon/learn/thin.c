/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/learn/thin.h"

#define SLOT_NS INT64_C(600000000000)
enum { FLOOD = 4 };

bool thin_takes(struct thin *t, struct gad_time at)
{
    int64_t slot = at.ns / SLOT_NS;

    if (t->every == 0) {
        t->every = 1;
        t->slot = slot;
    }
    if (slot > t->slot) {
        /* after a gap the rate before it says nothing */
        t->every = slot == t->slot + 1 ? (t->seen + t->quota - 1) / t->quota : 1;
        t->every = t->every > 0 ? t->every : 1;
        t->slot = slot;
        t->seen = t->taken = 0;
    }
    bool takes = t->seen++ % t->every == 0 && t->taken < FLOOD * t->quota;
    t->taken += takes;
    return takes;
}
