/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/crc32c.h"

#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

static void check(const void *p, size_t len, uint32_t want)
{
    assert_int_equal(gad_crc32c(0, p, len), want);
    assert_int_equal(gad_crc32c_table(0, p, len), want);
}

/* RFC 3720 appendix B.4, whose sums are printed in the order of the bytes on the wire; and the
 * check value. */
static void the_vectors_of_rfc_3720_come_out(void **state)
{
    (void)state;
    uint8_t p[32];
    static const uint8_t read_10[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02};

    memset(p, 0, sizeof(p));
    check(p, sizeof(p), 0x8a9136aa);
    memset(p, 0xff, sizeof(p));
    check(p, sizeof(p), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        p[i] = i;
    check(p, sizeof(p), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++)
        p[i] = (uint8_t)(31 - i);
    check(p, sizeof(p), 0x113fdb5c);
    check(read_10, sizeof(read_10), 0xd9963a56); /* an iSCSI SCSI Read (10) command */
    check("123456789", 9, 0xe3069283);
    check("", 0, 0);
}

static void instruction_and_table_agree_at_every_length_and_alignment(void **state)
{
    (void)state;
    uint8_t p[300];
    struct gad_rng r = gad_rng_init(1, 1);

    for (size_t i = 0; i < sizeof(p); i++)
        p[i] = (uint8_t)gad_rng_below(&r, 256);
    for (size_t at = 0; at < 16; at++)
        for (size_t len = 0; at + len <= sizeof(p); len++)
            assert_int_equal(gad_crc32c(7, p + at, len), gad_crc32c_table(7, p + at, len));
}

static void parts_give_what_the_whole_gives(void **state)
{
    (void)state;
    static const char text[] = "the quick brown fox jumps over the lazy dog";
    size_t len = sizeof(text) - 1;
    uint32_t whole = gad_crc32c(0, text, len);

    for (size_t cut = 0; cut <= len; cut++)
        assert_int_equal(gad_crc32c(gad_crc32c(0, text, cut), text + cut, len - cut), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_3720_come_out),
        cmocka_unit_test(instruction_and_table_agree_at_every_length_and_alignment),
        cmocka_unit_test(parts_give_what_the_whole_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
