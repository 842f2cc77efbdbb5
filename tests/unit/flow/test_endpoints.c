/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole TCP connections between two endpoints that keep the rules, with random sizes, loss in the
 * capture and reordering; then the same with forged packets in between. The forged ones must change
 * nothing: one connection, its state, its bytes.
 */

#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

enum { PACKETS_MAX = 128, RUNS = 300, HALF = 1 << 30 };

struct ends {
    uint32_t seq[2]; /* next number of A, B */
    uint64_t bytes[2];
};

struct script {
    struct gad_packet p[PACKETS_MAX];
    size_t n;
    struct ends e;
};

static struct gad_packet blank(const struct ends *e, bool from_a, uint8_t flags, uint32_t len)
{
    struct gad_tuple t = tuple4(GAD_IP_TCP, 0x0a000001, 1025, 0x0a000002, 80);
    struct gad_packet p = {.tuple = t, .tcp_flags = flags, .len = len, .seq = e->seq[!from_a]};

    if (!from_a)
        p.tuple = tuple4(GAD_IP_TCP, 0x0a000002, 80, 0x0a000001, 1025);
    p.ack = flags & GAD_TCP_ACK ? e->seq[from_a] : 0;
    return p;
}

static void put(struct script *s, bool from_a, uint8_t flags, uint32_t len)
{
    assert_true(s->n < PACKETS_MAX);
    s->p[s->n++] = blank(&s->e, from_a, flags, len);
    s->e.seq[!from_a] += len + ((flags & GAD_TCP_SYN) != 0) + ((flags & GAD_TCP_FIN) != 0);
    s->e.bytes[!from_a] += len;
}

static void open(struct script *s, struct gad_rng *rng)
{
    s->n = 0;
    s->e = (struct ends){.seq = {(uint32_t)gad_rng_u64(rng), (uint32_t)gad_rng_u64(rng)}};
    put(s, true, GAD_TCP_SYN, 0);
    put(s, false, GAD_TCP_SYN | GAD_TCP_ACK, 0);
    put(s, true, GAD_TCP_ACK, 0);
}

/* Turns of data, each acknowledged by the other side. */
static void talk(struct script *s, struct gad_rng *rng)
{
    size_t turns = 1 + gad_rng_below(rng, 6);

    for (size_t i = 0; i < turns; i++) {
        bool a = gad_rng_below(rng, 2);
        size_t segments = 1 + gad_rng_below(rng, 4);
        for (size_t k = 0; k < segments; k++)
            put(s, a, GAD_TCP_ACK, 1 + gad_rng_below(rng, 1448));
        put(s, !a, GAD_TCP_ACK, 0);
    }
}

static void close_both(struct script *s, bool a_first)
{
    put(s, a_first, GAD_TCP_ACK | GAD_TCP_FIN, 0);
    put(s, !a_first, GAD_TCP_ACK | GAD_TCP_FIN, 0);
    put(s, a_first, GAD_TCP_ACK, 0);
}

static void make(struct script *s, struct gad_rng *rng)
{
    open(s, rng);
    talk(s, rng);
    close_both(s, gad_rng_below(rng, 2));
}

/* The state of the endpoints after the first n packets. */
static struct ends after(const struct script *s, size_t n)
{
    struct ends r = {.seq = {s->p[0].seq, s->p[1].seq}};

    for (size_t i = 0; i < n; i++) {
        const struct gad_packet *p = &s->p[i];
        int way = p->tuple.src_port == 80;
        r.seq[way] = p->seq + p->len + ((p->tcp_flags & GAD_TCP_SYN) != 0) +
                     ((p->tcp_flags & GAD_TCP_FIN) != 0);
    }
    return r;
}

static struct gad_packet reset(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_RST, 0);
    p.seq += by;
    return p;
}

static struct gad_packet syn(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_SYN, 0);
    p.seq += by;
    return p;
}

static struct gad_packet syn_ack(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_SYN | GAD_TCP_ACK, 0);
    p.seq += by;
    return p;
}

static struct gad_packet data_ahead(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_ACK, 20);
    p.seq += by;
    return p;
}

static struct gad_packet ack_ahead(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_ACK, 0);
    p.ack += by;
    return p;
}

static struct gad_packet data_with_ack_ahead(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_ACK, 20);
    p.ack += by | HALF;
    return p;
}

static struct gad_packet fin_ahead(const struct ends *now, bool from_a, uint32_t by)
{
    struct gad_packet p = blank(now, from_a, GAD_TCP_ACK | GAD_TCP_FIN, 0);
    p.seq += by;
    return p;
}

static struct gad_packet data_without_ack(const struct ends *now, bool from_a, uint32_t by)
{
    (void)by;
    return blank(now, from_a, GAD_TCP_PSH, 33);
}

static const struct {
    const char *name;
    struct gad_packet (*forge)(const struct ends *now, bool from_a, uint32_t by);
} forgeries[] = {
    {"RST", reset},           {"SYN", syn},
    {"SYN+ACK", syn_ack},     {"data ahead", data_ahead},
    {"ACK ahead", ack_ahead}, {"data with an ACK ahead", data_with_ack_ahead},
    {"FIN ahead", fin_ahead}, {"data without ACK", data_without_ack},
};

enum { N_FORGERIES = sizeof(forgeries) / sizeof(forgeries[0]) };

static uint32_t distance(struct gad_rng *rng)
{
    static const uint32_t of[] = {2, 100, 5000, 70000, 2000000, HALF, 0xc0000000};
    return of[gad_rng_below(rng, 7)] + gad_rng_below(rng, 50);
}

static void assert_plain(const struct traffic *tr, const struct script *s, const char *what,
                         uint64_t run)
{
    const struct gad_conn *c = &tr->conns[0];

    if (tr->n != 1 || c->state != GAD_CONN_SF || c->src_bytes != s->e.bytes[0] ||
        c->dst_bytes != s->e.bytes[1] || c->tuple.src_port != 1025)
        fail_msg("%s, run %llu: %zu connections, state %d, %llu of %llu, %llu of %llu bytes", what,
                 (unsigned long long)run, tr->n, c->state, (unsigned long long)c->src_bytes,
                 (unsigned long long)s->e.bytes[0], (unsigned long long)c->dst_bytes,
                 (unsigned long long)s->e.bytes[1]);
}

static void play_packet(struct traffic *tr, struct gad_packet p)
{
    tr->next.time.ns += MS;
    p.time = tr->next.time;
    send_packet(tr, &p);
}

static void one_forged_packet_changes_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_FORGERIES; k++)
        for (uint64_t run = 0; run < RUNS; run++) {
            struct gad_rng rng = gad_rng_init(run, k);
            static struct script s;
            static struct traffic tr;
            make(&s, &rng);
            traffic_init(&tr, NULL);
            /* before both sides have closed: a SYN opens a connection afterwards */
            size_t at = 3 + gad_rng_below(&rng, (uint32_t)s.n - 5);
            bool from_a = gad_rng_below(&rng, 2);
            for (size_t i = 0; i < s.n; i++) {
                struct ends now = after(&s, i);
                if (i == at)
                    play_packet(&tr, forgeries[k].forge(&now, from_a, distance(&rng)));
                play_packet(&tr, s.p[i]);
            }
            flush(&tr);
            assert_plain(&tr, &s, forgeries[k].name, run);
            traffic_deinit(&tr);
        }
}

/* A RST at the right number that did not reach the receiver. */
static void a_reset_that_was_not_obeyed_is_revoked(void **state)
{
    (void)state;
    for (uint64_t run = 0; run < RUNS; run++) {
        struct gad_rng rng = gad_rng_init(run, 77);
        static struct script s;
        static struct traffic tr;
        open(&s, &rng);
        talk(&s, &rng);
        size_t at = s.n;
        put(&s, true, GAD_TCP_ACK, 100); /* both continue */
        put(&s, false, GAD_TCP_ACK, 100);
        put(&s, true, GAD_TCP_ACK, 100);
        put(&s, false, GAD_TCP_ACK, 0);
        close_both(&s, gad_rng_below(&rng, 2));
        traffic_init(&tr, NULL);
        for (size_t i = 0; i < s.n; i++) {
            struct ends now = after(&s, i);
            if (i == at)
                play_packet(&tr, reset(&now, gad_rng_below(&rng, 2), 0));
            play_packet(&tr, s.p[i]);
        }
        flush(&tr);
        assert_plain(&tr, &s, "RST that is not obeyed", run);
        assert_int_equal(gad_flow_table_counters(tr.t).resets_revoked, 1);
        traffic_deinit(&tr);
    }
}

/* A lost packet is counted by what follows; neighbours that changed places too. */
static void loss_and_order_change_no_bytes(void **state)
{
    (void)state;
    for (uint64_t run = 0; run < RUNS; run++) {
        struct gad_rng rng = gad_rng_init(run, 78);
        static struct script s;
        static struct traffic tr;
        make(&s, &rng);
        traffic_init(&tr, NULL);
        size_t lost = 3 + gad_rng_below(&rng, (uint32_t)s.n - 6);
        size_t swapped = 3 + gad_rng_below(&rng, (uint32_t)s.n - 7);
        for (size_t i = 0; i < s.n; i++) {
            bool is_one_way = s.p[swapped].tuple.src_port == s.p[swapped + 1].tuple.src_port;
            size_t k = !is_one_way ? i : i == swapped ? i + 1 : i == swapped + 1 ? i - 1 : i;
            if (run % 2 == 0 || k != lost)
                play_packet(&tr, s.p[k]);
        }
        flush(&tr);
        assert_plain(&tr, &s, run % 2 ? "loss" : "order", run);
        traffic_deinit(&tr);
    }
}

/* Repeated and late packets of both sides, up to the linger time; then they are new ones. */
static void late_packets_make_no_connection(void **state)
{
    (void)state;
    for (uint64_t run = 0; run < RUNS; run++) {
        struct gad_rng rng = gad_rng_init(run, 79);
        static struct script s;
        static struct traffic tr;
        make(&s, &rng);
        traffic_init(&tr, NULL);
        for (size_t i = 0; i < s.n; i++)
            play_packet(&tr, s.p[i]);
        wait_until(&tr, tr.next.time.ns + 10 * SECOND);
        assert_int_equal(tr.n, 1);
        tr.next.time.ns += 10 * SECOND;
        for (int i = 0; i < 10; i++) {
            play_packet(&tr, s.p[3 + gad_rng_below(&rng, (uint32_t)s.n - 3)]);
            play_packet(&tr, reset(&s.e, gad_rng_below(&rng, 2), 0));
        }
        assert_int_equal(gad_flow_table_counters(tr.t).late, 20);
        flush(&tr);
        assert_plain(&tr, &s, "late packets", run);
        tr.next.time.ns += 130 * SECOND;
        play_packet(&tr, s.p[s.n - 1]);
        flush(&tr);
        assert_int_equal(tr.n, 2);
        traffic_deinit(&tr);
    }
}

/* The time counts from the end, not from the packet that lets the table see it. */
static void late_packets_are_late_for_a_time(void **state)
{
    (void)state;
    for (int64_t linger = 1; linger <= 100; linger += 33) {
        struct gad_flow_options o = gad_flow_defaults();
        struct gad_rng rng = gad_rng_init(1, 79);
        static struct script s;
        static struct traffic tr;
        o.timeouts.linger.ns = linger * SECOND;
        make(&s, &rng);
        traffic_init(&tr, &o);
        for (size_t i = 0; i < s.n; i++)
            play_packet(&tr, s.p[i]);
        tr.next.time.ns += o.timeouts.tcp_close.ns + linger * SECOND - SECOND / 2;
        play_packet(&tr, s.p[s.n - 1]);
        assert_int_equal(gad_flow_table_counters(tr.t).late, 1);
        tr.next.time.ns += 3 * SECOND;
        play_packet(&tr, s.p[s.n - 1]);
        assert_int_equal(gad_flow_table_counters(tr.t).late, 1);
        flush(&tr);
        assert_int_equal(tr.n, 2);
        traffic_deinit(&tr);
    }
}

/* Data beyond a FIN shows that the FIN was not believed. */
static void a_forged_end_hides_nothing(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(1, 80);
    static struct script s;
    static struct traffic tr;

    make(&s, &rng);
    traffic_init(&tr, NULL);
    for (size_t i = 0; i < s.n; i++)
        play_packet(&tr, s.p[i]);
    wait_until(&tr, tr.next.time.ns + 10 * SECOND);
    tr.next.time.ns += 10 * SECOND;
    put(&s, true, GAD_TCP_ACK, 100);
    play_packet(&tr, s.p[s.n - 1]);
    put(&s, false, GAD_TCP_ACK, 100);
    play_packet(&tr, s.p[s.n - 1]);
    flush(&tr);
    assert_int_equal(tr.n, 2);
    assert_int_equal(tr.conns[1].tuple.src_port, 1025);
    assert_int_equal(tr.conns[1].notes & GAD_NOTE_GUESSED, 0); /* remembered */
    traffic_deinit(&tr);
}

static void without_a_handshake_ports_say_who_began(void **state)
{
    (void)state;
    static const struct {
        uint16_t src, dst; /* of the first packet */
        bool src_is_originator;
    } rows[] = {{40000, 80, true},   {80, 40000, false},  {999, 40000, false}, {40000, 999, true},
                {5000, 40000, true}, {40000, 5000, true}, {999, 80, true},     {80, 999, false},
                {500, 600, false},   {600, 500, true}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct traffic tr;
        traffic_init(&tr, NULL);
        tr.next.tuple = tuple4(GAD_IP_TCP, 0x0a000001, rows[i].src, 0x0a000002, rows[i].dst);
        play(&tr, "DdDd");
        flush(&tr);
        assert_int_equal(tr.n, 1);
        assert_int_equal(tr.conns[0].tuple.src_port == rows[i].src, rows[i].src_is_originator);
        assert_int_equal(tr.conns[0].notes & GAD_NOTE_GUESSED, GAD_NOTE_GUESSED);
        assert_int_equal(gad_flow_table_counters(tr.t).guessed, 1);
        traffic_deinit(&tr);
    }
}

static void a_keepalive_is_no_byte(void **state)
{
    (void)state;
    static const uint8_t zero = 0;

    for (uint32_t len = 0; len <= 1; len++) {
        static struct traffic tr;
        traffic_init(&tr, NULL);
        tr.next.data = &zero;
        tr.seq[0]--;
        send(&tr, true, GAD_TCP_ACK, len);
        tr.seq[0] += 1 - len;
        tr.next.data = NULL;
        play(&tr, "aDdFf");
        flush(&tr);
        assert_int_equal(tr.n, 1);
        assert_int_equal(tr.conns[0].src_bytes, 100);
        assert_int_equal(tr.conns[0].dst_bytes, 100);
        traffic_deinit(&tr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_forged_packet_changes_nothing),
        cmocka_unit_test(a_reset_that_was_not_obeyed_is_revoked),
        cmocka_unit_test(loss_and_order_change_no_bytes),
        cmocka_unit_test(late_packets_make_no_connection),
        cmocka_unit_test(late_packets_are_late_for_a_time),
        cmocka_unit_test(a_forged_end_hides_nothing),
        cmocka_unit_test(without_a_handshake_ports_say_who_began),
        cmocka_unit_test(a_keepalive_is_no_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
