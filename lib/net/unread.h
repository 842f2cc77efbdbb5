/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The commonest EtherTypes and IP protocols that the decoder does not read, with counts in bounded
 * memory. A number that is not in a full table takes one from the lowest count, and its place when
 * that is 0 (as Misra and Gries 1982, but of the lowest entry alone). So a sender of many rare
 * numbers contests one entry and never the common ones. Every frame is in exactly one count: the
 * sum of all counts and `other` is the number of frames.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GAD_UNREAD_MAX = 16,
    GAD_UNREAD_ITEMS = 2 * (GAD_UNREAD_MAX + 1), /* of both tables together */
    GAD_UNREAD_SHOWN = 5,                        /* of one table, where only the first count */
};

struct gad_unread {
    uint16_t number;
    uint64_t count; /* at most the true one; 0: a free entry */
};

/* In no order; zeroed: empty. */
struct gad_unread_table {
    struct gad_unread entry[GAD_UNREAD_MAX];
    uint64_t other;
};

/* Counts frames of a number; n > 1 is for sums over several tables. */
void gad_unread_count(struct gad_unread_table *t, uint16_t number, uint64_t n);

/* Adds the counts of another table. */
void gad_unread_add(struct gad_unread_table *to, const struct gad_unread_table *from);

/* One line of a list for people and programs. */
struct gad_unread_item {
    bool is_ip;       /* an IP protocol; false: an EtherType, below 0x600 the DSAP of IEEE 802.2 */
    bool is_other;    /* all numbers that have no item of their own */
    uint16_t number;  /* 0 if is_other */
    const char *name; /* never NULL; "": not known */
    uint64_t count;
};

/* Lists the @most commonest EtherTypes, the highest count first, and the sum of all others if it is
 * not 0; then the same of IP protocols. @ret: (2 * (most + 1)). Returns the number of items. */
size_t gad_unread_list(const struct gad_unread_table *ether_types,
                       const struct gad_unread_table *ip_protocols, size_t most,
                       struct gad_unread_item *ret);
