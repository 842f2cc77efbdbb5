/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of the table: the cap on flows, options, keys, memory. */

#include <string.h>

#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

static struct gad_flow_options small(size_t max_flows)
{
    struct gad_flow_options o = gad_flow_defaults();

    o.max_flows = max_flows;
    return o;
}

static void play_port(struct traffic *tr, uint16_t port, const char *script)
{
    tr->next.tuple.src_port = port;
    tr->seq[0] = 1000;
    tr->seq[1] = 5000;
    play(tr, script);
    tr->next.time.ns += MS;
}

static void options_have_limits(void **state)
{
    (void)state;
    struct gad_flow_table *t = NULL;
    struct gad_flow_options o = small(0);

    assert_int_equal(gad_flow_table_new(&o, &t), GAD_EINVAL);
    o = small((size_t)GAD_FLOWS_MAX + 1);
    assert_int_equal(gad_flow_table_new(&o, &t), GAD_EINVAL);
    o = small(1);
    o.timeouts.tcp_idle.ns = 0;
    assert_int_equal(gad_flow_table_new(&o, &t), GAD_EINVAL);
    o.timeouts.tcp_idle.ns = 367 * 86400 * SECOND;
    assert_int_equal(gad_flow_table_new(&o, &t), GAD_EINVAL);
    o.timeouts.tcp_idle.ns = 1;
    assert_int_equal(gad_flow_table_new(&o, &t), 0);
    gad_flow_table_free(t);
    gad_flow_table_free(NULL);
}

static void the_cap_gives_up_one_flow_for_one(void **state)
{
    (void)state;
    struct gad_flow_options o = small(3);
    struct traffic tr;

    traffic_init(&tr, &o);
    for (uint16_t port = 1; port <= 3; port++)
        play_port(&tr, port, "ShA");
    assert_int_equal(tr.n, 0);
    play_port(&tr, 4, "ShA");
    assert_int_equal(tr.n, 1);
    assert_true(tr.conns[0].evicted);
    assert_int_equal(tr.conns[0].tuple.src_port, 1); /* idle longest */
    struct gad_flow_counters n = gad_flow_table_counters(tr.t);
    assert_int_equal(n.evicted, 1);
    assert_int_equal(n.flows, 3);
    assert_int_equal(n.flows_most, 3);
    flush(&tr);
    assert_int_equal(tr.n, 4);
    assert_false(tr.conns[1].evicted);
    traffic_deinit(&tr);
}

static void attempts_are_given_up_first_and_the_oldest_of_them(void **state)
{
    (void)state;
    struct gad_flow_options o = small(4);
    struct traffic tr;

    traffic_init(&tr, &o);
    play_port(&tr, 1, "ShA");
    play_port(&tr, 2, "S");
    play_port(&tr, 3, "S");
    play_port(&tr, 4, "ShAFf"); /* would end first of all */
    play_port(&tr, 5, "S");
    assert_int_equal(tr.conns[0].tuple.src_port, 2);
    play_port(&tr, 6, "ShA");
    assert_int_equal(tr.conns[1].tuple.src_port, 3);
    play_port(&tr, 7, "ShA");
    assert_int_equal(tr.conns[2].tuple.src_port, 5);
    play_port(&tr, 8, "ShA"); /* none left: what would end soonest */
    assert_int_equal(tr.conns[3].tuple.src_port, 4);
    assert_int_equal(tr.conns[3].state, GAD_CONN_SF);
    play_port(&tr, 9, "ShA");
    assert_int_equal(tr.conns[4].tuple.src_port, 1);
    traffic_deinit(&tr);
}

static void a_flow_in_use_outlives_idle_ones(void **state)
{
    (void)state;
    struct gad_flow_options o = small(50);
    struct traffic tr;

    traffic_init(&tr, &o);
    for (uint16_t port = 1; port <= 50; port++)
        play_port(&tr, port, "ShA");
    tr.next.time.ns += 100 * SECOND;
    play_port(&tr, 1, "A");
    for (uint16_t port = 51; port <= 60; port++) {
        play_port(&tr, port, "ShA");
        assert_int_equal(tr.conns[tr.n - 1].tuple.src_port, port - 50 + 1);
    }
    traffic_deinit(&tr);
}

static void a_table_of_one_flow_works(void **state)
{
    (void)state;
    struct gad_flow_options o = small(1);
    struct traffic tr;

    traffic_init(&tr, &o);
    for (uint16_t port = 1; port <= 30; port++)
        play_port(&tr, port, port % 2 ? "S" : "ShADdFf");
    flush(&tr);
    assert_int_equal(tr.n, 30);
    traffic_deinit(&tr);
}

static void vlans_are_distinguished_where_configured(void **state)
{
    (void)state;
    for (int by_vlan = 0; by_vlan < 2; by_vlan++) {
        struct gad_flow_options o = small(10);
        struct traffic tr;
        o.by_vlan = by_vlan;
        traffic_init(&tr, &o);
        tr.next.vlan = 7;
        play(&tr, "S");
        tr.next.vlan = 8;
        play(&tr, "h");
        flush(&tr);
        assert_int_equal(tr.n, by_vlan ? 2 : 1);
        assert_int_equal(tr.conns[0].vlan, 7);
        traffic_deinit(&tr);
    }
}

/* A sender of tunnels could otherwise end the flows of others. */
static void a_tunnel_changes_nothing_outside(void **state)
{
    (void)state;
    for (int outside = 0; outside < 2; outside++) {
        struct traffic tr;
        traffic_init(&tr, NULL);
        tr.next.tunnels = outside ? 0 : 1;
        play(&tr, "S.h.A.D.a");
        tr.next.tunnels = outside ? 1 : 0;
        play(&tr, "R.D");
        tr.next.tunnels = outside ? 0 : 2; /* how many there are does not count */
        play(&tr, ".d.A.F.f.A");
        flush(&tr);
        assert_int_equal(tr.n, 2);
        for (size_t i = 0; i < 2; i++)
            if ((tr.conns[i].tunnels > 0) != outside) {
                assert_int_equal(tr.conns[i].state, GAD_CONN_SF);
                assert_int_equal(tr.conns[i].dst_bytes, 100);
            }
        traffic_deinit(&tr);
    }
}

static void families_and_protocols_are_distinguished(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "S");
    tr.next.tuple.proto = GAD_IP_UDP;
    send(&tr, true, 0, 5);
    tr.next.tuple.family = 6;
    send(&tr, true, 0, 6);
    tr.next.tuple.dst[15] = 1;
    send(&tr, false, 0, 7);
    tr.next.tuple.family = 0;
    send(&tr, true, 0, 8);
    flush(&tr);
    assert_int_equal(tr.n, 4);
    assert_int_equal(tr.conns[1].tuple.family, 4);
    assert_int_equal(tr.conns[1].src_bytes, 5);
    assert_int_equal(tr.conns[2].tuple.family, 6);
    assert_int_equal(tr.conns[3].src_bytes, 7);
    assert_int_equal(tr.conns[3].tuple.src[15], 1);
    traffic_deinit(&tr);
}

static void bad_checksums_are_dropped_and_counted(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.next.bad_checksum = true;
    play(&tr, "S");
    assert_int_equal(gad_flow_table_counters(tr.t).bad_checksums, 1);
    assert_int_equal(gad_flow_table_counters(tr.t).flows, 0);
    traffic_deinit(&tr);
}

static void the_table_goes_on_after_a_flush(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShAD");
    flush(&tr);
    flush(&tr);
    assert_int_equal(tr.conns[0].decided.ns, tick_end(START + 300 * SECOND));
    tr.n = 0;
    play(&tr, "S"); /* at START: earlier than the last deadline, and no step back */
    wait_until(&tr, tick_end(START + 5 * SECOND));
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].state, GAD_CONN_S0);
    assert_int_equal(tr.conns[0].decided.ns, tick_end(START + 5 * SECOND));
    assert_int_equal(gad_flow_table_counters(tr.t).clock_back, 0);
    assert_int_equal(gad_flow_table_counters(tr.t).ended, 2);
    traffic_deinit(&tr);
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    struct gad_flow_options o = small(100);
    long k = 0;
    int err;

    do {
        struct gad_flow_table *t = NULL;
        (void)gad_mem_fail_at(++k);
        err = gad_flow_table_new(&o, &t);
        (void)gad_mem_fail_at(0);
        assert_true(err == 0 || (err == GAD_ENOMEM && !t));
        gad_flow_table_free(t);
    } while (err != 0);
    assert_true(k > 4);
}

/* What is lost is inspection, never a connection. */
static void packets_go_on_without_memory(void **state)
{
    (void)state;
    bool refused = true;

    for (long k = 1; refused; k++) {
        struct traffic tr;
        traffic_init(&tr, NULL);
        tr.next.data = (const uint8_t *)"GET / HTTP/1.0\r\n\r\nHTTP/1.0 200 OK\r\n\r\n";
        play(&tr, "ShA");
        (void)gad_mem_fail_at(k);
        send(&tr, true, GAD_TCP_ACK, 18);
        tr.seq[0] += 10; /* a hole: the next is held */
        send(&tr, true, GAD_TCP_ACK, 18);
        send(&tr, false, GAD_TCP_ACK, 20);
        (void)gad_mem_fail_at(0);
        play(&tr, "Ff");
        refused = gad_flow_table_counters(tr.t).inspect_refused > 0;
        flush(&tr);
        assert_int_equal(tr.n, 1);
        assert_int_equal(tr.conns[0].src_bytes, 46);
        assert_int_equal(gad_flow_table_counters(tr.t).inspect_memory, 0);
        traffic_deinit(&tr);
        assert_true(k < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_limits),
        cmocka_unit_test(the_cap_gives_up_one_flow_for_one),
        cmocka_unit_test(attempts_are_given_up_first_and_the_oldest_of_them),
        cmocka_unit_test(a_flow_in_use_outlives_idle_ones),
        cmocka_unit_test(a_table_of_one_flow_works),
        cmocka_unit_test(vlans_are_distinguished_where_configured),
        cmocka_unit_test(a_tunnel_changes_nothing_outside),
        cmocka_unit_test(families_and_protocols_are_distinguished),
        cmocka_unit_test(bad_checksums_are_dropped_and_counted),
        cmocka_unit_test(the_table_goes_on_after_a_flush),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(packets_go_on_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
