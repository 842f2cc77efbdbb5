/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/capture_counts.h"

#define AT(field) offsetof(struct capture_counts, field)

/* clang-format off */
static const struct gad_counter_item own[] = {
    {"kernel_dropped", "packets that the kernel dropped because they were not read in time",
     AT(kernel_dropped), GAD_COUNTER_BLIND},
    {"interface_dropped", "packets that the interface dropped", AT(interface_dropped),
     GAD_COUNTER_BLIND},
    {"lost", "finished connections, lost because scoring was too slow", AT(lost),
     GAD_COUNTER_BLIND},
};
/* clang-format on */

_Static_assert(sizeof(own) / sizeof(own[0]) == CAPTURE_OWN_COUNTERS &&
                   sizeof(struct capture_counts) ==
                       CAPTURE_COUNTERS * sizeof(uint64_t) + 2 * sizeof(struct gad_unread_table),
               "each counter of struct capture_counts is in a table");

struct part {
    const struct gad_counter_item *item;
    size_t n, at;
};

static const struct part parts[] = {
    {own, CAPTURE_OWN_COUNTERS, 0},
    {gad_net_counters, GAD_NET_COUNTERS, AT(net)},
    {gad_flow_counters, GAD_FLOW_COUNTERS, AT(flow)},
};

enum { N_PARTS = sizeof(parts) / sizeof(parts[0]) };

/* The part that has the i-th counter; *i becomes the index within it. */
static const struct part *part_of(size_t *i)
{
    const struct part *p = parts;

    for (; *i >= p->n; p++)
        *i -= p->n;
    return p;
}

const struct gad_counter_item *capture_counter(size_t i)
{
    const struct part *p = part_of(&i);

    return &p->item[i];
}

uint64_t capture_count(const struct capture_counts *c, size_t i)
{
    const struct part *p = part_of(&i);

    return gad_counter_get((const char *)c + p->at, &p->item[i]);
}

void capture_counts_move(struct capture_counts *sum, const struct capture_counts *was,
                         const struct capture_counts *is)
{
    for (size_t k = 0; k < N_PARTS; k++) {
        const struct part *p = &parts[k];
        gad_counters_subtract((char *)sum + p->at, (const char *)was + p->at, p->item, p->n);
        gad_counters_add((char *)sum + p->at, (const char *)is + p->at, p->item, p->n);
    }
}
