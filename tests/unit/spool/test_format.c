/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/format.h"

#include <stdlib.h>
#include <string.h>

#include "lib/spool/spool.h"
#include "tests/unit/test.h"

enum { SALT = 0x5eed };

static void names_are_numbers_and_nothing_else(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {1, 0xabcdef, GAD_SPOOL_SEQ_MAX};
    static const char *const others[] = {"",
                                         "0000000000000000.seg",
                                         "000000000000000G.seg",
                                         "000000000000000A.seg",
                                         "00000000000000001.seg",
                                         "0000000000000001.seg~",
                                         "0000000000000001",
                                         "000000000000001.seg",
                                         "4000000000000001.seg",
                                         "ffffffffffffffff.seg",
                                         "ganad-spool.state"};
    char name[GAD_SPOOL_FILE_NAME];
    uint64_t v = 0;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        gad_spool_segment_name(numbers[i], name);
        assert_true(gad_spool_segment_number(name, &v));
        assert_int_equal(v, numbers[i]);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(gad_spool_segment_number(others[i], &v));
}

static void a_head_comes_back_and_no_flipped_bit_is_believed(void **state)
{
    (void)state;
    const struct gad_spool_head h = {.first = 70000,
                                     .unused_from = 5,
                                     .unused_to = 60000,
                                     .created = -1,
                                     .salt = SALT,
                                     .flags = GAD_SPOOL_GUESSED};
    struct gad_spool_head got;
    uint8_t p[GAD_SPOOL_HEAD];

    gad_spool_head_write(&h, p);
    assert_int_equal(gad_spool_head_read(p, sizeof(p), &got), 0);
    assert_memory_equal(&got, &h, sizeof(h));
    for (size_t len = 0; len < sizeof(p); len++)
        assert_int_equal(gad_spool_head_read(p, len, &got), GAD_ETRUNC);
    for (size_t bit = 0; bit < 8 * sizeof(p); bit++) {
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(gad_spool_head_read(p, sizeof(p), &got),
                         bit / 8 < 8 ? GAD_EFORMAT : GAD_EMISMATCH);
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* With right sums, too. */
static void numbers_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const struct gad_spool_head bad[] = {
        {.first = 0},
        {.first = GAD_SPOOL_SEQ_MAX + 1},
        {.first = 5, .unused_to = 6},
        {.first = 5, .unused_to = 5}, /* 0 is no number */
        {.first = 5, .unused_from = 4, .unused_to = 3},
        {.first = 5, .unused_from = UINT64_MAX, .unused_to = UINT64_MAX}};
    struct gad_spool_head got;
    uint8_t p[GAD_SPOOL_HEAD];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        gad_spool_head_write(&bad[i], p);
        assert_int_equal(gad_spool_head_read(p, sizeof(p), &got), GAD_EMISMATCH);
    }
}

static void a_record_comes_back_at_every_length(void **state)
{
    (void)state;
    static const uint32_t lens[] = {
        1, 7, 8, 9, 900, GAD_SPOOL_RECORD_MAX - 1, GAD_SPOOL_RECORD_MAX};
    uint8_t *payload = malloc(GAD_SPOOL_RECORD_MAX), *p = malloc(2 * GAD_SPOOL_RECORD_MAX);
    struct gad_spool_record got;
    size_t size;

    assert_true(payload && p);
    memset(payload, 0xa5, GAD_SPOOL_RECORD_MAX);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        const struct gad_spool_record r = {
            .seq = 1 + i, .time = -5, .p = payload, .len = lens[i], .kind = GAD_SPOOL_KINDS - 1};
        size_t want = gad_spool_record_size(r.len);
        assert_int_equal(want % GAD_SPOOL_ALIGN, 0);
        gad_spool_record_write(&r, SALT, p);
        assert_int_equal(gad_spool_record_read(p, want, SALT, &got, &size), 0);
        assert_int_equal(size, want);
        assert_true(got.seq == r.seq && got.time == r.time && got.len == r.len);
        assert_int_equal(got.kind, r.kind);
        assert_memory_equal(got.p, payload, r.len);
        assert_int_equal(gad_spool_record_read(p, want - 1, SALT, &got, &size), GAD_MORE);
        assert_int_equal(size, want);
        assert_int_equal(gad_spool_record_read(p, 31, SALT, &got, &size), GAD_MORE);
        assert_int_equal(gad_spool_record_read(p, want, SALT + 1, &got, &size), GAD_EFORMAT);
        assert_int_equal(size, GAD_SPOOL_ALIGN);
    }
    free(payload);
    free(p);
}

static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    static const uint8_t payload[13] = "hello, spool";
    const struct gad_spool_record r = {.seq = 3, .p = payload, .len = sizeof(payload)};
    uint8_t p[GAD_SPOOL_RECORD_HEAD + 16];
    struct gad_spool_record got;
    size_t size;

    gad_spool_record_write(&r, SALT, p);
    for (size_t bit = 0; bit < 8 * sizeof(p); bit++) {
        size_t at = bit / 8;
        p[at] ^= (uint8_t)(1 << bit % 8);
        int err = gad_spool_record_read(p, sizeof(p), SALT, &got, &size);
        if (at < GAD_SPOOL_RECORD_HEAD)
            assert_int_equal(err, GAD_EFORMAT);
        else
            assert_int_equal(err, at < GAD_SPOOL_RECORD_HEAD + sizeof(payload) ? GAD_EMISMATCH : 0);
        p[at] ^= (uint8_t)(1 << bit % 8);
    }
}

static void limits_hold_though_the_sums_are_right(void **state)
{
    (void)state;
    static uint8_t payload[8];
    const struct gad_spool_record bad[] = {
        {.seq = 0, .p = payload, .len = 8},
        {.seq = GAD_SPOOL_SEQ_MAX, .p = payload, .len = 8},
        {.seq = 1, .p = payload, .len = 8, .kind = GAD_SPOOL_KINDS},
        {.seq = 1, .p = payload, .len = 0},
    };
    uint8_t p[64];
    struct gad_spool_record got;
    size_t size;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        gad_spool_record_write(&bad[i], SALT, p);
        assert_int_equal(gad_spool_record_read(p, sizeof(p), SALT, &got, &size), GAD_EFORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbers_and_nothing_else),
        cmocka_unit_test(a_head_comes_back_and_no_flipped_bit_is_believed),
        cmocka_unit_test(numbers_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_record_comes_back_at_every_length),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(limits_hold_though_the_sums_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
