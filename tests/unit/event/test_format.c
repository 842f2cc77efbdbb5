/* SPDX-License-Identifier: Apache-2.0 */
/* What all formats have in common: the table, and how much of an event a line of a certain length
 * has. */
#include "lib/event/format.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "tests/unit/event/fixture.h"
#include "tests/unit/test.h"

static const char *const names[] = {"json", "eve",  "ecs",    "ocsf",
                                    "cef",  "leef", "syslog", "journal"};
enum { N_FORMATS = sizeof(names) / sizeof(names[0]) };

static void formats_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FORMATS; i++) {
        const struct gad_format *f = gad_format_find(names[i]);
        assert_ptr_equal(f, gad_format_at(i));
        assert_string_equal(f->name, names[i]);
        assert_true(f->summary[0] != '\0');
        assert_int_equal(f->is_datagram, strcmp(names[i], "journal") == 0);
    }
    assert_null(gad_format_at(N_FORMATS));
    assert_null(gad_format_find("JSON"));
    assert_null(gad_format_find(""));
}

static int write(const char *format, const struct gad_event *e, size_t max, struct gad_buf *b)
{
    const struct gad_format_options o = {.pid = 4242,
                                         .enterprise = FIXTURE_ENTERPRISE,
                                         .facility = 16,
                                         .max = max,
                                         .version = "1.2.3"};
    return gad_format_write(gad_format_find(format), e, &o, b);
}

/* Which detail a line of at most max bytes has; -1: it cannot be so short. */
static int detail_within(const char *format, const struct gad_event *e, size_t max)
{
    struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);
    int detail = -1;

    if (write(format, e, max, &b) == 0) {
        assert_true(b.len <= max);
        for (detail = GAD_DETAIL_ALL; detail <= GAD_DETAIL_LEAST; detail++) {
            size_t len;
            const char *line = fixture_line(format, e, (enum gad_detail)detail, &len);
            if (len == b.len && memcmp(line, b.p, len) == 0)
                break;
        }
        assert_true(detail <= GAD_DETAIL_LEAST);
    }
    gad_buf_deinit(&b);
    return detail;
}

enum { N_DETAILS = GAD_DETAIL_LEAST + 1 };

/* The most detail whose line has at most @max bytes; -1: none. */
static int first(const size_t len[static N_DETAILS], size_t max)
{
    for (int d = 0; d < N_DETAILS; d++)
        if (len[d] <= max)
            return d;
    return -1;
}

/* At each length where a level no longer fits, the next is taken. */
static void a_line_has_as_much_as_its_length_allows(void **state)
{
    (void)state;
    static struct gad_event events[9]; /* too large for a stack frame */

    events[0] = fixture_alert();
    events[1] = fixture_longest_alert();
    events[2] = fixture_stats();
    events[3] = fixture_heartbeat();
    events[4] = fixture_loss();
    events[5] = fixture_model(false);
    events[6] = fixture_model(true);
    events[7] = fixture_incident();
    events[8] = fixture_limit();

    for (size_t i = 0; i < N_FORMATS; i++)
        for (size_t k = 0; k < sizeof(events) / sizeof(events[0]); k++) {
            size_t len[N_DETAILS];
            for (int d = 0; d < N_DETAILS; d++)
                (void)fixture_line(names[i], &events[k], (enum gad_detail)d, &len[d]);
            for (int d = 0; d < N_DETAILS; d++) {
                assert_true(d == 0 || len[d - 1] >= len[d]);
                assert_int_equal(detail_within(names[i], &events[k], len[d]), first(len, len[d]));
                assert_int_equal(detail_within(names[i], &events[k], len[d] - 1),
                                 first(len, len[d] - 1));
            }
        }
}

static void the_longest_alert_fits_every_receiver(void **state)
{
    (void)state;
    static const int detail[N_FORMATS] = {
        GAD_DETAIL_ONE_REASON, GAD_DETAIL_ONE_REASON, GAD_DETAIL_ONE_REASON, GAD_DETAIL_ONE_REASON,
        GAD_DETAIL_ALL,        GAD_DETAIL_ALL,        GAD_DETAIL_ALL,        GAD_DETAIL_ALL};
    const struct gad_event e = fixture_longest_alert();

    for (size_t i = 0; i < N_FORMATS; i++)
        assert_int_equal(detail_within(names[i], &e, FIXTURE_RECEIVER - 1), detail[i]);
}

/* RFC 5426 section 3.2: what IPv6 carries without fragments. ECS and OCSF have too many names for
 * that; the journal needs no datagram of a network. */
static void an_ordinary_alert_fits_a_datagram(void **state)
{
    (void)state;
    static const int lone[N_FORMATS] = {
        GAD_DETAIL_NO_FEATURES, GAD_DETAIL_LEAST, -1, -1, GAD_DETAIL_ALL, GAD_DETAIL_ALL,
        GAD_DETAIL_ALL,         GAD_DETAIL_ALL};
    static const int of_incident[N_FORMATS] = {
        GAD_DETAIL_LEAST, GAD_DETAIL_LEAST, -1, -1, GAD_DETAIL_LEAST,
        GAD_DETAIL_LEAST, GAD_DETAIL_LEAST, -1};
    static struct gad_event e; /* large for the stack */

    e = fixture_alert();
    for (size_t i = 0; i < N_FORMATS; i++)
        assert_int_equal(detail_within(names[i], &e, 1180), lone[i]);
    e = fixture_incident();
    e.alert.incident.bystanders = 0;
    for (size_t i = 0; i < N_FORMATS; i++)
        assert_int_equal(detail_within(names[i], &e, 1180), of_incident[i]);
}

/* As many counters as there can be, with names that JSON makes six times as long: then they are
 * left out. */
static void the_longest_stats_fit_every_receiver(void **state)
{
    (void)state;
    struct gad_event e = fixture_stats();

    e.stats.n = GAD_EVENT_COUNTERS;
    for (size_t i = 0; i < e.stats.n; i++) {
        memset(e.stats.counter[i].name, 1, sizeof(e.stats.counter[i].name) - 1);
        e.stats.counter[i].name[sizeof(e.stats.counter[i].name) - 1] = '\0';
        e.stats.counter[i].value = INT64_MAX;
    }
    for (size_t i = 0; i < N_FORMATS; i++)
        assert_true(detail_within(names[i], &e, FIXTURE_RECEIVER - 1) >= 0);
}

static void what_does_not_fit_leaves_no_trace(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();

    for (size_t i = 0; i < N_FORMATS; i++) {
        struct gad_buf b = GAD_BUF_INIT(600); /* less than any alert takes */
        gad_buf_add(&b, "read", 4);
        gad_buf_add(&b, "kept", 4);
        gad_buf_consume(&b, 4);
        assert_int_equal(write(names[i], &e, 100, &b), GAD_ELIMIT);
        assert_int_equal(write(names[i], &e, FIXTURE_LINE, &b), GAD_ELIMIT);
        assert_false(b.bad);
        assert_int_equal(gad_buf_left(&b), 4);
        assert_memory_equal(b.p + b.pos, "kept", 4);
        gad_buf_deinit(&b);
    }
}

static void lines_stand_one_behind_the_other(void **state)
{
    (void)state;
    const struct gad_event a = fixture_alert(), h = fixture_heartbeat();

    for (size_t i = 0; i < N_FORMATS; i++) {
        struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);
        size_t first, second;
        assert_int_equal(write(names[i], &a, FIXTURE_LINE, &b), 0);
        assert_int_equal(write(names[i], &h, FIXTURE_LINE, &b), 0);
        assert_memory_equal(b.p, fixture_line(names[i], &a, GAD_DETAIL_ALL, &first), first);
        assert_memory_equal(b.p + first, fixture_line(names[i], &h, GAD_DETAIL_ALL, &second),
                            second);
        assert_int_equal(b.len, first + second);
        gad_buf_deinit(&b);
    }
}

static void without_memory_nothing_is_added(void **state)
{
    (void)state;
    const struct gad_event e = fixture_alert();

    for (size_t i = 0; i < N_FORMATS; i++) {
        struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);
        int r = GAD_ELIMIT;
        for (unsigned k = 1; r != 0; k++) {
            assert_true(k < 100 && gad_buf_left(&b) == 0);
            gad_mem_fail_at(k);
            r = write(names[i], &e, FIXTURE_LINE, &b);
            gad_mem_fail_at(0);
            assert_true(r == 0 || r == GAD_ELIMIT);
            if (r != 0)
                gad_buf_deinit(&b);
        }
        gad_buf_deinit(&b);
    }
}

static void an_event_has_one_id_and_a_priority(void **state)
{
    (void)state;
    static struct gad_event alert, loss, heartbeat, stats; /* large for the stack */
    char id[GAD_EVENT_ID_TEXT];

    alert = fixture_alert();
    loss = fixture_loss();
    heartbeat = fixture_heartbeat();
    stats = fixture_stats();
    gad_event_id(&alert, id);
    assert_string_equal(id, "sensor-07-0123456789abcdef-88123");
    gad_event_id(&loss, id);
    assert_string_equal(id, "sensor-07-0000000000000abc-loss-100-199");
    memset(loss.sensor, 's', sizeof(loss.sensor) - 1);
    loss.run = loss.loss.first = loss.loss.last = UINT64_MAX;
    gad_event_id(&loss, id);
    assert_int_equal(strlen(id), GAD_EVENT_NAME - 1 + 1 + 16 + 6 + 20 + 1 + 20); /* whole */
    static const unsigned priority[] = {1, 4, 5};
    for (unsigned s = GAD_SEVERITY_HIGH; s <= GAD_SEVERITY_LOW; s++) {
        alert.alert.severity = s;
        assert_int_equal(gad_event_priority(&alert), priority[s - 1]);
    }
    assert_int_equal(gad_event_priority(&loss), 3);
    loss.loss.unused = true;
    assert_int_equal(gad_event_priority(&loss), 5);
    assert_int_equal(gad_event_priority(&heartbeat), 6);
    assert_int_equal(gad_event_priority(&stats), 6);
}

/* 0 events lost, with the range, and nothing that looks like an alarm. */
static void numbers_that_were_never_used_are_no_loss(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text[3];
    } want[] = {
        {"json",
         {"\"event_type\":\"loss\"",
          "\"lost\":0,\"first_seq\":100,\"last_seq\":199,\"at_most\":false"}},
        {"eve",
         {"\"lost\":0,\"first_seq\":100,\"last_seq\":199", "no event had the numbers 100 to 199"}},
        {"ecs",
         {"\"lost\":0,\"first_seq\":100,\"last_seq\":199", "no event had the numbers 100 to 199"}},
        {"ocsf", {"\"severity_id\":1,", "\"lost\":0,\"first_seq\":100,\"last_seq\":199"}},
        {"cef",
         {"|Numbers were skipped|0|", "ganad_lost=0 ganad_first_seq=100 ganad_last_seq=199"}},
        {"leef", {"^sev=1^", "^n_lost=0^n_first_seq=100^n_last_seq=199"}},
        {"syslog", {"<133>1 ", "lost=\"0\" first_seq=\"100\" last_seq=\"199\""}},
        {"journal", {"PRIORITY=5\n", "GANAD_N_LOST=0\n"}}};
    struct gad_event loss = fixture_loss();

    loss.loss.unused = true;
    loss.loss.at_most = false;
    assert_int_equal(sizeof(want) / sizeof(want[0]), N_FORMATS);
    for (size_t i = 0; i < N_FORMATS; i++)
        for (size_t k = 0; want[i].text[k]; k++) {
            const char *line = fixture_line(want[i].format, &loss, GAD_DETAIL_ALL, NULL);
            if (!strstr(line, want[i].text[k]))
                fail_msg("'%s' is not in %s", want[i].text[k], line);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_were_never_used_are_no_loss),
        cmocka_unit_test(formats_are_found_by_name),
        cmocka_unit_test(a_line_has_as_much_as_its_length_allows),
        cmocka_unit_test(the_longest_alert_fits_every_receiver),
        cmocka_unit_test(an_ordinary_alert_fits_a_datagram),
        cmocka_unit_test(the_longest_stats_fit_every_receiver),
        cmocka_unit_test(what_does_not_fit_leaves_no_trace),
        cmocka_unit_test(lines_stand_one_behind_the_other),
        cmocka_unit_test(without_memory_nothing_is_added),
        cmocka_unit_test(an_event_has_one_id_and_a_priority),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
