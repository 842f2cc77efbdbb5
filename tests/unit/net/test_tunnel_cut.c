/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a mirror that truncates them: inside a tunnel, lengths are beyond its end. */
#include "lib/net/walk.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

static int start_open(void **state)
{
    int r = start(state);
    start_with((struct gad_decoder_options){.tunnels = 3, .tunnel_kinds = GAD_TUNNELS_ALL});
    return r;
}

/* From the outer headers to the start of a mirrored frame. */
struct carrier {
    uint8_t proto;
    uint16_t port;
    size_t len;
    const char *head;
    bool is_ip; /* carries no frame but IP */
};

static const struct carrier carriers[] = {
    {GAD_IP_UDP, 4789, 8, "\x08\0\0\0\0\0\1\0", false},
    {GAD_IP_UDP, 4790, 8, "\x0c\0\0\1\0\0\1\0", true},
    {GAD_IP_UDP, 6081, 8, "\0\0\x65\x58\0\0\1\0", false},
    {GAD_IP_UDP, 37008, 5, "\1\0\0\1\1", false},
    {GAD_IP_UDP, 6635, 4, "\0\1\1\x40", true},
    {GAD_IP_UDP, 1701, 8, "\0\2\0\1\0\1\0\x21", true},
    {GAD_IP_UDP, 4754, 4, "\0\0\x08\0", true},
    {47, 0, 4, "\0\0\x65\x58", false},
    {47, 0, 4, "\0\0\x08\0", true},
    {47, 0, 4, "\0\0\x88\xbe", false},                                           /* ERSPAN I */
    {47, 0, 16, "\x10\0\x88\xbe\0\0\0\1\x10\x64\x04\0\0\0\0\0", false},          /* II, T set */
    {47, 0, 16, "\x10\0\x88\xbe\0\0\0\1\x10\x64\0\0\0\0\0\0", false},            /* II */
    {47, 0, 20, "\x10\0\x22\xeb\0\0\0\1\x20\x64\x04\0\0\0\0\0\0\0\0\0", false},  /* III */
    {47, 0, 20, "\x10\0\x22\xeb\0\0\0\1\x20\x64\x04\0\0\0\0\0\0\0\x08\0", true}, /* III of IP */
    {97, 0, 2, "\x30\0", false},
    {137, 0, 4, "\0\1\1\x40", true},
    {4, 0, 0, "", true},
};

enum { N_CARRIERS = sizeof(carriers) / sizeof(*carriers) };

/* Returns where the content starts. */
static size_t begin(const struct carrier *c, unsigned type)
{
    f.len = got.n = 0;
    put_ether(&f, 0x0800);
    (void)put_ip4(&f, c->proto, 1, 0);
    if (c->port)
        put_udp(&f, 50000, c->port, 0);
    put_bytes(&f, c->head, c->len);
    if (!c->is_ip)
        put_ether(&f, type);
    return f.len;
}

/* The outer packet ends at byte `end`, of which the capture has all but `missing`. */
static void send_cut(const struct carrier *c, size_t end, size_t missing)
{
    size_t full = f.len;

    f.len = end;
    end_ip4(&f, 14);
    if (c->port)
        set16(&f, 38, end - 34);
    f.len = full;
    got.n = 0;
    feed_cut(dec, LINK_EN10MB, 0, &f, end - missing, end, &got);
}

static void segments_are_as_long_as_ip_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_CARRIERS; i++)
        for (size_t kept = 14; kept < 60; kept++) {
            size_t at = begin(&carriers[i], 0x0800);
            size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
            put_tcp(&f, 40000, 80, 0x18, "");
            f.p[ip + 32] = 8 << 4; /* twelve bytes of options */
            put_zeros(&f, 12 + 1000);
            end_ip4(&f, ip);
            for (size_t missing = 0; missing <= 1; missing++) {
                uint64_t cut = stats()->tunnels_cut;
                send_cut(&carriers[i], at + 20 + kept, missing);
                if (kept - missing < TCP_NEEDED)
                    continue;
                assert_int_equal(got.n, 1);
                assert_int_equal(got.p[0].tunnels, 1);
                assert_int_equal(got.p[0].len, 1000);
                assert_int_equal(got.p[0].data_len, kept - missing < 32 ? 0 : kept - missing - 32);
                assert_int_equal(stats()->tunnels_cut, cut + 1);
            }
        }
}

static void datagrams_are_as_long_as_ip_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_CARRIERS; i++)
        for (unsigned udp_len = 508; udp_len <= 65535; udp_len += 65027) {
            size_t at = begin(&carriers[i], 0x0800), ip = put_ip4(&f, GAD_IP_UDP, 1, 0);
            put_udp(&f, 1, 2, 500);
            set16(&f, ip + 24, udp_len); /* the greater one is beyond IP's */
            end_ip4(&f, ip);
            send_cut(&carriers[i], at + 40, 0);
            assert_int_equal(got.n, 1);
            assert_int_equal(got.p[0].tuple.dst_port, 2);
            assert_int_equal(got.p[0].len, 500);
            assert_int_equal(got.p[0].data_len, 12);
        }
}

static void ip6_in_a_cut_frame(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_CARRIERS; i++) {
        if (carriers[i].proto == 4 || (carriers[i].is_ip && carriers[i].port != 6635))
            continue; /* its header says IPv4 */
        size_t at = begin(&carriers[i], 0x86dd), ip = put_ip6(&f, GAD_IP_UDP);
        put_udp(&f, 1, 2, 1200);
        end_ip6(&f, ip);
        send_cut(&carriers[i], at + 40 + 8, 0);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 1200);
        assert_int_equal(got.p[0].data_len, 0);
    }
}

/* The longest that a header can say: no more for one frame, however deep it is. */
static void a_length_is_at_most_that_of_ip(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth <= 3; depth++) {
        (void)begin(&carriers[0], 0x0800);
        for (unsigned i = 1; i < depth; i++) {
            size_t outer = put_ip4(&f, 4, 1, 0);
            set16(&f, outer + 2, 65535);
        }
        size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
        put_tcp(&f, 40000, 80, 0x18, "");
        set16(&f, ip + 2, 65535);
        send_cut(&carriers[0], f.len, 0);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 65535 - 40);
        assert_int_equal(stats()->tunnels_cut, depth);
    }
}

/* Outside of a tunnel the length on the wire is known. */
static void a_frame_in_no_tunnel_is_as_long_as_it_is(void **state)
{
    (void)state;
    put_plain(&f);
    set16(&f, 16, 1000);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 0);
    assert_int_equal(fate(GAD_NET_IP_LENGTH), 1);
    assert_int_equal(stats()->tunnels_cut, 0);
}

/* Its fragments are assembled by the lengths of their own headers. */
static void fragments_in_cut_frames(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        size_t at = begin(&carriers[0], 0x0800), ip = put_ip4(&f, GAD_IP_UDP, 7, i ? 100 : 0x2000);
        if (i == 0)
            put_udp(&f, 1, 2, 792);
        else
            put_zeros(&f, 200);
        end_ip4(&f, ip);
        if (i == 0)
            set16(&f, ip + 24, 1000);
        send_cut(&carriers[0], at + 20 + 8, 0);
    }
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 992);
    assert_int_equal(stats()->datagrams_whole, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_open, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(segments_are_as_long_as_ip_says),
        TEST(datagrams_are_as_long_as_ip_says),
        TEST(ip6_in_a_cut_frame),
        TEST(a_length_is_at_most_that_of_ip),
        TEST(a_frame_in_no_tunnel_is_as_long_as_it_is),
        TEST(fragments_in_cut_frames),
    };
    return cmocka_run_group_tests_name("tunnel_cut", tests, NULL, NULL);
}
