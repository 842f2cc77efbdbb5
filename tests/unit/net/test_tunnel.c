/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/walk.h"

#include "lib/base/diag.h"
#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

static int start_open(void **state)
{
    int r = start(state);
    start_with((struct gad_decoder_options){.tunnels = 2, .tunnel_kinds = GAD_TUNNELS_ALL});
    return r;
}

static void decode_with(unsigned tunnels, unsigned kinds)
{
    start_with((struct gad_decoder_options){.tunnels = tunnels, .tunnel_kinds = kinds});
    got.n = 0;
    feed(dec, 0, &f, &got);
}

/* The frame in hand, its outer IPv4 header at byte 14, has a segment in one tunnel. */
static void check(enum gad_tunnel kind)
{
    bool is_udp = kind == GAD_TUNNEL_VXLAN || kind == GAD_TUNNEL_GENEVE;

    end_ip4(&f, 14);
    if (is_udp)
        set16(&f, 38, f.len - 34);
    for (unsigned i = 0; i < 2; i++) { /* unopened it is what it is outside */
        decode_with(i, GAD_TUNNELS_ALL & ~(unsigned)kind);
        assert_int_equal(got.n, is_udp);
        assert_int_equal(fate(GAD_NET_OTHER_PROTOCOL), !is_udp);
        assert_true(got.n == 0 || got.p[0].tunnels == 0);
    }
    decode_with(1, 0);
    assert_int_equal(got.n > 0 && got.p[0].tunnels == 1, kind != GAD_TUNNEL_ERSPAN);
    decode_with(2, kind);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tunnels, 1);
    assert_int_equal(got.p[0].tuple.proto, GAD_IP_TCP);
    assert_int_equal(got.p[0].tuple.dst_port, 80);
    assert_int_equal(got.p[0].len, 5);
    if (!is_udp)
        assert_true(every_truncation_holds(LINK_EN10MB, f.len - 25 + TCP_NEEDED));
    f.len = got.n = 0;
}

static void put_outer(unsigned proto)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    (void)put_ip4(&f, proto, 1, 0);
}

static void put_inner(void)
{
    size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
    put_tcp(&f, 40000, 80, 0, "hello");
    end_ip4(&f, ip);
}

static void put_inner6(void)
{
    size_t ip = put_ip6(&f, GAD_IP_TCP);
    put_tcp(&f, 40000, 80, 0, "hello");
    end_ip6(&f, ip);
}

static void ip_in_ip(void **state)
{
    (void)state;
    put_outer(4);
    put_inner();
    check(GAD_TUNNEL_IPIP);
    put_outer(41);
    put_inner6();
    check(GAD_TUNNEL_IPIP);
}

static void gre_with_every_option(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        unsigned flags =
            (bits & 1 ? 0x8000 : 0) | (bits & 2 ? 0x2000 : 0) | (bits & 4 ? 0x1000 : 0);
        put_outer(47);
        put16(&f, flags);
        put16(&f, 0x0800);
        put_zeros(&f, (size_t)__builtin_popcount(bits) * 4);
        put_inner();
        check(GAD_TUNNEL_GRE);
    }
    put_outer(47);
    put16(&f, 0);
    put16(&f, 0x6558);
    put_ether(&f, 0x0800);
    put_inner();
    check(GAD_TUNNEL_GRE);
    put_outer(47);
    put16(&f, 0x4000); /* routing: of RFC 1701, and gone since */
    put16(&f, 0x0800);
    put_zeros(&f, 4);
    put_inner();
    end_ip4(&f, 14);
    uint64_t before = fate(GAD_NET_TUNNEL_HEADER);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_TUNNEL_HEADER), before + 1);
    put_outer(47);
    put16(&f, 0);
    put16(&f, 0x00fe); /* OSI, and no length of a frame */
    put_zeros(&f, 8);
    end_ip4(&f, 14);
    before = fate(GAD_NET_NOT_IP);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_NOT_IP), before + 1);
}

static void gre_of_pptp(void **state)
{
    (void)state;
    for (unsigned ack = 0; ack <= 1; ack++) {
        put_outer(47);
        put16(&f, 0x3001 | (ack ? 0x80 : 0));
        put16(&f, 0x880b);
        size_t len_at = f.len;
        put_zeros(&f, ack ? 12 : 8);
        size_t start = f.len;
        put16(&f, 0x0021);
        put_inner();
        set16(&f, len_at, f.len - start);
        check(GAD_TUNNEL_GRE);
    }
}

static void erspan(void **state)
{
    (void)state;
    put_outer(47);
    put16(&f, 0); /* I: no sequence number, no header */
    put16(&f, 0x88be);
    put_ether(&f, 0x0800);
    put_inner();
    check(GAD_TUNNEL_ERSPAN);
    put_outer(47);
    put16(&f, 0x1000);
    put16(&f, 0x88be);
    put32(&f, 1);
    put32(&f, 0x10000000); /* II */
    put32(&f, 0);
    put_ether(&f, 0x0800);
    put_inner();
    check(GAD_TUNNEL_ERSPAN);
    for (unsigned sub = 0; sub <= 1; sub++) {
        put_outer(47);
        put16(&f, 0x1000);
        put16(&f, 0x22eb);
        put32(&f, 1);
        put32(&f, 0x20000000); /* III */
        put32(&f, 0);
        put32(&f, sub);
        put_zeros(&f, sub * 8);
        put_ether(&f, 0x0800);
        put_inner();
        check(GAD_TUNNEL_ERSPAN);
    }
}

static void others_in_ip(void **state)
{
    (void)state;
    put_outer(97); /* EtherIP */
    put16(&f, 0x3000);
    put_ether(&f, 0x0800);
    put_inner();
    check(GAD_TUNNEL_ETHERIP);
    put_outer(97); /* of no version */
    put16(&f, 0x0300);
    put_ether(&f, 0x0800);
    put_inner();
    end_ip4(&f, 14);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 0);
    put_outer(137);
    put32(&f, 0x00010140);
    put_inner();
    check(GAD_TUNNEL_MPLS);
    for (unsigned has_header = 0; has_header <= 1; has_header++) {
        put_outer(47); /* WCCP 1 and 2 */
        put32(&f, 0x0000883e);
        if (has_header)
            put32(&f, 0x80000100);
        put_inner();
        check(GAD_TUNNEL_GRE);
    }
    put_outer(47);
    put32(&f, 0x100022eb);
    put32(&f, 1);
    put32(&f, 0x20000000); /* ERSPAN III with IP instead of a frame */
    put32(&f, 0);
    put32(&f, 0x00000800);
    put_inner();
    check(GAD_TUNNEL_ERSPAN);
}

static void another_version_of_erspan_is_refused(void **state)
{
    (void)state;
    static const unsigned types[] = {0x88be, 0x22eb};
    for (unsigned i = 0; i < 2; i++) {
        put_outer(47);
        put16(&f, 0x1000);
        put16(&f, types[i]);
        put32(&f, 1);
        put32(&f, i == 0 ? 0x20000000 : 0x10000000);
        put_zeros(&f, i == 0 ? 4 : 8);
        put_ether(&f, 0x0800);
        put_inner();
        end_ip4(&f, 14);
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(fate(GAD_NET_TUNNEL_HEADER), 2);
}

static void vxlan_and_geneve(void **state)
{
    (void)state;
    put_outer(GAD_IP_UDP);
    put_udp(&f, 50000, 4789, 0);
    put32(&f, 0x08000000);
    put32(&f, 0x00000700);
    put_ether(&f, 0x0800);
    put_inner();
    check(GAD_TUNNEL_VXLAN);
    for (unsigned words = 0; words <= 63; words += 21)
        for (unsigned ip = 0; ip <= 1; ip++) {
            put_outer(GAD_IP_UDP);
            put_udp(&f, 50000, 6081, 0);
            put16(&f, words << 8);
            put16(&f, ip ? 0x0800 : 0x6558);
            put32(&f, 0x00000700);
            put_zeros(&f, words * 4);
            if (!ip)
                put_ether(&f, 0x0800);
            put_inner();
            check(GAD_TUNNEL_GENEVE);
        }
}

/* A port is not enough. */
static void udp_that_is_no_tunnel_is_udp(void **state)
{
    (void)state;
    static const unsigned ports[] = {4789, 6081, 4754, 2152, 3544, 5072};
    for (unsigned i = 0; i < 6; i++)
        for (unsigned len = 0; len <= 16; len++) {
            put_outer(GAD_IP_UDP);
            put_udp(&f, 1, ports[i], 0);
            for (unsigned k = 0; k < len; k++) /* from 8 on, it would be a header */
                put8(&f, len >= 8 ? 0xc7 : k == 0 && i == 0 ? 8 : 0);
            end_ip4(&f, 14);
            set16(&f, 38, f.len - 34);
            got.n = 0;
            feed(dec, 0, &f, &got);
            assert_int_equal(got.n, 1);
            assert_int_equal(got.p[0].tunnels, 0);
            assert_int_equal(got.p[0].tuple.dst_port, ports[i]);
        }
}

static void tunnels_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned kinds;
    } good[] = {
        {"gre", GAD_TUNNEL_GRE},
        {" ipip ,\tvxlan", GAD_TUNNEL_IPIP | GAD_TUNNEL_VXLAN},
        {"gre,ipip,vxlan,geneve,gtp,teredo,ayiya,l2tp,tzsp,mpls,etherip", GAD_TUNNELS_USUAL},
        {"erspan, geneve, erspan", GAD_TUNNEL_ERSPAN | GAD_TUNNEL_GENEVE},
        {"all", GAD_TUNNELS_ALL}};
    static const struct {
        const char *text, *why;
    } bad[] = {{"", "the name of a tunnel is missing"},
               {"gre,", "the name of a tunnel is missing"},
               {"gre, ,ipip", "the name of a tunnel is missing"},
               {"gre vxlan", "'gre vxlan' is not a supported tunnel; did you mean 'vxlan'?"},
               {"wireguard",
                "'wireguard' is not a supported tunnel: gre, ipip, vxlan, geneve, gtp, "
                "teredo, ayiya, erspan, l2tp, tzsp, mpls, etherip"},
               {"gre,vxlam", "'vxlam' is not a supported tunnel; did you mean 'vxlan'?"},
               {"GRE", "'GRE' is not a supported tunnel: gre, ipip, vxlan, geneve, gtp, "
                       "teredo, ayiya, erspan, l2tp, tzsp, mpls, etherip"}};
    unsigned kinds = 77;
    struct gad_diag d = {""};

    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_true(gad_tunnel_kinds(bad[i].text, &kinds, &d) < 0);
        assert_string_equal(d.text, bad[i].why);
        assert_int_equal(kinds, 77);
    }
    for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(gad_tunnel_kinds(good[i].text, &kinds, NULL), 0);
        assert_int_equal(kinds, good[i].kinds);
    }
}

static void tunnels_have_a_depth(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth <= 3; depth++) {
        size_t at[4];
        f.len = got.n = 0;
        put_ether(&f, 0x0800);
        for (unsigned i = 0; i < depth; i++)
            at[i] = put_ip4(&f, 4, 1, 0);
        put_inner();
        for (unsigned i = depth; i-- > 0;)
            end_ip4(&f, at[i]);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, depth <= 2);
        if (got.n == 1)
            assert_int_equal(got.p[0].tunnels, depth);
    }
    assert_int_equal(fate(GAD_NET_TUNNEL_DEEP), 1);
}

/* A datagram that was cut into fragments inside a tunnel, and one that was outside. */
static void fragments_inside_and_outside(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        put_outer(4);
        size_t ip = put_ip4(&f, GAD_IP_UDP, 9, i == 0 ? 0x2000 : 2);
        put_udp(&f, 1, 2, 24);
        f.len -= 16;
        end_ip4(&f, ip);
        end_ip4(&f, 14);
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tunnels, 1);
    assert_int_equal(got.p[0].len, 24);

    for (unsigned whole = 0; whole <= 1;
         whole++) { /* the second time the last fragment never comes */
        got.n = 0;
        f.len = 0;
        put_ether(&f, 0x0800);
        (void)put_ip4(&f, 4, 20 + whole, 0x2000);
        size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
        put_tcp(&f, 40000, 80, 0, "0123456789abcdefghij");
        end_ip4(&f, ip);
        f.len -= 12; /* 28 + 20 of 60 bytes */
        end_ip4(&f, 14);
        feed(dec, 0, &f, &got);
        if (whole) {
            f.len = 0;
            put_ether(&f, 0x0800);
            (void)put_ip4(&f, 4, 20 + whole, 6);
            put_zeros(&f, 12);
            end_ip4(&f, 14);
            feed(dec, 0, &f, &got);
        } else {
            gad_decoder_flush(dec, catch, &got);
        }
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].tunnels, 1);
        assert_int_equal(got.p[0].len, whole ? 20 : 8);
    }
}

/* The same addresses and id, the one outside and the other inside. */
static void datagrams_inside_and_outside_are_apart(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        f.len = 0;
        put_ether(&f, 0x0800);
        if (i == 0)
            (void)put_ip4(&f, 4, 1, 0);
        size_t ip = put_ip4(&f, GAD_IP_UDP, 9, i == 0 ? 0x2000 : 2);
        put_udp(&f, 1, 2, 8);
        end_ip4(&f, ip);
        if (i == 0)
            end_ip4(&f, 14);
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(got.n, 0);
    assert_int_equal(stats()->datagrams, 2);
}

static void fragments_within_fragments_are_refused(void **state)
{
    (void)state;
    put_ether(&f, 0x0800);
    (void)put_ip4(&f, 4, 1, 0x2000);
    size_t ip = put_ip4(&f, GAD_IP_UDP, 9, 0x2000);
    put_udp(&f, 1, 2, 4);
    end_ip4(&f, ip);
    end_ip4(&f, 14);
    feed(dec, 0, &f, &got);
    gad_decoder_flush(dec, catch, &got);
    assert_int_equal(got.n, 0);
    assert_int_equal(fate(GAD_NET_FRAGMENT_NESTED), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_open, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ip_in_ip),
        TEST(gre_with_every_option),
        TEST(gre_of_pptp),
        TEST(erspan),
        TEST(others_in_ip),
        TEST(another_version_of_erspan_is_refused),
        TEST(vxlan_and_geneve),
        TEST(udp_that_is_no_tunnel_is_udp),
        TEST(tunnels_have_names),
        TEST(tunnels_have_a_depth),
        TEST(fragments_inside_and_outside),
        TEST(datagrams_inside_and_outside_are_apart),
        TEST(fragments_within_fragments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
