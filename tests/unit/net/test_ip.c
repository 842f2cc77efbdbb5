/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/walk.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

static void options_are_skipped(void **state)
{
    (void)state;
    for (unsigned words = 5; words <= 15; words++) {
        f.len = 0;
        put_ether(&f, 0x0800);
        size_t ip = put_ip4(&f, GAD_IP_TCP, 1, 0);
        f.p[ip] = (uint8_t)(0x40 | words);
        put_zeros(&f, (words - 5) * 4);
        put_tcp(&f, 1, 80, 0, "hello");
        end_ip4(&f, ip);
        assert_true(every_truncation_holds(LINK_EN10MB, 34 + (words - 5) * 4 + TCP_NEEDED));
        assert_int_equal(got.n, 0);
    }
}

static void a_header_of_ip4_is_judged(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t v;
        enum gad_net_fate fate;
    } cases[] = {
        {14, 0x55, GAD_NET_IP_VERSION},    {14, 0x44, GAD_NET_IP_HEADER},
        {14, 0x4f, GAD_NET_IP_HEADER},     {17, 19, GAD_NET_IP_HEADER},
        {17, 45, GAD_NET_PACKET},          {17, 44, GAD_NET_PACKET},
        {17, 46, GAD_NET_IP_LENGTH},       {17, 39, GAD_NET_TCP_HEADER},
        {23, 132, GAD_NET_OTHER_PROTOCOL}, {23, 44, GAD_NET_OTHER_PROTOCOL},
        {23, 0, GAD_NET_OTHER_PROTOCOL},   {23, 47, GAD_NET_OTHER_PROTOCOL},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        f.len = got.n = 0;
        put_plain(&f);
        f.p[cases[i].at] = cases[i].v;
        uint64_t before = fate(cases[i].fate);
        feed(dec, 0, &f, &got);
        assert_int_equal(fate(cases[i].fate), before + 1);
    }
}

/* As segmentation offload leaves it: the length of the frame counts. */
static void a_total_length_of_zero_is_that_of_the_frame(void **state)
{
    (void)state;
    put_plain(&f);
    put_zeros(&f, 60000);
    set16(&f, 16, 0);
    feed_cut(dec, LINK_EN10MB, 0, &f, 200, f.len, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 60005);
    assert_int_equal(got.p[0].data_len, 146);
    f.len = got.n = 0;
    put_ether(&f, 0x86dd);
    (void)put_ip6(&f, GAD_IP_UDP);
    put_udp(&f, 1, 2, 100);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.p[0].len, 100);
}

static void addresses_of_ip6_are_whole(void **state)
{
    (void)state;
    put_ether(&f, 0x86dd);
    size_t ip = put_ip6(&f, GAD_IP_ICMP6);
    put_icmp(&f, 128, 0, 4);
    end_ip6(&f, ip);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tuple.family, 6);
    assert_int_equal(got.p[0].tuple.proto, GAD_IP_ICMP6);
    assert_memory_equal(got.p[0].tuple.src, f.p + 22, 16);
    assert_memory_equal(got.p[0].tuple.dst, f.p + 38, 16);
    assert_int_equal(got.p[0].icmp_type, 128);
    assert_int_equal(got.p[0].len, 12);
    f.p[14] = 0x50;
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_IP_VERSION), 1);
}

/* n headers of the kinds in turn, each of 8 * (1 + more) bytes, AH by its own count. */
static void put_chain(const uint8_t *kinds, unsigned n_kinds, unsigned n, unsigned more)
{
    put_ether(&f, 0x86dd);
    size_t ip = put_ip6(&f, n > 0 ? kinds[0] : GAD_IP_UDP);
    for (unsigned i = 0; i < n; i++) {
        bool is_ah = kinds[i % n_kinds] == 51;
        put8(&f, i + 1 < n ? kinds[(i + 1) % n_kinds] : GAD_IP_UDP);
        put8(&f, is_ah ? more * 2 : more);
        for (unsigned k = 0; k < 6 + more * 8; k++)
            put8(&f, 0xfe); /* which is no header that is skipped */
    }
    put_udp(&f, 1, 2, 5);
    end_ip6(&f, ip);
}

static void extension_headers_are_skipped(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {0, 43, 60, 51, 135, 139, 140};
    for (unsigned more = 0; more <= 3; more++) {
        f.len = 0;
        put_chain(kinds, 7, 7, more);
        assert_true(every_truncation_holds(LINK_EN10MB, f.len - 5 - 8 + UDP_NEEDED));
    }
}

static void a_chain_has_a_limit(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {60};
    for (unsigned n = GAD_NET_LAYERS_MAX - 2; n <= GAD_NET_LAYERS_MAX; n++) {
        f.len = got.n = 0;
        put_chain(kinds, 1, n, 0);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, n < GAD_NET_LAYERS_MAX); /* Ethernet's is one layer, too */
    }
    assert_int_equal(fate(GAD_NET_IP6_CHAIN), 1);
}

static void a_broken_chain_is_refused(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {60};
    put_chain(kinds, 1, 1, 0);
    f.p[55] = 200;
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_IP6_CHAIN), 1);
    f.p[55] = 0;
    f.p[54] = 59; /* no next header */
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_OTHER_PROTOCOL), 1);
}

static void put_fragment6(unsigned next, unsigned offset, bool more, unsigned id)
{
    f.len = 0;
    put_ether(&f, 0x86dd);
    (void)put_ip6(&f, 44);
    put8(&f, next);
    put8(&f, 0);
    put16(&f, offset | more);
    put32(&f, id);
}

static void fragments_of_ip6_make_a_datagram(void **state)
{
    (void)state;
    put_fragment6(60, 0, true, 0x12345678); /* the first says what it is, options first */
    put8(&f, GAD_IP_UDP);
    put_zeros(&f, 7);
    put_udp(&f, 1, 2, 24);
    end_ip6(&f, 14);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_HELD), 1);
    put_fragment6(60, 40, false, 0x12345679); /* of another datagram */
    put_zeros(&f, 5);
    end_ip6(&f, 14);
    feed(dec, 1, &f, &got);
    assert_int_equal(got.n, 0);
    put_fragment6(GAD_IP_UDP, 40, false, 0x12345678);
    put_zeros(&f, 5);
    end_ip6(&f, 14);
    feed(dec, 2, &f, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tuple.dst_port, 2);
    assert_int_equal(got.p[0].tuple.proto, GAD_IP_UDP);
    assert_int_equal(got.p[0].len, 24);
}

/* The chain of headers is cut too; later fragments may name any protocol. */
static void a_chain_of_ip6_is_put_together(void **state)
{
    (void)state;
    static uint8_t chain[64];
    static struct frame whole;
    for (unsigned i = 0; i < 3; i++) { /* destination options of 8, 16 and 24 bytes */
        put8(&whole, i < 2 ? 60 : GAD_IP_UDP);
        put8(&whole, i);
        put_zeros(&whole, 6 + i * 8);
    }
    put_udp(&whole, 1, 2, 8);
    assert_int_equal(whole.len, sizeof(chain));
    memcpy(chain, whole.p, sizeof(chain));
    for (unsigned way = 0; way <= 1; way++) {
        got.n = 0;
        for (unsigned k = 0; k < 8; k++) {
            unsigned at = way == 0 ? k * 8 : 56 - k * 8;
            put_fragment6(at == 0 ? 60 : way == 0 ? 59 : 17, at, at < 56, way);
            put_bytes(&f, chain + at, 8);
            end_ip6(&f, 14);
            feed(dec, 0, &f, &got);
        }
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].tuple.dst_port, 2);
        assert_int_equal(got.p[0].len, 8);
        assert_int_equal(got.data[0][7], 7);
    }
}

static void an_atomic_fragment_stands_for_itself(void **state)
{
    (void)state;
    put_fragment6(GAD_IP_UDP, 0, false, 7);
    put_udp(&f, 1, 2, 3);
    end_ip6(&f, 14);
    assert_true(every_truncation_holds(LINK_EN10MB, f.len - 3 - 8 + UDP_NEEDED));
    assert_int_equal(stats()->datagrams, 0);
}

static void sums_of_ip4_headers_are_verified_if_asked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        start_with((struct gad_decoder_options){.checksums = (enum gad_checksums)i});
        f.len = got.n = 0;
        put_ether(&f, 0x0800);
        size_t ip = put_ip4(&f, GAD_IP_UDP, 1, 0);
        put_udp(&f, 1, 2, 3);
        end_ip4(&f, ip);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 1);
        f.p[24] ^= 1;
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, i == GAD_CHECKSUMS_IGNORE ? 2 : 1);
        assert_int_equal(fate(GAD_NET_IP_CHECKSUM), i != GAD_CHECKSUMS_IGNORE);
        assert_int_equal(stats()->checksums_checked, i == GAD_CHECKSUMS_IGNORE ? 0 : 2);
    }
}

static void a_fragment_with_a_bad_sum_is_wrong(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.checksums = GAD_CHECKSUMS_VERIFY});
    for (unsigned i = 0; i < 2; i++) {
        f.len = 0;
        put_ether(&f, 0x0800);
        size_t ip = put_ip4(&f, GAD_IP_UDP, 1, i == 0 ? 0x2000 : 2);
        put_udp(&f, 1, 2, 8);
        end_ip4(&f, ip);
        f.p[24] ^= (uint8_t)i;
        feed(dec, 0, &f, &got);
    }
    gad_decoder_flush(dec, catch, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].wrong_fragments, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_are_skipped),
        TEST(a_header_of_ip4_is_judged),
        TEST(a_total_length_of_zero_is_that_of_the_frame),
        TEST(addresses_of_ip6_are_whole),
        TEST(extension_headers_are_skipped),
        TEST(a_chain_has_a_limit),
        TEST(a_broken_chain_is_refused),
        TEST(fragments_of_ip6_make_a_datagram),
        TEST(a_chain_of_ip6_is_put_together),
        TEST(an_atomic_fragment_stands_for_itself),
        TEST(sums_of_ip4_headers_are_verified_if_asked),
        TEST(a_fragment_with_a_bad_sum_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
