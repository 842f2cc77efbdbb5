/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/decode.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

static void a_segment_becomes_a_packet(void **state)
{
    (void)state;
    put_plain(&f);
    feed(dec, 5, &f, &got);
    assert_int_equal(got.n, 1);
    const struct gad_packet *p = &got.p[0];
    assert_true(p->time.ns == at_ms(5).ns);
    assert_int_equal(p->tuple.family, 4);
    assert_int_equal(p->tuple.proto, GAD_IP_TCP);
    assert_memory_equal(p->tuple.src, "\12\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_memory_equal(p->tuple.dst, "\12\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(p->tuple.src_port, 40000);
    assert_int_equal(p->tuple.dst_port, 80);
    assert_int_equal(p->seq, 1000);
    assert_int_equal(p->ack, 2000);
    assert_int_equal(p->tcp_flags, GAD_TCP_PSH | GAD_TCP_ACK);
    assert_int_equal(p->len, 5);
    assert_int_equal(p->data_len, 5);
    assert_memory_equal(got.data[0], "hello", 5);
    assert_int_equal(p->vlan, 0);
    assert_int_equal(p->tunnels, 0);
    assert_int_equal(p->wrong_fragments, 0);
    assert_false(p->bad_checksum);
}

/* Ethernet frames have at least 60 bytes; what fills them up is no payload. */
static void padding_is_no_payload(void **state)
{
    (void)state;
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, GAD_IP_UDP, 1, 0);
    put_udp(&f, 1, 2, 3);
    end_ip4(&f, ip);
    put_zeros(&f, 60 - f.len);
    feed(dec, 0, &f, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].len, 3);
    assert_int_equal(got.p[0].data_len, 3);
}

/* A packet as long as TCP's ports, numbers and flags are there, with the length of the IP header;
 * then it is a cut. */
static void a_cut_capture_gives_what_it_has(void **state)
{
    (void)state;
    put_plain(&f);
    for (size_t caplen = 0; caplen <= f.len; caplen++) {
        got.n = 0;
        feed_cut(dec, LINK_EN10MB, 0, &f, caplen, f.len, &got);
        assert_int_equal(got.n, caplen >= 48);
        if (got.n == 1) {
            assert_int_equal(got.p[0].len, 5);
            assert_int_equal(got.p[0].data_len, caplen > 54 ? caplen - 54 : 0);
        }
    }
    assert_int_equal(fate(GAD_NET_CUT), 48);
    assert_int_equal(gad_net_refused(gad_decoder_stats(dec)), 48);
}

/* Some files say less of the wire than they hold. */
static void what_was_captured_was_on_the_wire(void **state)
{
    (void)state;
    put_plain(&f);
    feed_cut(dec, LINK_EN10MB, 0, &f, f.len, 20, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.p[0].data_len, 5);
    assert_int_equal(stats()->bytes, f.len);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    struct gad_decoder *none = NULL;
    const struct gad_decoder_options bad[] = {
        {.tunnels = GAD_TUNNELS_MAX + 1},
        {.tunnel_kinds = GAD_TUNNELS_ALL + 1},
        {.checksums = (enum gad_checksums)(GAD_CHECKSUMS_AUTO + 1)},
        {.datagrams = SIZE_MAX},
        {.timeout_ns = -1},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(gad_decoder_new(&bad[i], &none), GAD_EINVAL);
    assert_null(none);
}

static void every_fate_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < GAD_N_NET_FATES; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(gad_net_reason_name((enum gad_net_fate)i),
                                    gad_net_reason_name((enum gad_net_fate)k));
    assert_string_equal(gad_net_reason_name(GAD_N_NET_FATES), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_segment_becomes_a_packet, start, stop),
        cmocka_unit_test_setup_teardown(padding_is_no_payload, start, stop),
        cmocka_unit_test_setup_teardown(a_cut_capture_gives_what_it_has, start, stop),
        cmocka_unit_test_setup_teardown(what_was_captured_was_on_the_wire, start, stop),
        cmocka_unit_test_setup_teardown(options_out_of_range_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(every_fate_has_a_name_of_its_own, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
