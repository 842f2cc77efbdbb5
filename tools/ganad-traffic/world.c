/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/world.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"

enum { FIRST_PORT = 32768, LAST_PORT = 60999 }; /* the ephemeral ports of Linux */

#define NET(a, b, c) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8)

/* Words that payload inspection never takes for a command, a login or a failure. */
static const char *const words[] = {
    "lorem",   "ipsum",  "dolor", "amet",   "consectetur", "adipiscing", "elit", "sed",
    "eiusmod", "tempor", "ut",    "labore", "dolore",      "aliqua",     "enim", "minim",
    "quis",    "nisi",   "duis",  "aute",   "irure",       "velit",      "esse", "nulla",
};

static void fill_text(struct gad_rng *r, uint8_t *p, size_t len)
{
    size_t at = 0, column = 0;

    while (at < len) {
        const char *word = draw_pick(r, words);
        for (; *word && at < len; column++)
            p[at++] = (uint8_t)*word++;
        if (column > 64 && at + 2 <= len) {
            p[at++] = '\r';
            p[at++] = '\n';
            column = 0;
        } else if (at < len) {
            p[at++] = ' ';
            column++;
        }
    }
}

int world_new(uint64_t seed, struct world **ret)
{
    struct world *w = gad_calloc(1, sizeof(*w));
    if (!w)
        return GAD_ENOMEM;

    struct gad_rng r = gad_rng_init(seed, 0);
    for (size_t i = 0; i < WORLD_PORTS; i++)
        w->next_port[i] = (uint16_t)draw_between(&r, FIRST_PORT, LAST_PORT);
    fill_text(&r, w->text, WORLD_POOL);
    for (size_t i = 0; i < WORLD_POOL; i++)
        w->binary[i] = (uint8_t)gad_rng_below(&r, 256);
    memcpy(w->text + WORLD_POOL, w->text, WORLD_POOL_SLACK);
    memcpy(w->binary + WORLD_POOL, w->binary, WORLD_POOL_SLACK);
    draw_zipf_fill(w->rank_inside, 4);
    draw_zipf_fill(w->rank_outside, WORLD_SITES);
    *ret = w;
    return 0;
}

void world_free(struct world *w)
{
    gad_free(w);
}

static uint32_t address_hash(const struct endpoint *e)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (int i = 0; i < 16; i++)
        h = (h ^ e->addr[i]) * 16777619u;
    return h ^ h >> 15;
}

uint16_t world_port(struct world *w, const struct endpoint *e)
{
    uint32_t h = address_hash(e);
    uint16_t *next = &w->next_port[h % WORLD_PORTS], port = *next;

    *next = port >= LAST_PORT ? FIRST_PORT : (uint16_t)(port + 1);
    return port;
}

static void ipv4(uint32_t address, struct endpoint *ret)
{
    *ret = (struct endpoint){.family = 4};
    for (int i = 0; i < 4; i++)
        ret->addr[i] = (uint8_t)(address >> (24 - 8 * i));
}

/* On a network of the site: its own hardware address, no hop between it and the tap. */
static void inside(uint32_t address, struct endpoint *ret)
{
    ipv4(address, ret);
    ret->mac[0] = 2;
    memcpy(ret->mac + 2, ret->addr, 4);
    ret->ttl = address_hash(ret) % 3 ? 64 : 128;
    ret->delay = 150 + address_hash(ret) % 600;
}

/* Beyond the router, 5 to 25 hops away. */
static void outside(uint32_t address, struct endpoint *ret)
{
    static const uint8_t router[6] = {2, 0, 0, 0, 0, 1};

    ipv4(address, ret);
    memcpy(ret->mac, router, sizeof(router));
    uint32_t h = address_hash(ret);
    ret->ttl = (uint8_t)((h % 3 ? 64u : 128u) - 5 - h / 3 % 20);
    ret->delay = 4000 + h % 97 * 1100;
}

/* Host n of networks of 254 hosts each. */
static uint32_t nth(uint32_t net, uint32_t n)
{
    return net + (n / 254 << 8) + n % 254 + 1;
}

static void world_inside_client(struct session *s, struct endpoint *ret)
{
    uint32_t n = gad_rng_below(&s->rng, 4 * 254);

    inside(nth(NET(10, 20, 0), n), ret);
    if (n / 254 == 2)
        ret->vlan[0] = 20;
    if (n / 254 == 3) {
        ret->vlan[0] = 100;
        ret->vlan[1] = 30;
    }
}

void world_server_number(uint32_t n, struct endpoint *ret)
{
    inside(nth(NET(172, 16, 112), n % 40), ret);
}

void world_inside_server(struct session *s, uint16_t port, struct endpoint *ret)
{
    world_server_number(port * 7u + draw_zipf(&s->rng, s->world->rank_inside, 4), ret);
    ret->port = port;
}

void world_unused(struct session *s, struct endpoint *ret)
{
    inside(nth(NET(172, 16, 115), gad_rng_below(&s->rng, 254)), ret);
}

void world_attacker(struct world *w, struct endpoint *ret)
{
    outside(nth(NET(203, 0, 113), w->n_attackers++ % 250), ret);
}

void world_forged(struct world *w, struct endpoint *ret)
{
    uint32_t n = w->n_forged++;

    outside(nth(NET(192, 0, 2), n / 64000 % 254), ret);
    ret->port = (uint16_t)(1024 + n % 64000);
}

void world_helper(uint32_t n, struct endpoint *ret)
{
    outside(nth(NET(198, 51, 100), n % 254), ret);
}

static void make_ipv6(struct endpoint *e)
{
    static const uint8_t prefix[4] = {0x20, 0x01, 0x0d, 0xb8};

    memcpy(e->addr + 12, e->addr, 4);
    memset(e->addr, 0, 12);
    memcpy(e->addr, prefix, sizeof(prefix));
    e->family = 6;
}

void world_pair(struct session *s, uint16_t port, enum world_family family, struct endpoint *client,
                struct endpoint *server)
{
    struct world *w = s->world;
    bool from_outside = draw_chance(&s->rng, 3, 10);

    if (from_outside)
        outside(nth(NET(198, 18, 0), gad_rng_below(&s->rng, 16 * 254)), client);
    else
        world_inside_client(s, client);
    if (from_outside || draw_chance(&s->rng, 4, 10))
        world_inside_server(s, port, server);
    else
        outside(nth(NET(198, 19, 0), draw_zipf(&s->rng, w->rank_outside, WORLD_SITES)), server);
    if (family != WORLD_IPV4 && draw_chance(&s->rng, 1, 16)) {
        make_ipv6(client);
        make_ipv6(server);
    }
    server->port = port;
    client->port = world_port(w, client);
}

const struct user *user_any(struct gad_rng *r)
{
    static const struct user users[] = {
        {"alice", "wonder12"}, {"bob", "builder9"},   {"carol", "xmas2024"}, {"dave", "hal9000x"},
        {"erin", "emerald7"},  {"frank", "stein818"}, {"grace", "cobol59"},  {"heidi", "alps4049"},
        {"ivan", "moskva42"},  {"judy", "garland3"},
    };
    return &draw_pick(r, users);
}
