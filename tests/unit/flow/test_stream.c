/* SPDX-License-Identifier: Apache-2.0 */
/* What an inspector is given: bytes once and in order, holes as gaps, within limits. */

#include <string.h>

#include "lib/base/rng.h"
#include "lib/flow/stream.h"
#include "tests/unit/flow/fake_inspect.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

struct stream {
    struct gad_stream_memory m;
    struct gad_stream *s;
};

static struct stream stream_new(size_t max, uint64_t bytes)
{
    struct stream st = {.m.max = max};

    fake = (struct fake_inspections){0};
    st.s = gad_stream_new(&st.m, GAD_APP_TEXT, bytes);
    return st;
}

static void stream_free(struct stream *st)
{
    gad_stream_free(st->s, &st->m);
    assert_int_equal(st->m.used, 0);
    assert_int_equal(fake.alive, 0);
}

/* Letters from..to of the alphabet, of the originator. */
static void give(struct stream *st, char from, char to, uint64_t acked)
{
    uint32_t len = (uint32_t)(to - from + 1);

    gad_stream_data(st->s, &st->m, 0, from - 'a' + 1, (const uint8_t *)letters + (from - 'a'), len,
                    len, acked);
}

static void order_is_made(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);

    give(&st, 'a', 'c', 0);
    give(&st, 'g', 'i', 0);
    give(&st, 'm', 'o', 0);
    assert_string_equal(fake.text, "oabc");
    give(&st, 'j', 'l', 0);
    give(&st, 'd', 'f', 0);
    assert_string_equal(fake.text, "oabcdefghijklmno");
    stream_free(&st);
}

static void nothing_comes_twice(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);

    give(&st, 'a', 'f', 0);
    give(&st, 'a', 'f', 0);
    give(&st, 'c', 'h', 0); /* overlaps */
    give(&st, 'k', 'p', 0); /* held, */
    give(&st, 'k', 'p', 0); /* twice, */
    give(&st, 'm', 'r', 0); /* and overlapped */
    give(&st, 'g', 'l', 0);
    assert_string_equal(fake.text, "oabcdefghijklmnopqr");
    give(&st, 'a', 'z', 0);
    assert_string_equal(fake.text, "oabcdefghijklmnopqrstuvwxyz");
    stream_free(&st);
}

static void a_hole_is_a_gap_when_its_end_is_acknowledged(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);

    give(&st, 'a', 'c', 0);
    give(&st, 'g', 'i', 0);
    gad_stream_acked(st.s, &st.m, 0, 6); /* up to e: f is still to come */
    assert_string_equal(fake.text, "oabc");
    gad_stream_acked(st.s, &st.m, 0, 7);
    assert_string_equal(fake.text, "oabc<3>ghi");
    give(&st, 'd', 'f', 0);  /* too late */
    give(&st, 'm', 'o', 13); /* acknowledged before it was seen */
    assert_string_equal(fake.text, "oabc<3>ghi<3>mno");
    assert_int_equal(st.m.gaps, 2);
    assert_int_equal(st.m.gap_bytes, 6);
    stream_free(&st);
}

static void the_end_lets_go_what_is_held(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);

    give(&st, 'c', 'd', 0);
    give(&st, 'g', 'h', 0);
    gad_stream_finish(st.s, &st.m);
    assert_string_equal(fake.text, "o<2>cd<2>gh");
    stream_free(&st);
}

static void what_was_not_captured_is_a_gap(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);

    gad_stream_data(st.s, &st.m, 0, 1, (const uint8_t *)"abc", 3, 10, 0);
    gad_stream_data(st.s, &st.m, 1, 1, NULL, 0, 4, 0);
    gad_stream_data(st.s, &st.m, 0, 11, (const uint8_t *)"xyz", 3, 3, 0);
    assert_string_equal(fake.text, "oabc<7>r<4>oxyz");
    stream_free(&st);
}

static void too_much_to_hold_gives_up_the_hole(void **state)
{
    (void)state;
    struct stream st = stream_new(FAKE_LEN + 300, 1000);

    give(&st, 'c', 'd', 0); /* each costs 24 bytes of bookkeeping besides */
    for (char at = 'e'; at < 'y' && !*fake.text; at = (char)(at + 2))
        give(&st, at, (char)(at + 1), 0);
    assert_int_equal(strncmp(fake.text, "o<2>cdefgh", 10), 0);
    assert_true(st.m.used <= st.m.max);
    stream_free(&st);
}

static void one_stream_holds_no_more_than_its_share(void **state)
{
    (void)state;
    struct stream st = stream_new(10 << 20, 10 << 20);
    static const uint8_t zeros[1000];

    for (int64_t at = 2; !st.m.gaps; at += 1000) {
        gad_stream_data(st.s, &st.m, 0, at, zeros, 1000, 1000, 0);
        assert_true(st.m.used < GAD_STREAM_HELD_MAX + 2 * FAKE_LEN);
        assert_true(at < 2 * GAD_STREAM_HELD_MAX);
    }
    stream_free(&st);
}

static void segments_of_another_world_are_ignored(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);

    gad_stream_data(st.s, &st.m, 0, GAD_STREAM_AHEAD_MAX + 2, (const uint8_t *)"x", 1, 1, 0);
    assert_true(st.m.used < FAKE_LEN + 200);
    gad_stream_data(st.s, &st.m, 0, INT64_C(-4000000000), (const uint8_t *)"x", 1, 1, 0);
    gad_stream_data(st.s, &st.m, 0, 0, (const uint8_t *)"?a", 2, 2, 0); /* in place of the SYN */
    gad_stream_finish(st.s, &st.m);
    assert_string_equal(fake.text, "oa");
    stream_free(&st);
}

static void looking_ends_at_its_limit(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 5);
    struct gad_content c;

    give(&st, 'a', 'c', 0);
    give(&st, 'd', 'h', 0);
    give(&st, 'i', 'k', 0);
    assert_string_equal(fake.text, "oabcde");
    assert_int_equal(st.m.cut, 1);
    assert_int_equal(fake.alive, 0);
    gad_stream_result(st.s, &c);
    assert_int_equal(c.hot, 5);
    stream_free(&st);
}

static void an_inspector_that_has_seen_enough_goes(void **state)
{
    (void)state;
    struct stream st = stream_new(100000, 1000);
    struct gad_content c;

    fake.enough = 3;
    give(&st, 'g', 'k', 0); /* held, and given back */
    give(&st, 'a', 'c', 0);
    assert_int_equal(fake.alive, 0);
    give(&st, 'd', 'f', 0);
    assert_string_equal(fake.text, "oabc");
    gad_stream_result(st.s, &c);
    assert_int_equal(c.hot, 3);
    stream_free(&st);
}

static void memory_is_refused_beyond_its_budget(void **state)
{
    (void)state;
    struct stream st = stream_new(FAKE_LEN, 1000);

    assert_null(st.s);
    assert_int_equal(st.m.used, 0);
    stream_free(&st);
}

/* Segments in any order, cut and repeated in any way, give the text once, if nothing is missing. */
static void any_order_gives_the_text(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(1, 2);

    for (int round = 0; round < 2000; round++) {
        struct stream st = stream_new(100000, 1000);
        for (int i = 0; i < 12; i++) {
            char from = (char)('a' + gad_rng_below(&rng, 26));
            char to = (char)(from + (char)gad_rng_below(&rng, (uint32_t)('z' - from + 1)));
            give(&st, from, to, 0);
        }
        give(&st, 'a', 'm', 0);
        give(&st, 'n', 'z', 0);
        assert_string_equal(fake.text, "oabcdefghijklmnopqrstuvwxyz");
        stream_free(&st);
    }
}

static void begin_traffic(struct traffic *tr, uint16_t src_port, uint16_t dst_port)
{
    tr->next.tuple.src_port = src_port;
    tr->next.tuple.dst_port = dst_port;
    tr->seq[0] = UINT32_MAX - 5; /* wraps within */
    tr->seq[1] = 5;
}

static void say(struct traffic *tr, bool from_a, const char *text)
{
    tr->next.data = (const uint8_t *)text;
    send(tr, from_a, GAD_TCP_ACK, (uint32_t)strlen(text));
    tr->next.data = NULL;
}

static void a_connection_is_read_to_its_end(void **state)
{
    (void)state;
    struct traffic tr;

    fake = (struct fake_inspections){.logged_in = 1};
    traffic_init(&tr, NULL);
    begin_traffic(&tr, 1025, 80);
    play(&tr, "ShA");
    assert_int_equal(fake.alive, 0); /* not before there is something to read */
    say(&tr, true, "get it");
    tr.seq[0] += 4;
    say(&tr, true, "now");
    say(&tr, false, "here");
    assert_string_equal(fake.text, "oget it<4>nowrhere");
    play(&tr, "Ff");
    flush(&tr);
    assert_int_equal(tr.conns[0].content.hot, 13);
    assert_int_equal(tr.conns[0].content.logged_in, 1);
    assert_int_equal(fake.alive, 0);
    traffic_deinit(&tr);
}

static void services_and_peers_that_do_not_answer_cost_nothing(void **state)
{
    (void)state;
    struct traffic tr;

    fake = (struct fake_inspections){0};
    traffic_init(&tr, NULL);
    begin_traffic(&tr, 1025, 443);
    play(&tr, "ShA");
    say(&tr, true, "secret");
    begin_traffic(&tr, 1026, 80);
    play(&tr, "S");
    say(&tr, true, "data");
    begin_traffic(&tr, 1027, 80);
    say(&tr, true, "data");
    assert_int_equal(gad_flow_table_counters(tr.t).inspected, 0);
    assert_int_equal(gad_flow_table_counters(tr.t).inspect_memory, 0);
    traffic_deinit(&tr);
}

static void what_was_no_connection_has_no_content(void **state)
{
    (void)state;
    struct traffic tr;

    fake = (struct fake_inspections){.logged_in = 1};
    traffic_init(&tr, NULL);
    begin_traffic(&tr, 1025, 80);
    play(&tr, "Aa");
    say(&tr, true, "from the middle of something");
    assert_int_equal(fake.alive, 1);
    flush(&tr);
    assert_int_equal(tr.conns[0].state, GAD_CONN_OTH);
    assert_int_equal(tr.conns[0].content.hot, 0);
    assert_int_equal(fake.alive, 0);
    traffic_deinit(&tr);
}

static void a_table_that_goes_takes_its_inspectors_along(void **state)
{
    (void)state;
    struct traffic tr;

    fake = (struct fake_inspections){0};
    traffic_init(&tr, NULL);
    begin_traffic(&tr, 1025, 80);
    play(&tr, "ShA");
    say(&tr, true, "text");
    assert_int_equal(fake.alive, 1);
    traffic_deinit(&tr);
    assert_int_equal(fake.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_made),
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(a_hole_is_a_gap_when_its_end_is_acknowledged),
        cmocka_unit_test(the_end_lets_go_what_is_held),
        cmocka_unit_test(what_was_not_captured_is_a_gap),
        cmocka_unit_test(too_much_to_hold_gives_up_the_hole),
        cmocka_unit_test(one_stream_holds_no_more_than_its_share),
        cmocka_unit_test(segments_of_another_world_are_ignored),
        cmocka_unit_test(looking_ends_at_its_limit),
        cmocka_unit_test(an_inspector_that_has_seen_enough_goes),
        cmocka_unit_test(memory_is_refused_beyond_its_budget),
        cmocka_unit_test(any_order_gives_the_text),
        cmocka_unit_test(a_connection_is_read_to_its_end),
        cmocka_unit_test(services_and_peers_that_do_not_answer_cost_nothing),
        cmocka_unit_test(what_was_no_connection_has_no_content),
        cmocka_unit_test(a_table_that_goes_takes_its_inspectors_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
