/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/siphash.h"

#include "tests/unit/test.h"

/* Key 00 01 .. 0f, messages 00 01 .. of n bytes: appendix A of the paper (15), vectors.h of the
 * reference code. */
static void the_vectors_of_its_authors_come_out(void **state)
{
    (void)state;
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t m[64];
    for (unsigned i = 0; i < 64; i++)
        m[i] = (uint8_t)i;
    assert_true(gad_siphash(key, m, 15) == UINT64_C(0xa129ca6149be45e5));
    assert_true(gad_siphash(key, m, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(gad_siphash(key, NULL, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(gad_siphash(key, m, 1) == UINT64_C(0x74f839c593dc67fd));
    assert_true(gad_siphash(key, m, 8) == UINT64_C(0x93f5f5799a932462));
    assert_true(gad_siphash(key, m, 63) == UINT64_C(0x958a324ceb064572));
}

/* What CPython 3.11 gives, with PYTHONHASHSEED=0, which is the key 0, as hash() of the bytes 00
 * 01 .. on x86-64. */
static void words_hash_as_elsewhere(void **state)
{
    (void)state;
    const uint64_t key[2] = {0, 0};
    const uint64_t words[5] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908),
                               UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918),
                               UINT64_C(0x2726252423222120)};
    assert_true(gad_siphash13(key, words, 1) == UINT64_C(0xead411e67ebe2eea));
    assert_true(gad_siphash13(key, words, 2) == UINT64_C(0x8972188433a5c5b7));
    assert_true(gad_siphash13(key, words, 5) == UINT64_C(0x95bc321ab41d8206));
}

static void another_key_gives_another_hash(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t key[2] = {1, 2};
        uint64_t before = gad_siphash(key, "ganad", 5);
        key[bit / 64] ^= UINT64_C(1) << bit % 64;
        assert_true(gad_siphash(key, "ganad", 5) != before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_its_authors_come_out),
        cmocka_unit_test(words_hash_as_elsewhere),
        cmocka_unit_test(another_key_gives_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
