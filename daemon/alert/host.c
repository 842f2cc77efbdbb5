/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host.h"

#include <endian.h>
#include <string.h>

static const uint64_t MAPPED = UINT64_C(0xffff00000000); /* ::ffff:0:0/96 */

struct thing host_thing(uint8_t family, const uint8_t address[static 16])
{
    uint64_t word[2];
    uint32_t short_word;

    if (family == 4) {
        memcpy(&short_word, address, sizeof(short_word));
        return (struct thing){0, MAPPED | be32toh(short_word)};
    }
    memcpy(word, address, sizeof(word));
    return (struct thing){be64toh(word[0]), be64toh(word[1])};
}

static bool is_v4(struct thing t)
{
    return t.high == 0 && t.low >> 32 == MAPPED >> 32;
}

bool host_is_private(struct thing t)
{
    uint32_t a = (uint32_t)t.low;

    if (is_v4(t))
        return a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 ||
               a >> 16 == 0xa9fe;
    return t.high >> 57 == 0x7e || t.high >> 54 == 0x3fa || (t.high == 0 && t.low == 1);
}

static void host_of(struct thing t, struct gad_host_count *ret)
{
    uint64_t word[2] = {htobe64(t.high), htobe64(t.low)};
    uint32_t short_word = htobe32((uint32_t)t.low);

    ret->family = is_v4(t) ? 4 : 6;
    if (is_v4(t))
        memcpy(ret->address, &short_word, sizeof(short_word));
    else
        memcpy(ret->address, word, sizeof(word));
}

size_t host_top(const struct distinct *d, size_t max, struct gad_host_count *ret)
{
    uint32_t place[DISTINCT_EXACT];
    size_t n = distinct_top(d, max < DISTINCT_EXACT ? max : DISTINCT_EXACT, place);

    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct gad_host_count){.count = distinct_at_least(d, place[i])};
        host_of(d->thing[place[i]], &ret[i]);
    }
    return n;
}
