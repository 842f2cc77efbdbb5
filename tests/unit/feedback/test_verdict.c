/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feedback/verdict.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/flow/conn.h"
#include "tests/unit/test.h"

#define SECOND INT64_C(1000000000)
#define AT     (INT64_C(1795442709) * SECOND)

/* An alert of an incident of nature probe, ten seconds long. */
static struct gad_event *alert(void)
{
    static struct gad_event e; /* too large for a stack */
    struct gad_alert *a = &e.alert;

    memset(&e, 0, sizeof(e));
    e.kind = GAD_EVENT_ALERT;
    memcpy(e.sensor, "edge", 5);
    e.run = 7;
    e.seq = 12;
    a->record.tuple = (struct gad_tuple){4, GAD_IP_TCP, 4711, 80, {10, 0, 0, 1}, {10, 0, 0, 2}};
    a->record.v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, "http", 4);
    a->record.v[GAD_FLAG] = GAD_FLAG_S0;
    a->record.v[GAD_SERROR_RATE] = 0.25;
    a->incident = (struct gad_incident){.number = 3,
                                        .nature = GAD_NATURE_PROBE,
                                        .first = {AT},
                                        .last = {AT + 10 * SECOND},
                                        .sources = {.n = 1},
                                        .targets = {.n = 1},
                                        .ports = {.n = 1}};
    memcpy(a->model, "m", 2);
    a->score = 1.5F;
    return &e;
}

static struct gad_verdict verdict(const struct gad_event *e)
{
    struct gad_verdict v;

    gad_verdict_of(e, &v);
    v.by = (struct gad_verdict_mark){.id = 1, .time = {AT}, .who = "alice", .uid = 1000};
    return v;
}

/* Writes and reads it. */
static void parses_back(const struct gad_verdict *v, const char *line)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_VERDICT_LINE_MAX), again = GAD_BUF_INIT(b.max);
    struct gad_diag d = {""};
    struct gad_verdict back;
    uint64_t of = 9;

    gad_verdict_write(v, &b);
    assert_false(b.bad);
    if (gad_verdict_parse((char *)b.p, b.len - 1, &back, &of, &d) != 0)
        fail_msg("%s", d.text);
    assert_int_equal(of, 0);
    gad_verdict_write(&back, &again);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.p, b.p, b.len);
    if (line) {
        assert_int_equal(b.len, strlen(line));
        assert_memory_equal(b.p, line, b.len);
    }
    gad_buf_deinit(&b);
    gad_buf_deinit(&again);
}

static void a_line_has_all_facts(void **state)
{
    (void)state;
    struct gad_verdict v = verdict(alert());

    memcpy(v.comment, "it's=\"so\"", 10);
    parses_back(
        &v, "verdict\tid=1\ttime=2026-11-23T14:05:09.000000Z\twho=alice\tuid=1000\t"
            "event=edge-0000000000000007-12\tincident=edge-0000000000000007-i3\tis=false\t"
            "first=2026-11-23T14:05:09.000000Z\tlast=2026-11-23T14:05:19.000000Z\tsrc=10.0.0.1\t"
            "dst=10.0.0.2\tport=80\tproto=6\tservice=\tnature=probe\tmodel=m\tscore=1.5\t"
            "comment=it's=\"so\"\t"
            "features=0,tcp,http,S0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0.25,0.00,0.00,0.00,"
            "0.00,0.00,0.00,0,0,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00\n");
}

static void what_the_records_do_not_share_is_empty(void **state)
{
    (void)state;
    struct gad_event *e = alert();

    e->alert.incident.sources.n = 40;
    e->alert.incident.ports.n = 2;
    struct gad_verdict v = verdict(e);
    assert_true(!v.has_src && v.has_dst && v.port == 0 && v.service == GAD_NAME_UNKNOWN);
    parses_back(&v, NULL);
    e->alert.incident.targets.n = 2;
    v = verdict(e);
    assert_true(!v.has_src && !v.has_dst && v.family == 0);
    parses_back(&v, NULL);
    e->alert.incident = (struct gad_incident){0}; /* an alert of its own */
    e->alert.first = e->alert.last = (struct gad_time){AT};
    v = verdict(e);
    assert_true(v.has_src && v.has_dst && v.port == 80 && v.service >= 0 && !*v.incident);
    assert_int_equal(v.nature, GAD_NATURE_PROBE);
    e->alert.record.notes = GAD_NOTE_INTERIM;
    v = verdict(e);
    assert_int_equal(v.nature, GAD_NATURE_NONE);
    e->alert.record.tuple = (struct gad_tuple){.family = 6, .proto = 58, .src = {0x20, 1}};
    v = verdict(e);
    parses_back(&v, NULL);
    v.has_features = false;
    parses_back(&v, NULL);
}

/* Replaces the first @from of a good line; it must be refused, with @why in the message. */
static void refuses(const char *from, const char *to, const char *why)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_VERDICT_LINE_MAX);
    struct gad_diag d = {""};
    struct gad_verdict back;
    char line[2 * GAD_VERDICT_LINE_MAX];
    uint64_t of;

    const struct gad_verdict v = verdict(alert());
    gad_verdict_write(&v, &b);
    b.p[b.len - 1] = '\0';
    const char *at = strstr((char *)b.p, from);
    assert_non_null(at);
    int len = snprintf(line, sizeof(line), "%.*s%s%s", (int)(at - (char *)b.p), (char *)b.p, to,
                       at + strlen(from));
    gad_buf_deinit(&b);
    assert_int_not_equal(gad_verdict_parse(line, (size_t)len, &back, &of, &d), 0);
    if (!strstr(d.text, why))
        fail_msg("'%s' in place of '%s': %s", to, from, d.text);
}

static void a_damaged_field_is_named(void **state)
{
    (void)state;
    refuses("verdict\t", "verdicts\t", "begins with neither");
    refuses("id=1", "id=0", "ids begin at 1");
    refuses("id=1", "id=01", "field 'id'");
    refuses("time=2026", "time=1926", "field 'time'");
    refuses("09.000000Z", "09Z", "with microseconds");
    refuses("who=alice", "who=a\x01", "not printable");
    refuses("who=alice", "who=alice\tuid=0\tevent=x", "expected the field 'incident'");
    refuses("uid=1000", "uid=4294967296", "field 'uid'");
    refuses("is=false", "is=maybe", "true or false");
    refuses("last=2026-11-23T14:05:19", "last=2026-11-23T14:05:08", "before 'first'");
    refuses("src=10.0.0.1", "src=10.0.0.01", "field 'src'");
    refuses("dst=10.0.0.2", "dst=2001:db8::1", "another family");
    refuses("port=80", "port=65536", "field 'port'");
    refuses("port=80", "port=0", "field 'port'");
    refuses("service=", "service=htttp", "no service");
    refuses("nature=probe", "nature=probes", "no nature");
    refuses("score=1.5", "score=inf", "not a finite");
    refuses("score=1.5", "score=1.50", "as ganadd writes it");
    refuses("features=0,", "features=x,", "41 features");
    refuses("features=0,", "features=", "41 features");
    refuses("0.25,0.00", "0.250,0.00", "written");
    refuses("\tcomment=", "\tcomment=a\tfeatures=\tundo", "more than the fields");
    refuses("\tcomment=", "", "expected the field 'comment'");
}

static void comments_are_bounded_and_printable(void **state)
{
    (void)state;
    char long_one[GAD_VERDICT_COMMENT + 1];

    memset(long_one, 'x', sizeof(long_one));
    long_one[GAD_VERDICT_COMMENT] = '\0';
    assert_int_equal(gad_verdict_check_comment(long_one, NULL), GAD_ELIMIT);
    long_one[GAD_VERDICT_COMMENT - 1] = '\0';
    assert_int_equal(gad_verdict_check_comment(long_one, NULL), 0);
    assert_int_equal(gad_verdict_check_comment("für \"alle\" \\", NULL), 0);
    static const char *const bad[] = {"a\nb", "a\tb", "\x1b[31m", "\xff", "\xc2\x85"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(gad_verdict_check_comment(bad[i], NULL), GAD_EINVAL);
}

static bool meets(const struct gad_verdict *v, const struct gad_record *r, int64_t second)
{
    return gad_verdict_meets(v, r, true, (struct gad_time){AT + second * SECOND});
}

static void a_verdict_meets_the_records_of_its_incident(void **state)
{
    (void)state;
    struct gad_event *e = alert();
    struct gad_verdict v = verdict(e);
    struct gad_record r = e->alert.record, other = r;

    assert_true(meets(&v, &r, 0) && meets(&v, &r, 10) && meets(&v, &r, -2) && meets(&v, &r, 12));
    assert_false(meets(&v, &r, -3) || meets(&v, &r, 13));
    other.tuple.src[3] = 9;
    assert_false(meets(&v, &other, 5));
    v.has_src = false;
    assert_true(meets(&v, &other, 5));
    other.tuple.dst[3] = 9;
    assert_false(meets(&v, &other, 5));
    other = r;
    other.tuple.dst_port = 81;
    assert_false(meets(&v, &other, 5));
    other = r;
    other.v[GAD_DST_BYTES] = 5; /* an answer: traffic */
    other.v[GAD_FLAG] = GAD_FLAG_SF;
    other.v[GAD_SRC_BYTES] = 5;
    assert_false(meets(&v, &other, 5));
    v.nature = GAD_NATURE_NONE;
    assert_true(meets(&v, &other, 5));
    v.service = gad_name_number(GAD_SERVICE, "ssh", 3);
    assert_false(meets(&v, &other, 5));
}

static void records_without_addresses_or_time_are_compared_by_what_they_have(void **state)
{
    (void)state;
    struct gad_event *e = alert();
    struct gad_verdict v = verdict(e);
    struct gad_record r = e->alert.record;

    r.tuple = (struct gad_tuple){0};
    assert_true(meets(&v, &r, 5));
    assert_false(meets(&v, &r, 50));
    assert_true(gad_verdict_meets(&v, &r, false, (struct gad_time){0}));
    r.v[GAD_COUNT] = 1;
    assert_false(gad_verdict_meets(&v, &r, false, (struct gad_time){0}));
    r.v[GAD_COUNT] = 0;
    v.has_features = false;
    assert_false(gad_verdict_meets(&v, &r, false, (struct gad_time){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_all_facts),
        cmocka_unit_test(what_the_records_do_not_share_is_empty),
        cmocka_unit_test(a_damaged_field_is_named),
        cmocka_unit_test(comments_are_bounded_and_printable),
        cmocka_unit_test(a_verdict_meets_the_records_of_its_incident),
        cmocka_unit_test(records_without_addresses_or_time_are_compared_by_what_they_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
