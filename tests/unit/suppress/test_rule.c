/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/suppress/rule.h"

#include <math.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

static const struct gad_time now = {INT64_C(1795442709123456789)};

static void write_again(const struct gad_rule *r, char text[static GAD_RULE_TEXT + 1])
{
    struct gad_buf b = GAD_BUF_INIT(GAD_RULE_TEXT);

    gad_rule_write(r, &b);
    assert_false(b.bad);
    memcpy(text, b.p, b.len);
    text[b.len] = '\0';
    gad_buf_deinit(&b);
}

static struct gad_rule parsed(const char *text)
{
    struct gad_rule r;
    struct gad_diag d = {""};

    if (gad_rule_parse(text, strlen(text), now, &r, &d) != 0)
        fail_msg("%s: %s", text, d.text);
    return r;
}

static void a_rule_comes_back_as_it_was_written(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"src=192.0.2.0/24", "src=192.0.2.0/24"},
        {"  dport=80   proto=tcp ", "dport=80 proto=tcp"},
        {"dst=192.0.2.7", "dst=192.0.2.7/32"},
        {"host=2001:db8::/32 sport=1-65535", "host=2001:db8::/32 sport=1-65535"},
        {"proto=58 src=::1", "src=::1/128 proto=58"},
        {"proto=icmp", "proto=icmp"},
        {"src=0.0.0.0/0", "src=0.0.0.0/0"},
        {"service=http score<12.5 model=kdd99-egbad", "service=http model=kdd99-egbad score<12.5"},
        {"score<-1e-3", "score<-0.001"},
        {"dport=0 comment=\"a \\\"b\\\" \\\\ c\"", "dport=0 comment=\"a \\\"b\\\" \\\\ c\""},
        {"dport=5 comment=word", "dport=5 comment=\"word\""},
        {"dport=5 expires=2026-12-01T00:00:00Z", "dport=5 expires=2026-12-01T00:00:00Z"},
        {"dport=5 expires=+2h", "dport=5 expires=2026-11-23T16:05:09Z"},
        {"dport=5 expires=+7d", "dport=5 expires=2026-11-30T14:05:09Z"},
        {"dport=5 expires=2026-12-01T01:30:00.7+01:30", "dport=5 expires=2026-12-01T00:00:00Z"},
        {"dport=5 comment=\"f\u00fcr \u65e5\u672c\"", "dport=5 comment=\"f\u00fcr \u65e5\u672c\""},
        {"dport=5 expires=+90min", "dport=5 expires=2026-11-23T15:35:09Z"},
    };
    char text[GAD_RULE_TEXT + 1];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct gad_rule r = parsed(rows[i].in);
        write_again(&r, text);
        assert_string_equal(text, rows[i].out);
        const struct gad_rule back = parsed(text);
        assert_true(gad_rule_same(&r, &back));
        assert_true(r.expires.ns == back.expires.ns);
        assert_string_equal(r.comment, back.comment);
    }
}

static void what_is_no_rule_is_refused_by_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "no condition"},
        {"comment=\"x\"", "no condition"},
        {"expires=+2h", "no condition"},
        {"src=192.0.2.1/24", "field 'src': '192.0.2.1/24': must be a network"},
        {"src=192.0.2.0/33", "field 'src'"},
        {"src=192.0.2.0/", "field 'src'"},
        {"dst=example.org", "field 'dst'"},
        {"host=2001:db8::1/64", "field 'host'"},
        {"dport=90-80", "field 'dport': '90-80': must be a port or a range"},
        {"dport=65536", "field 'dport'"},
        {"sport=-1", "field 'sport'"},
        {"proto=256", "field 'proto'"},
        {"service=htttp", "field 'service'"},
        {"model=\"a b\"", "field 'model'"},
        {"score<x", "field 'score'"},
        {"score<nan", "field 'score'"},
        {"score=5", "field 'score': must be written score<N"},
        {"dport<5", "field 'dport': needs a '='"},
        {"dprt=5", "field 'dprt': not known; did you mean 'dport'?"},
        {"dport=5 dport=6", "field 'dport': given twice"},
        {"dport=5 expires=2026-12-01", "field 'expires'"},
        {"dport=5 expires=2026-02-31T00:00:00Z", "field 'expires'"},
        {"dport=5 expires=\"2026-12- 1T00:00:00Z\"", "field 'expires'"},
        {"dport=5 expires=1970-01-01T00:00:00Z", "field 'expires'"},
        {"dport=5 comment=\"\xff\xfe\"", "field 'comment'"},
        {"dport=5 comment=\"a\xe2\x80\"", "field 'comment'"},
        {"dport=5 comment=\"\xc2\x9b\"", "field 'comment'"},
        {"dport=5 expires=+0h", "field 'expires'"},
        {"dport=5 expires=+99999999999999999999h", "field 'expires'"},
        {"dport=5 expires=+4000d", "field 'expires'"},
        {"dport=5 comment=\"open", "field 'comment': no closing quote"},
        {"dport=5 comment=\"a\"b", "field 'comment': trailing data after its value"},
        {"dport=5 comment=\"a\tb\"", "field 'comment'"},
        {"dport=", "field 'dport': is empty"},
        {"80", "'80': neither KEY=VALUE nor score<N"},
        {"=5", "'=5': neither"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gad_rule r;
        struct gad_diag d = {""};
        assert_true(gad_rule_parse(rows[i].text, strlen(rows[i].text), now, &r, &d) < 0);
        if (!strstr(d.text, rows[i].why))
            fail_msg("%s: '%s' is not in '%s'", rows[i].text, rows[i].why, d.text);
    }
}

static struct gad_record some_record(void)
{
    struct gad_record r = {.tuple = {4, GAD_IP_TCP, 51873, 80, {192, 0, 2, 44}, {198, 51, 100, 7}}};

    r.v[GAD_SERVICE] = 1;
    return r;
}

static void each_condition_counts(void **state)
{
    (void)state;
    const struct gad_record r = some_record();
    char http[64] = "service=";
    strncat(http, gad_name_text(GAD_SERVICE, 1), 40);
    const struct {
        const char *text;
        bool meets;
    } rows[] = {
        {"src=192.0.2.0/24", true},
        {"src=192.0.3.0/24", false},
        {"src=192.0.2.44/31", true},
        {"src=192.0.2.46/31", false},
        {"src=0.0.0.0/0", true},
        {"src=::/0", false},
        {"dst=198.51.100.7", true},
        {"dst=192.0.2.44", false},
        {"host=192.0.2.44", true},
        {"host=198.51.100.0/24", true},
        {"host=203.0.113.0/24", false},
        {"dport=80", true},
        {"dport=79-81", true},
        {"dport=81-90", false},
        {"sport=51873", true},
        {"proto=tcp", true},
        {"proto=udp", false},
        {http, true},
        {"service=telnet", false},
        {"model=m", true},
        {"model=n", false},
        {"score<5.5", true},
        {"score<5", false},
        {"src=192.0.2.0/24 dport=81", false},
        {"src=192.0.2.0/24 dport=80", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct gad_rule rule = parsed(rows[i].text);
        if (gad_rule_meets(&rule, &r, "m", 5.0f) != rows[i].meets)
            fail_msg("%s: expected %d", rows[i].text, rows[i].meets);
    }
}

static void what_is_not_known_meets_nothing(void **state)
{
    (void)state;
    struct gad_record r = {0};
    r.v[GAD_SERVICE] = GAD_NAME_UNKNOWN;
    static const char *const rules[] = {"src=0.0.0.0/0", "host=::/0", "dport=0",
                                        "sport=0-65535", "proto=0",   "service=telnet"};

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct gad_rule rule = parsed(rules[i]);
        assert_false(gad_rule_meets(&rule, &r, "m", 5.0f));
    }
    const struct gad_rule by_score = parsed("score<6");
    assert_true(gad_rule_meets(&by_score, &r, "m", 5.0f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_comes_back_as_it_was_written),
        cmocka_unit_test(what_is_no_rule_is_refused_by_its_field),
        cmocka_unit_test(each_condition_counts),
        cmocka_unit_test(what_is_not_known_meets_nothing),
    };
    return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
