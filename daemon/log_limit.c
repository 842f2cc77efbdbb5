/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/log_limit.h"

#include <inttypes.h>
#include <stdio.h>

enum { AT_ONCE = 10, SECONDS_A_LINE = 10 };

struct log_limit log_limit_init(struct gad_time now)
{
    return (struct log_limit){.limit = rate_limit_init(1.0 / SECONDS_A_LINE, AT_ONCE, now)};
}

bool log_limit_allows(struct log_limit *l, struct gad_time now, char more[static LOG_LIMIT_TEXT])
{
    if (rate_limit_take(&l->limit, now, 1) == 0) {
        l->left_out++;
        return false;
    }
    more[0] = '\0';
    if (l->left_out > 0)
        (void)snprintf(more, LOG_LIMIT_TEXT, " (%" PRIu64 " such lines left out before)",
                       l->left_out);
    l->left_out = 0;
    return true;
}
