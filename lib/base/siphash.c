/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/siphash.h"

#include "lib/base/cursor.h"

static inline uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void rounds(uint64_t v[static 4], int n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static inline void word(uint64_t v[static 4], uint64_t m, int n)
{
    v[3] ^= m;
    rounds(v, n);
    v[0] ^= m;
}

static inline uint64_t finish(uint64_t v[static 4], int n)
{
    v[2] ^= 0xff;
    rounds(v, n);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t gad_siphash(const uint64_t key[static 2], const void *p, size_t len)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    struct gad_cursor c = gad_cursor_init(p, len);
    uint64_t last = (uint64_t)(len & 0xff) << 56;

    while (c.left >= 8)
        word(v, gad_cursor_u64le(&c), 2);
    for (unsigned shift = 0; c.left > 0; shift += 8)
        last |= (uint64_t)gad_cursor_u8(&c) << shift;
    word(v, last, 2);
    return finish(v, 4);
}

uint64_t gad_siphash13(const uint64_t key[static 2], const uint64_t *words, size_t n)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};

    for (size_t i = 0; i < n; i++)
        word(v, words[i], 1);
    word(v, (uint64_t)(n * 8 & 0xff) << 56, 1);
    return finish(v, 3);
}
