/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/clock.h"

enum { PAST_MAX = 64, PAST_NS = 1000000000 };

void gad_clock_set(struct gad_clock *c, int64_t ns)
{
    ns = ns < 0 ? 0 : ns > GAD_CLOCK_MAX ? GAD_CLOCK_MAX : ns;
    ns = ns > GAD_CLOCK_MAX - c->skew ? GAD_CLOCK_MAX : ns + c->skew;
    if (ns >= c->now) {
        c->now = ns;
        c->n_past = 0;
        return;
    }
    c->back++;
    if (c->now - ns < PAST_NS || ++c->n_past < PAST_MAX)
        return;
    c->skew += c->now - ns; /* at most GAD_CLOCK_MAX: ns was not below the old skew */
    c->n_past = 0;
    c->reset++;
}
