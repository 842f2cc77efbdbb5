/* SPDX-License-Identifier: Apache-2.0 */
/* Which connections have an inspector, and what happens to its result. */

#include <string.h>

#include "tests/unit/flow/fake_inspect.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

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
    assert_int_equal(gad_flow_table_counters(tr.t).inspect_memory, 0); /* nothing to read yet */
    say(&tr, true, "get it");
    tr.seq[0] += 4;
    say(&tr, true, "now");
    say(&tr, false, "here");
    assert_string_equal(fake.text, "oget it<4>nowrhere");
    play(&tr, "Ff");
    flush(&tr);
    assert_int_equal(tr.conns[0].content.hot, 13);
    assert_int_equal(tr.conns[0].content.logged_in, 1);
    assert_int_equal(gad_flow_table_counters(tr.t).inspect_memory, 0);
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
    assert_true(gad_flow_table_counters(tr.t).inspect_memory > 0);
    flush(&tr);
    assert_int_equal(tr.conns[0].state, GAD_CONN_OTH);
    assert_int_equal(tr.conns[0].content.hot, 0);
    assert_int_equal(gad_flow_table_counters(tr.t).inspect_memory, 0);
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
    assert_true(gad_flow_table_counters(tr.t).inspect_memory > 0);
    traffic_deinit(&tr); /* a sanitizer finds what stays */
}

/* Control session, then data; the session open or ended, which names no data; logged in or not;
 * other hosts. */
static void ftp_data_is_logged_in_as_its_session_is(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        bool logged_in = i & 1, over = i & 2, others = i & 4;
        struct traffic tr;
        fake = (struct fake_inspections){.logged_in = logged_in};
        traffic_init(&tr, NULL);
        begin_traffic(&tr, 1025, 21);
        play(&tr, "ShA");
        say(&tr, true, "user");
        if (over) {
            play(&tr, "FfA,,,,,,");
            wait_until(&tr, tr.next.time.ns);
        }
        tr.next.tuple.dst[0] = others ? 77 : 10;
        tr.next.tuple.src_port = 1030;
        tr.next.tuple.dst_port = 20;
        play(&tr, "sHafFa"); /* the server begins, from port 20 */
        fake.logged_in = logged_in;
        flush(&tr);
        const struct gad_conn *c = &tr.conns[tr.n - 1];
        for (size_t k = 0; k < tr.n; k++)
            if (tr.conns[k].tuple.src_port == 20)
                c = &tr.conns[k];
        assert_int_equal(c->tuple.src_port, 20);
        assert_int_equal(c->content.logged_in, logged_in && !others && !over);
        traffic_deinit(&tr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_read_to_its_end),
        cmocka_unit_test(services_and_peers_that_do_not_answer_cost_nothing),
        cmocka_unit_test(what_was_no_connection_has_no_content),
        cmocka_unit_test(a_table_that_goes_takes_its_inspectors_along),
        cmocka_unit_test(ftp_data_is_logged_in_as_its_session_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
