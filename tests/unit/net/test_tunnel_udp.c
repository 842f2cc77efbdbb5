/* SPDX-License-Identifier: Apache-2.0 */
/* GRE in UDP, GTP-U, Teredo and AYIYA; VXLAN and GENEVE are in test_tunnel.c. */
#include "lib/net/walk.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_open, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gre_in_udp), TEST(gtp_data), TEST(teredo), TEST(teredo_between_peers), TEST(ayiya),
    };
    return cmocka_run_group_tests_name("tunnel_udp", tests, NULL, NULL);
}
