/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/connection.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/record_text.h"
#include "lib/record/notes.h"
#include "tests/unit/test.h"

static const struct gad_record_form form = {.with_connection = true};

static struct gad_record example(uint8_t family, int protocol)
{
    struct gad_record r = {
        .tuple = {.family = family,
                  .proto = (const uint8_t[]){GAD_IP_TCP, GAD_IP_UDP, GAD_IP_ICMP}[protocol],
                  .src_port = 33000,
                  .dst_port = 80,
                  .src = {0x20, 1, 0xd, 0xb8},
                  .dst = {192, 0, 2, 2}},
        .start = {1600000000000000001},
        .end = {-2500000000},
        .community_id = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    };

    if (family == 6)
        r.tuple.src[15] = r.tuple.dst[15] = 7;
    r.notes = family == 6 ? GAD_NOTE_GUESSED | GAD_NOTE_CUT : protocol == 1 ? GAD_NOTE_BLIND : 0;
    r.src_packets = protocol == 2 ? 0 : UINT32_MAX;
    r.dst_packets = protocol == 0 ? 0 : 12;
    if (family == 6 && protocol == 2)
        r.tuple.proto = GAD_IP_ICMP6;
    r.v[GAD_PROTOCOL_TYPE] = protocol;
    return r;
}

/* Reads a head and lines; the last row. */
static void read_text(const void *p, size_t len, bool with_connection, struct gad_row *row,
                      struct gad_dataset_stats *ret)
{
    const struct gad_dataset_options opt = {.with_connection = with_connection};
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_diag d = {""};
    int r;

    assert_int_equal(gad_dataset_open_memory("f", p, len, &opt, &s, &d), 0);
    while ((r = gad_dataset_next(s, row, &d)) == 0)
        ;
    if (r != GAD_END)
        fail_msg("%s", d.text);
    *ret = *gad_dataset_stats(s);
}

static void same_connection(const struct gad_record *a, const struct gad_record *b)
{
    assert_memory_equal(&a->tuple, &b->tuple, sizeof(a->tuple));
    assert_int_equal(a->start.ns, b->start.ns);
    assert_int_equal(a->end.ns, b->end.ns);
    assert_string_equal(a->community_id, b->community_id);
    assert_int_equal(a->notes, b->notes);
    assert_int_equal(a->src_packets, b->src_packets);
    assert_int_equal(a->dst_packets, b->dst_packets);
}

static void what_extract_writes_comes_back(void **state)
{
    (void)state;
    const struct gad_record_about about = {.decided = {5}};

    for (uint8_t family = 4; family <= 6; family += 2)
        for (int protocol = 0; protocol < 3; protocol++) {
            gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(1 << 16);
            const struct gad_record r = example(family, protocol), none = {.tuple = {.family = 0}};
            struct gad_dataset_stats st;
            struct gad_row row;

            gad_record_text_head(&b, &form);
            gad_record_text(&b, &form, &r, &about);
            read_text(b.p, b.len, true, &row, &st);
            assert_int_equal(st.bad_connections, 0);
            same_connection(&row.rec, &r);
            read_text(b.p, b.len, false, &row, &st); /* who did not ask for it gets none */
            same_connection(&row.rec, &none);
            gad_record_text(&b, &form, &none, &about); /* all empty, behind a row that had it */
            read_text(b.p, b.len, true, &row, &st);
            assert_int_equal(st.bad_connections, 0);
            same_connection(&row.rec, &none);
        }
}

/* The columns @names hold @values: what becomes of them, in one text, with a '!' if something
 * was left out. */
static const char *read_as(const char *names, const char *values)
{
    static char text[1024];
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(1 << 16);
    const struct gad_record r = example(0, 0);
    struct gad_dataset_stats st;
    struct gad_row row;

    gad_record_text_head(&b, &(struct gad_record_form){.ndjson = false});
    b.len--;
    gad_buf_printf(&b, ",%s\n", names);
    gad_record_text(&b, &(struct gad_record_form){.ndjson = false}, &r,
                    &(struct gad_record_about){.decided = {0}});
    b.len--;
    gad_buf_printf(&b, ",%s\r\n", values);
    read_text(b.p, b.len, true, &row, &st);
    const struct gad_tuple *t = &row.rec.tuple;
    (void)snprintf(text, sizeof(text), "%s%u/%u %u.%u %u:%u %lld-%lld %s",
                   st.bad_connections ? "!" : "", t->family, t->proto, t->src[0], t->dst[0],
                   t->src_port, t->dst_port, (long long)row.rec.start.ns, (long long)row.rec.end.ns,
                   row.rec.community_id);
    return text;
}

static void columns_may_be_few_and_in_any_order(void **state)
{
    (void)state;
    const char *nothing = "0/0 0.0 0:0 0-0 ";

    assert_string_equal(read_as("x,dest_ip,src_ip", "7,10.0.0.1,9.0.0.1"), "4/6 9.10 0:0 0-0 ");
    assert_string_equal(read_as("end", "2"), "0/0 0.0 0:0 0-2000000000 ");
    assert_string_equal(read_as("community_id,score", "1:abc=,x"), "0/0 0.0 0:0 0-0 1:abc=");
    assert_string_equal(read_as("ip,port", "10.0.0.1,80"), nothing);
    assert_string_equal(read_as("src_ip,dest_ip", ","), nothing);
}

static void a_value_that_is_none_is_left_out_and_counted(void **state)
{
    (void)state;
    static const char names[] = "src_ip,src_port,dest_ip,dest_port,start,end,community_id";
    static const struct {
        const char *values, *want;
    } cases[] = {
        {"9.0.0.1,1,10.0.0.1,65535,1,2,1:a", "4/6 9.10 1:65535 1000000000-2000000000 1:a"},
        {"9.0.0.256,1,10.0.0.1,2,1,2,1:a", "!0/0 0.0 0:0 1000000000-2000000000 1:a"},
        {"9.0.0.1,1,::1,2,1,2,1:a", "!0/0 0.0 0:0 1000000000-2000000000 1:a"},
        {"9.0.0.1,1,,2,1,2,1:a", "!0/0 0.0 0:0 1000000000-2000000000 1:a"},
        {"9.0.0.1,65536,10.0.0.1,-2,1,2,1:a", "!4/6 9.10 0:0 1000000000-2000000000 1:a"},
        {"9.0.0.1,1,10.0.0.1,2,2026-01-01,2,1:a", "!4/6 9.10 1:2 0-2000000000 1:a"},
        {"9.0.0.1,1,10.0.0.1,2,1,2,1:a\"", "!4/6 9.10 1:2 1000000000-2000000000 "},
        {"9.0.0.1,1,10.0.0.1,2,1,2,0123456789012345678901234567890",
         "4/6 9.10 1:2 1000000000-2000000000 0123456789012345678901234567890"},
        {"9.0.0.1,1,10.0.0.1,2,1,2,01234567890123456789012345678901",
         "!4/6 9.10 1:2 1000000000-2000000000 "},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa,1,::1,2,1,2,",
         "!0/0 0.0 0:0 1000000000-2000000000 "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(read_as(names, cases[i].values), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_extract_writes_comes_back),
        cmocka_unit_test(columns_may_be_few_and_in_any_order),
        cmocka_unit_test(a_value_that_is_none_is_left_out_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
