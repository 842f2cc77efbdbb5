/* SPDX-License-Identifier: Apache-2.0 */
/* When a flow is decided besides the timers of TCP: UDP exchanges with their answer, the end of the
 * input, interim records. */

#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

#define MINUTE (60 * SECOND)

static void init(struct traffic *tr, int64_t interim, uint8_t proto, uint16_t port)
{
    struct gad_flow_options o = gad_flow_defaults();

    o.max_flows = 1000;
    o.interim.ns = interim;
    traffic_init(tr, &o);
    tr->next.tuple.proto = proto;
    tr->next.tuple.dst_port = port;
}

/* Packets "Q" of A and "q" of B, "," 1 s later; returns the seconds until the flow ended. */
static int64_t udp_ends_after(uint16_t port, const char *script)
{
    struct traffic tr;

    init(&tr, 0, GAD_IP_UDP, port);
    play(&tr, script);
    int64_t last = tr.next.time.ns, s = 0;
    while (tr.n == 0 && s++ < 100)
        wait_until(&tr, last + s * SECOND + TICK);
    assert_int_equal(tr.conns[0].decided.ns, tick_end(last + s * SECOND));
    assert_int_equal(tr.n, 1);
    traffic_deinit(&tr);
    return s;
}

static void a_udp_exchange_ends_shortly_after_its_answer(void **state)
{
    (void)state;
    assert_int_equal(udp_ends_after(53, "Qq"), 2);
    assert_int_equal(udp_ends_after(53, "Q,q"), 2);
    assert_int_equal(udp_ends_after(53, "QQqq"), 2);
    assert_int_equal(udp_ends_after(53, "Qqq"), 2); /* an answer twice */
    assert_int_equal(udp_ends_after(123, "Qq,Qq"), 2);
    assert_int_equal(udp_ends_after(161, "Qq"), 60);
    assert_int_equal(udp_ends_after(53, "Q"), 60);
    assert_int_equal(udp_ends_after(53, "QQq"), 60); /* one more to come */
    assert_int_equal(udp_ends_after(53, "QqQ"), 60);
    assert_int_equal(udp_ends_after(4500, "QqQq"), 60); /* a stream, which has pauses */
    assert_int_equal(udp_ends_after(4500, "Qqq"), 60);
    assert_int_equal(udp_ends_after(4500, "QQ"), 60);
}

static void the_time_after_an_answer_can_be_turned_off(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();
    struct traffic tr;

    o.timeouts.udp_answered.ns = 0;
    traffic_init(&tr, &o);
    tr.next.tuple.proto = GAD_IP_UDP;
    tr.next.tuple.dst_port = 53;
    play(&tr, "Qq");
    wait_until(&tr, START + 59 * SECOND);
    assert_int_equal(tr.n, 0);
    flush(&tr);
    assert_int_equal(tr.conns[0].decided.ns, tick_end(START + 60 * SECOND));
    assert_int_equal(gad_flow_table_counters(tr.t).answered, 0);
    traffic_deinit(&tr);
}

/* A later packet from the same port begins another record; nothing is lost. */
static void each_request_of_a_reused_port_has_its_record(void **state)
{
    (void)state;
    struct traffic tr;

    init(&tr, 0, GAD_IP_UDP, 53);
    play(&tr, "Qq,,,Qq,,,Qq");
    flush(&tr);
    assert_int_equal(tr.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tr.conns[i].src_packets, 1);
        assert_int_equal(tr.conns[i].dst_packets, 1);
        assert_int_equal(tr.conns[i].notes, 0);
    }
    assert_int_equal(gad_flow_table_counters(tr.t).answered, 3);
    traffic_deinit(&tr);
}

/* One flow of each kind, all with the last packet at START. */
static void add_one_of_each(struct traffic *tr)
{
    static const char *const scripts[] = {"S", "ShADd", "ShADdFf", "ShADd.F", "ShADd.R", "Sh"};

    for (uint16_t i = 0; i < 6; i++) {
        tr->next.tuple.src_port = (uint16_t)(2000 + i);
        tr->seq[0] = tr->seq[1] = 1000;
        play(tr, scripts[i]);
        tr->next.time.ns = START;
    }
    tr->next.tuple.proto = GAD_IP_UDP;
    play(tr, "Q");
    tr->next.tuple.src_port = 3000;
    tr->next.tuple.dst_port = 53;
    play(tr, "Qq");
}

static void at_the_end_each_flow_has_its_own_deadline(void **state)
{
    (void)state;
    static const struct {
        int64_t s;
        enum gad_conn_state state;
        uint8_t notes;
    } right[] = {{2, GAD_CONN_SF, 0},
                 {5, GAD_CONN_S0, 0},
                 {5, GAD_CONN_SF, 0},
                 {5, GAD_CONN_RSTO, 0},
                 {60, GAD_CONN_SF, 0},
                 {300, GAD_CONN_S1, GAD_NOTE_CUT},
                 {300, GAD_CONN_S1, 0}, /* half-open */
                 {300, GAD_CONN_S2, GAD_NOTE_CUT}};
    struct traffic tr;

    init(&tr, 0, GAD_IP_TCP, 80);
    add_one_of_each(&tr);
    flush(&tr);
    assert_int_equal(tr.n, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(tr.conns[i].state, right[i].state);
        assert_int_equal(tr.conns[i].notes, right[i].notes);
        assert_in_range(tr.conns[i].decided.ns, START + right[i].s * SECOND,
                        START + right[i].s * SECOND + 2 * TICK);
    }
    assert_int_equal(gad_flow_table_counters(tr.t).cut, 2);
    traffic_deinit(&tr);
}

/* Without the end of the input, the same flows have the same times. */
static void an_end_decides_as_silence_does(void **state)
{
    (void)state;
    static struct traffic end, silence; /* large */

    init(&end, 0, GAD_IP_TCP, 80);
    init(&silence, 0, GAD_IP_TCP, 80);
    add_one_of_each(&end);
    add_one_of_each(&silence);
    flush(&end);
    wait_until(&silence, START + 400 * SECOND);
    assert_int_equal(end.n, silence.n);
    for (size_t i = 0; i < end.n; i++) {
        assert_int_equal(end.conns[i].decided.ns, silence.conns[i].decided.ns);
        assert_int_equal(end.conns[i].state, silence.conns[i].state);
        assert_int_equal(silence.conns[i].notes, 0);
    }
    traffic_deinit(&end);
    traffic_deinit(&silence);
}

/* Data from A every 10 s for some time. */
static void last(struct traffic *tr, int64_t seconds)
{
    for (int64_t s = 0; s < seconds; s += 10) {
        tr->next.time.ns += 10 * SECOND;
        play(tr, "D");
    }
}

static void assert_interim_at(const struct gad_conn *c, int64_t after)
{
    assert_int_equal(c->notes, GAD_NOTE_INTERIM);
    assert_in_range(c->decided.ns, START + after, START + after + 2 * TICK);
    assert_int_equal(c->start.ns, START);
}

static void a_long_connection_gives_records_at_growing_ages(void **state)
{
    (void)state;
    static const int64_t minutes[] = {5, 10, 20, 40, 80, 140, 200, 260};
    struct traffic tr;

    init(&tr, 5 * MINUTE, GAD_IP_TCP, 80);
    play(&tr, "ShADd");
    last(&tr, 300 * 60);
    assert_int_equal(tr.n, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_interim_at(&tr.conns[i], minutes[i] * MINUTE);
        assert_int_equal(tr.conns[i].state, GAD_CONN_S1);
        assert_int_equal(tr.conns[i].dst_bytes, 100);
    }
    assert_int_equal(tr.conns[0].src_bytes, 100 + 30 * 100);
    assert_int_equal(tr.conns[0].duration.ns, 300 * SECOND);
    play(&tr, "Ff");
    flush(&tr);
    assert_int_equal(tr.n, 9);
    assert_int_equal(tr.conns[8].notes, 0);
    assert_int_equal(tr.conns[8].state, GAD_CONN_SF);
    struct gad_flow_counters n = gad_flow_table_counters(tr.t);
    assert_int_equal(n.interims, 8);
    assert_int_equal(n.ended, 1);
    traffic_deinit(&tr);
}

/* A request that never ends, and a connection that is held without use. */
static void without_an_answer_the_first_record_comes_early(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        size_t n;
    } of[] = {{"ShAD", 1}, {"ShA", 1}, {"ShADd", 0}, {"S", 0},
              {"D", 0},    {"DDD", 0}, {"Sh", 0},    {"ShADf", 1}};

    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        struct traffic tr;
        init(&tr, 5 * MINUTE, GAD_IP_TCP, 80);
        play(&tr, of[i].script);
        wait_until(&tr, START + 31 * SECOND);
        size_t n = tr.n > 0 && tr.conns[0].notes == GAD_NOTE_INTERIM;
        if (n != of[i].n)
            fail_msg("'%s': %zu records", of[i].script, n);
        if (n == 1)
            assert_interim_at(&tr.conns[0], 30 * SECOND);
        traffic_deinit(&tr);
    }
}

static void a_quiet_connection_gives_no_record_twice(void **state)
{
    (void)state;
    struct traffic tr;

    init(&tr, MINUTE, GAD_IP_TCP, 80);
    play(&tr, "ShADd");
    last(&tr, 70);
    assert_int_equal(tr.n, 1);
    wait_until(&tr, START + 369 * SECOND);
    assert_int_equal(tr.n, 2); /* at 2 min: 10 s of it are new. None at 4 min. */
    wait_until(&tr, START + 371 * SECOND);
    assert_int_equal(tr.n, 3);
    assert_int_equal(tr.conns[2].notes, 0);
    traffic_deinit(&tr);
}

static void a_udp_stream_gives_records_too(void **state)
{
    (void)state;
    struct traffic tr;

    init(&tr, MINUTE, GAD_IP_UDP, 4500);
    play(&tr, "D");
    last(&tr, 130);
    assert_int_equal(tr.n, 2);
    assert_interim_at(&tr.conns[0], MINUTE);
    assert_interim_at(&tr.conns[1], 2 * MINUTE);
    assert_int_equal(tr.conns[0].duration.ns, MINUTE);
    assert_int_equal(tr.conns[0].src_bytes, 700);
    traffic_deinit(&tr);
}

static void the_end_gives_one_before_each_cut_connection(void **state)
{
    (void)state;
    struct traffic tr;

    init(&tr, 5 * MINUTE, GAD_IP_TCP, 80);
    add_one_of_each(&tr);
    flush(&tr);
    assert_int_equal(tr.n, 10);
    size_t n_cut = 0;
    for (size_t i = 1; i < tr.n; i++) {
        if (tr.conns[i].notes != GAD_NOTE_CUT)
            continue;
        n_cut++;
        assert_int_equal(tr.conns[i - 1].notes, GAD_NOTE_INTERIM);
        assert_int_equal(tr.conns[i].src_bytes, tr.conns[i - 1].src_bytes);
        assert_int_equal(tr.conns[i].start.ns, tr.conns[i - 1].start.ns);
    }
    assert_int_equal(n_cut, 2);
    traffic_deinit(&tr);
}

/* A first packet with a time of long ago: one record, not one for each age that has passed. */
static void a_forged_start_gives_no_series(void **state)
{
    (void)state;
    struct traffic tr;

    init(&tr, SECOND, GAD_IP_TCP, 80);
    play(&tr, "ShADdFf");
    tr.next.time.ns = 1;
    tr.next.tuple.src_port = 2000;
    play(&tr, "ShADd");
    tr.next.time.ns = START + 200 * SECOND;
    tr.next.tuple.src_port = 2001;
    play(&tr, "S");
    assert_true(tr.n <= 3);
    traffic_deinit(&tr);
}

/* A full table gives up the flow that ends soonest, although interim records put all of them into
 * earlier slots of the wheel. */
static void interims_hide_no_flow_from_eviction(void **state)
{
    (void)state;
    enum { FLOWS = 10, QUIET = 5 };
    struct gad_flow_options o = gad_flow_defaults();
    struct traffic tr;

    o.max_flows = FLOWS;
    o.interim.ns = 5 * MINUTE;
    traffic_init(&tr, &o);
    for (int round = 0; round < 2; round++) {
        for (uint16_t i = 0; i < FLOWS; i++) {
            tr.next.tuple.src_port = (uint16_t)(2000 + i);
            if (round == 0 || i != QUIET)
                play(&tr, round == 0 ? "ShADd" : "D");
        }
        tr.next.time.ns += 10 * SECOND;
    }
    tr.next.tuple.src_port = 3000;
    play(&tr, "S");
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].tuple.src_port, 2000 + QUIET);
    traffic_deinit(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_udp_exchange_ends_shortly_after_its_answer),
        cmocka_unit_test(the_time_after_an_answer_can_be_turned_off),
        cmocka_unit_test(each_request_of_a_reused_port_has_its_record),
        cmocka_unit_test(at_the_end_each_flow_has_its_own_deadline),
        cmocka_unit_test(an_end_decides_as_silence_does),
        cmocka_unit_test(a_long_connection_gives_records_at_growing_ages),
        cmocka_unit_test(without_an_answer_the_first_record_comes_early),
        cmocka_unit_test(a_quiet_connection_gives_no_record_twice),
        cmocka_unit_test(a_udp_stream_gives_records_too),
        cmocka_unit_test(the_end_gives_one_before_each_cut_connection),
        cmocka_unit_test(a_forged_start_gives_no_series),
        cmocka_unit_test(interims_hide_no_flow_from_eviction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
