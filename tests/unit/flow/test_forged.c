/* SPDX-License-Identifier: Apache-2.0 */
/* What few forged packets could hide, or put on the account of another. */

#include <string.h>

#include "lib/flow/ports.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

enum { CLIENT = 0x0a000001, SERVER = 0x0a000002, BOTH = GAD_TCP_SYN | GAD_TCP_ACK };

static const char attack[] = "GET /../../../etc/passwd HTTP/1.0\r\n\r\n";

static void say(struct traffic *tr, bool from_a, uint8_t flags, const char *text)
{
    tr->next.data = (const uint8_t *)text;
    send(tr, from_a, flags, (uint32_t)strlen(text));
    tr->next.data = NULL;
}

static struct gad_flow_counters counters(const struct traffic *tr)
{
    return gad_flow_table_counters(tr->t);
}

static void payload_of_an_unanswered_syn_is_no_content(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    say(&tr, true, GAD_TCP_SYN, attack);
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].state, GAD_CONN_S0);
    assert_int_equal(tr.conns[0].content.hot, 0);
    traffic_deinit(&tr);
}

static void payload_of_another_syn_is_not_that_of_the_connection(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    say(&tr, true, GAD_TCP_SYN, attack); /* forged: the real one has another number */
    tr.seq[0] = 900000;
    play(&tr, "ShA");
    say(&tr, true, GAD_TCP_ACK, "GET / HTTP/1.0\r\n\r\n");
    play(&tr, "dAFfA");
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_int_equal(tr.conns[0].state, GAD_CONN_S0);
    assert_int_equal(tr.conns[0].content.hot, 0);
    assert_int_equal(tr.conns[0].src_packets, 1);
    assert_int_equal(tr.conns[1].state, GAD_CONN_SF);
    assert_int_equal(tr.conns[1].content.hot, 0);
    assert_int_equal(tr.conns[1].notes & GAD_NOTE_AMBIGUOUS, 0);
    traffic_deinit(&tr);
}

/* Data in the server's name before its SYN+ACK: its receiver drops it, and what follows counts. */
static void data_before_the_answer_hides_no_answer(void **state)
{
    (void)state;
    static char junk[1200];
    struct traffic tr;

    memset(junk, 'x', sizeof(junk) - 1);
    traffic_init(&tr, NULL);
    tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, 40000, SERVER, 21);
    play(&tr, "S");
    uint32_t real = tr.seq[1];
    tr.seq[1] = 70000;
    say(&tr, false, GAD_TCP_ACK, junk);
    tr.seq[1] = real;
    play(&tr, "hA");
    say(&tr, false, GAD_TCP_ACK, "\r\n220 ftp\r\n");
    say(&tr, true, GAD_TCP_ACK, "USER joe\r\n");
    say(&tr, false, GAD_TCP_ACK, "331 password\r\n");
    say(&tr, true, GAD_TCP_ACK, "PASS x\r\n");
    say(&tr, false, GAD_TCP_ACK, "230 in\r\n");
    play(&tr, "AFfA");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].content.logged_in, 1);
    traffic_deinit(&tr);
}

/* A session that never was open must not name the next connections of its hosts. */
static void an_unanswered_ftp_session_is_over(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();
    struct traffic tr;

    o.ports = traffic_ports();
    for (size_t memory = 0; memory <= 1 << 20; memory += 1 << 20) {
        o.inspect_memory = memory;
        traffic_init(&tr, &o);
        tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, 40000, SERVER, 21);
        say(&tr, true, GAD_TCP_SYN, "USER joe\r\n");
        wait_until(&tr, tr.next.time.ns + 10 * SECOND);
        assert_int_equal(tr.n, 1);
        tr.next.tuple = tuple4(GAD_IP_TCP, SERVER, 20, CLIENT, 42000);
        play(&tr, "ShADaFfA");
        flush(&tr);
        assert_int_equal(tr.n, 2);
        assert_int_equal(tr.conns[1].found, GAD_FOUND_NOTHING);
        traffic_deinit(&tr);
    }
}

/* A session that lost its inspection to others and got another one is one session. */
static void an_ftp_session_counts_once(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();
    struct traffic tr;

    o.ports = traffic_ports();
    o.inspect_memory = 8000;
    traffic_init(&tr, &o);
    tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, 40000, SERVER, 21);
    play(&tr, "ShADa");
    const uint32_t seq[2] = {tr.seq[0], tr.seq[1]};
    for (uint16_t port = 1; port <= 40; port++) { /* of the same source, for all its memory */
        tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, port, SERVER, 80);
        play(&tr, ",ShADa");
    }
    assert_true(counters(&tr).inspect_evicted > 0);
    tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, 40000, SERVER, 21);
    memcpy(tr.seq, seq, sizeof(seq));
    play(&tr, "DaFfA");
    wait_until(&tr, tr.next.time.ns + 10 * SECOND);
    tr.next.tuple = tuple4(GAD_IP_TCP, SERVER, 20, CLIENT, 42000);
    play(&tr, "ShADaFfA");
    wait_until(&tr, tr.next.time.ns + 10 * SECOND);
    assert_int_equal(tr.conns[tr.n - 1].tuple.src_port, 20);
    assert_int_equal(tr.conns[tr.n - 1].found, GAD_FOUND_NOTHING);
    flush(&tr);
    traffic_deinit(&tr);
}

/* The bytes after a forged RST are not kept; that they are missing must be visible. */
static void bytes_after_a_forged_reset_are_named_missing(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShA");
    uint32_t seq = tr.seq[1];
    play(&tr, "r");
    tr.seq[1] = seq;
    wait_until(&tr, tr.next.time.ns + 10 * SECOND);
    say(&tr, true, GAD_TCP_ACK | GAD_TCP_PSH, attack);
    play(&tr, "dAFfA");
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_int_equal(tr.conns[0].notes & GAD_NOTE_BLIND, 0);
    assert_int_equal(tr.conns[1].notes & GAD_NOTE_BLIND, GAD_NOTE_BLIND);
    traffic_deinit(&tr);
}

static void forged(struct traffic *tr, bool from_a, uint8_t flags, uint32_t seq, uint32_t ack)
{
    const struct gad_tuple t = tr->next.tuple;
    uint32_t had[2] = {tr->seq[0], tr->seq[1]};

    tr->seq[!from_a] = seq;
    tr->seq[from_a] = ack;
    send(tr, from_a, flags, 0);
    memcpy(tr->seq, had, sizeof(had));
    tr->next.tuple = t;
}

/* A guess about the originator that turns out wrong after a SYN was in doubt. */
static void a_doubted_syn_turns_with_its_flow(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    forged(&tr, true, GAD_TCP_ACK, 1000, 5000);
    forged(&tr, false, GAD_TCP_ACK, 5000, 1000);
    uint64_t guessed = counters(&tr).guessed;
    forged(&tr, true, GAD_TCP_SYN, 90000, 0); /* in doubt */
    forged(&tr, false, GAD_TCP_SYN, 4999, 0); /* late: so B is the originator */
    assert_true(counters(&tr).guessed >= guessed);
    forged(&tr, false, BOTH, 70000, 90001); /* answers the SYN of A */
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_int_equal(tr.conns[0].notes & GAD_NOTE_GUESSED, 0);
    assert_int_equal(tr.conns[0].tuple.src_port, 80);
    assert_int_equal(tr.conns[0].src_packets, 2);
    assert_int_equal(tr.conns[0].dst_packets, 1);
    traffic_deinit(&tr);
}

static void a_wrong_syn_with_rst_counts_once(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShA");
    forged(&tr, false, BOTH | GAD_TCP_RST, 70000, 1001);
    assert_int_equal(counters(&tr).out_of_window, 1);
    assert_int_equal(counters(&tr).syns_wrong, 1);
    assert_int_equal(counters(&tr).resets_wrong, 0);
    flush(&tr);
    traffic_deinit(&tr);
}

/* Another input begins at any time: an announcement would hold for all of it. */
static void another_input_knows_no_endpoints_of_the_one_before(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, 40000, SERVER, 21);
    play(&tr, "ShA");
    say(&tr, true, GAD_TCP_ACK, "PASV\r\n");
    say(&tr, false, GAD_TCP_ACK, "227 (10,0,0,2,200,1)\r\n");
    play(&tr, "A");
    assert_int_equal(counters(&tr).ftp_announced, 1);
    flush(&tr);
    tr.n = 0;
    tr.next.time.ns -= 1000 * SECOND;
    tr.next.tuple = tuple4(GAD_IP_TCP, CLIENT, 42000, SERVER, 51201);
    play(&tr, "ShADaFfA");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].found, GAD_FOUND_NOTHING);
    traffic_deinit(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_of_an_unanswered_syn_is_no_content),
        cmocka_unit_test(payload_of_another_syn_is_not_that_of_the_connection),
        cmocka_unit_test(data_before_the_answer_hides_no_answer),
        cmocka_unit_test(an_unanswered_ftp_session_is_over),
        cmocka_unit_test(an_ftp_session_counts_once),
        cmocka_unit_test(bytes_after_a_forged_reset_are_named_missing),
        cmocka_unit_test(a_doubted_syn_turns_with_its_flow),
        cmocka_unit_test(a_wrong_syn_with_rst_counts_once),
        cmocka_unit_test(another_input_knows_no_endpoints_of_the_one_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
