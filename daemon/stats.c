/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stats.h"

#define STATS_ITEM(name, is_gauge, help)                                                           \
    {#name, help, offsetof(struct stats, name), (is_gauge) ? GAD_COUNTER_GAUGE : GAD_COUNTER_PLAIN},
const struct gad_counter_item stats_items[] = {STATS(STATS_ITEM)};
#undef STATS_ITEM

enum { LATENCY_LOW = -17 }; /* 2^-17 s, about 8 us */

void stats_init(struct stats *s)
{
    *s = (struct stats){.latency = {.low = LATENCY_LOW}, .started = gad_time_wall()};
}
