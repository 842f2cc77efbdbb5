/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/frag.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

enum { MF = 0x2000 };

static void flush(void)
{
    gad_decoder_flush(dec, catch, &got);
}

/* A fragment of UDP with `len` bytes behind the IP header: an UDP header first, where it is the
 * first. */
static void send_udp(int64_t ms, unsigned id, unsigned offset, unsigned len, bool more,
                     unsigned total)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, GAD_IP_UDP, id, offset / 8 | (more ? MF : 0));
    size_t at = f.len;
    if (offset == 0) {
        put16(&f, 1111);
        put16(&f, 2222);
        put16(&f, total);
        put16(&f, 0);
    }
    while (f.len < at + len)
        put8(&f, (unsigned)(f.len - at));
    f.len = at + len;
    end_ip4(&f, ip);
    feed(dec, ms, &f, &got);
}

static void send_icmp(unsigned id, unsigned offset, unsigned len, bool more)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, GAD_IP_ICMP, id, offset / 8 | (more ? MF : 0));
    size_t at = f.len;
    if (offset == 0)
        put_icmp(&f, 8, 0, 0);
    while (f.len < at + len)
        put8(&f, 'x');
    end_ip4(&f, ip);
    feed(dec, 0, &f, &got);
}

static void a_datagram_is_one_packet_in_any_order(void **state)
{
    (void)state;
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned o = 0; o < 6; o++) {
        got.n = 0;
        for (unsigned i = 0; i < 3; i++) {
            unsigned k = orders[o][i];
            assert_int_equal(got.n, 0);
            send_udp(o * 10 + i, o, k * 1480, k < 2 ? 1480 : 41, k < 2, 3001);
        }
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 2993);
        assert_int_equal(got.p[0].data_len, 2993);
        assert_int_equal(got.p[0].tuple.src_port, 1111);
        assert_int_equal(got.p[0].wrong_fragments, 0);
        assert_int_equal(got.data[0][0], 8); /* behind the UDP header */
        assert_true(got.p[0].time.ns == at_ms(o * 10 + 2).ns);
    }
    assert_int_equal(stats()->datagrams_whole, 6);
    assert_int_equal(stats()->fate[GAD_NET_JOINED], 12);
}

static void a_repeated_fragment_does_no_harm(void **state)
{
    (void)state;
    send_udp(0, 7, 0, 16, true, 40);
    send_udp(0, 7, 0, 16, true, 40);
    send_udp(0, 7, 32, 8, false, 40);
    send_udp(0, 7, 32, 8, false, 40);
    assert_int_equal(got.n, 0);
    send_udp(0, 7, 16, 16, true, 40);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 32);
    assert_int_equal(got.p[0].wrong_fragments, 0);
    assert_int_equal(stats()->fragments_repeated, 2);
}

/* Bytes 16-40 are there, as 16-32 and the last, 32-40. What comes then cuts them otherwise. */
static void another_cut_of_the_same_bytes_is_wrong(void **state)
{
    (void)state;
    static const struct {
        unsigned offset, len;
        bool more;
    } cases[] = {{16, 8, true},   {24, 8, true},  {24, 16, false}, {24, 16, true},
                 {16, 24, false}, {32, 8, true},  {32, 16, true},  {32, 16, false},
                 {32, 7, false},  {24, 8, false}, {16, 16, false}, {64, 16, false},
                 {40, 8, true},   {64, 8, true},  {8, 16, true},   {8, 32, false}};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        got.n = 0;
        send_udp(0, i, 32, 8, false, 0);
        send_udp(0, i, 16, 16, true, 0);
        send_udp(0, i, cases[i].offset, cases[i].len, cases[i].more, 0);
        send_udp(0, i, 0, 16, true, 40);
        assert_int_equal(got.n, 0); /* never whole */
        flush();
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].wrong_fragments, 1);
        assert_int_equal(got.p[0].len, 8); /* the first fragment's payload */
    }
}

/* Behind its end a datagram has nothing, whichever came first. */
static void a_last_fragment_before_another_is_wrong(void **state)
{
    (void)state;
    send_udp(0, 1, 40, 8, true, 0);
    send_udp(0, 1, 16, 8, false, 0);
    send_udp(0, 1, 0, 16, true, 24);
    assert_int_equal(got.n, 0);
    flush();
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].wrong_fragments, 1);
}

static void an_overlap_at_the_first_fragment_is_wrong(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        got.n = 0;
        send_udp(0, i, 0, 32, true, 64);
        send_udp(0, i, i * 8, 16, true, 64);
        send_udp(0, i, 32, 32, false, 64);
        assert_int_equal(got.n, 0);
        flush();
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].wrong_fragments, 1);
        assert_int_equal(got.p[0].len, 24);
    }
}

/* KDD99: udp, src_bytes 28, wrong_fragment 1 for one pair, 3 for two; all pairs have the id 242. */
static void teardrop_is_counted_as_in_kdd99(void **state)
{
    (void)state;
    for (unsigned pairs = 1; pairs <= 2; pairs++) {
        got.n = 0;
        for (unsigned i = 0; i < pairs; i++) {
            send_udp(0, 242, 0, 36, true, 36); /* more to come, and no multiple of 8 */
            send_udp(0, 242, 24, 4, false, 0);
        }
        assert_int_equal(got.n, 0);
        flush();
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].tuple.proto, GAD_IP_UDP);
        assert_int_equal(got.p[0].len, 28);
        assert_int_equal(got.p[0].wrong_fragments, 2 * pairs - 1);
    }
}

/* KDD99: icmp, src_bytes 1480, wrong_fragment 1: ping -l 65510. */
static void ping_of_death_is_counted_as_in_kdd99(void **state)
{
    (void)state;
    unsigned at = 0;

    for (; at + 1480 < 65518; at += 1480)
        send_icmp(9, at, 1480, true);
    send_icmp(9, at, 65518 - at, false); /* and 20 bytes of IP header */
    assert_int_equal(got.n, 0);
    flush();
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].tuple.proto, GAD_IP_ICMP);
    assert_int_equal(got.p[0].icmp_type, 8);
    assert_int_equal(got.p[0].len, 1480);
    assert_int_equal(got.p[0].wrong_fragments, 1);
}

static void the_longest_datagram_is_65535_bytes(void **state)
{
    (void)state;
    for (unsigned over = 0; over <= 1; over++) {
        got.n = 0;
        unsigned at = 0, total = 65515 + over;
        for (; at + 1480 < total; at += 1480)
            send_icmp(over, at, 1480, true);
        send_icmp(over, at, total - at, false);
        flush();
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, over ? 1480 : 65515);
        assert_int_equal(got.p[0].wrong_fragments, over);
    }
    assert_int_equal(stats()->datagrams_whole, 1);
}

static void a_datagram_that_never_completes_is_its_first_fragment(void **state)
{
    (void)state;
    send_udp(0, 1, 0, 16, true, 4000);
    flush();
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 8);
    assert_int_equal(got.p[0].wrong_fragments, 0);
    send_udp(0, 2, 16, 16, true, 0);
    send_udp(0, 2, 32, 16, true, 0);
    flush();
    assert_int_equal(got.n, 1);
    assert_int_equal(stats()->fate[GAD_NET_FRAGMENT_NO_FIRST], 1);
}

static void a_fragment_of_less_than_a_unit_is_refused(void **state)
{
    (void)state;
    send_udp(0, 1, 64, 7, true, 0);
    send_udp(0, 1, 64, 0, false, 0);
    assert_int_equal(stats()->fate[GAD_NET_FRAGMENT_LENGTH], 2);
    send_udp(0, 1, 64, 8, true, 0);
    send_udp(0, 2, 64, 1, false, 0);
    assert_int_equal(stats()->fate[GAD_NET_HELD], 2);
}

static void time_gives_up_what_waits(void **state)
{
    (void)state;
    send_udp(0, 1, 0, 16, true, 32);
    gad_decoder_advance(dec, at_ms(29999), catch, &got);
    assert_int_equal(got.n, 0);
    gad_decoder_advance(dec, at_ms(30000), catch, &got);
    assert_int_equal(got.n, 1);
    assert_true(got.p[0].time.ns == at_ms(0).ns);
    send_udp(40000, 2, 0, 16, true, 32);
    send_udp(69999, 2, 32, 16, true, 32);
    assert_int_equal(got.n, 1);
    send_udp(70000, 3, 16, 16, false, 0); /* any frame sets the time */
    assert_int_equal(got.n, 2);
    assert_int_equal(stats()->datagrams_timed_out, 2);
}

/* A jump back of more than the timeout restarts the clock; a smaller one is a late packet. */
static void time_that_goes_back_stops_nothing(void **state)
{
    (void)state;
    send_udp(1000000, 1, 0, 16, true, 32);
    gad_decoder_advance(dec, at_ms(0), catch, &got);
    assert_int_equal(got.n, 0);
    gad_decoder_advance(dec, at_ms(29999), catch, &got);
    assert_int_equal(got.n, 0);
    gad_decoder_advance(dec, at_ms(1), catch, &got);
    gad_decoder_advance(dec, at_ms(29999), catch, &got);
    assert_int_equal(got.n, 0);
    gad_decoder_advance(dec, at_ms(30000), catch, &got);
    assert_int_equal(got.n, 1);
    send_udp(50000, 2, 0, 16, true, 32);
    send_udp(50000, 3, 0, 16, true, 32); /* confirms the step */
    gad_decoder_advance(dec, (struct gad_time){INT64_MIN}, catch, &got);
    assert_int_equal(got.n, 1);
    gad_decoder_advance(dec, (struct gad_time){INT64_MAX}, catch, &got);
    assert_int_equal(got.n, 3);
}

/* Jumps as far as they go, which added up would overflow. */
static void jumps_in_time_do_not_add_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        gad_decoder_advance(dec, (struct gad_time){INT64_MIN}, catch, &got);
        gad_decoder_advance(dec, (struct gad_time){INT64_MAX}, catch, &got);
        got.n = 0;
        send_udp(0, i, 0, 16, true, 32);
        gad_decoder_advance(dec, at_ms(29999), catch, &got);
        assert_int_equal(got.n, 0);
        gad_decoder_advance(dec, at_ms(30000), catch, &got);
        assert_int_equal(got.n, 1);
    }
}

/* A first fragment of 10.x.y.z, by number. */
static void send_first(unsigned source, unsigned id, unsigned len)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, GAD_IP_UDP, id, MF);
    put_udp(&f, 1, 2, len - 8);
    f.p[ip + 13] = (uint8_t)(source >> 16);
    f.p[ip + 14] = (uint8_t)(source >> 8);
    f.p[ip + 15] = (uint8_t)source;
    end_ip4(&f, ip);
    gad_decode(dec, LINK_EN10MB, at_ms(0), f.p, f.len, f.len, catch_none, NULL);
}

/* The datagram of another network waits while one sender, or one network, fills the table. */
static void who_holds_most_loses_first(void **state)
{
    (void)state;
    for (unsigned forged = 0; forged <= 1; forged++) {
        start_with((struct gad_decoder_options){.datagrams = 64, .seed = 1});
        got.n = 0;
        send_first(0xc0ffee, 7, 16);
        for (unsigned i = 0; i < 1000; i++)
            send_first(forged ? i : 5, i, 16);
        assert_int_equal(stats()->datagrams_evicted, 1001 - 64);
        f.p[27] = 0xc0, f.p[28] = 0xff, f.p[29] = 0xee; /* and its last fragment */
        set16(&f, 18, 7);
        set16(&f, 20, 2);
        end_ip4(&f, 14);
        feed(dec, 0, &f, &got);
        assert_int_equal(got.n, 1);
        assert_int_equal(stats()->datagrams_whole, 1);
    }
}

/* Of one sender's datagrams, those with a second fragment stay. */
static void progress_decides_among_equals(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.datagrams = 64, .seed = 1});
    send_udp(0, 7, 0, 16, true, 0);
    send_udp(0, 7, 16, 16, true, 0);
    for (unsigned i = 0; i < 1000; i++)
        send_first(1, 100 + i, 16);
    send_udp(0, 7, 32, 8, false, 0);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 32);
}

/* The memory of content has a limit of its own; there is always room for two datagrams. */
static void memory_is_a_cap_too(void **state)
{
    (void)state;
    start_with((struct gad_decoder_options){.memory = 1});
    for (unsigned i = 0; i < 3; i++)
        for (unsigned at = 0; at < 65528; at += 1456)
            send_udp(0, i, at, at < 64064 ? 1456 : 1464, true, 0);
    assert_int_equal(stats()->datagrams_evicted, 1);
    assert_int_equal(stats()->fate[GAD_NET_HELD], 2);
}

/* Many at once, so that buckets are shared; then all complete, in another order. */
static void none_is_lost_among_many(void **state)
{
    (void)state;
    enum { N = 1000 };
    start_with((struct gad_decoder_options){.datagrams = N, .seed = 42});
    for (unsigned i = 0; i < N; i++)
        send_udp(0, i, 0, 16, true, 32);
    for (unsigned i = 0; i < N; i++) {
        got.n = 0;
        send_udp(0, i * 7 % N, 16, 16, false, 32);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.p[0].len, 24);
    }
    assert_int_equal(stats()->datagrams_whole, N);
    assert_int_equal(stats()->datagrams_evicted, 0);
}

static void vlans_are_apart_if_asked(void **state)
{
    (void)state;
    for (int by_vlan = 0; by_vlan <= 1; by_vlan++) {
        start_with((struct gad_decoder_options){.by_vlan = by_vlan});
        got.n = 0;
        for (unsigned i = 0; i < 2; i++) {
            f.len = 0;
            put_ether(&f, 0x8100);
            put16(&f, 10 + i);
            put16(&f, 0x0800);
            size_t ip = put_ip4(&f, GAD_IP_ICMP, 5, i ? 2 : MF);
            put_icmp(&f, 8, 0, 8);
            end_ip4(&f, ip);
            feed(dec, 0, &f, &got);
        }
        assert_int_equal(got.n, by_vlan ? 0 : 1);
    }
}

/* Cut captures: what is there of the first fragment is kept, lengths are those of the wire. */
static void a_cut_first_fragment_keeps_its_length(void **state)
{
    (void)state;
    for (unsigned missing = 1; missing <= 9; missing++) {
        send_udp(0, missing, 16, 16, false, 0);
        f.len = 0;
        put_ether(&f, 0x0800);
        size_t ip = put_ip4(&f, GAD_IP_UDP, missing, MF);
        put_udp(&f, 1, 2, 24);
        f.len -= 16;
        end_ip4(&f, ip);
        got.n = 0;
        feed_cut(dec, LINK_EN10MB, 0, &f, f.len - missing, f.len, &got);
        assert_int_equal(got.n, missing <= 8);
        if (got.n == 1) {
            assert_int_equal(got.p[0].len, 24);
            assert_int_equal(got.p[0].data_len, 8 - missing);
        }
    }
    assert_int_equal(stats()->fate[GAD_NET_CUT], 1);
}

static void allocation_may_fail_anywhere(void **state)
{
    (void)state;
    const struct gad_decoder_options opt = {.checksums = GAD_CHECKSUMS_AUTO};
    struct gad_decoder *d = NULL;
    long k = 1;
    for (;; k++) {
        (void)gad_mem_fail_at(k);
        int r = gad_decoder_new(&opt, &d);
        (void)gad_mem_fail_at(0);
        if (r == 0)
            break;
        assert_int_equal(r, GAD_ENOMEM);
        assert_null(d);
    }
    assert_true(k > 12);
    gad_decoder_free(d);
    gad_decoder_free(NULL);
}

static void packets_cost_no_allocation(void **state)
{
    (void)state;
    (void)gad_mem_fail_at(0);
    (void)gad_mem_fail_at(0);
    gad_decode(dec, LINK_EN10MB, at_ms(0), f.p, f.len, f.len, catch, &got); /* a fragment, still */
    flush();
    assert_int_equal(gad_mem_fail_at(0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_is_one_packet_in_any_order),
        TEST(a_repeated_fragment_does_no_harm),
        TEST(another_cut_of_the_same_bytes_is_wrong),
        TEST(a_last_fragment_before_another_is_wrong),
        TEST(an_overlap_at_the_first_fragment_is_wrong),
        TEST(teardrop_is_counted_as_in_kdd99),
        TEST(ping_of_death_is_counted_as_in_kdd99),
        TEST(the_longest_datagram_is_65535_bytes),
        TEST(a_datagram_that_never_completes_is_its_first_fragment),
        TEST(a_fragment_of_less_than_a_unit_is_refused),
        TEST(time_gives_up_what_waits),
        TEST(time_that_goes_back_stops_nothing),
        TEST(jumps_in_time_do_not_add_up),
        TEST(who_holds_most_loses_first),
        TEST(progress_decides_among_equals),
        TEST(memory_is_a_cap_too),
        TEST(none_is_lost_among_many),
        TEST(vlans_are_apart_if_asked),
        TEST(a_cut_first_fragment_keeps_its_length),
        TEST(allocation_may_fail_anywhere),
        TEST(packets_cost_no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
