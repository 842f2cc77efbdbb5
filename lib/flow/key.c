/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/key.h"

#include <string.h>

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

struct sip {
    uint64_t v[4];
};

static inline uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static inline void sip_round(struct sip *s)
{
    uint64_t *v = s->v;

    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s);
    s->v[0] ^= word;
}

/*
 * Aumasson and Bernstein 2012, with one round a word and three at the end. The last word holds the family, which
 * says how many words came before, as the length byte of the original does.
 */
uint64_t gad_flow_key_hash(const struct gad_flow_key *key, const struct gad_flow_secret *secret)
{
    uint64_t k0 = secret->k[0], k1 = secret->k[1];
    struct sip s = {{k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)}};

    if (key->rest >> GAD_FLOW_KEY_IPV6 & 1) {
        sip_word(&s, key->a[0]);
        sip_word(&s, key->a[1]);
        sip_word(&s, key->b[0]);
        sip_word(&s, key->b[1]);
    } else { /* the first four bytes of each address, whatever the byte order */
        uint32_t half[4];
        uint64_t both;
        memcpy(half, key->a, sizeof(uint32_t));
        memcpy(half + 1, key->b, sizeof(uint32_t));
        memcpy(&both, half, sizeof(both));
        sip_word(&s, both);
    }
    sip_word(&s, key->rest);
    s.v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
