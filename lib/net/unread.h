/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The commonest EtherTypes and IP protocols that the decoder does not read, with counts in bounded
 * memory. A number that is not in a full table takes one from the lowest count, and its place when
 * that is 0 (as Misra and Gries 1982, but of the lowest entry alone). So a sender of many rare
 * numbers contests one entry and never the common ones. Every frame is in exactly one count: the
 * sum of all counts and `other` is the number of frames.
 */

#include <stddef.h>
#include <stdint.h>

enum { GAD_UNREAD_MAX = 16 };

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

/* Orders the entries by count, the highest first. Returns how many are in use. */
size_t gad_unread_sort(struct gad_unread_table *t);

/* Return a short name, or NULL: not known. An EtherType below 0x600 is the DSAP of
 * an IEEE 802.2 LLC frame. */
const char *gad_ether_type_name(uint16_t type);
const char *gad_ip_protocol_name(uint16_t protocol);
