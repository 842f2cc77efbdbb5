/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/tails.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "daemon/ingest/conn.h"

/* What the peer has not read: memory of the kernel, so it is 0 only if the peer has read all. */
static int queued(const struct conn *c)
{
    int n = 0;

    return ioctl(c->fd, SIOCOUTQ, &n) == 0 ? n : 0;
}

void tail_begin(struct tail_state *t, const struct conn *c, struct gad_time now)
{
    *t = (struct tail_state){.active = now, .n_out = c->n_out, .queued = queued(c)};
}

bool tail_is_idle(struct tail_state *t, const struct conn *c, struct gad_time now,
                  struct gad_time limit)
{
    int left = queued(c);
    bool wrote = c->n_out != t->n_out;
    bool took = left == 0 ? wrote : left < t->queued || (t->was_full && wrote);
    bool owes_since_now = left > 0 && t->queued == 0;

    if (took || owes_since_now)
        t->active = now;
    else if (left == 0 && c->last_in.ns > t->active.ns)
        t->active = c->last_in;
    t->n_out = c->n_out;
    t->queued = left;
    t->was_full = gad_buf_left(&c->out) > 0;
    return now.ns - t->active.ns > limit.ns;
}
