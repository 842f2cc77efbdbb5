/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/budget.h"

/* A tenth of a second's worth, but two at least: a record with reasons is two searches. */
static double most(const struct budget *b)
{
    return b->rate / 10 > 2 ? b->rate / 10 : 2;
}

struct budget budget_init(double rate, struct gad_time now)
{
    struct budget b = {.rate = rate, .last = now};

    b.left = most(&b);
    return b;
}

size_t budget_take(struct budget *b, struct gad_time now, size_t n)
{
    if (!budget_is_limited(b))
        return n;
    b->left += b->rate * gad_time_seconds(gad_time_sub(now, b->last));
    b->left = b->left < most(b) ? b->left : most(b);
    b->last = now;
    size_t granted = b->left >= (double)n ? n : (size_t)b->left;
    b->left -= (double)granted;
    return granted;
}

void budget_give_back(struct budget *b, size_t n)
{
    b->left += (double)n;
}
