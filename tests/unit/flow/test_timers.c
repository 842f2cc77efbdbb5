/* SPDX-License-Identifier: Apache-2.0 */
/* When connections end: each deadline just before, at and after its tick; reuse of ports; clocks
 * that go back. */

#include <string.h>

#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

/* After the script, and `wait` after its last packet, there is one connection. */
static void assert_ends_after(const char *script, int64_t wait, enum gad_conn_state state)
{
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, script);
    int64_t end = tick_end(tr.next.time.ns + wait);
    wait_until(&tr, end - 1);
    if (tr.n != 0)
        fail_msg("'%s' ends too early", script);
    wait_until(&tr, end);
    if (tr.n != 1)
        fail_msg("'%s' does not end", script);
    assert_int_equal(tr.conns[0].state, state);
    assert_int_equal(tr.conns[0].decided.ns, end);
    wait_until(&tr, end + 1);
    assert_int_equal(tr.n, 1);
    assert_int_equal(gad_flow_table_counters(tr.t).flows, 0);
    traffic_deinit(&tr);
}

static void every_deadline_is_kept(void **state)
{
    (void)state;
    assert_ends_after("S", 5 * SECOND, GAD_CONN_S0);
    assert_ends_after("Sa", 5 * SECOND, GAD_CONN_S0);
    assert_ends_after("S.r", 5 * SECOND, GAD_CONN_REJ);
    assert_ends_after("S.h.A", 300 * SECOND, GAD_CONN_S1);
    assert_ends_after("ShAD,,,,,,d", 300 * SECOND, GAD_CONN_S1);
    assert_ends_after("ShADd.Ff", 5 * SECOND, GAD_CONN_SF);
    assert_ends_after("ShADd.F", 300 * SECOND, GAD_CONN_S2);
    assert_ends_after("ShADd.R", 5 * SECOND, GAD_CONN_RSTO);
    assert_ends_after("ShADF.R", 5 * SECOND, GAD_CONN_RSTO);
    assert_ends_after("SF", 5 * SECOND, GAD_CONN_SH);
    assert_ends_after("Df", 3 * SECOND, GAD_CONN_SHR); /* a FIN as the first of its side */
    assert_ends_after("D", 300 * SECOND, GAD_CONN_OTH);
}

static void stragglers_do_not_keep_a_connection(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShADFf.");
    int64_t closed = tr.next.time.ns - MS;
    play(&tr, "A,,,A");
    wait_until(&tr, tick_end(closed + 5 * SECOND));
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].src_packets, 6);
    assert_int_equal(tr.conns[0].end.ns, closed + 3 * SECOND + MS); /* the last packet, */
    assert_int_equal(tr.conns[0].duration.ns, closed - START);      /* which does not count here */
    traffic_deinit(&tr);
}

static void a_connection_of_which_no_side_closed_has_no_duration(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "S,hADd");
    flush(&tr);
    assert_int_equal(tr.conns[0].state, GAD_CONN_S1);
    assert_int_equal(tr.conns[0].duration.ns, 0);
    assert_int_equal(tr.conns[0].end.ns - tr.conns[0].start.ns, SECOND);
    traffic_deinit(&tr);
}

static void a_syn_again_after_its_time_is_another_attempt(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "S,,,");
    tr.seq[0]--;
    play(&tr, "S"); /* within 5 s of the first: the same */
    assert_int_equal(gad_flow_table_counters(tr.t).begun, 1);
    tr.seq[0]--;
    play(&tr, ",,,,S");
    assert_int_equal(gad_flow_table_counters(tr.t).begun, 2);
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_int_equal(tr.conns[0].state, GAD_CONN_S0);
    assert_int_equal(tr.conns[1].state, GAD_CONN_S0);
    assert_int_equal(tr.conns[0].src_packets, 2);
    traffic_deinit(&tr);
}

/* At once if the connection before had ended or was never one; else when the SYN is answered. */
static void ports_are_reused(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        bool at_once;
        int n; /* connections of `before` */
    } rows[] = {{"ShADdFf", true, 1}, {"Sr", true, 1}, {"ShADR", false, 1}, {"ShADF", false, 1},
                {"ShA", false, 1},    {"S", false, 0}, {"D", true, 1}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct traffic tr;
        traffic_init(&tr, NULL);
        play(&tr, rows[i].before);
        tr.seq[0] += 77777;
        play(&tr, ".S");
        assert_int_equal(tr.n, rows[i].at_once ? rows[i].n : 0);
        play(&tr, "h");
        assert_int_equal(tr.n, rows[i].n);
        if (rows[i].n > 0)
            assert_int_equal(tr.conns[0].decided.ns, tr.next.time.ns);
        assert_int_equal(gad_flow_table_counters(tr.t).reused, rows[i].n);
        play(&tr, "ADDdFf");
        flush(&tr);
        assert_int_equal(tr.n, rows[i].n + 1);
        assert_int_equal(tr.conns[tr.n - 1].state, GAD_CONN_SF);
        assert_int_equal(tr.conns[tr.n - 1].src_bytes, 200);
        assert_int_equal(tr.conns[tr.n - 1].src_packets, rows[i].n > 0 ? 5 : 6);
        traffic_deinit(&tr);
    }
}

/* The same SYN again after a reset is another connection, before one it is not. */
static void a_refused_syn_that_is_sent_again_is_refused_again(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    for (int i = 0; i < 3; i++) {
        tr.seq[0] = 1000;
        play(&tr, "S.r.");
    }
    flush(&tr);
    assert_int_equal(tr.n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tr.conns[i].state, GAD_CONN_REJ);
    traffic_deinit(&tr);
}

static void udp_lasts_until_it_is_idle(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.next.tuple.proto = GAD_IP_UDP;
    send(&tr, true, 0, 40);
    tr.next.time.ns += 59 * SECOND;
    send(&tr, false, 0, 300);
    tr.next.time.ns += SECOND;
    send(&tr, true, 0, 2);
    int64_t end = tick_end(tr.next.time.ns + 60 * SECOND);
    wait_until(&tr, end - 1);
    assert_int_equal(tr.n, 0);
    wait_until(&tr, end);
    assert_int_equal(tr.n, 1);
    const struct gad_conn *c = &tr.conns[0];
    assert_int_equal(c->state, GAD_CONN_SF);
    assert_int_equal(c->src_bytes, 42);
    assert_int_equal(c->dst_bytes, 300);
    assert_int_equal(c->src_packets, 2);
    assert_int_equal(c->duration.ns, 60 * SECOND);
    assert_int_equal(c->tuple.proto, GAD_IP_UDP);
    send(&tr, false, 0, 7); /* who speaks first begins */
    flush(&tr);
    assert_int_equal(tr.conns[1].src_bytes, 7);
    assert_int_equal(tr.conns[1].tuple.src_port, 80);
    traffic_deinit(&tr);
}

static void each_icmp_message_is_a_connection(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.next.tuple = tuple4(GAD_IP_ICMP, 0x0a000001, 0, 0x0a000002, 0);
    tr.next.icmp_type = 8;
    send(&tr, true, 0, 64);
    tr.next.icmp_type = 0;
    send(&tr, false, 0, 64);
    assert_int_equal(tr.n, 2);
    assert_int_equal(tr.conns[0].icmp_type, 8);
    assert_int_equal(tr.conns[1].src_bytes, 64);
    assert_int_equal(tr.conns[1].dst_bytes, 0);
    assert_int_equal(tr.conns[1].tuple.src[3], 2);
    assert_int_equal(tr.conns[1].decided.ns, START);
    tr.next.tuple.proto = 132;
    send(&tr, true, 0, 64);
    assert_int_equal(tr.n, 2);
    assert_int_equal(gad_flow_table_counters(tr.t).not_counted, 1);
    traffic_deinit(&tr);
}

static void hours_of_silence_end_everything_in_order(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    for (uint16_t port = 1; port <= 40; port++) {
        tr.next.tuple.src_port = port;
        tr.seq[0] = 1;
        play(&tr, port % 3 == 0 ? "S" : port % 3 == 1 ? "ShA" : "ShAFf");
        tr.next.time.ns += 100 * MS;
    }
    wait_until(&tr, START + 5 * 3600 * SECOND);
    assert_int_equal(tr.n, 40);
    assert_int_equal(tr.conns[0].tuple.src_port, 2);
    assert_int_equal(tr.conns[39].tuple.src_port, 40);
    assert_true(tr.conns[39].decided.ns <= START + 310 * SECOND);
    traffic_deinit(&tr);
}

static void a_clock_that_goes_back_stops_nothing(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "S");
    tr.next.time.ns -= 3600 * SECOND; /* one packet of long ago */
    play(&tr, "h");
    assert_int_equal(gad_flow_table_counters(tr.t).clock_back, 1);
    for (int i = 0; i < 64; i++)
        play(&tr, "A");
    assert_int_equal(gad_flow_table_counters(tr.t).clock_reset, 1);
    wait_until(&tr, tr.next.time.ns + 299 * SECOND); /* time goes on from there */
    assert_int_equal(tr.n, 0);
    wait_until(&tr, tr.next.time.ns + 2 * SECOND);
    assert_int_equal(tr.n, 1);
    assert_true(tr.conns[0].decided.ns >= START + 300 * SECOND);
    assert_true(tr.conns[0].end.ns >= tr.conns[0].start.ns);
    traffic_deinit(&tr);
}

static void any_time_will_do(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -1, 0, 1, INT64_MAX, INT64_MAX - 1, INT64_MIN, 5, 0};
    struct traffic tr;

    traffic_init(&tr, NULL);
    for (size_t i = 0; i < 9; i++) {
        tr.next.time.ns = times[i];
        play(&tr, "ShA");
    }
    flush(&tr);
    assert_true(tr.n > 0);
    traffic_deinit(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_deadline_is_kept),
        cmocka_unit_test(stragglers_do_not_keep_a_connection),
        cmocka_unit_test(a_connection_of_which_no_side_closed_has_no_duration),
        cmocka_unit_test(a_syn_again_after_its_time_is_another_attempt),
        cmocka_unit_test(ports_are_reused),
        cmocka_unit_test(a_refused_syn_that_is_sent_again_is_refused_again),
        cmocka_unit_test(udp_lasts_until_it_is_idle),
        cmocka_unit_test(each_icmp_message_is_a_connection),
        cmocka_unit_test(hours_of_silence_end_everything_in_order),
        cmocka_unit_test(a_clock_that_goes_back_stops_nothing),
        cmocka_unit_test(any_time_will_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
