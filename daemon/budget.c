/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/budget.h"

struct budget budget_init(double rate, double most, struct gad_time now)
{
    return (struct budget){.rate = rate, .most = most, .left = most, .last = now};
}

size_t budget_take(struct budget *b, struct gad_time now, size_t n)
{
    if (!budget_is_limited(b))
        return n;
    b->left += b->rate * gad_time_seconds(gad_time_sub(now, b->last));
    b->left = b->left < b->most ? b->left : b->most;
    b->last = now;
    size_t granted = b->left >= (double)n ? n : (size_t)b->left;
    b->left -= (double)granted;
    return granted;
}

void budget_give_back(struct budget *b, size_t n)
{
    b->left += (double)n;
}
