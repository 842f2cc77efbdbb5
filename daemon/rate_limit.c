/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rate_limit.h"

struct rate_limit rate_limit_init(double rate, double most, struct gad_time now)
{
    return (struct rate_limit){.rate = rate, .most = most, .left = most, .last = now};
}

size_t rate_limit_take(struct rate_limit *b, struct gad_time now, size_t n)
{
    if (!rate_limit_is_limited(b))
        return n;
    b->left += b->rate * gad_time_seconds(gad_time_sub(now, b->last));
    b->left = b->left < b->most ? b->left : b->most;
    b->last = now;
    size_t granted = b->left >= (double)n ? n : b->left > 0 ? (size_t)b->left : 0;
    b->left -= (double)granted;
    return granted;
}

void rate_limit_give_back(struct rate_limit *b, size_t n)
{
    b->left += (double)n;
}
