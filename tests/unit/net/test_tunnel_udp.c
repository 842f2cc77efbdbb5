/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels in UDP; the plain forms of VXLAN and GENEVE are in test_tunnel.c. */
#include "lib/net/walk.h"

#include "lib/base/diag.h"
#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

enum { UDP_AT = 34 }; /* behind Ethernet and IPv4 */

static int start_open(void **state)
{
    int r = start(state);
    start_with((struct gad_decoder_options){.tunnels = 2});
    return r;
}

static void put_udp_from(unsigned src, unsigned dst)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    (void)put_ip4(&f, GAD_IP_UDP, 1, 0);
    put_udp(&f, src, dst, 0);
}

static void put_inner4(void)
{
    size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
    put_tcp(&f, 40000, 80, 0, "hello");
    end_ip4(&f, ip);
}

/* Of 25 bytes; the first of its source's four and of its destination's four may be Teredo's. */
static void put_inner6(uint32_t src, uint32_t dst)
{
    put32(&f, 0x60000000);
    put16(&f, 25);
    put8(&f, GAD_IP_TCP);
    put8(&f, 64);
    put32(&f, src);
    put_zeros(&f, 12);
    put32(&f, dst);
    put_zeros(&f, 12);
    put_tcp(&f, 40000, 80, 0, "hello");
}

static void check(unsigned tunnels)
{
    end_ip4(&f, 14);
    set16(&f, UDP_AT + 4, f.len - UDP_AT);
    got.n = 0;
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tunnels, tunnels);
    assert_int_equal(got.p[0].tuple.proto, tunnels ? GAD_IP_TCP : GAD_IP_UDP);
    if (tunnels) {
        assert_int_equal(got.p[0].tuple.dst_port, 80);
        assert_int_equal(got.p[0].len, 5);
    }
    for (size_t n = UDP_AT + 8; n < f.len; n++) { /* cut by the capture: something, in bounds */
        static struct frame cut;
        cut = f;
        cut.len = n;
        got.n = 0;
        feed(dec, 0, &cut, &got);
        assert_true(got.n <= 1);
    }
    got.n = 0;
}

static void gre_in_udp(void **state)
{
    (void)state;
    put_udp_from(50000, 4754);
    put32(&f, 0x00000800);
    put_inner4();
    check(1);
    put_udp_from(50000, 4754);
    put32(&f, 0x20000800); /* with a key */
    put32(&f, 7);
    put_inner4();
    check(1);
    put_udp_from(4754, 50000); /* only its receiver has the port */
    put32(&f, 0x00000800);
    put_inner4();
    check(0);
}

static void put_gtp(unsigned flags, unsigned type, unsigned len)
{
    put8(&f, flags);
    put8(&f, type);
    put16(&f, len);
    put32(&f, 0x1234);
}

static void gtp_data(void **state)
{
    (void)state;
    enum { INNER = 45 };
    for (unsigned back = 0; back < 2; back++) {
        put_udp_from(back ? 2152 : 50000, back ? 50000 : 2152);
        put_gtp(0x30, 0xff, INNER);
        put_inner4();
        check(1);
    }
    put_udp_from(2152, 2152); /* a sequence number and two extension headers */
    put_gtp(0x36, 0xff, INNER + 4 + 4 + 8);
    put16(&f, 9);
    put16(&f, 0x0085);
    put32(&f, 0x01000040);
    put32(&f, 0x02000000);
    put32(&f, 0x00000000);
    put_inner4();
    check(1);
    static const unsigned other[][3] = {
        {0x30, 0xff, INNER - 1}, {0x30, 0x01, INNER}, {0x20, 0xff, INNER}, {0x50, 0xff, INNER}};
    for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
        put_udp_from(2152, 2152);
        put_gtp(other[i][0], other[i][1], other[i][2]);
        put_inner4();
        check(0);
    }
    put_udp_from(2152, 2152); /* an extension header without a length would never end */
    put_gtp(0x34, 0xff, INNER + 4);
    put32(&f, 0x00000085);
    put_inner4();
    check(0);
}

static void teredo(void **state)
{
    (void)state;
    for (unsigned back = 0; back < 2; back++)
        for (unsigned head = 0; head < 4; head++) {
            put_udp_from(back ? 3544 : 50000, back ? 50000 : 3544);
            if (head &
                1) { /* authentication, with an identifier of two bytes and a value of four */
                put32(&f, 0x00010204);
                put_zeros(&f, 2 + 4 + 9);
            }
            if (head & 2)
                put_zeros(&f, 8);
            put_inner6(1, 2);
            check(1);
        }
    put_udp_from(3544, 3544); /* it has only IPv6 */
    put_inner4();
    check(0);
}

static void teredo_between_peers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        put_udp_from(50000, 50001);
        put_inner6(i == 0 ? 0x20010000 : 1, i == 1 ? 0x20010000 : 1);
        check(i < 2);
    }
    put_udp_from(50000, 50001);
    put_inner6(0x20010000, 1);
    put8(&f, 0); /* not to the byte */
    check(0);
}

static void ayiya(void **state)
{
    (void)state;
    for (unsigned next = 4; next <= 59; next++) {
        put_udp_from(5072, 50000);
        put16(&f, 0x4152); /* an identity of 16 bytes, a signature of 20 */
        put8(&f, 0x11);
        put8(&f, next);
        put_zeros(&f, 4 + 16 + 20);
        put_inner6(1, 2);
        check(next == 4 || next == 41);
    }
    put_udp_from(5072, 50000);
    put32(&f, 0x41521229); /* another operation than to forward */
    put_zeros(&f, 4 + 16 + 20);
    put_inner6(1, 2);
    check(0);
}

/* RFC 7348 section 5: reserved bits are ignored; GBP and GPE use some of them. */
static void vxlan_with_any_other_bits(void **state)
{
    (void)state;
    static const uint32_t heads[][2] = {{0x88000000, 0x00006400}, {0x88001234, 0x00006400},
                                        {0x88480007, 0x00006400}, {0x08000000, 0x000064ff},
                                        {0xff123456, 0x789abcde}, {0x0c000003, 0x00000100}};
    for (unsigned i = 0; i < 6; i++) {
        put_udp_from(50000, 4789);
        put32(&f, heads[i][0]);
        put32(&f, heads[i][1]);
        put_ether(&f, 0x0800);
        put_inner4();
        check(1);
    }
    for (unsigned port = 4789; port <= 4790; port++) { /* GPE without a frame */
        put_udp_from(50000, port);
        put32(&f, 0x0c000001);
        put32(&f, 0x00000100);
        put_inner4();
        check(1);
        put_udp_from(50000, port);
        put32(&f, 0x0c000002);
        put32(&f, 0x00000100);
        put_inner6(1, 2);
        check(1);
    }
    put_udp_from(50000, 4789); /* no VNI */
    put32(&f, 0x80000000);
    put32(&f, 0x00006400);
    put_ether(&f, 0x0800);
    put_inner4();
    check(0);
}

static void geneve_with_reserved_bits(void **state)
{
    (void)state;
    put_udp_from(50000, 6081);
    put32(&f, 0x00ff6558);
    put32(&f, 0x000007ff);
    put_ether(&f, 0x0800);
    put_inner4();
    check(1);
    put_udp_from(50000, 6081); /* another version */
    put32(&f, 0x40006558);
    put32(&f, 0x00000700);
    put_ether(&f, 0x0800);
    put_inner4();
    check(0);
}

static void put_vxlan_to(unsigned port)
{
    put_udp_from(50000, port);
    put32(&f, 0x08000000);
    put32(&f, 0x00000100);
    put_ether(&f, 0x0800);
    put_inner4();
}

static void ports_are_options(void **state)
{
    (void)state;
    struct gad_decoder_options o = {.tunnels = 1,
                                    .vxlan_ports = {{8472, 4789}, 2},
                                    .geneve_ports = {{6082}, 1},
                                    .gtp_ports = {{2153}, 1}};
    start_with(o);
    for (unsigned i = 0; i < 3; i++) {
        put_vxlan_to((unsigned[]){4789, 8472, 8473}[i]);
        check(i < 2);
    }
    for (unsigned port = 6081; port <= 6082; port++) {
        put_udp_from(50000, port);
        put32(&f, 0x00000800);
        put32(&f, 0x00000700);
        put_inner4();
        check(port == 6082);
    }
    for (unsigned port = 2152; port <= 2153; port++) {
        put_udp_from(port, 50000);
        put32(&f, 0x30ff002d);
        put32(&f, 1);
        put_inner4();
        check(port == 2153);
    }
    o.vxlan_ports.n = GAD_TUNNEL_PORTS_MAX + 1;
    struct gad_decoder *none = NULL;
    assert_int_equal(gad_decoder_new(&o, &none), GAD_EINVAL);
}

static void ports_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {{"", "'' is not a port, 1 to 65535"},
               {"4789,", "'' is not a port, 1 to 65535"},
               {"0", "'0' is not a port, 1 to 65535"},
               {"65536", "'65536' is not a port, 1 to 65535"},
               {"4789 8472", "'4789 8472' is not a port, 1 to 65535"},
               {"1,2,3,4,5,6,7,8,9", "more than 8 ports"}};
    struct gad_tunnel_ports p = {{7}, 1};
    struct gad_diag d = {""};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_true(gad_tunnel_ports(bad[i].text, &p, &d) < 0);
        assert_string_equal(d.text, bad[i].why);
        assert_true(p.n == 1 && p.port[0] == 7);
    }
    assert_int_equal(gad_tunnel_ports(" 4789 ,\t8472", &p, NULL), 0);
    assert_true(p.n == 2 && p.port[0] == 4789 && p.port[1] == 8472);
    assert_int_equal(gad_tunnel_ports("1,2,3,4,5,6,7,65535", &p, NULL), 0);
    assert_int_equal(p.n, 8);
}

static void l2tp(void **state)
{
    (void)state;
    for (unsigned back = 0; back < 2; back++)
        for (unsigned bits = 0; bits < 8; bits++) {
            unsigned flags =
                2 | (bits & 1 ? 0x4000 : 0) | (bits & 2 ? 0x0800 : 0) | (bits & 4 ? 0x0200 : 0);
            put_udp_from(back ? 1701 : 50000, back ? 50000 : 1701);
            put16(&f, flags);
            size_t len_at = f.len;
            if (bits & 1)
                put16(&f, 0);
            put32(&f, 0x00010002);
            put_zeros(&f, bits & 2 ? 4 : 0);
            if (bits & 4) {
                put16(&f, 3);
                put_zeros(&f, 3);
            }
            put32(&f, 0xff030021);
            put_inner4();
            if (bits & 1)
                set16(&f, len_at, f.len - len_at + 2);
            check(1);
        }
    static const unsigned other[] = {0x8002, 0x0003, 0x4002};
    for (unsigned i = 0; i < 3; i++) { /* control, version 3, too long */
        put_udp_from(1701, 1701);
        put16(&f, other[i]);
        put32(&f, 0x01000002);
        put16(&f, 0x0021);
        put_inner4();
        check(0);
    }
}

static void tzsp(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= 2; kind++) {
        put_udp_from(50000, 37008);
        put8(&f, 1);
        put8(&f, kind);
        put16(&f, 1);
        put_bytes(&f, "\0\0\x0a\1\x55\x29\2\5\5\1", 10); /* padding, two tags, the end */
        put_ether(&f, 0x0800);
        put_inner4();
        check(kind < 2);
    }
    put_udp_from(50000, 37008); /* of a wireless network */
    put32(&f, 0x01000012);
    put8(&f, 1);
    put_ether(&f, 0x0800);
    put_inner4();
    check(0);
}

static void mpls_in_udp(void **state)
{
    (void)state;
    for (unsigned is_frame = 0; is_frame <= 1; is_frame++) {
        put_udp_from(50000, 6635);
        put32(&f, 0x00010040);
        put32(&f, 0x00020140);
        if (is_frame)
            put_ether(&f, 0x0800);
        put_inner4();
        check(1);
    }
}

/* The header of a tunnel hides nothing: without a packet inside, the datagram is one. */
static void a_tunnel_without_a_packet_is_udp(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        put_udp_from(50000, 4789);
        put32(&f, 0x08000000);
        put32(&f, 0x00000100);
        put_ether(&f, i == 0 ? 0x0806 : i == 1 ? 0x88b5 : 0x0800);
        size_t at = f.len;
        put_inner4();
        if (i == 2)
            f.p[at + 9] = 89; /* OSPF */
        if (i == 3)
            f.p[at] = 0x55;
        if (i == 4)
            f.p[at + 32] = 0x40; /* the length of its TCP header */
        check(0);
        assert_int_equal(fate(GAD_NET_NOT_IP) + fate(GAD_NET_OTHER_PROTOCOL), 0);
    }
    assert_int_equal(stats()->ether_types.entry[0].number, 0x0806);
    assert_int_equal(stats()->ether_types.entry[1].number, 0x88b5);
    assert_int_equal(stats()->ip_protocols.entry[0].number, 89);
    assert_true(stats()->tunnels_unread >= 5);
}

/* The innermost datagram that is no open tunnel is the packet. */
static void deeper_tunnels_are_udp(void **state)
{
    (void)state;
    for (unsigned open = 0; open <= 3; open++) {
        start_with((struct gad_decoder_options){.tunnels = open});
        f.len = got.n = 0;
        put_ether(&f, 0x0800);
        size_t ip[3], udp[3];
        for (unsigned i = 0; i < 3; i++) {
            ip[i] = put_ip4(&f, GAD_IP_UDP, 1, 0);
            udp[i] = f.len;
            put_udp(&f, 100 + i, 4789, 0);
            put32(&f, 0x08000000);
            put32(&f, 0x00000100);
            put_ether(&f, 0x0800);
        }
        put_inner4();
        for (unsigned i = 3; i-- > 0;) {
            end_ip4(&f, ip[i]);
            set16(&f, udp[i] + 4, f.len - udp[i]);
        }
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].tunnels, open);
        assert_int_equal(got.p[0].tuple.src_port, open < 3 ? 100 + open : 40000);
        assert_int_equal(stats()->tunnels_deep, open == 1 || open == 2);
    }
}

/* GRE within VXLAN, of which one may be open: the packet is that of VXLAN. */
static void a_deeper_tunnel_in_ip_is_the_datagram_around_it(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.tunnels = 1});
    put_udp_from(50000, 4789);
    put32(&f, 0x08000000);
    put32(&f, 0x00000100);
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, 47, 1, 0);
    put32(&f, 0x00000800);
    put_inner4();
    end_ip4(&f, ip);
    check(0);
    assert_true(stats()->tunnels_deep > 0);
    assert_int_equal(stats()->ip_protocols.entry[0].number, 47);
}

/* Its receiver drops the datagram, so what is in it never arrives. */
static void a_tunnel_with_a_wrong_sum_stays_closed(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.tunnels = 1, .checksums = GAD_CHECKSUMS_VERIFY});
    put_vxlan_to(4789);
    end_ip4(&f, 14);
    set16(&f, UDP_AT + 4, f.len - UDP_AT);
    set16(&f, UDP_AT + 6, 1);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tunnels, 0);
    assert_true(got.p[0].bad_checksum);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_open, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gre_in_udp),
        TEST(gtp_data),
        TEST(teredo),
        TEST(teredo_between_peers),
        TEST(ayiya),
        TEST(vxlan_with_any_other_bits),
        TEST(geneve_with_reserved_bits),
        TEST(ports_are_options),
        TEST(ports_are_parsed),
        TEST(l2tp),
        TEST(tzsp),
        TEST(mpls_in_udp),
        TEST(a_tunnel_without_a_packet_is_udp),
        TEST(deeper_tunnels_are_udp),
        TEST(a_deeper_tunnel_in_ip_is_the_datagram_around_it),
        TEST(a_tunnel_with_a_wrong_sum_stays_closed),
    };
    return cmocka_run_group_tests_name("tunnel_udp", tests, NULL, NULL);
}
