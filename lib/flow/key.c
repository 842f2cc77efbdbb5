/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/key.h"

#include <string.h>

#include "lib/base/siphash.h"

#define VLAN_MASK UINT64_C(0xffffff)

struct gad_flow_secret gad_flow_secret_of(const uint8_t bytes[static 16])
{
    struct gad_flow_secret s;

    memcpy(s.k, bytes, sizeof(s.k));
    return s;
}

static bool is_above(const uint64_t x[2], uint16_t x_port, const uint64_t y[2], uint16_t y_port)
{
    if (x[0] != y[0])
        return x[0] > y[0];
    if (x[1] != y[1])
        return x[1] > y[1];
    return x_port > y_port;
}

struct gad_flow_key gad_flow_key_of(const struct gad_tuple *t, uint32_t vlan, bool *ret_src_is_b)
{
    struct gad_flow_key key;
    uint64_t ports;

    memcpy(key.a, t->src, sizeof(key.a));
    memcpy(key.b, t->dst, sizeof(key.b));
    bool swap = is_above(key.a, t->src_port, key.b, t->dst_port);
    if (swap) {
        memcpy(key.a, t->dst, sizeof(key.a));
        memcpy(key.b, t->src, sizeof(key.b));
        ports = t->dst_port | (uint64_t)t->src_port << 16;
    } else {
        ports = t->src_port | (uint64_t)t->dst_port << 16;
    }
    key.rest = ports | (vlan & VLAN_MASK) << GAD_FLOW_KEY_VLAN |
               (uint64_t)(t->family == 6) << GAD_FLOW_KEY_IPV6 |
               (uint64_t)(t->proto == GAD_IP_TCP) << GAD_FLOW_KEY_TCP;
    *ret_src_is_b = swap;
    return key;
}

struct gad_tuple gad_flow_key_tuple(const struct gad_flow_key *key, bool src_is_b)
{
    uint16_t a = (uint16_t)key->rest, b = (uint16_t)(key->rest >> 16);
    struct gad_tuple t = {
        .family = key->rest >> GAD_FLOW_KEY_IPV6 & 1 ? 6 : 4,
        .proto = key->rest >> GAD_FLOW_KEY_TCP & 1 ? GAD_IP_TCP : GAD_IP_UDP,
        .src_port = src_is_b ? b : a,
        .dst_port = src_is_b ? a : b,
    };

    memcpy(t.src, src_is_b ? key->b : key->a, sizeof(t.src));
    memcpy(t.dst, src_is_b ? key->a : key->b, sizeof(t.dst));
    return t;
}

uint64_t gad_flow_key_hash(const struct gad_flow_key *key, const struct gad_flow_secret *secret)
{
    uint64_t words[5] = {key->a[0], key->b[0], key->rest, key->a[1], key->b[1]};
    uint32_t half[2];

    if (key->rest >> GAD_FLOW_KEY_IPV6 & 1)
        return gad_siphash13(secret->k, words, 5);
    memcpy(half, key->a, sizeof(half[0]));
    memcpy(half + 1, key->b, sizeof(half[1]));
    memcpy(words + 1, half, sizeof(half));
    return gad_siphash13(secret->k, words + 1, 2);
}
