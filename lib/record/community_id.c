/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/community_id.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    IP_SCTP = 132,
    SHA1_LEN = 20,
    BASE64_LEN = 28, /* of 20 bytes, with padding */
    INPUT_MAX = 2 + 16 + 16 + 2 + 4,
};

struct gad_community_id {
    EVP_MD_CTX *sha; /* set up once: finding an algorithm costs more than a hash of 40 bytes */
    uint16_t seed;
};

int gad_community_id_new(uint16_t seed, struct gad_community_id **ret)
{
    gad_cleanup(gad_community_id_freep) struct gad_community_id *c = gad_calloc(1, sizeof(*c));

    if (!c)
        return GAD_ENOMEM;
    c->seed = seed;
    c->sha = EVP_MD_CTX_new();
    if (!c->sha || EVP_DigestInit_ex(c->sha, EVP_sha1(), NULL) != 1)
        return GAD_ENOMEM;
    *ret = gad_steal(&c);
    return 0;
}

void gad_community_id_free(struct gad_community_id *c)
{
    if (!c)
        return;
    EVP_MD_CTX_free(c->sha);
    gad_free(c);
}

struct type_pair {
    uint8_t ask, answer;
};

/* Echo, router discovery, timestamp, information, address mask. */
static const struct type_pair icmp_pairs[] = {{8, 0}, {10, 9}, {13, 14}, {15, 16}, {17, 18}};

/* Echo, router and neighbour discovery, listener query, node information, home agent discovery. */
static const struct type_pair icmp6_pairs[] = {{128, 129}, {133, 134}, {135, 136},
                                               {130, 131}, {139, 140}, {144, 145}};

static bool counterpart(const struct type_pair *pair, size_t n, uint8_t type, uint8_t *ret)
{
    for (size_t i = 0; i < n; i++)
        if (pair[i].ask == type || pair[i].answer == type) {
            *ret = pair[i].ask == type ? pair[i].answer : pair[i].ask;
            return true;
        }
    return false;
}

/* The hashed part of the two endpoints besides addresses. */
struct ends {
    uint16_t src, dst;
    bool have_ports, one_way;
};

static struct ends ends_of(const struct gad_tuple *t, uint8_t type, uint8_t code)
{
    bool icmp = t->proto == GAD_IP_ICMP, icmp6 = t->proto == GAD_IP_ICMP6;
    uint8_t other = code;

    if (!icmp && !icmp6)
        return (struct ends){
            t->src_port, t->dst_port,
            t->proto == GAD_IP_TCP || t->proto == GAD_IP_UDP || t->proto == IP_SCTP, false};
    bool paired =
        icmp ? counterpart(icmp_pairs, sizeof(icmp_pairs) / sizeof(icmp_pairs[0]), type, &other)
             : counterpart(icmp6_pairs, sizeof(icmp6_pairs) / sizeof(icmp6_pairs[0]), type, &other);
    return (struct ends){type, other, true, !paired};
}

struct input {
    uint8_t p[INPUT_MAX];
    size_t len;
};

static void add(struct input *in, const void *p, size_t len)
{
    memcpy(in->p + in->len, p, len);
    in->len += len;
}

static void add_u16be(struct input *in, uint16_t v)
{
    const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)(v & 0xff)};
    add(in, b, sizeof(b));
}

static struct input input_of(const struct gad_tuple *t, uint16_t seed, size_t addr_len,
                             struct ends e)
{
    const uint8_t proto[2] = {t->proto, 0}; /* and a padding byte */
    int cmp = memcmp(t->src, t->dst, addr_len);
    bool swap = !e.one_way && (cmp > 0 || (cmp == 0 && e.have_ports && e.src > e.dst));
    struct input in = {.len = 0};

    add_u16be(&in, seed);
    add(&in, swap ? t->dst : t->src, addr_len);
    add(&in, swap ? t->src : t->dst, addr_len);
    add(&in, proto, sizeof(proto));
    if (e.have_ports) {
        add_u16be(&in, swap ? e.dst : e.src);
        add_u16be(&in, swap ? e.src : e.dst);
    }
    return in;
}

void gad_community_id_text(struct gad_community_id *c, const struct gad_tuple *t, uint8_t icmp_type,
                           uint8_t icmp_code, char text[static GAD_COMMUNITY_ID_TEXT])
{
    size_t addr_len = t->family == 4 ? 4 : t->family == 6 ? 16 : 0;
    unsigned char sum[EVP_MAX_MD_SIZE], base64[BASE64_LEN + 1];

    text[0] = '\0';
    if (addr_len == 0)
        return;
    struct input in = input_of(t, c->seed, addr_len, ends_of(t, icmp_type, icmp_code));
    if (EVP_DigestInit_ex(c->sha, NULL, NULL) != 1 || EVP_DigestUpdate(c->sha, in.p, in.len) != 1 ||
        EVP_DigestFinal_ex(c->sha, sum, NULL) != 1)
        return;
    (void)EVP_EncodeBlock(base64, sum, SHA1_LEN);
    text[0] = '1';
    text[1] = ':';
    memcpy(text + 2, base64, sizeof(base64));
}

void gad_record_identify(struct gad_community_id *c, struct gad_record *r)
{
    if (!r->id_follows)
        return;
    struct gad_tuple sent = r->is_answer ? gad_tuple_reversed(&r->tuple) : r->tuple;
    gad_community_id_text(c, &sent, r->icmp_type, r->icmp_code, r->community_id);
    r->id_follows = false;
}
