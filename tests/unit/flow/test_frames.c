/* SPDX-License-Identifier: Apache-2.0 */
/* Each connection has the chain of exactly the packets that it counts. */

#include <stdio.h>
#include <string.h>

#include "lib/net/frame_ring.h"
#include "lib/net/steady.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

enum { OWN = 64 }; /* bytes of a frame */

static struct gad_frame_ring *ring;
static uint64_t n_sent;

static void begin(struct traffic *tr, size_t bytes, uint32_t connection_max)
{
    const struct gad_frame_ring_options r = {
        .bytes = bytes, .snaplen = 65535, .connection_max = connection_max};
    struct gad_flow_options o = gad_flow_defaults();

    n_sent = 0;
    o.max_flows = 1000;
    o.ports = traffic_ports();
    assert_int_equal(gad_frame_ring_new(&r, &ring), 0);
    o.ring = ring;
    traffic_init(tr, &o);
}

static void end(struct traffic *tr)
{
    traffic_deinit(tr);
    gad_frame_ring_free(ring);
}

/* Plays a script, each packet with a frame of its own; numbers are from 1. */
static void act(struct traffic *tr, const char *script)
{
    static const uint8_t data[OWN];

    for (; *script; script++) {
        const char one[] = {*script, '\0'};
        const struct gad_frame f = {.time = tr->next.time,
                                    .link_type = 1,
                                    .data = data,
                                    .caplen = OWN,
                                    .len = OWN,
                                    .number = n_sent + 1};
        n_sent += *script != '.' && *script != ',' && *script != 'X';
        tr->next.number = n_sent;
        gad_frame_ring_now(ring, &f);
        play(tr, one);
    }
}

/* The numbers of a connection's frames, from the last to the first, as text: "3 2 1". */
static const char *chain(const struct gad_conn *c)
{
    static char text[4096];
    struct gad_stored_frame f = {.before = c->frames};
    size_t at = 0;

    text[0] = '\0';
    while (f.before != 0) {
        if (!gad_frame_ring_read(ring, f.before, &f))
            return "overwritten";
        if (!f.is_moved)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", at ? " " : "",
                                   (unsigned)f.number);
    }
    return text;
}

static void a_connection_has_its_packets(void **state)
{
    (void)state;
    struct traffic tr;

    begin(&tr, 1 << 20, 1 << 20);
    act(&tr, "ShADda");
    tr.next.tuple.src_port++; /* another connection between them */
    act(&tr, "Sr");
    tr.next.tuple.src_port--;
    act(&tr, "FfA");
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_string_equal(chain(&tr.conns[0]), "11 10 9 6 5 4 3 2 1");
    assert_int_equal(tr.conns[0].packet, 1);
    assert_string_equal(chain(&tr.conns[1]), "8 7");
    assert_int_equal(tr.conns[1].packet, 7);
    end(&tr);
}

static void late_packets_are_not_in_it(void **state)
{
    (void)state;
    struct traffic tr;

    begin(&tr, 1 << 20, 1 << 20);
    act(&tr, "ShADdFfA,,,,,,,,,A");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_string_equal(chain(&tr.conns[0]), "8 7 6 5 4 3 2 1");
    end(&tr);
}

/* The SYN of the next connection was counted in the flow until it was answered. */
static void a_syn_that_is_answered_moves(void **state)
{
    (void)state;
    struct traffic tr;

    begin(&tr, 1 << 20, 1 << 20);
    act(&tr, "ShADd"); /* the client crashes and begins again */
    tr.seq[0] = 900000;
    act(&tr, "S");
    tr.seq[1] = 800000;
    act(&tr, "hADdFfA");
    flush(&tr);
    assert_int_equal(tr.n, 2);
    for (size_t i = 0; i < tr.n; i++) {
        const struct gad_conn *c = &tr.conns[i];
        bool is_first = c->packet == 1;
        assert_string_equal(chain(c), is_first ? "5 4 3 2 1" : "13 12 11 10 9 8 7 6");
        assert_int_equal(c->packet, is_first ? 1 : 6);
        assert_int_equal(c->src_packets + c->dst_packets, is_first ? 5 : 8);
    }
    end(&tr);
}

static void a_syn_without_an_answer_is_its_own(void **state)
{
    (void)state;
    struct traffic tr;

    begin(&tr, 1 << 20, 1 << 20);
    act(&tr, "S");
    tr.seq[0] = 900000;
    act(&tr, "S");
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_string_equal(chain(&tr.conns[0]), "1");
    assert_string_equal(chain(&tr.conns[1]), "2");
    assert_int_equal(tr.conns[1].packet, 2);
    end(&tr);
}

/* Once both sides spoke, single packets of others overwrite nothing of it. */
static void a_flood_of_syns_keeps_an_open_connection(void **state)
{
    (void)state;
    struct traffic tr;

    begin(&tr, 1 << 20, 1 << 20);
    act(&tr, "ShADd");
    struct gad_tuple own = tr.next.tuple;
    for (uint32_t i = 0; i < 20000; i++) { /* 96 bytes each, of 512 KiB */
        tr.next.tuple = tuple4(GAD_IP_UDP, 0x0b000000 + i, 1000, 0x0a000002, 9);
        tr.next.tuple.proto = GAD_IP_ICMP;
        tr.n = 0;
        act(&tr, "A");
    }
    assert_string_equal(chain(&tr.conns[0]), "20005");
    tr.next.tuple = own;
    tr.n = 0;
    act(&tr, "FfA");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_string_equal(chain(&tr.conns[0]), "20008 20007 20006 5 4 3 2 1");
    end(&tr);
}

static void a_long_connection_keeps_its_beginning(void **state)
{
    (void)state;
    struct traffic tr;

    begin(&tr, 1 << 20, 6 * (OWN + GAD_FRAME_HEAD));
    act(&tr, "ShADDDDDDDD");
    flush(&tr);
    assert_string_equal(chain(&tr.conns[0]), "6 5 4 3 2 1");
    struct gad_flow_counters n = gad_flow_table_counters(tr.t);
    assert_int_equal(n.frames_stored, 6);
    assert_int_equal(n.frames_skipped, 5);
    end(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_has_its_packets),
        cmocka_unit_test(late_packets_are_not_in_it),
        cmocka_unit_test(a_syn_that_is_answered_moves),
        cmocka_unit_test(a_syn_without_an_answer_is_its_own),
        cmocka_unit_test(a_flood_of_syns_keeps_an_open_connection),
        cmocka_unit_test(a_long_connection_keeps_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
