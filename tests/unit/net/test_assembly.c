/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/assembly.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

enum { MF = 0x2000 };

/* A segment of 20 + 12 bytes of header and `len` of payload, and a part of it as a fragment. */
static struct frame segment;

static void make_segment(size_t len)
{
    segment.len = 0;
    put_tcp(&segment, 1111, 23, GAD_TCP_ACK, "");
    segment.p[12] = 0x80;
    put_zeros(&segment, 12);
    for (size_t i = 0; i < len; i++)
        put8(&segment, (unsigned)(i * 7));
}

static void send_part(unsigned id, size_t from, size_t to, bool more)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, GAD_IP_TCP, id, (unsigned)from / 8 | (more ? MF : 0));
    put_bytes(&f, segment.p + from, to - from);
    end_ip4(&f, ip);
    feed(dec, 0, &f, &got);
}

static void a_header_is_put_together(void **state)
{
    (void)state;
    make_segment(21);
    for (unsigned size = 8; size <= 32; size += 8)
        for (int way = 0; way <= 1; way++) {
            unsigned n = (unsigned)(segment.len + size - 1) / size;
            got.n = 0;
            for (unsigned k = 0; k < n; k++) {
                size_t from = (way == 0 ? k : n - 1 - k) * size, to = from + size;
                bool more = to < segment.len;
                assert_int_equal(got.n, 0);
                send_part(size + (unsigned)way, from, more ? to : segment.len, more);
            }
            assert_int_equal(got.n, 1);
            assert_int_equal(got.p[0].tuple.dst_port, 23);
            assert_int_equal(got.p[0].len, 21);
            assert_int_equal(got.p[0].data_len, 21);
            assert_memory_equal(got.data[0], segment.p + 32, 21);
            assert_false(got.p[0].is_ambiguous);
        }
    assert_int_equal(stats()->datagrams_whole, 8);
}

/* What arrived in order is enough if it has the header. Else it is refused, as tiny. */
static void an_incomplete_datagram_needs_its_header(void **state)
{
    (void)state;
    make_segment(24);
    for (size_t n = 1; n <= 6; n++) {
        got.n = 0;
        for (size_t k = 0; k < n; k++)
            send_part((unsigned)n, k * 8, k * 8 + 8, true);
        send_part((unsigned)n, 64, 72, true);
        gad_decoder_flush(dec, catch, &got);
        assert_int_equal(got.n, n >= 4);
        assert_true(n < 4 || got.p[0].len == n * 8 - 32);
        assert_int_equal(stats()->fate[GAD_NET_FRAGMENT_TINY], n < 4 ? n : 3);
    }
}

/* Cut at any multiple of 8, in any order, some twice: the same bytes. */
static void any_cut_in_any_order_gives_the_same_bytes(void **state)
{
    (void)state;
    uint32_t random = 1;
    make_segment(400);
    for (unsigned round = 0; round < 200; round++) {
        struct {
            size_t from, to;
        } parts[64], swap;
        unsigned n = 0;
        for (size_t at = 0; at < segment.len; n++) {
            random = random * 1664525 + 1013904223;
            size_t to = at + 8 + (random >> 28) * 8;
            parts[n].from = at;
            at = parts[n].to = to < segment.len ? to : segment.len;
        }
        for (unsigned i = 0; i < n; i++) {
            random = random * 1664525 + 1013904223;
            unsigned k = (random >> 8) % n;
            swap = parts[i], parts[i] = parts[k], parts[k] = swap;
        }
        got.n = 0;
        for (unsigned i = 0; i < n; i++)
            for (unsigned copies = 0; copies < (i < n - 1 ? 1 + i % 2 : 1); copies++)
                send_part(round, parts[i].from, parts[i].to, parts[i].to < segment.len);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].data_len, 400);
        assert_memory_equal(got.data[0], segment.p + 32, 64);
    }
    assert_int_equal(stats()->fragments_wrong, 0);
    assert_int_equal(stats()->fragments_conflicting, 0);
}

static const size_t overlaps[][2] = {{0, 40}, {24, 56}, {48, 64}};

/* Of TCP, what some hosts accept is passed on at once. The first copy of a byte counts. */
static void an_overlap_of_tcp_is_put_together(void **state)
{
    (void)state;
    for (unsigned differs = 0; differs <= 1; differs++) {
        got.n = 0;
        for (unsigned i = 0; i < 3; i++) {
            make_segment(32);
            if (i == 1 && differs)
                segment.p[34] ^= 1;
            send_part(differs, overlaps[i][0], overlaps[i][1], i < 2);
        }
        make_segment(32);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 32);
        assert_memory_equal(got.data[0], segment.p + 32, 32);
        assert_int_equal(got.p[0].wrong_fragments, 1);
        assert_int_equal(got.p[0].is_ambiguous, differs);
        assert_int_equal(stats()->fragments_conflicting, differs);
    }
}

/* A repetition with other bytes is as long as the first copy, so KDD99 does not call it wrong. */
static void a_repetition_that_differs_is_counted(void **state)
{
    (void)state;
    make_segment(32);
    send_part(1, 0, 40, true);
    segment.p[33] ^= 1;
    send_part(1, 0, 40, true);
    segment.p[33] ^= 1;
    send_part(1, 40, 64, false);
    assert_int_equal(got.n, 1);
    assert_memory_equal(got.data[0], segment.p + 32, 32);
    assert_int_equal(got.p[0].wrong_fragments, 0);
    assert_true(got.p[0].is_ambiguous);
    assert_int_equal(stats()->fragments_conflicting, 1);
}

static void the_content_that_is_kept_has_a_limit(void **state)
{
    (void)state;
    enum { KEEP = 4096 };
    for (unsigned over = 0; over <= 8; over += 8) {
        make_segment(KEEP - 32 + over);
        got.n = 0;
        for (size_t at = 0; at < segment.len; at += 1024) {
            size_t to = at + 1024 < segment.len ? at + 1024 : segment.len;
            send_part(over, at, to, to < segment.len);
        }
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, KEEP - 32 + over);
        assert_int_equal(got.p[0].data_len, KEEP - 32);
    }
}

/* A capture that is truncated inside a datagram: the bytes before that are content. */
static void bytes_that_were_not_captured_end_the_content(void **state)
{
    (void)state;
    make_segment(96);
    for (size_t missing = 1; missing <= 33; missing += 8) {
        got.n = 0;
        send_part((unsigned)missing, 96, 128, false);
        f.len = 0;
        put_ether(&f, 0x0800);
        size_t ip = put_ip4(&f, GAD_IP_TCP, (unsigned)missing, MF | 8);
        put_bytes(&f, segment.p + 64, 32);
        end_ip4(&f, ip);
        size_t cut = f.len - (missing < 32 ? missing : 32);
        feed_cut(dec, LINK_EN10MB, 0, &f, cut, f.len, &got);
        send_part((unsigned)missing, 0, 64, true);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 96);
        assert_int_equal(got.p[0].data_len, 64 - (missing < 32 ? missing : 32));
        assert_memory_equal(got.data[0], segment.p + 32, got.p[0].data_len);
        assert_false(got.p[0].is_ambiguous);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_header_is_put_together),
        TEST(an_incomplete_datagram_needs_its_header),
        TEST(any_cut_in_any_order_gives_the_same_bytes),
        TEST(an_overlap_of_tcp_is_put_together),
        TEST(a_repetition_that_differs_is_counted),
        TEST(the_content_that_is_kept_has_a_limit),
        TEST(bytes_that_were_not_captured_end_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
