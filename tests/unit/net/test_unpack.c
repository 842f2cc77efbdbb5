/* SPDX-License-Identifier: Apache-2.0 */
/* Packed captures of each kind, whole, in several members and damaged. */
#include "lib/net/unpack.h"

#ifdef GAD_WITH_BZIP2
#include <bzlib.h>
#endif
#ifdef GAD_WITH_XZ
#include <lzma.h>
#endif
#ifdef GAD_WITH_ZSTD
#include <zstd.h>
#endif

#include <sys/mman.h>

#include "lib/base/diag.h"
#include "lib/net/source_bytes.h"
#include "tests/unit/net/capture.h"
#include "tests/unit/test.h"

enum { CONTENT = 3000, ROOM = CAPTURE_MAX };

static uint8_t content[CONTENT], packed[ROOM], out[ROOM];
static size_t n_out;

struct packer {
    enum gad_packed kind;
    size_t (*pack)(const void *p, size_t n, uint8_t *out);
    size_t sum_at; /* a byte of the check, from the end of a member */
};

static size_t gzip(const void *p, size_t n, uint8_t *to)
{
    return cap_gzip(p, n, to);
}

#ifdef GAD_WITH_ZSTD
static size_t zstd(const void *p, size_t n, uint8_t *to)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    (void)ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    size_t len = ZSTD_compress2(z, to, ROOM, p, n);
    assert_false(ZSTD_isError(len));
    (void)ZSTD_freeCCtx(z);
    return len;
}
#endif

#ifdef GAD_WITH_XZ
static size_t xz(const void *p, size_t n, uint8_t *to)
{
    size_t len = 0;
    assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, p, n, to, &len, ROOM / 2),
                     LZMA_OK);
    return len;
}
#endif

#ifdef GAD_WITH_BZIP2
static size_t bzip2(const void *p, size_t n, uint8_t *to)
{
    unsigned len = ROOM / 2;
    assert_int_equal(
        BZ2_bzBuffToBuffCompress((char *)to, &len, (char *)(uintptr_t)p, (unsigned)n, 1, 0, 0),
        BZ_OK);
    return len;
}
#endif

static const struct packer packers[] = {
    {GAD_PACKED_GZIP, gzip, 8},
#ifdef GAD_WITH_ZSTD
    {GAD_PACKED_ZSTD, zstd, 1},
#endif
#ifdef GAD_WITH_XZ
    {GAD_PACKED_XZ, xz, 28},
#endif
#ifdef GAD_WITH_BZIP2
    {GAD_PACKED_BZIP2, bzip2, 3},
#endif
};

enum { N_PACKERS = sizeof(packers) / sizeof(packers[0]) };

static int make_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTENT; i++)
        content[i] = (uint8_t)(i * i >> 5);
    return 0;
}

/* A file in memory. */
static int file_of(const void *p, size_t n)
{
    int fd = memfd_create("packed", MFD_CLOEXEC);

    assert_int_equal(write(fd, p, n), n);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Unpacks a file, some bytes at a time. Returns why it ended, or an error of opening it. */
static int unpack(const uint8_t *p, size_t n, size_t step)
{
    gad_cleanup(gad_bytes_closep) struct gad_bytes *b = NULL;
    struct gad_diag d = {""};
    size_t got = 0;

    n_out = 0;
    int fd = file_of(p, n);
    int r = gad_bytes_open(&(struct gad_bytes_input){.fd = fd}, &b, &d);
    while (r == 0) {
        const uint8_t *q = gad_bytes_need(b, step, &got);
        got = got < step ? got : step;
        if (got == 0)
            break;
        assert_true(n_out + got <= ROOM);
        memcpy(out + n_out, q, got);
        n_out += got;
        gad_bytes_take(b, got);
        assert_int_equal(gad_bytes_offset(b), n_out);
    }
    close(fd);
    assert_int_equal(d.text[0] != '\0', r != 0);
    return r != 0 ? r : gad_bytes_end(b);
}

static void is_content(size_t times)
{
    assert_int_equal(n_out, times * CONTENT);
    for (size_t i = 0; i < times; i++)
        assert_memory_equal(out + i * CONTENT, content, CONTENT);
}

static void members_follow_each_other(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKERS; k++) {
        size_t n = packers[k].pack(content, CONTENT, packed);
        assert_int_equal(unpack(packed, n, 7), 0);
        is_content(1);
        size_t two = n + packers[k].pack(content, CONTENT, packed + n);
        assert_int_equal(unpack(packed, two, GAD_BYTES_WINDOW), 0);
        is_content(2);
        memmove(packed + n + 4, packed + n, two - n); /* padding between them, as xz has it */
        memset(packed + n, 0, 4);
        assert_int_equal(unpack(packed, two + 4, 100), 0);
        is_content(2);
    }
}

/* As gzip -d does: zeros behind the last member are padding, other bytes are not. */
static void what_is_behind_the_last_member(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKERS; k++) {
        size_t n = packers[k].pack(content, CONTENT, packed);
        for (size_t zeros = 1; zeros < 2000; zeros *= 3) {
            memset(packed + n, 0, zeros);
            assert_int_equal(unpack(packed, n + zeros, 512), 0);
            is_content(1);
            packed[n + zeros] = 'x';
            assert_int_equal(unpack(packed, n + zeros + 1, 512), GAD_EMISMATCH);
            is_content(1);
        }
        packed[n] = packed[0]; /* the start of another one */
        assert_int_equal(unpack(packed, n + 1, 512), GAD_ETRUNC);
        is_content(1);
    }
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKERS; k++) {
        size_t n = packers[k].pack(content, CONTENT, packed), before = 0;
        for (size_t cut = GAD_PACKED_MAGIC_MAX; cut < n; cut += k == 0 ? 1 : 1 + n / 20) {
            assert_int_equal(unpack(packed, cut, 1000), GAD_ETRUNC);
            assert_true(n_out >= before && n_out <= CONTENT);
            assert_memory_equal(out, content, n_out);
            before = n_out;
        }
    }
}

/* The bytes before a wrong sum are given. */
static void a_wrong_sum_is_noticed(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKERS; k++) {
        size_t n = packers[k].pack(content, CONTENT, packed);
        packed[n - packers[k].sum_at] ^= 1;
        assert_int_equal(unpack(packed, n, 512), GAD_EFORMAT);
        is_content(1);
    }
}

static void every_byte_may_be_damaged(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKERS; k++) {
        size_t n = packers[k].pack(content, CONTENT, packed);
        for (size_t i = GAD_PACKED_MAGIC_MAX; i < n; i += 1 + n / 60) {
            packed[i] ^= 0x55;
            (void)unpack(packed, n, 4096);
            packed[i] ^= 0x55;
        }
    }
}

static void kinds_are_known_by_their_first_bytes(void **state)
{
    (void)state;
    static const struct {
        uint8_t p[6];
        size_t n;
        enum gad_packed kind;
    } cases[] = {
        {{0x1f, 0x8b}, 2, GAD_PACKED_GZIP},
        {{0x28, 0xb5, 0x2f, 0xfd}, 4, GAD_PACKED_ZSTD},
        {{0x52, 0x2a, 0x4d, 0x18}, 4, GAD_PACKED_ZSTD},
        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, GAD_PACKED_XZ},
        {{'B', 'Z', 'h'}, 3, GAD_PACKED_BZIP2},
        {{0x04, 0x22, 0x4d, 0x18}, 4, GAD_PACKED_LZ4},
        {{0x1f, 0x9d}, 2, GAD_PACKED_COMPRESS},
        {{'P', 'K', 3, 4}, 4, GAD_PACKED_ZIP},
        {{0xd4, 0xc3}, 1, GAD_PACKED_NONE},
        {{'0', ','}, 1, GAD_PACKED_NONE},
        {{'P', 'a'}, 2, GAD_PACKED_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t n = 0; n <= sizeof(cases[i].p); n++) {
            enum gad_packed kind = GAD_N_PACKED;
            assert_int_equal(gad_packed_kind(cases[i].p, n, &kind),
                             n < cases[i].n ? (int)GAD_MORE : 0);
            assert_int_equal(kind, n < cases[i].n ? GAD_N_PACKED : cases[i].kind);
        }
}

static void what_is_not_unpacked_is_named(void **state)
{
    (void)state;
    struct gad_bytes *b = NULL;
    struct gad_diag d = {""};
    int fd = file_of("\x04\x22\x4d\x18 and so on", 14);
    assert_int_equal(gad_bytes_open(&(struct gad_bytes_input){.fd = fd}, &b, &d), GAD_EUNKNOWN);
    close(fd);
    assert_non_null(strstr(d.text, "packed with lz4"));
    assert_non_null(strstr(d.text, "'lz4 -dc FILE | ...'"));
}

#ifdef GAD_WITH_ZSTD
/* A window of 256 MiB, which a few bytes can ask for. */
static void memory_has_a_limit(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (28 - 10) << 3, 1, 0, 0};
    assert_int_equal(unpack(head, sizeof(head), 10), GAD_ELIMIT);
    assert_int_equal(n_out, 0);
}
#endif

static void allocation_may_fail_anywhere(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKERS; k++) {
        size_t n = packers[k].pack(content, CONTENT, packed);
        n += packers[k].pack(content, CONTENT, packed + n);
        for (long at = 1;; at++) {
            (void)gad_mem_fail_at(at);
            int r = unpack(packed, n, 512);
            bool was_all = gad_mem_fail_at(0) < at;
            if (r == 0 && was_all) {
                assert_true(at > 3);
                is_content(2);
                break;
            }
            assert_int_equal(r, GAD_ENOMEM);
        }
    }
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_follow_each_other),
        TEST(what_is_behind_the_last_member),
        TEST(every_truncation_is_noticed),
        TEST(a_wrong_sum_is_noticed),
        TEST(every_byte_may_be_damaged),
        TEST(kinds_are_known_by_their_first_bytes),
        TEST(what_is_not_unpacked_is_named),
#ifdef GAD_WITH_ZSTD
        TEST(memory_has_a_limit),
#endif
        TEST(allocation_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, make_content, NULL);
}
