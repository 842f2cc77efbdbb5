/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng with several interfaces and sections, and damage of both formats. */
#include "lib/net/savefile.h"

#include "lib/base/diag.h"
#include "lib/net/source.h"
#include "tests/unit/net/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { ETHERNET = 1, RAW = 101, RAW_HERE = 12, UNSUPPORTED = 147, N_CAUGHT = 32, HEAD = 28 };

static char directory[80], path[96];
static struct capture c;
static struct gad_diag diag;
static struct gad_source *source;
static struct gad_source_stats stats;

static struct {
    size_t n;
    struct {
        int64_t ns;
        int link_type;
        size_t caplen, len;
        uint8_t first;
    } frame[N_CAUGHT];
} got;

static void catch (void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    (void)arg;
    assert_true(got.n < N_CAUGHT);
    got.frame[got.n].ns = time.ns;
    got.frame[got.n].link_type = gad_source_link_type(source);
    got.frame[got.n].caplen = caplen;
    got.frame[got.n].len = len;
    got.frame[got.n++].first = caplen > 0 ? frame[0] : 0;
}

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(scratch_path(directory, sizeof(directory), "savefile-XXXXXX")))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/capture", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return unlink(path) != 0 || rmdir(directory) != 0;
}

static bool says_change(void)
{
    return strstr(diag.text, "from packet ") != NULL;
}

static int read_bytes(const void *p, size_t n)
{
    got.n = 0;
    diag.text[0] = '\0';
    stats = (struct gad_source_stats){.frames = 0};
    write_file(path, p, n);
    int r = gad_source_open_file(path, NULL, &source, &diag);
    if (r != 0)
        return r;
    do
        r = gad_source_read(source, 2, catch, NULL, &diag);
    while (r == GAD_MORE);
    gad_source_stats(source, &stats);
    gad_source_close(source);
    assert_int_equal(stats.frames, got.n);
    assert_int_equal(diag.text[0] != '\0', stats.truncated || stats.damaged || says_change());
    return r;
}

static void is_whole(size_t n)
{
    assert_int_equal(read_bytes(c.p, c.len), GAD_END);
    assert_true(diag.text[0] == '\0' || says_change());
    assert_int_equal(got.n, n);
}

static void is_damaged(size_t n, const char *how)
{
    assert_int_equal(read_bytes(c.p, c.len), GAD_END);
    assert_true(stats.damaged && !stats.truncated);
    assert_non_null(strstr(diag.text, how));
    assert_non_null(strstr(diag.text, path));
    assert_int_equal(got.n, n);
}

static void section(void)
{
    cap32(&c, 0x0a0d0d0a);
    cap32(&c, HEAD);
    cap32(&c, 0x1a2b3c4d);
    cap16(&c, 1);
    cap16(&c, 0);
    cap32(&c, UINT32_MAX);
    cap32(&c, UINT32_MAX);
    cap32(&c, HEAD);
}

/* @resolution: -1: without the option; then times are microseconds. */
static void interface(unsigned link_type, uint32_t snaplen, int resolution)
{
    uint32_t len = resolution < 0 ? 20 : 32;

    cap32(&c, 1);
    cap32(&c, len);
    cap16(&c, link_type);
    cap16(&c, 0);
    cap32(&c, snaplen);
    if (resolution >= 0) {
        cap16(&c, 9);
        cap16(&c, 1);
        c.p[c.len] = (uint8_t)resolution;
        memset(c.p + c.len + 1, 0, 3);
        c.len += 4;
        cap32(&c, 0);
    }
    cap32(&c, len);
}

/* A packet of 4 bytes, the first of which is @first. */
static void packet(uint32_t number, uint64_t t, uint8_t first)
{
    cap32(&c, 6);
    cap32(&c, 36);
    cap32(&c, number);
    cap32(&c, (uint32_t)(t >> 32));
    cap32(&c, (uint32_t)t);
    cap32(&c, 4);
    cap32(&c, 60);
    c.p[c.len++] = first;
    cap_bytes(&c, 3);
    cap32(&c, 36);
}

static void begin(void)
{
    c.len = 0;
    section();
    interface(ETHERNET, 65535, -1);
}

static void each_frame_has_its_interface(void **state)
{
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        c.is_big = big;
        begin();
        packet(0, 1000000, 1);
        interface(RAW, 100, 9); /* late: another link type, snaplen and resolution */
        packet(1, 2000000000, 2);
        packet(0, 3000000, 3);
        is_whole(3);
        assert_non_null(strstr(diag.text, ": from packet 2 on the link type is RAW (12), before it "
                                          "EN10MB (1)"));
        static const int links[] = {ETHERNET, RAW_HERE, ETHERNET};
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(got.frame[i].link_type, links[i]);
            assert_true(got.frame[i].ns == (i + 1) * INT64_C(1000000000));
            assert_int_equal(got.frame[i].first, i + 1);
            assert_int_equal(got.frame[i].len, 60);
        }
    }
    c.is_big = false;
}

/* With its own byte order and interfaces; those of the one before are no longer valid. */
static void a_section_starts_again(void **state)
{
    (void)state;
    begin();
    interface(ETHERNET, 0, -1);
    packet(1, 1, 1);
    c.is_big = true;
    section();
    interface(RAW, 0, 3);
    packet(0, 5000, 2);
    is_whole(2);
    assert_int_equal(got.frame[1].link_type, RAW_HERE);
    assert_true(got.frame[1].ns == 5000000000);
    packet(1, 1, 3);
    packet(0, 6000, 4);
    is_damaged(3, "a packet of an unknown interface (1)");
    assert_int_equal(got.frame[2].first, 4);
    c.is_big = false;
}

static void an_unsupported_link_type_leaves_the_others(void **state)
{
    (void)state;
    c.len = 0;
    section();
    interface(UNSUPPORTED, 0, -1);
    size_t alone = c.len;
    interface(ETHERNET, 0, -1);
    packet(0, 1, 1);
    packet(1, 2, 2);
    is_whole(2); /* the decoder counts the first one as refused */
    assert_int_equal(got.frame[0].link_type, UNSUPPORTED);
    c.len = alone;
    packet(0, 1, 1);
    assert_int_equal(read_bytes(c.p, c.len), GAD_EFORMAT);
    assert_non_null(strstr(diag.text, "unsupported link type"));
}

/* Obsolete packets, and simple ones, which have no time and no captured length. */
static void other_kinds_of_packets(void **state)
{
    (void)state;
    c.len = 0;
    section();
    interface(ETHERNET, 8, -1);
    packet(0, 7000000, 1);
    cap32(&c, 3);
    cap32(&c, 24);
    cap32(&c, 100);
    cap_bytes(&c, 8);
    cap32(&c, 24);
    cap32(&c, 2);
    cap32(&c, 36);
    cap16(&c, 0);
    cap16(&c, 9); /* drops */
    cap32(&c, 0);
    cap32(&c, 8000000);
    cap32(&c, 4);
    cap32(&c, 5);
    cap_bytes(&c, 4);
    cap32(&c, 36);
    cap32(&c, 0xbad); /* a custom block is passed over */
    cap32(&c, 16);
    cap32(&c, 0);
    cap32(&c, 16);
    is_whole(3);
    assert_true(got.frame[1].ns == 7000000000); /* that of the one before */
    assert_int_equal(got.frame[1].caplen, 8);
    assert_int_equal(got.frame[1].len, 100);
    assert_true(got.frame[2].ns == 8000000000);
    assert_int_equal(got.frame[2].len, 5);
}

/* One block of four packets is damaged at one place: the three others are read. */
static void a_damaged_block_is_passed_over(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* of the block of 36 bytes */
        const char *how;
        bool is_lost; /* the damaged packet itself */
    } cases[] = {
        {32, "two lengths differ", false},
        {8, "unknown interface", true},
        {20, "captured length is out of range", true},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (unsigned which = 0; which < 4; which++) {
            begin();
            size_t at = c.len + 36UL * which + cases[i].at;
            for (uint8_t k = 0; k < 4; k++)
                packet(0, k, k);
            c.p[at + 1] = 0x11;
            is_damaged(cases[i].is_lost ? 3 : 4, cases[i].how);
        }
}

/* Of any block, and of all packets: their heads still say where the next one begins. */
static void trailers_may_be_wrong(void **state)
{
    (void)state;
    begin();
    size_t first = c.len;
    for (uint8_t k = 0; k < 4; k++)
        packet(0, k, k);
    const size_t ends[] = {HEAD, first, c.len};
    for (unsigned i = 0; i < 3; i++) {
        c.p[ends[i] - 1] = 1;
        is_damaged(4, "two lengths differ");
        assert_null(strstr(diag.text, "more places"));
        c.p[ends[i] - 1] = 0;
    }
    for (unsigned k = 0; k < 4; k++)
        memset(c.p + first + 36UL * (k + 1) - 4, 0, 4);
    is_damaged(4, "3 more places");
}

/* Where no length says where the next block begins, what follows is not searched for one. */
static void nothing_is_searched(void **state)
{
    (void)state;
    begin();
    packet(0, 1, 1);
    size_t at = c.len;
    packet(0, 2, 2);
    packet(0, 3, 3);
    c.p[at + 4] = 8; /* shorter than a block */
    is_damaged(1, "out of range; the rest is not read");
    c.p[at + 4] = 36 + 4;
    is_damaged(2, "two lengths differ");
    assert_non_null(strstr(diag.text, "1 more places"));
    memset(c.p + at + 4, 0xff, 4);
    is_damaged(1, "out of range; the rest is not read");
}

/* The interfaces after a damaged one keep their numbers; its packets have no sure time. */
static void a_damaged_interface_keeps_its_number(void **state)
{
    (void)state;
    begin();
    interface(ETHERNET, 0, 20); /* 10^-20 s does not fit into 64 bits */
    interface(RAW, 0, 0x80);
    packet(1, 1, 1);
    packet(2, 9, 2);
    is_damaged(1, "the description of interface 1");
    assert_int_equal(got.frame[0].link_type, RAW_HERE);
    assert_true(got.frame[0].ns == 9000000000);
}

static void zeros_are_no_packets(void **state)
{
    (void)state;
    cap_start(&c, ETHERNET);
    cap_frame(&c, 1, 1, 4, 4);
    memset(c.p + c.len, 0, 64);
    c.len += 64;
    assert_int_equal(read_bytes(c.p, c.len), GAD_END);
    assert_true(stats.truncated && !stats.damaged && got.n == 1);
    assert_non_null(
        strstr(diag.text, "truncated at byte 44, after packet 1: it ends within zeros"));
}

static void a_cut_file_gives_what_it_holds(void **state)
{
    (void)state;
    begin();
    packet(0, 1, 1);
    interface(RAW, 0, -1);
    packet(1, 2, 2);
    packet(0, 3, 3);
    size_t len = c.len, before = 0;
    for (size_t n = 0; n <= len; n++) {
        int r = read_bytes(c.p, n);
        if (n < 28 + 20) {
            assert_int_equal(r, GAD_ETRUNC);
            continue;
        }
        assert_int_equal(r, GAD_END);
        assert_true(got.n >= before && got.n <= 3 && !stats.damaged);
        bool at_a_block = n == 48 || n == 84 || n == 104 || n == 140 || n == 176;
        assert_int_equal(stats.truncated, !at_a_block);
        before = got.n;
    }
    assert_int_equal(before, 3);
}

/* Each byte of a file takes each of some values: no crash, and never more than the file has. */
static void every_byte_may_be_damaged(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 4, 0x7f, 0x80, 0xff};
    begin();
    packet(0, 1, 1);
    interface(RAW, 0, 9);
    packet(1, 2, 2);
    for (size_t i = 0; i < c.len; i++)
        for (size_t k = 0; k < sizeof(values); k++) {
            uint8_t old = c.p[i];
            c.p[i] = values[k];
            int r = read_bytes(c.p, c.len);
            assert_true(r == GAD_END || (r < 0 && diag.text[0] != '\0'));
            assert_true(got.n <= 2);
            c.p[i] = old;
        }
}

static void allocation_may_fail_anywhere(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 40; i++)
        interface(ETHERNET, 0, -1);
    packet(40, 1, 1);
    write_file(path, c.p, c.len);
    for (long k = 1;; k++) {
        got.n = 0;
        (void)gad_mem_fail_at(k);
        int r = gad_source_open_file(path, NULL, &source, &diag);
        if (r == 0) {
            do
                r = gad_source_read(source, 2, catch, NULL, &diag);
            while (r == GAD_MORE);
            gad_source_close(source);
        }
        bool was_all = gad_mem_fail_at(0) < k;
        if (r == GAD_END && was_all) {
            assert_true(k > 5 && got.n == 1);
            break;
        }
        assert_int_equal(r, GAD_ENOMEM);
    }
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_frame_has_its_interface),
        TEST(a_section_starts_again),
        TEST(an_unsupported_link_type_leaves_the_others),
        TEST(other_kinds_of_packets),
        TEST(a_damaged_block_is_passed_over),
        TEST(trailers_may_be_wrong),
        TEST(nothing_is_searched),
        TEST(a_damaged_interface_keeps_its_number),
        TEST(zeros_are_no_packets),
        TEST(a_cut_file_gives_what_it_holds),
        TEST(every_byte_may_be_damaged),
        TEST(allocation_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
