/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/magic.h"

#include <string.h>
#include <zlib.h>

#include "lib/base/mem.h"
#include "tests/unit/test.h"

struct bytes {
    size_t len;
    uint8_t p[4096];
};

static const uint8_t capture[8] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0};

static struct bytes packed(const void *p, size_t len, const char *name)
{
    struct bytes b = {.len = 0};
    gz_header head = {.name = (Bytef *)(uintptr_t)name};
    z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)len};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    if (name)
        assert_int_equal(deflateSetHeader(&z, &head), Z_OK);
    z.next_out = b.p;
    z.avail_out = sizeof(b.p);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    b.len = sizeof(b.p) - z.avail_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
    return b;
}

/* Of these bytes as they come, one after the other: once it is known it stays; @n: bytes it
 * takes. */
static bool says(const void *p, size_t len, size_t *ret_n)
{
    bool is = false;

    *ret_n = len + 1;
    for (size_t n = len + 1; n-- > 0;) {
        bool one = true;
        int r = gad_magic_is_capture(p, n, &one);
        assert_true(r == 0 || r == GAD_MORE);
        if (r == GAD_MORE)
            return is;
        assert_true(n == len || one == is);
        is = one;
        *ret_n = n;
    }
    return is;
}

static void plain_bytes_say_it_at_once(void **state)
{
    (void)state;
    static const struct {
        uint8_t p[5];
        bool is;
        size_t n; /* bytes that it takes */
    } cases[] = {
        {{0xd4, 0xc3, 0xb2, 0xa1, 2}, true, 4}, {{0xa1, 0xb2, 0xc3, 0xd4, 0}, true, 4},
        {{0x4d, 0x3c, 0xb2, 0xa1, 2}, true, 4}, {{0xa1, 0xb2, 0x3c, 0x4d, 0}, true, 4},
        {{0x34, 0xcd, 0xb2, 0xa1, 2}, true, 4}, {{0xa1, 0xb2, 0xcd, 0x34, 0}, true, 4},
        {{0x0a, 0x0d, 0x0d, 0x0a, 0}, true, 4}, {{0x0a, 0x0d, 0x0d, 0x0b, 0}, false, 4},
        {{'0', ',', 't', 'c', 'p'}, false, 1},  {{'\n', '0', ',', 't', 'c'}, false, 2},
        {{0x1f, 0x8c, 0, 0, 0}, false, 2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n;
        assert_int_equal(says(cases[i].p, 5, &n), cases[i].is);
        assert_int_equal(n, cases[i].n);
    }
}

static void packed_ones_are_looked_into(void **state)
{
    (void)state;
    size_t n;
    struct bytes b = packed(capture, sizeof(capture), NULL);

    assert_true(says(b.p, b.len, &n));
    assert_true(n < b.len - 8); /* without the trailer */
    b = packed(capture, sizeof(capture), "a name that goes before what is packed");
    assert_true(says(b.p, b.len, &n));
    assert_true(n > 50);
    b = packed("0,tcp,http", 10, NULL);
    assert_false(says(b.p, b.len, &n));
    assert_true(n <= b.len);
    b = packed(capture, 3, NULL); /* too short to be one, and that is all */
    assert_false(says(b.p, b.len, &n));
    b = packed("", 0, NULL);
    assert_false(says(b.p, b.len, &n));
    assert_true(n <= b.len);
    b = packed(capture, sizeof(capture), NULL);
    b.p[2] = 9; /* no method of gzip */
    assert_false(says(b.p, b.len, &n));
    assert_true(n <= b.len);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    struct bytes b = packed(capture, sizeof(capture), NULL);
    int r = GAD_ENOMEM;
    bool is = false;

    for (long k = 1; r != 0; k++) {
        (void)gad_mem_fail_at(k);
        r = gad_magic_is_capture(b.p, b.len, &is);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || r == GAD_ENOMEM);
        assert_true(r != 0 || k > 1);
    }
    assert_true(is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_say_it_at_once),
        cmocka_unit_test(packed_ones_are_looked_into),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
