/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/source.h"

#include <sys/stat.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/net/counter.h"
#include "tests/unit/net/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { ETHERNET = 1, N_CAUGHT = 16 };

static char directory[80], path[96];
static struct capture c;
static struct gad_diag diag;

static struct {
    size_t n;
    struct {
        int64_t ns;
        size_t caplen, len;
    } frame[N_CAUGHT];
} got;

static void catch (void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    (void)arg;
    assert_true(got.n < N_CAUGHT);
    for (size_t i = 0; i < caplen; i++)
        assert_int_equal(frame[i], (uint8_t)i);
    got.frame[got.n].ns = time.ns;
    got.frame[got.n].caplen = caplen;
    got.frame[got.n++].len = len;
}

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(scratch_path(directory, sizeof(directory), "source-XXXXXX")))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/capture", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return unlink(path) != 0 || rmdir(directory) != 0;
}

/* Everything in a file; what reading it came to at last. */
static int read_path(const char *name, const struct gad_source_options *opt,
                     struct gad_source_stats *ret)
{
    struct gad_source *s = NULL;

    got.n = 0;
    diag.text[0] = '\0';
    int r = gad_source_open_file(name, opt, &s, &diag);
    if (r != 0)
        return r;
    assert_int_equal(gad_source_fd(s), -1);
    do
        r = gad_source_read(s, 3, catch, NULL, &diag);
    while (r == GAD_MORE);
    assert_int_equal(gad_source_read(s, 3, catch, NULL, NULL), GAD_END); /* it stays at its end */
    gad_source_stats(s, ret);
    assert_int_equal(ret->frames, got.n);
    gad_source_close(s);
    return r;
}

static int read_bytes(const void *p, size_t n, struct gad_source_stats *ret)
{
    write_file(path, p, n);
    return read_path(path, NULL, ret);
}

static void put_three(void)
{
    cap_start(&c, ETHERNET);
    cap_frame(&c, 1, 5, 60, 60);
    cap_frame(&c, 4000000000, c.is_ns ? 999999999 : 999999, 14, 1514);
    cap_frame(&c, 0, 0, 0, 20);
}

static void check_three(const struct gad_source_stats *s)
{
    assert_int_equal(got.n, 3);
    assert_true(got.frame[0].ns == 1000000000 + (c.is_ns ? 5 : 5000));
    assert_true(got.frame[1].ns == INT64_C(4000000000999999999) - (c.is_ns ? 0 : 999));
    assert_int_equal(got.frame[1].caplen, 14);
    assert_int_equal(got.frame[1].len, 1514);
    assert_int_equal(got.frame[2].caplen, 0);
    assert_int_equal(s->bytes, 60 + 1514 + 20);
    assert_false(s->truncated);
}

static void pcap_of_either_unit_and_byte_order(void **state)
{
    (void)state;
    struct gad_source_stats s;
    for (unsigned i = 0; i < 4; i++) {
        c.is_big = i & 1;
        c.is_ns = i & 2;
        put_three();
        assert_int_equal(read_bytes(c.p, c.len, &s), GAD_END);
        check_three(&s);
        assert_string_equal(diag.text, "");
    }
    c.is_big = c.is_ns = false;
}

/* What is no fraction of a second is ignored: of microseconds, libpcap makes nanoseconds in 32
 * bits. */
static void a_fraction_is_less_than_a_second(void **state)
{
    (void)state;
    static const uint32_t fractions[] = {999999999, 1000000000, 0x80000000, UINT32_MAX};
    struct gad_source_stats s;
    c.is_ns = true;
    for (unsigned i = 0; i < 4; i++) {
        cap_start(&c, ETHERNET);
        cap_frame(&c, 7, fractions[i], 1, 1);
        assert_int_equal(read_bytes(c.p, c.len, &s), GAD_END);
        assert_true(got.frame[0].ns == 7000000000 + (i == 0 ? 999999999 : 0));
    }
    c.is_ns = false;
}

static void pcapng_of_any_resolution(void **state)
{
    (void)state;
    static const struct {
        uint8_t resolution;
        uint64_t t;
        int64_t ns;
    } cases[] = {{6, 1500000, 1500000000},
                 {9, 1500000001, 1500000001},
                 {3, 1500, 1500000000},
                 {0, 7, 7000000000},
                 {0x81, 3, 1500000000}};
    struct gad_source_stats s;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (unsigned big = 0; big <= 1; big++) {
            c.is_big = big;
            cap_ng_start(&c, ETHERNET, cases[i].resolution);
            cap_ng_frame(&c, cases[i].t, 61, 100);
            assert_int_equal(read_bytes(c.p, c.len, &s), GAD_END);
            assert_int_equal(got.n, 1);
            assert_true(got.frame[0].ns == cases[i].ns);
            assert_int_equal(got.frame[0].caplen, 61);
        }
    c.is_big = false;
    cap_ng_start(&c, ETHERNET, 0); /* seconds that no nanoseconds can hold */
    cap_ng_frame(&c, UINT64_MAX / 2, 1, 1);
    assert_int_equal(read_bytes(c.p, c.len, &s), GAD_END);
    assert_true(got.frame[0].ns == INT64_MAX);
}

static void a_cut_file_gives_what_it_holds(void **state)
{
    (void)state;
    struct gad_source_stats s;
    put_three();
    for (size_t n = 0; n < c.len; n++) {
        int r = read_bytes(c.p, n, &s);
        if (n < 24) { /* before the end of the file's header */
            assert_int_equal(r, GAD_ETRUNC);
            assert_non_null(strstr(diag.text, path));
            continue;
        }
        bool at_a_frame = n == 24 || n == 24 + 76 || n == 24 + 76 + 30;
        assert_int_equal(r, GAD_END);
        assert_int_equal(s.truncated, !at_a_frame);
        assert_int_equal(diag.text[0] != '\0', !at_a_frame);
        assert_int_equal(got.n, (n >= 100) + (n >= 130));
    }
}

static void gzip_is_unpacked(void **state)
{
    (void)state;
    static uint8_t gz[2 * CAPTURE_MAX];
    struct gad_source_stats s;
    put_three();
    size_t n = cap_gzip(c.p, c.len, gz);
    assert_int_equal(read_bytes(gz, n, &s), GAD_END);
    check_three(&s);
    for (size_t cut = 2; cut < n; cut++) {
        int r = read_bytes(gz, cut, &s);
        assert_true(r == GAD_ETRUNC || (r == GAD_END && s.truncated));
        assert_true(diag.text[0] != '\0');
    }
    size_t half = cap_gzip(c.p, 50, gz); /* two members, the border amid a frame */
    n = half + cap_gzip(c.p + 50, c.len - 50, gz + half);
    assert_int_equal(read_bytes(gz, n, &s), GAD_END);
    check_three(&s);
    gz[half + 2] ^= 0xff; /* its method */
    assert_int_equal(read_bytes(gz, n, &s), GAD_END);
    assert_true(s.damaged && !s.truncated);
    assert_non_null(strstr(diag.text, "gzip"));
    gz[12] ^= 0xff;
    assert_int_equal(read_bytes(gz, n, &s), GAD_EFORMAT);
    assert_non_null(strstr(diag.text, "gzip"));
}

/* The bytes are in the pipe before it is read; it holds 64 KiB. */
static void a_pipe_will_do(void **state)
{
    (void)state;
    static uint8_t gz[CAPTURE_MAX];
    struct gad_source_stats s;
    put_three();
    size_t n = cap_gzip(c.p, c.len, gz);
    for (unsigned packed = 0; packed <= 1; packed++) {
        (void)unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        int fd = open(path, O_RDWR | O_CLOEXEC); /* does not wait for a reader */
        assert_true(fd >= 0);
        assert_true(write(fd, packed ? gz : c.p, packed ? n : c.len) > 0);
        struct gad_source *source = NULL;
        assert_int_equal(gad_source_open_file(path, NULL, &source, NULL), 0);
        close(fd);
        got.n = 0;
        while (gad_source_read(source, 1, catch, NULL, NULL) == GAD_MORE)
            ;
        gad_source_stats(source, &s);
        check_three(&s);
        gad_source_close(source);
    }
    (void)unlink(path);
}

struct waiting {
    unsigned calls, until;
};

static bool wait_until(void *arg, int fd)
{
    struct waiting *w = arg;

    assert_true(fd >= 0);
    return w->calls++ < w->until;
}

/* Called before each read; a refusal truncates the file there. A regular file needs no waiting. */
static void a_pipe_is_waited_for_by_who_likes(void **state)
{
    (void)state;
    struct gad_source_stats s;
    put_three();
    for (unsigned until = 0; until <= 3; until++) {
        struct waiting w = {.until = until};
        const struct gad_source_options opt = {.wait = wait_until, .wait_arg = &w};
        struct gad_source *source = NULL;
        (void)unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        assert_int_equal(write(fd, c.p, 50), 50);
        int r = gad_source_open_file(path, &opt, &source, NULL);
        got.n = 0;
        if (until == 0) {
            assert_int_equal(r, GAD_ETRUNC);
            assert_null(source);
        } else {
            assert_int_equal(r, 0);
            assert_int_equal(write(fd, c.p + 50, c.len - 50), c.len - 50);
            while (gad_source_read(source, 1, catch, NULL, NULL) == GAD_MORE)
                ;
            assert_int_equal(got.n, until == 1 ? 0 : 3);
            gad_source_stats(source, &s);
            assert_int_equal(s.truncated, until == 1);
            gad_source_close(source);
        }
        assert_true(w.calls > until);
        close(fd);
        (void)unlink(path);
    }
    struct waiting w = {.until = 0};
    const struct gad_source_options opt = {.wait = wait_until, .wait_arg = &w};
    write_file(path, c.p, c.len);
    assert_int_equal(read_path(path, &opt, &s), GAD_END);
    check_three(&s);
    assert_int_equal(w.calls, 0);
}

/* However many bytes were read before. */
static void a_file_may_be_begun(void **state)
{
    (void)state;
    static uint8_t gz[CAPTURE_MAX];
    struct gad_source_stats s;
    put_three();
    size_t n = cap_gzip(c.p, c.len, gz);
    for (unsigned packed = 0; packed <= 1; packed++)
        for (size_t k = 0; k <= (packed ? n : c.len); k++) {
            uint8_t *p = packed ? gz : c.p;
            write_file(path, p, packed ? n : c.len);
            struct gad_source *source = NULL;
            struct gad_file_begun f = {"begun", open(path, O_RDONLY | O_CLOEXEC), p, k};
            assert_int_equal(lseek(f.fd, (off_t)k, SEEK_SET), k);
            assert_int_equal(gad_source_open_begun(&f, NULL, &source, NULL), 0);
            got.n = 0;
            while (gad_source_read(source, 1, catch, NULL, NULL) == GAD_MORE)
                ;
            gad_source_stats(source, &s);
            check_three(&s);
            gad_source_close(source);
            assert_int_equal(fcntl(f.fd, F_GETFD), -1);
        }
    struct gad_source *none = NULL;
    struct gad_file_begun f = {"begun", open(path, O_RDONLY | O_CLOEXEC), "no capture", 10};
    assert_true(gad_source_open_begun(&f, NULL, &none, NULL) < 0);
    assert_int_equal(fcntl(f.fd, F_GETFD), -1);
}

static void the_standard_input_is_a_dash(void **state)
{
    (void)state;
    struct gad_source_stats s;
    int ends[2], saved = dup(STDIN_FILENO);
    put_three();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], c.p, c.len), c.len);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    assert_int_equal(read_path("-", NULL, &s), GAD_END);
    check_three(&s);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
}

static void what_is_no_capture_is_refused(void **state)
{
    (void)state;
    struct gad_source_stats s;
    assert_int_equal(read_bytes("", 0, &s), GAD_ETRUNC);
    memset(c.p, 'x', 100);
    assert_int_equal(read_bytes(c.p, 100, &s), GAD_EFORMAT);
    assert_int_equal(read_path("/tmp/ganad-no-such-file", NULL, &s), -ENOENT);
    assert_non_null(strstr(diag.text, "ganad-no-such-file"));
    assert_int_equal(read_path(directory, NULL, &s), -EISDIR);
    cap_start(&c, 127);
    cap_frame(&c, 0, 0, 10, 10);
    assert_int_equal(read_bytes(c.p, c.len, &s), GAD_EFORMAT);
    assert_non_null(strstr(diag.text, "IEEE802_11_RADIO (127)"));
    cap_start(&c, 999);
    assert_int_equal(read_bytes(c.p, c.len, &s), GAD_EFORMAT);
    assert_non_null(strstr(diag.text, "unknown (999)"));
}

/* Nonsense in a file ends it, after the frames before it. */
static void a_damaged_file_gives_what_it_holds(void **state)
{
    (void)state;
    struct gad_source_stats s;
    cap_start(&c, ETHERNET);
    cap_frame(&c, 1, 1, 20, 20);
    cap_frame(&c, 1, 1, 20, 20);
    memset(c.p + 24 + 36 + 8, 0x7f, 4); /* its caplen */
    assert_int_equal(read_bytes(c.p, c.len, &s), GAD_END);
    assert_int_equal(got.n, 1);
    assert_true(s.damaged && !s.truncated);
    assert_non_null(strstr(diag.text, "damaged at byte 60, after packet 1: "));
}

static void a_filter_chooses(void **state)
{
    (void)state;
    struct gad_source_options opt = {.filter = "greater 50"};
    struct gad_source_stats s;
    put_three();
    write_file(path, c.p, c.len);
    assert_int_equal(read_path(path, &opt, &s), GAD_END);
    assert_int_equal(got.n, 2);
    opt.filter = "";
    assert_int_equal(read_path(path, &opt, &s), GAD_END);
    assert_int_equal(got.n, 3);
    opt.filter = "port and and";
    assert_int_equal(read_path(path, &opt, &s), GAD_EINVAL);
    assert_non_null(strstr(diag.text, "filter 'port and and': "));
}

static void allocation_may_fail_anywhere(void **state)
{
    (void)state;
    static uint8_t gz[CAPTURE_MAX];
    struct gad_source_options opt = {.filter = "ip"};
    put_three();
    write_file(path, gz, cap_gzip(c.p, c.len, gz));
    for (long k = 1;; k++) {
        struct gad_source *s = NULL;
        (void)gad_mem_fail_at(k);
        int r = gad_source_open_file(path, &opt, &s, &diag);
        (void)gad_mem_fail_at(0);
        gad_source_close(r == 0 ? s : NULL);
        if (r == 0) {
            assert_true(k > 4);
            break;
        }
        assert_int_equal(r, GAD_ENOMEM);
        assert_null(s);
    }
}

static void counters_of_32_bits_come_round(void **state)
{
    (void)state;
    struct gad_counter n = {.sum = 0};
    gad_counter_update(&n, 10);
    gad_counter_update(&n, UINT32_MAX);
    assert_true(n.sum == UINT32_MAX);
    gad_counter_update(&n, 4);
    assert_true(n.sum == UINT64_C(0x100000004));
    gad_counter_restart(&n);
    gad_counter_update(&n, 6);
    assert_true(n.sum == UINT64_C(0x10000000a));
}

static void what_is_no_interface_is_refused(void **state)
{
    (void)state;
    struct gad_source *s = NULL;
    static const char *const names[] = {"", "rpcap://host/eth0"};
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(gad_source_open_live(names[i], NULL, &s, &diag), GAD_EINVAL);
    diag.text[0] = '\0';
    assert_true(gad_source_open_live("ganad-none0", NULL, &s, &diag) < 0);
    assert_non_null(strstr(diag.text, "ganad-none0"));
    assert_null(s);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pcap_of_either_unit_and_byte_order),
        TEST(a_fraction_is_less_than_a_second),
        TEST(pcapng_of_any_resolution),
        TEST(a_cut_file_gives_what_it_holds),
        TEST(gzip_is_unpacked),
        TEST(a_pipe_will_do),
        TEST(a_pipe_is_waited_for_by_who_likes),
        TEST(a_file_may_be_begun),
        TEST(the_standard_input_is_a_dash),
        TEST(what_is_no_capture_is_refused),
        TEST(a_damaged_file_gives_what_it_holds),
        TEST(a_filter_chooses),
        TEST(allocation_may_fail_anywhere),
        TEST(counters_of_32_bits_come_round),
        TEST(what_is_no_interface_is_refused),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
