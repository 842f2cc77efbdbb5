/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/icmp.h"

#include <string.h>

#include "lib/flow/parts.h"

#define VALID_NS (INT64_C(60) * 1000000000)

enum { WORDS = sizeof(struct gad_flow_key) / 8, HEADER = 8, IP4_HEADER = 20, IP6_HEADER = 40 };

/* RFC 792, 950, 4443: a message that asks, and its answer. */
static const struct {
    uint8_t proto, request, reply;
} pairs[] = {
    {GAD_IP_ICMP, 8, 0},   {GAD_IP_ICMP, 13, 14},    {GAD_IP_ICMP, 15, 16},
    {GAD_IP_ICMP, 17, 18}, {GAD_IP_ICMP6, 128, 129},
};

int gad_icmp_asked_init(struct gad_icmp_asked *a, const struct gad_flow_secret *secret)
{
    *a = (struct gad_icmp_asked){.asks = gad_calloc(GAD_ICMP_ASKED + 1, sizeof(*a->asks))};
    if (a->asks && gad_lru_new(GAD_ICMP_ASKED, WORDS, secret->k, &a->by_key) == 0)
        return 0;
    gad_icmp_asked_deinit(a);
    return GAD_ENOMEM;
}

void gad_icmp_asked_deinit(struct gad_icmp_asked *a)
{
    gad_lru_free(a->by_key);
    gad_free(a->asks);
    *a = (struct gad_icmp_asked){0};
}

void gad_icmp_asked_clear(struct gad_icmp_asked *a)
{
    for (uint32_t slot; (slot = gad_lru_oldest(a->by_key)) != 0;)
        gad_lru_remove(a->by_key, slot);
}

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Returns the number of the pair, or -1. @asks: the message asks, or answers. */
static int pair_of(uint8_t proto, uint8_t type, bool asks)
{
    for (int i = 0; i < (int)(sizeof(pairs) / sizeof(pairs[0])); i++)
        if (pairs[i].proto == proto && (asks ? pairs[i].request : pairs[i].reply) == type)
            return i;
    return -1;
}

/* The key of a request: who asks whom, which pair of messages, identifier and sequence number. */
static struct gad_flow_key request_key(const uint8_t *asker, const uint8_t *asked, int pair,
                                       const uint8_t *message, uint64_t where)
{
    struct gad_flow_key k = {.rest = (uint64_t)u16(message + 4) | (uint64_t)u16(message + 6) << 16 |
                                     where | (uint64_t)(pair + 1) << (GAD_FLOW_KEY_TUNNEL + 1)};

    memcpy(k.a, asker, sizeof(k.a));
    memcpy(k.b, asked, sizeof(k.b));
    return k;
}

static struct gad_icmp_ask *get(struct gad_icmp_asked *a, const struct gad_flow_key *k, int64_t now,
                                bool add)
{
    uint64_t words[WORDS];

    memcpy(words, k, sizeof(words));
    uint32_t slot = gad_lru_find(a->by_key, words);
    if (slot != 0 && now - a->asks[slot].time <= VALID_NS)
        return &a->asks[slot];
    if (slot == 0 && !add)
        return NULL;
    if (slot != 0) {
        gad_lru_remove(a->by_key, slot);
        if (!add)
            return NULL;
    }
    if (gad_lru_is_full(a->by_key)) {
        uint32_t oldest = gad_lru_oldest(a->by_key);
        a->evicted += a->asks[oldest].answers > 0 && now - a->asks[oldest].time <= VALID_NS;
        gad_lru_remove(a->by_key, oldest);
    }
    slot = gad_lru_add(a->by_key, words);
    a->asks[slot] = (struct gad_icmp_ask){.time = now};
    return &a->asks[slot];
}

static bool take(struct gad_icmp_ask *ask)
{
    if (!ask || ask->answers == 0)
        return false;
    ask->answers--;
    return true;
}

static void ask(struct gad_flow_table *t, const struct gad_flow_key *k)
{
    struct gad_icmp_ask *a = get(&t->icmp, k, t->clock.now, true);

    a->time = t->clock.now;
    a->answers = (uint8_t)(a->answers + (a->answers < GAD_ICMP_ERRORS_MAX));
}

/* Returns whether the sender of a packet has a flow by it that may still have errors. */
static bool is_of_flow(struct gad_flow_table *t, const struct gad_tuple *packet, uint64_t where)
{
    bool src_is_b;
    struct gad_flow_key k = gad_flow_key_of(packet, 0, &src_is_b);
    k.rest |= where;
    uint64_t hash = gad_flow_key_hash(&k, &t->secret);
    uint32_t at = (uint32_t)hash, flow;

    while ((flow = gad_flow_index_next(&t->index, hash, &at)) != 0)
        if (gad_flow_key_equal(&t->flows[flow].key, &k))
            break;
    if (flow == 0 || t->flows[flow].packets[src_is_b == t->flows[flow].orig_is_b ? 0 : 1] == 0)
        return false;
    struct gad_icmp_ask *a = get(&t->icmp, &k, t->clock.now, false);
    if (!a) {
        a = get(&t->icmp, &k, t->clock.now, true);
        a->answers = GAD_ICMP_ERRORS_MAX;
    }
    return take(a);
}

/* Reads the packet that an error quotes, up to the 8 bytes behind its IP header, and returns them;
 * NULL: the quotation is shorter, or the packet does not begin a datagram. */
static const uint8_t *quoted(const struct gad_packet *p, struct gad_tuple *ret)
{
    const uint8_t *ip = p->data + HEADER;
    size_t left = p->data_len > HEADER ? p->data_len - HEADER : 0, len = IP6_HEADER;
    struct gad_tuple t = {.family = p->tuple.family};

    if (left < IP4_HEADER || ip[0] >> 4 != t.family)
        return NULL;
    if (t.family == 4) {
        len = (size_t)(ip[0] & 0x0f) * 4;
        if (len < IP4_HEADER || (u16(ip + 6) & 0x1fff) != 0)
            return NULL;
        t.proto = ip[9];
        memcpy(t.src, ip + 12, 4);
        memcpy(t.dst, ip + 16, 4);
    } else if (left >= IP6_HEADER) {
        t.proto = ip[6];
        memcpy(t.src, ip + 8, 16);
        memcpy(t.dst, ip + 24, 16);
    }
    if (left < len + HEADER)
        return NULL;
    *ret = t;
    return ip + len;
}

static bool is_error(uint8_t proto, uint8_t type)
{
    return proto == GAD_IP_ICMP ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12
                                : type >= 1 && type <= 4;
}

static bool is_asked_error(struct gad_flow_table *t, const struct gad_packet *p, uint64_t where)
{
    struct gad_tuple packet;
    const uint8_t *transport = quoted(p, &packet);

    if (!transport || memcmp(packet.src, p->tuple.dst, sizeof(packet.src)) != 0)
        return false;
    if (packet.proto == GAD_IP_TCP || packet.proto == GAD_IP_UDP) {
        packet.src_port = u16(transport);
        packet.dst_port = u16(transport + 2);
        return is_of_flow(t, &packet, where);
    }
    int pair = packet.proto == p->tuple.proto ? pair_of(packet.proto, transport[0], true) : -1;
    if (pair < 0)
        return false;
    struct gad_flow_key k = request_key(packet.src, packet.dst, pair, transport, where);
    return take(get(&t->icmp, &k, t->clock.now, false));
}

bool gad_icmp_answers(struct gad_flow_table *t, const struct gad_packet *p)
{
    uint64_t where = gad_flow_where(t, p);
    uint8_t proto = p->tuple.proto;
    bool asked;

    if (p->data_len < HEADER)
        return false;
    int pair = pair_of(proto, p->icmp_type, true);
    if (pair >= 0) {
        struct gad_flow_key k = request_key(p->tuple.src, p->tuple.dst, pair, p->data, where);
        ask(t, &k);
        return false;
    }
    pair = pair_of(proto, p->icmp_type, false);
    if (pair >= 0) {
        struct gad_flow_key k = request_key(p->tuple.dst, p->tuple.src, pair, p->data, where);
        asked = take(get(&t->icmp, &k, t->clock.now, false));
    } else if (is_error(proto, p->icmp_type)) {
        asked = is_asked_error(t, p, where);
    } else {
        return false;
    }
    if (asked)
        t->n.icmp_answers++;
    else
        t->n.icmp_unasked++;
    return asked;
}

/* fe80::/10 or ::, RFC 4291. */
static bool is_of_link(const uint8_t *addr)
{
    static const uint8_t none[16];

    return (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80) || memcmp(addr, none, sizeof(none)) == 0;
}

static bool is_link_message(const struct gad_packet *p)
{
    uint8_t type = p->icmp_type;
    bool discovery = type >= 133 && type <= 136;
    bool listener = (type >= 130 && type <= 132) || type == 143;

    if (p->tuple.proto != GAD_IP_ICMP6 || p->icmp_code != 0 || p->tunnels > 0 ||
        p->len > GAD_BACKGROUND_LEN || p->wrong_fragments > 0)
        return false;
    return (discovery && p->hop_limit == 255) ||
           (listener && p->hop_limit == 1 && is_of_link(p->tuple.src));
}

bool gad_icmp_is_background(struct gad_flow_table *t, const struct gad_packet *p)
{
    if (!is_link_message(p))
        return false;
    int64_t second = t->clock.now / 1000000000;
    if (second != t->icmp.second)
        t->icmp.n_background = 0;
    t->icmp.second = second;
    if (t->icmp.n_background == GAD_BACKGROUND_RATE)
        return false;
    t->icmp.n_background++;
    t->n.background++;
    return true;
}
