/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/walk.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

enum { HEAD = 40, NEEDED = 20 + TCP_NEEDED }; /* bytes of IPv4 and TCP */

static void put_ip_tcp(void)
{
    size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
    put_tcp(&f, 40000, 80, GAD_TCP_SYN, "hello");
    end_ip4(&f, ip);
}

/* f holds a link header: with a segment behind it comes through, at every length. */
static void check(int link_type, uint32_t vlan)
{
    size_t link = f.len;
    put_ip_tcp();
    feed_cut(dec, link_type, 0, &f, f.len, f.len, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tuple.dst_port, 80);
    assert_int_equal(got.p[0].len, 5);
    assert_int_equal(got.p[0].vlan, vlan);
    assert_true(every_truncation_holds(link_type, link + NEEDED));
    f.len = 0;
    got.n = 0;
}

static void put_tag(unsigned type, unsigned tci)
{
    put16(&f, type);
    put16(&f, tci);
}

static void ethernet(void **state)
{
    (void)state;
    put_ether(&f, 0x0800);
    check(1, 0);
    f.len = 0;
    put_ether(&f, 0x0806); /* ARP */
    put_zeros(&f, 46);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_NOT_IP), 1);
}

static void tags_of_vlans(void **state)
{
    (void)state;
    static const unsigned types[] = {0x8100, 0x88a8, 0x9100, 0x9200, 0x9300, 0x8200, 0x8988};
    for (unsigned i = 0; i < 7; i++) {
        put_ether(&f, types[i]);
        put_tag(0xe005, 0x0800);
        check(1, 5);
        put_ether(&f, types[i]);
        put_tag(7, 0x8100);
        put_tag(5, 0x0800);
        check(1, 7 << 12 | 5);
    }
    put_ether(&f, 0x8100);
    put_tag(0, 0x0800); /* priority only */
    check(1, 0);
    put_ether(&f, 0x8100);
    put_tag(1, 0x8100);
    put_tag(2, 0x8100);
    put_tag(3, 0x0800);
    check(1, 1 << 12 | 2);
}

/* Tags of other lengths, alone and around a VLAN's; they name no VLAN. */
static void tags_of_switches(void **state)
{
    (void)state;
    static const struct {
        unsigned type, len;
        const char *tag;
    } tags[] = {{0x8926, 4, "\x80\x12\x03\x45"},
                {0x893f, 6, "\xe0\x00\x10\x02\x00\x00"},
                {0x8909, 6, "\x01\x01\x00\x01\x12\x34"},
                {0x8909, 6, "\x00\x00\x00\x00\x00\x00"},
                {0x8909, 14, "\x01\x02\x00\x01\x12\x34\x00\x01\x12\x34\x00\x01\x12\x34"}};
    for (unsigned i = 0; i < sizeof(tags) / sizeof(*tags); i++)
        for (unsigned vlans = 0; vlans <= 2; vlans++) {
            put_ether(&f, vlans == 2 ? 0x8100 : tags[i].type);
            if (vlans == 2)
                put_tag(5, tags[i].type);
            put_bytes(&f, tags[i].tag, tags[i].len);
            put16(&f, vlans == 1 ? 0x8100 : 0x0800);
            if (vlans == 1)
                put_tag(5, 0x0800);
            check(1, vlans ? 5 : 0);
        }
    for (unsigned len = 2; len <= 6; len += 2) {
        f.len = got.n = 0;
        put_ether(&f, 0x8988);
        put_bytes(&f, "\0\5\3\4\5\6", len);
        put16(&f, 0x0800);
        put_ip_tcp();
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].vlan, len == 2 ? 5 : 0);
    }
    f.len = got.n = 0;
    put_ether(&f, 0x8903); /* FabricPath: then a frame */
    put16(&f, 0x1234);
    put_ether(&f, 0x0800);
    check(1, 0);
}

static void tags_have_a_limit(void **state)
{
    (void)state;
    for (unsigned n = GAD_NET_LAYERS_MAX - 2; n <= GAD_NET_LAYERS_MAX; n++) {
        f.len = got.n = 0;
        put_ether(&f, 0x8100);
        for (unsigned i = 1; i <= n; i++)
            put_tag(1, i < n ? 0x8100 : 0x0800);
        put_ip_tcp();
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, n < GAD_NET_LAYERS_MAX);
    }
    assert_int_equal(fate(GAD_NET_LINK_DEEP), 1);
}

static void mpls(void **state)
{
    (void)state;
    static const unsigned types[] = {0x8847, 0x8848};
    for (unsigned i = 0; i < 2; i++) {
        put_ether(&f, types[i]);
        put32(&f, 0x00010140);
        check(1, 0);
        put_ether(&f, types[i]);
        put32(&f, 0x00010040);
        put32(&f, 0x00010140);
        check(1, 0);
    }
    put_ether(&f, 0x8847);
    put32(&f, 0x00010140);
    put32(&f, 0); /* control word, then Ethernet */
    put_ether(&f, 0x0800);
    check(1, 0);
    f.len = 0;
    put_ether(&f, 0x8847);
    for (int i = 0; i < 20; i++)
        put32(&f, 0);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_LINK_DEEP), 1);
}

static void put_labelled_frame(const char *head, size_t len, const char *destination)
{
    f.len = got.n = 0;
    put_ether(&f, 0x8847);
    put32(&f, 0x00010140);
    put_bytes(&f, head, len);
    put_bytes(&f, destination, 6);
    put_bytes(&f, "\2\0\0\0\0\1\x08\0", 8);
}

/* With and without a control word, to destinations that look like one, and like IP. */
static void frames_behind_labels(void **state)
{
    (void)state;
    static const char *const destinations[] = {
        "\x02\0\0\0\0\2",   "\xfc\1\2\3\4\5", "\0\x1b\x21\3\4\5", "\0\0\x5e\0\1\1",
        "\x45\0\0\x40\4\5", "\x40\1\2\3\4\5", "\x60\1\2\3\4\5",   "\x16\1\2\3\4\5",
    };
    for (unsigned i = 0; i < sizeof(destinations) / sizeof(*destinations); i++) {
        put_labelled_frame("\0\0\0\7", 4, destinations[i]);
        check(1, 0);
        put_labelled_frame("", 0, destinations[i]);
        put_ip_tcp();
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 5);
    }
    put_labelled_frame("\x10\0\0\7", 4, "\2\0\0\0\0\2"); /* a control channel */
    put_ip_tcp();
    got.n = 0;
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 0);
    assert_int_equal(fate(GAD_NET_NOT_IP), 1);
}

/* Its source address looks like an EtherType of IPv4 and a version: the sum decides. */
static void ip_behind_labels_is_no_frame(void **state)
{
    (void)state;
    put_ether(&f, 0x8847);
    put32(&f, 0x00010140);
    size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
    put_tcp(&f, 40000, 80, 0, "hello");
    memcpy(f.p + ip + 12, "\x08\x00\x45\x01", 4);
    end_ip4(&f, ip);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    assert_memory_equal(got.p[0].tuple.src, "\x08\x00\x45\x01", 4);
    f.len = got.n = 0;
    put_ether(&f, 0x8847);
    put32(&f, 0x00010140);
    ip = put_ip6(&f, GAD_IP_TCP);
    put_tcp(&f, 40000, 80, 0, "hello");
    end_ip6(&f, ip);
    memcpy(f.p + ip + 12, "\x86\xdd\x60", 3);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tuple.family, 6);
}

static void pppoe_and_ppp(void **state)
{
    (void)state;
    for (int address = 0; address <= 1; address++)
        for (int compressed = 0; compressed <= 1; compressed++) {
            if (address)
                put16(&f, 0xff03);
            if (compressed)
                put8(&f, 0x21);
            else
                put16(&f, 0x21);
            check(address ? 9 : 50, 0);
        }
    put_ether(&f, 0x8864);
    put16(&f, 0x1100);
    put16(&f, 77);
    put16(&f, 2 + HEAD + 5);
    put16(&f, 0x21);
    check(1, 0);
    put16(&f, 0x1100);
    put16(&f, 77);
    put16(&f, 2 + HEAD + 5);
    put16(&f, 0x21);
    check(51, 0);
    put16(&f, 0x281);
    put32(&f, 0x00010140);
    check(9, 0);
    put16(&f, 0xc021); /* LCP */
    put_zeros(&f, 20);
    feed_cut(dec, 9, 0, &f, f.len, f.len, &got);
    assert_int_equal(fate(GAD_NET_NOT_IP), 1);
}

/* The session's length bounds what is inside; another version or code is another protocol. */
static void pppoe_is_read_strictly(void **state)
{
    (void)state;
    static const unsigned heads[][2] = {{0x2100, 47}, {0x1109, 47}, {0x1100, 48}, {0x1100, 46}};
    for (unsigned i = 0; i < 4; i++) {
        f.len = 0;
        put_ether(&f, 0x8864);
        put16(&f, heads[i][0]);
        put16(&f, 1);
        put16(&f, heads[i][1]);
        put16(&f, 0x21);
        put_ip_tcp();
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(fate(GAD_NET_LINK_HEADER), 3);
    assert_int_equal(fate(GAD_NET_IP_LENGTH), 1);
}

static void snap(void **state)
{
    (void)state;
    put_ether(&f, 8 + HEAD + 5);
    put32(&f, 0xaaaa0300);
    put32(&f, 0x00000800);
    check(1, 0);
    put_ether(&f, 8 + HEAD + 6); /* longer than the frame */
    put32(&f, 0xaaaa0300);
    put32(&f, 0x00000800);
    put_ip_tcp();
    uint64_t before = fate(GAD_NET_LINK_HEADER);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_LINK_HEADER), before + 1);
    static const uint32_t not_ip[][2] = {{0x42420300, 0},
                                         {0xaaaa0300, 0x00010800},
                                         {0xaaab0300, 0x00000800},
                                         {0xaaaa0300, 0x00000100}};
    for (unsigned i = 0; i < 4; i++) {
        f.len = 0;
        put_ether(&f, 8);
        put32(&f, not_ip[i][0]);
        put32(&f, not_ip[i][1]);
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(fate(GAD_NET_NOT_IP), 4);
}

static void cooked(void **state)
{
    (void)state;
    put16(&f, 0);
    put16(&f, 1);
    put_zeros(&f, 10);
    put16(&f, 0x0800);
    check(113, 0);
    put16(&f, 0x0800);
    put_zeros(&f, 6);
    put16(&f, 1);
    put_zeros(&f, 10);
    check(276, 0);
    put_zeros(&f, 2);
    put16(&f, 824); /* netlink */
    put_zeros(&f, 10);
    put16(&f, 0x0800);
    put_ip_tcp();
    feed_cut(dec, 113, 0, &f, f.len, f.len, &got);
    assert_int_equal(fate(GAD_NET_NOT_IP), 1);
    f.len = 0;
    put16(&f, 0x0004); /* 802.2 */
    put_zeros(&f, 6);
    put16(&f, 1);
    put_zeros(&f, 10);
    put_ip_tcp();
    feed_cut(dec, 276, 0, &f, f.len, f.len, &got);
    assert_int_equal(fate(GAD_NET_NOT_IP), 2);
}

static void raw(void **state)
{
    (void)state;
    static const int types[] = {12, 14, 101, 228};
    for (unsigned i = 0; i < 4; i++)
        check(types[i], 0);
    put8(&f, 0x55);
    feed_cut(dec, 101, 0, &f, f.len, f.len, &got);
    assert_int_equal(fate(GAD_NET_IP_VERSION), 1);
}

static void loopback_in_both_byte_orders(void **state)
{
    (void)state;
    static const uint8_t heads[][4] = {{2, 0, 0, 0}, {0, 0, 0, 2}};
    for (unsigned i = 0; i < 2; i++) {
        put_bytes(&f, heads[i], 4);
        check(0, 0);
        put_bytes(&f, heads[i], 4);
        check(108, 0);
    }
    static const uint8_t ip6[] = {10, 24, 28, 30};
    for (unsigned i = 0; i < 4; i++) {
        f.len = got.n = 0;
        put8(&f, ip6[i]);
        put_zeros(&f, 3);
        size_t ip = put_ip6(&f, GAD_IP_UDP);
        put_udp(&f, 1, 2, 3);
        end_ip6(&f, ip);
        feed_cut(dec, 0, 0, &f, f.len, f.len, &got);
        assert_int_equal(got.n, 1);
    }
    f.len = 0;
    put32(&f, 7);
    put_zeros(&f, 40);
    feed_cut(dec, 0, 0, &f, f.len, f.len, &got);
    assert_int_equal(fate(GAD_NET_NOT_IP), 1);
}

static void cisco_hdlc(void **state)
{
    (void)state;
    put16(&f, 0x0f00);
    put16(&f, 0x0800);
    check(104, 0);
}

static void ip6_link_type(void **state)
{
    (void)state;
    size_t ip = put_ip6(&f, GAD_IP_TCP);
    put_tcp(&f, 1, 80, 0, "hello");
    end_ip6(&f, ip);
    assert_true(every_truncation_holds(229, 40 + TCP_NEEDED));
    assert_true(every_truncation_holds(101, 40 + TCP_NEEDED));
}

static void other_link_types_are_refused(void **state)
{
    (void)state;
    put_plain(&f);
    for (int t = -1; t < 300; t++) {
        got.n = 0;
        uint64_t before = fate(GAD_NET_LINK_TYPE);
        feed_cut(dec, t, 0, &f, f.len, f.len, &got);
        assert_int_equal(fate(GAD_NET_LINK_TYPE) - before, !gad_link_type_known(t));
    }
    assert_true(gad_link_type_known(1) && !gad_link_type_known(127));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ethernet),
        TEST(tags_of_vlans),
        TEST(tags_have_a_limit),
        TEST(tags_of_switches),
        TEST(frames_behind_labels),
        TEST(ip_behind_labels_is_no_frame),
        TEST(mpls),
        TEST(pppoe_and_ppp),
        TEST(pppoe_is_read_strictly),
        TEST(snap),
        TEST(cooked),
        TEST(raw),
        TEST(loopback_in_both_byte_orders),
        TEST(cisco_hdlc),
        TEST(ip6_link_type),
        TEST(other_link_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
