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

static void host_of(struct thing t, struct gad_host_count *ret)
{
    bool is_v4 = t.high == 0 && t.low >> 32 == MAPPED >> 32;
    uint64_t word[2] = {htobe64(t.high), htobe64(t.low)};
    uint32_t short_word = htobe32((uint32_t)t.low);

    ret->family = is_v4 ? 4 : 6;
    if (is_v4)
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
