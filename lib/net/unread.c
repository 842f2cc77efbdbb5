/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/unread.h"

#include <stdlib.h>

static struct gad_unread *lowest(struct gad_unread_table *t)
{
    struct gad_unread *low = &t->entry[0];

    for (size_t i = 1; i < GAD_UNREAD_MAX; i++)
        if (t->entry[i].count < low->count)
            low = &t->entry[i];
    return low;
}

void gad_unread_count(struct gad_unread_table *t, uint16_t number, uint64_t n)
{
    for (size_t i = 0; i < GAD_UNREAD_MAX; i++)
        if (t->entry[i].number == number && t->entry[i].count > 0) {
            t->entry[i].count += n;
            return;
        }
    struct gad_unread *low = lowest(t);
    uint64_t taken = low->count < n ? low->count : n;
    low->count -= taken;
    t->other += 2 * taken; /* those of both numbers */
    if (low->count == 0)
        *low = (struct gad_unread){.number = number, .count = n - taken};
}

void gad_unread_add(struct gad_unread_table *to, const struct gad_unread_table *from)
{
    for (size_t i = 0; i < GAD_UNREAD_MAX; i++)
        if (from->entry[i].count > 0)
            gad_unread_count(to, from->entry[i].number, from->entry[i].count);
    to->other += from->other;
}

static int by_count(const void *a, const void *b)
{
    const struct gad_unread *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

struct name {
    uint16_t number;
    const char *text;
};

/* Sources: IEEE and IANA registries of IEEE 802 numbers; LLC: ISO/IEC TR 11802-1. */
static const struct name ether_names[] = {
    {0x0042, "STP"},      {0x00aa, "SNAP"},      {0x00e0, "IPX"},       {0x00f0, "NetBEUI"},
    {0x00fe, "IS-IS"},    {0x00ff, "IPX"},       {0x0806, "ARP"},       {0x0842, "WoL"},
    {0x22ea, "MSRP"},     {0x22f0, "AVTP"},      {0x22f3, "TRILL"},     {0x6002, "MOP"},
    {0x6003, "DECnet"},   {0x8035, "RARP"},      {0x809b, "AppleTalk"}, {0x80f3, "AARP"},
    {0x8137, "IPX"},      {0x86dd, "IPv6"},      {0x8808, "pause"},     {0x8809, "LACP"},
    {0x880b, "PPP"},      {0x8863, "PPPoE"},     {0x8874, "Realtek"},   {0x887b, "HomePlug"},
    {0x888e, "EAPOL"},    {0x8892, "PROFINET"},  {0x8899, "RRCP"},      {0x88a2, "AoE"},
    {0x88a4, "EtherCAT"}, {0x88ab, "Powerlink"}, {0x88b8, "GOOSE"},     {0x88ba, "SV"},
    {0x88cc, "LLDP"},     {0x88cd, "SERCOS"},    {0x88d9, "LLTD"},      {0x88e1, "HomePlug"},
    {0x88e3, "MRP"},      {0x88e5, "MACsec"},    {0x88f5, "MVRP"},      {0x88f7, "PTP"},
    {0x88fb, "PRP"},      {0x8902, "CFM"},       {0x8906, "FCoE"},      {0x8914, "FIP"},
    {0x8915, "RoCE"},     {0x892f, "HSR"},       {0x893a, "IEEE 1905"}, {0x894f, "NSH"},
    {0x9000, "loopback"},
};

/* https://www.iana.org/assignments/protocol-numbers */
static const struct name ip_names[] = {
    {2, "IGMP"},     {4, "IPIP"},   {8, "EGP"},      {9, "IGP"},        {27, "RDP"},
    {33, "DCCP"},    {41, "IPv6"},  {46, "RSVP"},    {47, "GRE"},       {50, "ESP"},
    {51, "AH"},      {59, "none"},  {88, "EIGRP"},   {89, "OSPF"},      {94, "IPIP"},
    {97, "EtherIP"}, {103, "PIM"},  {108, "IPComp"}, {112, "VRRP"},     {115, "L2TP"},
    {124, "IS-IS"},  {132, "SCTP"}, {133, "FC"},     {136, "UDP-Lite"}, {137, "MPLS"},
};

static const char *name_of(const struct name *names, size_t n, uint16_t number)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].number == number)
            return names[i].text;
    return "";
}

static const char *name_of_item(bool is_ip, uint16_t number)
{
    return is_ip ? name_of(ip_names, sizeof(ip_names) / sizeof(ip_names[0]), number)
                 : name_of(ether_names, sizeof(ether_names) / sizeof(ether_names[0]), number);
}

static size_t list(const struct gad_unread_table *t, bool is_ip, size_t most,
                   struct gad_unread_item *ret)
{
    struct gad_unread_table sorted = *t;
    uint64_t other = t->other;
    size_t n = 0;

    qsort(sorted.entry, GAD_UNREAD_MAX, sizeof(sorted.entry[0]), by_count);
    for (size_t i = 0; i < GAD_UNREAD_MAX && sorted.entry[i].count > 0; i++) {
        uint16_t number = sorted.entry[i].number;
        if (n < most)
            ret[n++] = (struct gad_unread_item){.is_ip = is_ip,
                                                .number = number,
                                                .name = name_of_item(is_ip, number),
                                                .count = sorted.entry[i].count};
        else
            other += sorted.entry[i].count;
    }
    if (other > 0)
        ret[n++] =
            (struct gad_unread_item){.is_ip = is_ip, .is_other = true, .name = "", .count = other};
    return n;
}

size_t gad_unread_list(const struct gad_unread_table *ether_types,
                       const struct gad_unread_table *ip_protocols, size_t most,
                       struct gad_unread_item *ret)
{
    size_t n = list(ether_types, false, most, ret);

    return n + list(ip_protocols, true, most, ret + n);
}
