/* SPDX-License-Identifier: Apache-2.0 */
/* gzip in all its breakages, through the reader of records. */
#include "lib/dataset/input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/dataset/dataset.h"
#include "tests/unit/dataset/text.h"

static const char two_rows[] = KDD("normal") KDD("smurf");

/* One gzip member; returns its length. */
static size_t pack(const void *p, size_t len, uint8_t *out, size_t room)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
    return n;
}

struct outcome {
    int r;
    uint64_t rows, bytes;
    struct gad_diag d;
};

static struct outcome read_bytes(const void *p, size_t len)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct outcome o = {0};
    char path[TEMP_PATH];
    struct gad_row row;

    write_temp(p, len, path);
    o.r = gad_dataset_open(path, NULL, &s, &o.d);
    while (o.r == 0 && (o.r = gad_dataset_next(s, &row, &o.d)) == 0)
        continue;
    if (s) {
        assert_int_equal(gad_dataset_next(s, &row, NULL), o.r); /* it stays */
        o.rows = gad_dataset_stats(s)->rows;
        o.bytes = gad_dataset_stats(s)->bytes;
    }
    assert_int_equal(unlink(path), 0);
    return o;
}

static void plain_and_gzip_are_distinguished_by_their_bytes(void **state)
{
    (void)state;
    uint8_t gz[1024];
    size_t n = pack(two_rows, sizeof(two_rows) - 1, gz, sizeof(gz));

    struct outcome o = read_bytes(gz, n);
    assert_true(o.r == GAD_END && o.rows == 2 && o.bytes == sizeof(two_rows) - 1);
    o = read_bytes(two_rows, sizeof(two_rows) - 1);
    assert_true(o.r == GAD_END && o.rows == 2 && o.bytes == sizeof(two_rows) - 1);
    o = read_bytes("\x1f", 1);
    assert_int_equal(o.r, GAD_EFORMAT);
    assert_non_null(strstr(o.d.text, "byte 0x1f"));
}

static void members_follow_each_other(void **state)
{
    (void)state;
    uint8_t gz[4096];
    size_t n = 0, half = (sizeof(two_rows) - 1) / 2 + 7;

    n += pack(two_rows, half, gz, sizeof(gz)); /* cut in the middle of a line */
    n += pack("", 0, gz + n, sizeof(gz) - n);
    n += pack(two_rows + half, sizeof(two_rows) - 1 - half, gz + n, sizeof(gz) - n);
    n += pack(two_rows, sizeof(two_rows) - 1, gz + n, sizeof(gz) - n);
    struct outcome o = read_bytes(gz, n);
    assert_true(o.r == GAD_END && o.rows == 4);
}

static void an_empty_member_is_an_empty_file(void **state)
{
    (void)state;
    uint8_t gz[64];
    struct outcome o = read_bytes(gz, pack("", 0, gz, sizeof(gz)));
    assert_true(o.r == GAD_END && o.rows == 0);
}

static void every_truncation_is_reported(void **state)
{
    (void)state;
    uint8_t gz[2048];
    size_t first = pack(two_rows, sizeof(two_rows) - 1, gz, sizeof(gz));
    size_t n = first + pack(two_rows, sizeof(two_rows) - 1, gz + first, sizeof(gz) - first);

    for (size_t len = 2; len < n; len++) {
        if (len == first)
            continue;
        struct outcome o = read_bytes(gz, len);
        assert_int_equal(o.r, GAD_ETRUNC);
        assert_non_null(strstr(o.d.text, "truncated gzip stream"));
        assert_true(o.rows >= (len > first ? 2u : 0u) && o.rows <= (len > first ? 4u : 2u));
    }
}

static void bytes_behind_the_last_member_are_refused(void **state)
{
    (void)state;
    uint8_t gz[2048] = {0};
    size_t n = pack(two_rows, sizeof(two_rows) - 1, gz, sizeof(gz) - 8);

    struct outcome o = read_bytes(gz, n + 4); /* zeros */
    assert_true(o.r == GAD_EFORMAT && o.rows == 2);
    assert_non_null(strstr(o.d.text, "broken gzip stream"));
    gz[n] = 0x1f; /* looks like another member, but is not */
    gz[n + 1] = 0x8b;
    gz[n + 2] = 99;
    assert_int_equal(read_bytes(gz, n + 4).r, GAD_EFORMAT);
}

/* Behind the header every byte counts: a changed one never gives the same rows without an error. */
static void no_changed_byte_goes_unseen(void **state)
{
    (void)state;
    enum { HEADER = 10 };
    uint8_t gz[1024];
    size_t n = pack(two_rows, sizeof(two_rows) - 1, gz, sizeof(gz));

    for (size_t i = HEADER; i < n; i++)
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            gz[i] = (uint8_t)(gz[i] ^ bit);
            assert_true(read_bytes(gz, n).r < 0);
            gz[i] = (uint8_t)(gz[i] ^ bit);
        }
    assert_int_equal(read_bytes(gz, n).r, GAD_END);
}

/* However many bytes were read before; the checksum includes them. */
static void a_file_may_be_begun(void **state)
{
    (void)state;
    uint8_t gz[1024], want[32], sum[32];
    size_t n = pack(two_rows, sizeof(two_rows) - 1, gz, sizeof(gz));

    for (size_t k = 0; k <= n; k++) {
        gad_cleanup(gad_input_closep) struct gad_input *in = NULL;
        char path[TEMP_PATH], text[sizeof(two_rows)];
        size_t at = 0, got = 1;
        write_temp(gz, n, path);
        struct gad_file_begun f = {"begun", open(path, O_RDONLY | O_CLOEXEC), gz, k};
        assert_int_equal(unlink(path), 0);
        assert_int_equal(lseek(f.fd, (off_t)k, SEEK_SET), k);
        assert_int_equal(gad_input_open_begun(&f, true, &in, NULL), 0);
        for (; got > 0; at += got)
            assert_int_equal(gad_input_read(in, text + at, sizeof(text) - at, &got, NULL), 0);
        assert_int_equal(at, sizeof(two_rows) - 1);
        assert_memory_equal(text, two_rows, at);
        assert_int_equal(gad_input_sha256(in, sum), 0);
        if (k == 0)
            memcpy(want, sum, 32);
        assert_memory_equal(sum, want, 32);
        gad_input_close(gad_steal(&in));
        assert_int_equal(fcntl(f.fd, F_GETFD), -1);
    }
}

static void what_is_no_file_is_named(void **state)
{
    (void)state;
    struct gad_dataset *s = NULL;
    struct gad_diag d = {.text = ""};
    struct gad_input *in = NULL;

    assert_int_equal(gad_dataset_open("/nonexistent", NULL, &s, &d), -ENOENT);
    assert_string_equal(d.text, "/nonexistent: cannot open: No such file or directory");
    assert_int_equal(gad_dataset_open("/", NULL, &s, &d), -EISDIR);
    assert_string_equal(d.text, "/: cannot read: it is a directory: pass the files in it");
    assert_null(s);
    assert_int_equal(gad_input_open("/", false, &in, NULL), -EISDIR);
    assert_null(in);
}

static void a_long_name_does_not_push_the_reason_out(void **state)
{
    (void)state;
    char path[3000];
    struct gad_dataset *s = NULL;
    struct gad_diag d = {.text = ""};

    memset(path, 'n', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(gad_dataset_open(path, NULL, &s, &d), -ENAMETOOLONG);
    assert_non_null(strstr(d.text, "cannot open: File name too long"));
}

static void the_sum_is_of_the_stored_bytes(void **state)
{
    (void)state;
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf}; /* FIPS 180-2 */
    gad_cleanup(gad_input_closep) struct gad_input *in = NULL;
    uint8_t sum[32];
    char p[8];
    size_t n;

    assert_int_equal(gad_input_open_memory("abc", "abc", 3, true, &in, NULL), 0);
    assert_int_equal(gad_input_read(in, p, 2, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_int_equal(gad_input_read(in, p, 8, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(gad_input_read(in, p, 8, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(gad_input_sha256(in, sum), 0);
    assert_memory_equal(sum, abc, sizeof(abc));
    gad_input_close(gad_steal(&in));

    assert_int_equal(gad_input_open_memory("abc", "abc", 3, false, &in, NULL), 0);
    assert_int_equal(gad_input_sha256(in, sum), GAD_EINVAL);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    uint8_t gz[1024];
    char path[TEMP_PATH];
    struct gad_row row;
    int r = -1;
    long k = 0;

    write_temp(gz, pack(two_rows, sizeof(two_rows) - 1, gz, sizeof(gz)), path);
    while (r != 0 && k < 100) {
        gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
        struct gad_diag d = {.text = ""};
        (void)gad_mem_fail_at(++k);
        r = gad_dataset_open(path, NULL, &s, &d);
        if (r == 0)
            r = gad_dataset_next(s, &row, &d);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || r == GAD_ENOMEM);
        assert_true(r == 0 || strstr(d.text, "memory") != NULL);
    }
    assert_true(k > 3 && r == 0); /* reader, input, and what zlib takes */
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_gzip_are_distinguished_by_their_bytes),
        cmocka_unit_test(members_follow_each_other),
        cmocka_unit_test(an_empty_member_is_an_empty_file),
        cmocka_unit_test(every_truncation_is_reported),
        cmocka_unit_test(bytes_behind_the_last_member_are_refused),
        cmocka_unit_test(no_changed_byte_goes_unseen),
        cmocka_unit_test(a_file_may_be_begun),
        cmocka_unit_test(what_is_no_file_is_named),
        cmocka_unit_test(a_long_name_does_not_push_the_reason_out),
        cmocka_unit_test(the_sum_is_of_the_stored_bytes),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
