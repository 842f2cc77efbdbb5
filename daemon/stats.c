/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stats.h"

#include <string.h>

#define STATS_ITEM(name, is_gauge, help) {#name, help, is_gauge, offsetof(struct stats, name)},
const struct stats_item stats_items[] = {STATS(STATS_ITEM)};
#undef STATS_ITEM
const size_t stats_n_items = sizeof(stats_items) / sizeof(stats_items[0]);

enum { LATENCY_LOW = -17 }; /* 2^-17 s, about 8 us */

void stats_init(struct stats *s)
{
    *s = (struct stats){.latency = {.low = LATENCY_LOW}, .started = gad_time_wall()};
}

uint64_t stats_value(const struct stats *s, size_t i)
{
    uint64_t v;
    memcpy(&v, (const char *)s + stats_items[i].at, sizeof(v));
    return v;
}
