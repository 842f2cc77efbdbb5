/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/walk.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

enum { IP = 14, L4 = 34 };

static void put_ip(unsigned proto)
{
    f.len = got.n = 0;
    put_ether(&f, 0x0800);
    (void)put_ip4(&f, proto, 1, 0);
}

static void put_ip_6(unsigned proto)
{
    f.len = got.n = 0;
    put_ether(&f, 0x86dd);
    (void)put_ip6(&f, proto);
}

static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    return sum;
}

/* The right sum, computed another way, of the message that begins at l4 and ends with the frame,
 * into byte `at`. */
static void set_sum(uint8_t family, uint8_t proto, size_t l4, size_t at, bool has_pseudo)
{
    set16(&f, at, 0);
    uint32_t sum = add_words(0, f.p + l4, f.len - l4);
    if (has_pseudo) {
        sum = add_words(sum, f.p + (family == 4 ? 26 : 22), family == 4 ? 8 : 32); /* addresses */
        sum += proto + (uint32_t)(f.len - l4);
    }
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    set16(&f, at, ~sum & 0xffff);
}

/* Every flag bit is passed on, and options of every length are no payload. */
static void options_of_tcp_are_no_payload(void **state)
{
    (void)state;
    for (unsigned words = 5; words <= 15; words++) {
        put_ip(GAD_IP_TCP);
        put_tcp(&f, 1, 2, 0xff, "");
        f.p[L4 + 12] = (uint8_t)(words << 4);
        put_zeros(&f, (words - 5) * 4);
        put_bytes(&f, "hello", 5);
        end_ip4(&f, IP);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].tcp_flags, 0xff);
        assert_int_equal(got.p[0].len, 5);
        assert_memory_equal(got.data[0], "hello", 5);
        assert_true(every_truncation_holds(LINK_EN10MB, L4 + TCP_NEEDED));
        got.n = 0;
        feed_cut(dec, LINK_EN10MB, 0, &f, L4 + 20 + (words - 5) * 2, f.len,
                 &got); /* amid options */
        assert_int_equal(got.p[0].len, 5);
        assert_int_equal(got.p[0].data_len, 0);
    }
}

/* Ports, numbers, length and flags were captured; IP has the length. */
static void a_part_of_a_header_is_enough(void **state)
{
    (void)state;
    put_ip(GAD_IP_TCP);
    put_tcp(&f, 40000, 80, 0x18, "");
    f.p[L4 + 12] = 8 << 4;
    put_zeros(&f, 12);
    put_bytes(&f, "hello", 5);
    end_ip4(&f, IP);
    feed_cut(dec, LINK_EN10MB, 0, &f, L4 + 14, f.len, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tuple.src_port, 40000);
    assert_int_equal(got.p[0].seq, 1000);
    assert_int_equal(got.p[0].ack, 2000);
    assert_int_equal(got.p[0].tcp_flags, 0x18);
    assert_int_equal(got.p[0].len, 5);
    assert_int_equal(got.p[0].data_len, 0);
    for (unsigned cut = 4; cut < 8; cut++) {
        put_ip(GAD_IP_UDP);
        put_udp(&f, 1, 53, 100);
        end_ip4(&f, IP);
        got.n = 0;
        feed_cut(dec, LINK_EN10MB, 0, &f, L4 + cut, f.len, &got);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].tuple.dst_port, 53);
        assert_int_equal(got.p[0].len, 100);
        assert_int_equal(got.p[0].data_len, 0);
    }
    for (unsigned len = 14; len < 20; len++) { /* on the wire it has no more */
        put_ip(GAD_IP_TCP);
        put_tcp(&f, 40000, 80, 0x18, "");
        f.len = L4 + len;
        end_ip4(&f, IP);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 0);
    }
    assert_int_equal(fate(GAD_NET_TCP_HEADER), 6);
}

static void a_tcp_header_has_limits(void **state)
{
    (void)state;
    for (unsigned words = 4; words <= 7; words++) {
        put_ip(GAD_IP_TCP);
        put_tcp(&f, 1, 2, 0, "1234"); /* room for six words */
        f.p[L4 + 12] = (uint8_t)(words << 4);
        end_ip4(&f, IP);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, words == 5 || words == 6);
    }
    assert_int_equal(fate(GAD_NET_TCP_HEADER), 2);
}

static void the_length_of_udp_bounds_it(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 30; len++) {
        put_ip(GAD_IP_UDP);
        put_udp(&f, 1, 2, 20);
        set16(&f, L4 + 4, len);
        end_ip4(&f, IP);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, len == 0 || (len >= 8 && len <= 28));
        if (got.n == 1)
            assert_int_equal(got.p[0].len, len == 0 ? 20 : len - 8);
    }
    assert_int_equal(fate(GAD_NET_UDP_HEADER), 9);
}

static void udp_and_icmp_at_every_truncation(void **state)
{
    (void)state;
    put_ip(GAD_IP_UDP);
    put_udp(&f, 1, 2, 20);
    end_ip4(&f, IP);
    assert_true(every_truncation_holds(LINK_EN10MB, L4 + UDP_NEEDED));
    put_ip(GAD_IP_ICMP);
    put_icmp(&f, 8, 0, 20);
    end_ip4(&f, IP);
    assert_true(every_truncation_holds(LINK_EN10MB, L4 + 8));
    put_ip_6(GAD_IP_ICMP6);
    put_icmp(&f, 128, 0, 20);
    end_ip6(&f, IP);
    assert_true(every_truncation_holds(LINK_EN10MB, IP + 40 + 8));
}

/* KDD99 counts the header: smurf's 520 and 1,032 bytes are 8 and 512 or 1,024. */
static void an_icmp_message_counts_with_its_header(void **state)
{
    (void)state;
    put_ip(GAD_IP_ICMP);
    put_icmp(&f, 3, 13, 1024);
    end_ip4(&f, IP);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.p[0].len, 1032);
    assert_int_equal(got.p[0].icmp_type, 3);
    assert_int_equal(got.p[0].icmp_code, 13);
    assert_int_equal(got.p[0].tuple.src_port, 0);
    assert_int_equal(got.data[0][0], 3);
    put_ip(GAD_IP_ICMP);
    put_zeros(&f, 7);
    end_ip4(&f, IP);
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_ICMP_HEADER), 1);
}

struct kind {
    uint8_t family, proto;
    size_t l4, sum_at;
    bool has_pseudo;
};

static const struct kind kinds[] = {
    {4, GAD_IP_TCP, 34, 50, true}, {4, GAD_IP_UDP, 34, 40, true}, {4, GAD_IP_ICMP, 34, 36, false},
    {6, GAD_IP_TCP, 54, 70, true}, {6, GAD_IP_UDP, 54, 60, true}, {6, GAD_IP_ICMP6, 54, 56, true},
};

static void put_kind(const struct kind *k, unsigned payload)
{
    if (k->family == 4)
        put_ip(k->proto);
    else
        put_ip_6(k->proto);
    if (k->proto == GAD_IP_TCP) {
        put_tcp(&f, 1, 2, 0, "");
        for (unsigned i = 0; i < payload; i++)
            put8(&f, i * 7);
    } else if (k->proto == GAD_IP_UDP) {
        put_udp(&f, 1, 2, payload);
    } else {
        put_icmp(&f, 8, 0, payload);
    }
    if (k->family == 4)
        end_ip4(&f, IP);
    else
        end_ip6(&f, IP);
    set_sum(k->family, k->proto, k->l4, k->sum_at, k->has_pseudo);
}

static void a_bad_sum_marks_the_packet(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.checksums = GAD_CHECKSUMS_VERIFY});
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        for (unsigned payload = 0; payload <= 9; payload++)
            for (unsigned damage = 0; damage <= 1; damage++) {
                put_kind(&kinds[i], payload);
                f.p[f.len - 1] ^= (uint8_t)damage;
                if (kinds[i].proto == GAD_IP_UDP && payload == 0)
                    continue; /* the last byte is one of the sum, which 0 switches off */
                feed(dec, 0, &f, &got);
                assert_int_equal(got.n, 1);
                assert_int_equal(got.p[0].bad_checksum, damage);
            }
}

static void what_cannot_be_summed_up_is_not_bad(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.checksums = GAD_CHECKSUMS_VERIFY});
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        put_kind(&kinds[i], 20);
        f.p[f.len - 1] ^= 1;
        feed_cut(dec, LINK_EN10MB, 0, &f, f.len - 1, f.len, &got);
        assert_int_equal(got.n, 1);
        assert_false(got.p[0].bad_checksum);
    }
    put_kind(&kinds[1], 20);
    set16(&f, 40, 0); /* UDP without a sum */
    feed(dec, 0, &f, &got);
    assert_false(got.p[0].bad_checksum);
    put_kind(&kinds[0], 20);
    put_zeros(&f, 9); /* padding is not summed up */
    f.p[f.len - 1] = 1;
    feed(dec, 0, &f, &got);
    assert_false(got.p[0].bad_checksum);
}

/* The fragments' sums add up to that of the datagram. */
static void a_datagram_in_fragments_has_a_sum(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.checksums = GAD_CHECKSUMS_VERIFY});
    for (unsigned damage = 0; damage <= 1; damage++) {
        static struct frame whole;
        put_kind(&kinds[1], 101);
        whole = f;
        whole.p[whole.len - 1] ^= (uint8_t)damage;
        for (unsigned i = 0; i < 3; i++) {
            size_t at = i * 40, len = i < 2 ? 40 : whole.len - L4 - at;
            f.len = 0;
            put_ether(&f, 0x0800);
            (void)put_ip4(&f, GAD_IP_UDP, damage, (i < 2 ? 0x2000 : 0) | (unsigned)at / 8);
            put_bytes(&f, whole.p + L4 + at, len);
            end_ip4(&f, IP);
            feed(dec, 0, &f, &got);
        }
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 101);
        assert_int_equal(got.p[0].bad_checksum, damage);
    }
}

/* A datagram in fragments that is longer than UDP says: the rest is not part of the sum. */
static void a_longer_datagram_is_summed_up_as_far_as_it_counts(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.checksums = GAD_CHECKSUMS_VERIFY});
    for (unsigned i = 0; i < 2; i++) {
        put_ip(GAD_IP_UDP);
        f.p[IP + 6] = i == 0 ? 0x20 : 0;
        f.p[IP + 7] = i == 0 ? 0 : 2;
        put_udp(&f, 1, 2, 8);
        set16(&f, L4 + 4, 20);
        set16(&f, L4 + 6, 0x1234);
        end_ip4(&f, IP);
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 12);
    assert_true(got.p[0].bad_checksum);
}

/* What is sent with GAD_CHECKSUMS_AUTO: by address 10.0.0.HOST, with the sum right, damaged, zero,
 * or left as that of the pseudo header. */
enum sum { RIGHT, DAMAGED, ZERO, PSEUDO, PSEUDO_WITHOUT_LENGTH };

static bool is_taken(unsigned host, unsigned link, unsigned flags, unsigned payload, enum sum sum)
{
    struct gad_tuple t = {.family = 4, .proto = GAD_IP_TCP, .dst = {10, 0, 0, 2}};

    put_ip(GAD_IP_TCP);
    f.p[11] = (uint8_t)link;
    f.p[IP + 15] = (uint8_t)host;
    put_tcp(&f, 1, 2, flags, "");
    put_zeros(&f, payload);
    end_ip4(&f, IP);
    set_sum(4, GAD_IP_TCP, L4, L4 + 16, true);
    memcpy(t.src, f.p + IP + 12, 4);
    uint16_t left = gad_checksum_fold(gad_checksum_pseudo(0, &t, sum == PSEUDO ? f.len - L4 : 0));
    if (sum == DAMAGED)
        f.p[L4 + 16] ^= 0x55;
    else if (sum == ZERO)
        set16(&f, L4 + 16, 0);
    else if (sum != RIGHT)
        memcpy(f.p + L4 + 16, &left, 2);
    got.n = 0;
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    return !got.p[0].bad_checksum;
}

static void start_auto(void)
{
    start_with((struct gad_decoder_options){.checksums = GAD_CHECKSUMS_AUTO});
}

/* Hundreds of wrong sums are those of their sender; his own count until he shows a right one. */
static void auto_judges_each_sender(void **state)
{
    (void)state;
    start_auto();
    for (unsigned i = 0; i < 300; i++)
        assert_true(is_taken(7, 1, GAD_TCP_ACK, 5, DAMAGED));
    assert_true(is_taken(8, 1, GAD_TCP_SYN, 0, RIGHT));
    assert_int_equal(stats()->checksums_undecided, 300);
    for (unsigned link = 1; link <= 2; link++) /* another link makes no other sender of these */
        assert_false(is_taken(8, link, GAD_TCP_RST, 0, DAMAGED));
    assert_true(is_taken(7, 1, GAD_TCP_ACK, 5, RIGHT));
    assert_false(is_taken(7, 1, GAD_TCP_ACK, 5, DAMAGED));
    assert_int_equal(stats()->checksums_bad, 303);
}

static void what_offload_leaves_is_recognised(void **state)
{
    (void)state;
    static const enum sum left[] = {ZERO, PSEUDO, PSEUDO_WITHOUT_LENGTH};
    start_auto();
    for (unsigned i = 0; i < 3; i++) {
        assert_true(is_taken(3, 1, GAD_TCP_SYN, 0, left[i]));
        assert_true(is_taken(3, 1, GAD_TCP_ACK, 9, left[i]));
    }
    assert_int_equal(stats()->checksums_offloaded, 6);
    assert_int_equal(stats()->checksums_undecided, 0);
    assert_true(is_taken(3, 1, GAD_TCP_RST, 0, RIGHT)); /* software makes these */
    assert_true(is_taken(3, 1, GAD_TCP_SYN, 0, RIGHT));
    assert_true(is_taken(3, 1, GAD_TCP_ACK, 0, RIGHT));
    assert_true(is_taken(3, 1, GAD_TCP_ACK, 9, PSEUDO));
    assert_true(is_taken(3, 2, GAD_TCP_ACK, 9, RIGHT)); /* forged behind a router */
    assert_true(is_taken(3, 1, GAD_TCP_ACK, 9, PSEUDO));
    assert_false(is_taken(3, 2, GAD_TCP_ACK, 9, PSEUDO));
    assert_false(is_taken(3, 2, GAD_TCP_ACK, 9, ZERO));
}

/* The kernel's merged segments have the sum of the pseudo header; once such frames were captured,
 * a segment of data may be one. */
static void merged_segments_are_believed(void **state)
{
    (void)state;
    start_auto();
    for (unsigned seen = 0; seen <= 1; seen++) {
        assert_true(is_taken(4, 1, GAD_TCP_ACK, 9, RIGHT));
        assert_int_equal(is_taken(4, 1, GAD_TCP_ACK, 9, PSEUDO), seen);
        assert_int_equal(is_taken(4, 1, GAD_TCP_ACK, 2900, PSEUDO), true);
        assert_false(is_taken(4, 1, GAD_TCP_RST, 0, PSEUDO));
        assert_false(is_taken(4, 1, GAD_TCP_ACK, 9, DAMAGED));
    }
}

/* One right sum ends a row of wrong ones. */
static void auto_judges_again(void **state)
{
    (void)state;
    start_auto();
    for (unsigned round = 0; round < 2; round++) {
        assert_true(is_taken(4, 1, GAD_TCP_ACK, 9, RIGHT));
        for (unsigned i = 1; i < GAD_SENDER_RETRY; i++)
            assert_false(is_taken(4, 1, GAD_TCP_ACK, 9, DAMAGED));
    }
    assert_int_equal(stats()->checksum_senders_rejudged, 0);
    assert_true(is_taken(4, 1, GAD_TCP_ACK, 9, DAMAGED));
    assert_int_equal(stats()->checksum_senders_rejudged, 1);
    assert_true(is_taken(4, 1, GAD_TCP_ACK, 9, RIGHT));
    assert_false(is_taken(4, 1, GAD_TCP_ACK, 9, DAMAGED));
    assert_int_equal(stats()->checksum_senders_rejudged, 2);
}

/* Those of each protocol and of IPv4 headers are judged apart. */
static void auto_judges_each_protocol(void **state)
{
    (void)state;
    start_auto();
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        for (unsigned shown = 0; shown <= 1; shown++) {
            put_kind(&kinds[i], 20);
            f.p[f.len - 1] ^= 1;
            got.n = 0;
            feed(dec, 0, &f, &got);
            assert_int_equal(got.p[0].bad_checksum, shown);
            f.p[f.len - 1] ^= 1;
            feed(dec, 0, &f, &got);
            assert_false(got.p[1].bad_checksum);
        }
    start_auto();
    put_kind(&kinds[0], 20);
    f.p[IP + 10] ^= 1; /* of the header */
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_IP_CHECKSUM), 0);
    put_kind(&kinds[0], 20);
    feed(dec, 0, &f, &got);
    f.p[IP + 10] ^= 1;
    feed(dec, 0, &f, &got);
    assert_int_equal(fate(GAD_NET_IP_CHECKSUM), 1);
}

/* More senders than the table has: the one that was silent for longest is forgotten. */
static void senders_have_a_limit(void **state)
{
    (void)state;
    start_auto();
    put_kind(&kinds[3], 5);
    for (unsigned i = 0; i < GAD_SENDERS; i++) { /* two entries for each */
        set16(&f, IP + 8 + 12, i);
        set_sum(6, GAD_IP_TCP, kinds[3].l4, kinds[3].sum_at, true);
        got.n = 0;
        feed(dec, 0, &f, &got);
    }
    assert_int_equal(stats()->checksum_senders, GAD_SENDERS);
    assert_int_equal(stats()->checksum_senders_evicted, GAD_SENDERS);
}

/* RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 add up to dd f2. */
static void the_sum_is_that_of_the_rfc(void **state)
{
    (void)state;
    static const uint8_t p[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    uint16_t sum = gad_checksum_fold(gad_checksum_add(0, p, sizeof(p)));
    assert_memory_equal(&sum, "\xdd\xf2", 2);
    for (size_t cut = 0; cut <= sizeof(p); cut += 2) { /* in two parts */
        uint64_t s = gad_checksum_add(gad_checksum_add(0, p, cut), p + cut, sizeof(p) - cut);
        assert_int_equal(gad_checksum_fold(s), sum);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_part_of_a_header_is_enough),
        TEST(options_of_tcp_are_no_payload),
        TEST(a_tcp_header_has_limits),
        TEST(the_length_of_udp_bounds_it),
        TEST(udp_and_icmp_at_every_truncation),
        TEST(an_icmp_message_counts_with_its_header),
        TEST(a_bad_sum_marks_the_packet),
        TEST(what_cannot_be_summed_up_is_not_bad),
        TEST(a_datagram_in_fragments_has_a_sum),
        TEST(a_longer_datagram_is_summed_up_as_far_as_it_counts),
        TEST(auto_judges_each_sender),
        TEST(what_offload_leaves_is_recognised),
        TEST(merged_segments_are_believed),
        TEST(auto_judges_again),
        TEST(auto_judges_each_protocol),
        TEST(senders_have_a_limit),
        TEST(the_sum_is_that_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
