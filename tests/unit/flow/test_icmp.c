/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/flow/icmp.h"
#include "lib/flow/table.h"
#include "tests/unit/test.h"

enum { A = 1, B = 2, ROUTER = 3 }; /* hosts */

struct seen {
    struct gad_conn conn[512];
    size_t n;
};

static void take(void *arg, const struct gad_conn *c)
{
    struct seen *s = arg;

    assert_in_range(s->n, 0, 511);
    s->conn[s->n++] = *c;
}

static struct gad_flow_table *table(void)
{
    struct gad_flow_options o = gad_flow_defaults();
    o.max_flows = 16;
    struct gad_flow_table *t = NULL;

    assert_int_equal(gad_flow_table_new(&o, &t), 0);
    return t;
}

static struct gad_packet message(uint8_t from, uint8_t to, uint8_t type, const uint8_t *data,
                                 uint32_t len)
{
    struct gad_packet p = {.time.ns = 1000000000,
                           .tuple = {.family = 4, .proto = GAD_IP_ICMP},
                           .icmp_type = type,
                           .data = data,
                           .data_len = len,
                           .len = len};
    p.tuple.src[0] = from;
    p.tuple.dst[0] = to;
    return p;
}

static void echo(struct gad_flow_table *t, struct seen *s, uint8_t from, uint8_t to, uint8_t type,
                 uint8_t seq, int64_t second)
{
    const uint8_t data[8] = {type, 0, 0, 0, 0x12, 0x34, 0, seq};
    struct gad_packet p = message(from, to, type, data, sizeof(data));

    p.time.ns = second * 1000000000;
    gad_flow_packet(t, &p, take, s);
}

static void expect(const struct seen *s, size_t i, uint8_t src, uint8_t dst, bool is_answer)
{
    assert_int_equal(s->conn[i].tuple.src[0], src);
    assert_int_equal(s->conn[i].tuple.dst[0], dst);
    assert_int_equal(s->conn[i].is_answer, is_answer);
}

static void a_reply_names_who_asked_once(void **state)
{
    (void)state;
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = table();
    static struct seen s;

    s.n = 0;
    echo(t, &s, A, B, 8, 1, 1);
    echo(t, &s, B, A, 0, 1, 1);
    echo(t, &s, B, A, 0, 1, 1); /* again */
    echo(t, &s, B, A, 0, 2, 1); /* another number */
    echo(t, &s, ROUTER, A, 0, 1, 1);
    echo(t, &s, A, B, 8, 3, 1);
    echo(t, &s, B, A, 0, 3, 100); /* too late */
    assert_int_equal(s.n, 7);
    expect(&s, 0, A, B, false);
    expect(&s, 1, A, B, true);
    expect(&s, 2, B, A, false);
    expect(&s, 3, B, A, false);
    expect(&s, 4, ROUTER, A, false);
    expect(&s, 6, B, A, false);
    assert_int_equal(gad_flow_table_counters(t).icmp_answers, 1);
    assert_int_equal(gad_flow_table_counters(t).icmp_unasked, 4);
}

static void ask_many(struct gad_flow_table *t, uint8_t to, unsigned n, int64_t second)
{
    static struct seen s;

    for (unsigned i = 0; i < n; i++) {
        s.n = 0;
        echo(t, &s, (uint8_t)(i >> 8), to, 8, (uint8_t)i, second);
    }
}

/* Those that have their answer, or are too old for one, do not count. */
static void forgotten_requests_are_counted(void **state)
{
    (void)state;
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = table();
    static struct seen s;

    s.n = 0;
    ask_many(t, B, GAD_ICMP_ASKED, 1);
    echo(t, &s, B, 0, 0, 0, 1);
    assert_int_equal(gad_flow_table_counters(t).icmp_answers, 1);
    assert_int_equal(gad_flow_table_counters(t).icmp_evicted, 0);
    ask_many(t, ROUTER, 8, 1);
    assert_int_equal(gad_flow_table_counters(t).icmp_evicted, 7);
    ask_many(t, ROUTER + 1, 8, 100);
    assert_int_equal(gad_flow_table_counters(t).icmp_evicted, 7);
}

/* An error of the router about a datagram from A to B. */
static void error(struct gad_flow_table *t, struct seen *s, uint8_t source, uint8_t port)
{
    uint8_t data[8 + 20 + 8] = {3, 3};

    data[8] = 0x45;
    data[8 + 9] = GAD_IP_UDP;
    data[8 + 12] = source;
    data[8 + 16] = B;
    data[8 + 20 + 1] = 7;
    data[8 + 20 + 3] = port;
    struct gad_packet p = message(ROUTER, A, 3, data, sizeof(data));
    gad_flow_packet(t, &p, take, s);
    for (uint32_t len = 0; len < sizeof(data); len++) {
        p = message(ROUTER, A, 3, data, len);
        gad_flow_packet(t, &p, take, s);
        s->n--;
    }
}

static void an_error_names_whose_packet_it_quotes(void **state)
{
    (void)state;
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = table();
    static struct seen s;
    struct gad_packet p = message(A, B, 0, (const uint8_t *)"x", 1);

    s.n = 0;
    p.tuple.proto = GAD_IP_UDP;
    p.tuple.src_port = 7;
    p.tuple.dst_port = 9;
    gad_flow_packet(t, &p, take, &s);
    assert_int_equal(s.n, 0);
    error(t, &s, A, 8);      /* of another flow */
    error(t, &s, ROUTER, 9); /* not of A */
    for (size_t i = 0; i <= GAD_ICMP_ERRORS_MAX; i++)
        error(t, &s, A, 9);
    expect(&s, 0, ROUTER, A, false);
    expect(&s, 1, ROUTER, A, false);
    for (size_t i = 0; i < GAD_ICMP_ERRORS_MAX; i++)
        expect(&s, 2 + i, A, ROUTER, true);
    expect(&s, 2 + GAD_ICMP_ERRORS_MAX, ROUTER, A, false);
}

static struct gad_packet of_link(uint8_t type, uint8_t hop_limit)
{
    static const uint8_t data[24];
    struct gad_packet p = message(0, 0, type, data, sizeof(data));

    p.tuple.family = 6;
    p.tuple.proto = GAD_IP_ICMP6;
    p.tuple.src[0] = 0xfe;
    p.tuple.src[1] = 0x80;
    p.hop_limit = hop_limit;
    return p;
}

static bool is_background(const struct gad_packet *p)
{
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = table();
    static struct seen s;

    s.n = 0;
    gad_flow_packet(t, p, take, &s);
    assert_int_equal(s.n, 1);
    return s.conn[0].notes & GAD_NOTE_BACKGROUND;
}

static void only_messages_of_the_link_are_background(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        struct gad_packet nd = of_link((uint8_t)type, 255), mld = of_link((uint8_t)type, 1);
        assert_int_equal(is_background(&nd), type >= 133 && type <= 136);
        assert_int_equal(is_background(&mld), (type >= 130 && type <= 132) || type == 143);
    }
    struct gad_packet p = of_link(135, 254);
    assert_false(is_background(&p));
    p = of_link(135, 255);
    p.len = GAD_BACKGROUND_LEN + 1;
    assert_false(is_background(&p));
    p = of_link(135, 255);
    p.tunnels = 1;
    assert_false(is_background(&p));
    p = of_link(135, 255);
    p.icmp_code = 1;
    assert_false(is_background(&p));
    p = of_link(143, 1);
    p.tuple.src[0] = 0x20;
    assert_false(is_background(&p));
}

static void a_flood_is_no_background(void **state)
{
    (void)state;
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = table();
    static struct seen s;
    struct gad_packet p = of_link(135, 255);

    s.n = 0;
    for (size_t i = 0; i < 2 * GAD_BACKGROUND_RATE; i++)
        gad_flow_packet(t, &p, take, &s);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.conn[i].notes & GAD_NOTE_BACKGROUND,
                         i < GAD_BACKGROUND_RATE ? GAD_NOTE_BACKGROUND : 0);
    p.time.ns += 1000000000;
    gad_flow_packet(t, &p, take, &s);
    assert_true(s.conn[s.n - 1].notes & GAD_NOTE_BACKGROUND);
    assert_int_equal(gad_flow_table_counters(t).background, GAD_BACKGROUND_RATE + 1);
}

/* Any host can send a tunnel: what is inside answers nothing outside. */
static void a_reply_in_a_tunnel_answers_nothing_outside(void **state)
{
    (void)state;
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = table();
    static struct seen s;
    const uint8_t request[8] = {8, 0, 0, 0, 0x12, 0x34, 0, 1},
                  reply[8] = {0, 0, 0, 0, 0x12, 0x34, 0, 1};
    struct gad_packet asks = message(A, B, 8, request, 8), answers = message(B, A, 0, reply, 8);

    s.n = 0;
    gad_flow_packet(t, &asks, take, &s);
    answers.tunnels = 1;
    gad_flow_packet(t, &answers, take, &s);
    expect(&s, 1, B, A, false);
    asks.tunnels = 1;
    gad_flow_packet(t, &asks, take, &s);
    gad_flow_packet(t, &answers, take, &s);
    expect(&s, 3, A, B, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_names_who_asked_once),
        cmocka_unit_test(forgotten_requests_are_counted),
        cmocka_unit_test(an_error_names_whose_packet_it_quotes),
        cmocka_unit_test(a_reply_in_a_tunnel_answers_nothing_outside),
        cmocka_unit_test(only_messages_of_the_link_are_background),
        cmocka_unit_test(a_flood_is_no_background),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
