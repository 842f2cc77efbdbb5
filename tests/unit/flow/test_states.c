/* SPDX-License-Identifier: Apache-2.0 */
/* Connection states, who the originator is, and byte counts, by scripted packets. */

#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

static struct gad_conn only(const char *script)
{
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, script);
    flush(&tr);
    if (tr.n != 1)
        fail_msg("'%s' gives %zu connections", script, tr.n);
    traffic_deinit(&tr);
    return tr.conns[0];
}

/* Rows of the table of Bro's conn.bro, and paths into its states that are not the plain ones. */
static void every_state_of_the_table_is_reached(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum gad_conn_state state;
    } rows[] = {
        {"S", GAD_CONN_S0},        {"Sa", GAD_CONN_S0}, /* an ACK before SYN+ACK does not count */
        {"Sd", GAD_CONN_OTH},      {"Sr", GAD_CONN_REJ},      {"Sq", GAD_CONN_REJ},
        {"SrR", GAD_CONN_REJ},     {"ShRr", GAD_CONN_REJ}, /* both reset, and no byte passed */
        {"ShADRr", GAD_CONN_RSTR}, {"ShA", GAD_CONN_S1},      {"Sh", GAD_CONN_S1},
        {"ShADdAa", GAD_CONN_S1},  {"ShADdFfA", GAD_CONN_SF}, {"ShADdfFa", GAD_CONN_SF},
        {"ShFfR", GAD_CONN_SF}, /* a RST after both FINs changes nothing */
        {"ShFfr", GAD_CONN_SF},    {"ShADF", GAD_CONN_S2},    {"ShADFa", GAD_CONN_S2},
        {"ShADf", GAD_CONN_S3},    {"ShADfA", GAD_CONN_S3},   {"ShADR", GAD_CONN_RSTO},
        {"ShADr", GAD_CONN_RSTR},  {"ShADFR", GAD_CONN_RSTO}, /* FIN, RST: a reset */
        {"ShADFRf", GAD_CONN_SF},                             /* unless the other side ends too */
        {"ShADFr", GAD_CONN_RSTR}, {"ShADfR", GAD_CONN_RSTO}, {"SR", GAD_CONN_RSTOS0},
        {"SQ", GAD_CONN_RSTOS0},   {"R", GAD_CONN_RSTOS0},    {"DR", GAD_CONN_RSTOS0},
        {"SF", GAD_CONN_SH},       {"SN", GAD_CONN_SH},       {"F", GAD_CONN_SH},
        {"DF", GAD_CONN_SH},       {"hf", GAD_CONN_SHR},      {"Ddf", GAD_CONN_SHR},
        {"hr", GAD_CONN_RSTRH},    {"Dr", GAD_CONN_RSTRH},    {"h", GAD_CONN_OTH},
        {"Dd", GAD_CONN_OTH},      {"DdFf", GAD_CONN_SF},     {"ShADdR", GAD_CONN_RSTO},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gad_conn c = only(rows[i].script);
        if (c.state != rows[i].state)
            fail_msg("'%s' gives state %d, not %d", rows[i].script, c.state, rows[i].state);
    }
}

/* A packet of before that came late. Its SYN is not another connection's, for the numbers fit. */
static void a_syn_after_a_stray_packet_opens(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.seq[0] = 1001;
    play(&tr, "A");
    tr.seq[0] = 1000;
    play(&tr, "ShADdFf");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].state, GAD_CONN_SF);
    assert_int_equal(tr.conns[0].src_bytes, 100);
    traffic_deinit(&tr);
}

/* Their order lost in capture. */
static void a_syn_after_its_answer_is_the_same_connection(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.seq[0] = 1001;
    play(&tr, "h");
    tr.seq[0] = 1000;
    play(&tr, "SADdFf");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].state, GAD_CONN_SF);
    assert_int_equal(tr.conns[0].src_bytes, 100);
    assert_int_equal(tr.conns[0].dst_bytes, 100);
    assert_int_equal(tr.conns[0].tuple.src_port, 1025);
    traffic_deinit(&tr);
}

static bool a_is_originator(const char *script)
{
    struct gad_conn c = only(script);

    assert_true(c.tuple.src_port == 1025 || c.tuple.src_port == 80);
    assert_int_equal(c.tuple.src_port + c.tuple.dst_port, 1025 + 80);
    assert_int_equal(c.tuple.src[3], c.tuple.src_port == 80 ? 2 : 1);
    assert_int_equal(c.tuple.dst[3], c.tuple.src_port == 80 ? 1 : 2);
    return c.tuple.src_port == 1025;
}

static void the_originator_is_who_began(void **state)
{
    (void)state;
    assert_true(a_is_originator("S"));
    assert_false(a_is_originator("s")); /* port 80 or not */
    assert_true(a_is_originator("ShA"));
    assert_true(a_is_originator("h")); /* SYN+ACK first: its receiver */
    assert_false(a_is_originator("H"));
    assert_true(a_is_originator("hA"));
    assert_true(a_is_originator("D"));
    assert_true(a_is_originator("d")); /* its port 80 is below 1024, and port 1025 is not */
    assert_true(a_is_originator("r"));
    assert_true(a_is_originator("fF"));
}

static void assert_bytes(const char *script, uint64_t src, uint64_t dst)
{
    struct gad_conn c = only(script);

    if (c.src_bytes != src || c.dst_bytes != dst)
        fail_msg("'%s' gives %llu, %llu bytes, not %llu, %llu", script,
                 (unsigned long long)c.src_bytes, (unsigned long long)c.dst_bytes,
                 (unsigned long long)src, (unsigned long long)dst);
}

static void bytes_are_counted_by_sequence(void **state)
{
    (void)state;
    assert_bytes("ShA", 0, 0);
    assert_bytes("ShAFf", 0, 0);
    assert_bytes("ShADd", 100, 100);
    assert_bytes("ShADDDdFf", 300, 100);
    assert_bytes("ShADXDdFf", 300, 100); /* lost in the middle */
    assert_bytes("ShADXadFf", 200, 100); /* lost at the end, but acknowledged */
    assert_bytes("ShADX", 100, 0);       /* lost at the end, unnoticed */
    assert_bytes("ShADxxA", 100, 200);
    assert_bytes("DdFf", 100, 100); /* without SYN */
    assert_bytes("aDdFf", 100, 100);
}

static void connections_that_never_were_have_no_bytes(void **state)
{
    (void)state;
    static const char *const scripts[] = {"Sr", "SF", "DF", "DR", "Ddf", "Dr", "D", "Dd", "Sd"};

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
        assert_bytes(scripts[i], 0, 0);
    assert_bytes("ShADR", 100, 0); /* one that was and was reset has them */
    assert_bytes("ShADdr", 100, 100);
}

static void what_comes_twice_counts_once(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShAD");
    tr.seq[0] -= 100;
    play(&tr, "D"); /* the same */
    tr.seq[0] -= 50;
    play(&tr, "D");   /* half of it is new */
    tr.seq[0] -= 151; /* a keep-alive: the byte before the next */
    send(&tr, true, GAD_TCP_ACK, 1);
    tr.seq[0] += 150;
    play(&tr, "Ff");
    tr.seq[0]--;
    play(&tr, "F");
    flush(&tr);
    assert_int_equal(tr.conns[0].src_bytes, 150);
    assert_int_equal(tr.conns[0].dst_bytes, 0);
    assert_int_equal(tr.conns[0].src_packets, 8);
    assert_int_equal(tr.conns[0].dst_packets, 2);
    traffic_deinit(&tr);
}

static void sequence_numbers_may_wrap(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= 500; i += 20) {
        struct traffic tr;
        uint32_t first = UINT32_MAX - 400 + i;
        traffic_init(&tr, NULL);
        tr.seq[0] = first;
        tr.seq[1] = first + 7;
        play(&tr, "ShADdDddFf");
        flush(&tr);
        assert_int_equal(tr.conns[0].src_bytes, 200);
        assert_int_equal(tr.conns[0].dst_bytes, 300);
        traffic_deinit(&tr);
    }
}

static void more_than_4_gib_are_counted(void **state)
{
    (void)state;
    struct traffic tr;
    const uint32_t step = 1 << 30;

    traffic_init(&tr, NULL);
    play(&tr, "ShA");
    for (int i = 0; i < 10; i++) { /* what lies between was not captured */
        tr.seq[0] += step - 100;
        play(&tr, "Da");
    }
    play(&tr, "Ff");
    flush(&tr);
    assert_int_equal(tr.conns[0].src_bytes, (uint64_t)10 * step);
    traffic_deinit(&tr);
}

static void a_wild_number_in_a_reset_is_not_believed(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShADd");
    tr.seq[1] += 2000000;
    play(&tr, "r");
    tr.seq[1] -= 2000000;
    play(&tr, "dADFf");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].state, GAD_CONN_SF);
    assert_int_equal(tr.conns[0].src_bytes, 200);
    assert_int_equal(tr.conns[0].dst_bytes, 200);
    traffic_deinit(&tr);
}

static void text_in_a_reset_is_not_payload(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    play(&tr, "ShADd");
    send(&tr, false, GAD_TCP_RST | GAD_TCP_ACK, 33);
    flush(&tr);
    assert_int_equal(tr.conns[0].dst_bytes, 100);
    traffic_deinit(&tr);
}

static void urgent_and_bad_fragments_are_summed(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.next.wrong_fragments = 2;
    play(&tr, "ShU");
    tr.next.wrong_fragments = 0;
    play(&tr, "uUdFf");
    flush(&tr);
    assert_int_equal(tr.conns[0].urgent, 3);
    assert_int_equal(tr.conns[0].wrong_fragment, 6);
    traffic_deinit(&tr);
}

static void a_land_packet_is_a_connection_with_itself(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    tr.next.tuple = tuple4(GAD_IP_TCP, 0x0a000001, 79, 0x0a000001, 79);
    play(&tr, "S");
    flush(&tr);
    assert_int_equal(tr.n, 1);
    assert_int_equal(tr.conns[0].state, GAD_CONN_S0);
    assert_int_equal(tr.conns[0].tuple.src_port, 79);
    assert_int_equal(tr.conns[0].tuple.dst_port, 79);
    traffic_deinit(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_of_the_table_is_reached),
        cmocka_unit_test(a_syn_after_a_stray_packet_opens),
        cmocka_unit_test(a_syn_after_its_answer_is_the_same_connection),
        cmocka_unit_test(the_originator_is_who_began),
        cmocka_unit_test(bytes_are_counted_by_sequence),
        cmocka_unit_test(connections_that_never_were_have_no_bytes),
        cmocka_unit_test(what_comes_twice_counts_once),
        cmocka_unit_test(sequence_numbers_may_wrap),
        cmocka_unit_test(more_than_4_gib_are_counted),
        cmocka_unit_test(a_wild_number_in_a_reset_is_not_believed),
        cmocka_unit_test(text_in_a_reset_is_not_payload),
        cmocka_unit_test(urgent_and_bad_fragments_are_summed),
        cmocka_unit_test(a_land_packet_is_a_connection_with_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
