/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/format.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/rng.h"
#include "lib/event/event.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

enum { LINE = 16 << 10 };

static json_t *parsed(struct gad_buf *b, size_t flags)
{
    json_error_t e;
    assert_false(b->bad);
    json_t *j = json_loadb((const char *)b->p, b->len, flags | JSON_REJECT_DUPLICATES, &e);
    if (!j)
        fail_msg("%s in %.*s", e.text, (int)b->len, (const char *)b->p);
    return j;
}

static json_t *round_trip(const char *s, size_t len)
{
    struct gad_buf b = GAD_BUF_INIT(LINE);
    gad_json_string(&b, s, len);
    json_t *j = parsed(&b, JSON_DECODE_ANY | JSON_ALLOW_NUL);
    for (size_t i = 0; i < b.len; i++)
        assert_true(b.p[i] >= 0x20); /* so that a line stays a line */
    gad_buf_deinit(&b);
    return j;
}

static void every_byte_survives_quoting(void **state)
{
    (void)state;
    for (int c = 0; c < 0x80; c++) {
        char s[3] = {'a', (char)c, 'b'};
        json_t *j = round_trip(s, 3);
        assert_int_equal(json_string_length(j), 3);
        assert_memory_equal(json_string_value(j), s, 3);
        json_decref(j);
    }
}

static void utf8_is_kept_and_anything_else_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\x80z", "a\xef\xbf\xbdz"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* a surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* above 10FFFF */
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *j = round_trip(rows[i].in, strlen(rows[i].in));
        assert_string_equal(json_string_value(j), rows[i].out);
        json_decref(j);
    }
}

static void random_bytes_never_break_the_line(void **state)
{
    (void)state;
    struct gad_rng r = gad_rng_init(7, 0);
    char s[64];

    for (int i = 0; i < 100000; i++) {
        size_t len = gad_rng_below(&r, sizeof(s));
        for (size_t k = 0; k < len; k++)
            s[k] = (char)gad_rng_below(&r, 256);
        json_decref(round_trip(s, len));
    }
}

static double number_back(double v, int digits)
{
    struct gad_buf b = GAD_BUF_INIT(LINE);
    gad_json_real(&b, v, digits);
    json_t *j = parsed(&b, JSON_DECODE_ANY);
    double back = json_number_value(j);
    json_decref(j);
    gad_buf_deinit(&b);
    return back;
}

static void numbers_come_back_as_the_same_float(void **state)
{
    (void)state;
    struct gad_rng r = gad_rng_init(8, 0);

    for (int i = 0; i < 100000; i++) {
        uint32_t bits = (uint32_t)gad_rng_u64(&r);
        float v;
        memcpy(&v, &bits, sizeof(v));
        if (isfinite(v))
            assert_true((float)number_back((double)v, 9) == v);
    }
    for (int i = 0; i <= 100; i++)
        assert_true((float)number_back((double)((float)i / 100), 9) == (float)i / 100);
}

static void numbers_are_short(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {1, "1"},
        {511, "511"},
        {4294967295.0, "4294967295"},
        {0.1, "0.1"},
        {(double)0.98f, "0.98"},
        {0.05, "0.05"},
        {1e15, "1e+15"},
        {-0.5, "-0.5"},
        {1234.567, "1234.57"},
        {0.0004, "0.0004"},
        {999999999999999.0, "999999999999999"},
        {(double)NAN, "null"},
        {(double)INFINITY, "null"},
        {DBL_MAX, "1.79769e+308"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gad_buf b = GAD_BUF_INIT(LINE);
        gad_json_real(&b, rows[i].v, 6);
        gad_buf_add(&b, "", 1);
        assert_string_equal((char *)b.p, rows[i].text);
        gad_buf_deinit(&b);
    }
}

static struct gad_record some_record(void)
{
    struct gad_record r = {
        .tuple = {4, 6, 51873, 80, {192, 0, 2, 44}, {198, 51, 100, 7}},
        .start = {INT64_C(1795442708901000000)},
        .end = {INT64_C(1795442709123456789)},
        .community_id = "1:wCb3OG7yAFWelaUydu0D+125CLM=",
    };
    r.v[GAD_PROTOCOL_TYPE] = gad_name_number(GAD_PROTOCOL_TYPE, "tcp", 3);
    r.v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, "http", 4);
    r.v[GAD_FLAG] = GAD_NAME_UNKNOWN;
    r.v[GAD_SRC_BYTES] = 4294967295.0;
    r.v[GAD_SERROR_RATE] = (double)0.98f;
    return r;
}

static struct gad_event some_alert(const struct gad_record *r, const struct gad_reason *top,
                                   size_t n)
{
    struct gad_event e = {.kind = GAD_EVENT_ALERT,
                          .sensor = "sensor-07",
                          .run = 0x0123456789abcdefu,
                          .seq = 88123,
                          .time = {INT64_C(1795442709123456789)}};

    e.alert = (struct gad_alert){.record = *r,
                                 .model = "kdd99-egbad",
                                 .model_sha256 = "9f2c",
                                 .score = 12.41f,
                                 .threshold = 7.92f,
                                 .p_value = 0.0004,
                                 .fpr_budget = 0.001,
                                 .risk = 68,
                                 .severity = 3,
                                 .n_top = n,
                                 .count = 1,
                                 .first = {INT64_C(1795442709123456789)},
                                 .last = {INT64_C(1795442709123456789)}};
    if (n > 0)
        memcpy(e.alert.top, top, n * sizeof(*top));
    return e;
}

static void write_json(const struct gad_event *e, struct gad_buf *b)
{
    const struct gad_format_options o = {.max = LINE};
    assert_int_equal(gad_format_write(&gad_format_json, e, &o, b), 0);
}

static const char *text_of(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    assert_non_null(s);
    return s;
}

static void an_alert_says_what_the_manual_promises(void **state)
{
    (void)state;
    const struct gad_record r = some_record();
    const struct gad_reason top[] = {{GAD_SERROR_RATE, 0.98, 0.0213, 0.41},
                                     {GAD_SERVICE, r.v[GAD_SERVICE], 1, 0.2}};
    const struct gad_event a = some_alert(&r, top, 2);
    struct gad_buf b = GAD_BUF_INIT(LINE);

    write_json(&a, &b);
    json_t *j = parsed(&b, 0);
    assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
    assert_string_equal(text_of(j, "event_type"), "alert");
    assert_string_equal(text_of(j, "timestamp"), "2026-11-23T14:05:09.123456Z");
    assert_string_equal(text_of(j, "host"), "sensor-07");
    assert_string_equal(text_of(j, "event_id"), "sensor-07-0123456789abcdef-88123");
    assert_int_equal(json_integer_value(json_object_get(j, "seq")), 88123);
    assert_int_equal(json_integer_value(json_object_get(j, "risk")), 68);
    assert_int_equal(json_integer_value(json_object_get(j, "severity")), 3);
    assert_true((float)json_number_value(json_object_get(j, "score")) == 12.41f);
    assert_true((float)json_number_value(json_object_get(j, "threshold")) == 7.92f);
    assert_true(json_number_value(json_object_get(j, "p_value")) == 0.0004);
    assert_true(json_number_value(json_object_get(j, "fpr_budget")) == 0.001);
    assert_string_equal(text_of(j, "model"), "kdd99-egbad");
    assert_string_equal(text_of(j, "model_sha256"), "9f2c");
    assert_string_equal(text_of(j, "src_ip"), "192.0.2.44");
    assert_string_equal(text_of(j, "dest_ip"), "198.51.100.7");
    assert_int_equal(json_integer_value(json_object_get(j, "src_port")), 51873);
    assert_int_equal(json_integer_value(json_object_get(j, "dest_port")), 80);
    assert_string_equal(text_of(j, "proto"), "TCP");
    assert_string_equal(text_of(j, "community_id"), r.community_id);
    assert_string_equal(text_of(json_object_get(j, "flow"), "start"),
                        "2026-11-23T14:05:08.901000Z");
    assert_string_equal(text_of(json_object_get(j, "flow"), "end"), "2026-11-23T14:05:09.123456Z");

    const json_t *t = json_array_get(json_object_get(j, "top_features"), 0);
    assert_string_equal(text_of(t, "name"), "serror_rate");
    assert_true(json_number_value(json_object_get(t, "value")) == 0.98);
    assert_true(json_number_value(json_object_get(t, "expected")) == 0.0213);
    assert_true(json_number_value(json_object_get(t, "share")) == 0.41);
    t = json_array_get(json_object_get(j, "top_features"), 1);
    assert_string_equal(text_of(t, "value"), "http");

    const json_t *f = json_object_get(j, "features");
    assert_int_equal(json_object_size(f), GAD_N_COLUMNS);
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const json_t *v = json_object_get(f, gad_columns[c].name);
        if (gad_columns[c].kind == GAD_KIND_NAME)
            assert_string_equal(json_string_value(v),
                                gad_name_text((enum gad_column)c, (int)r.v[c]));
        else
            assert_true((float)json_number_value(v) == (float)r.v[c]);
    }
    json_decref(j);
    gad_buf_deinit(&b);
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    const struct gad_record r = {0};
    struct gad_event a = some_alert(&r, NULL, 0);
    struct gad_buf b = GAD_BUF_INIT(LINE);
    static const char *const absent[] = {"src_ip",       "dest_ip", "src_port",   "proto",
                                         "community_id", "hint",    "fpr_budget", "incident",
                                         "client",       "pcap_cnt"};

    a.alert.fpr_budget = 0;
    write_json(&a, &b);
    json_t *j = parsed(&b, 0);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_null(json_object_get(j, absent[i]));
    assert_int_equal(json_array_size(json_object_get(j, "top_features")), 0);
    json_decref(j);
    gad_buf_deinit(&b);
}

/* No alert is longer than the 8 KiB that every receiver of syslog over TLS should take. */
static void the_longest_alert_fits(void **state)
{
    (void)state;
    struct gad_record r = some_record();
    struct gad_reason top[GAD_N_COLUMNS];
    struct gad_buf b = GAD_BUF_INIT(LINE);
    char name[65], hex[65];

    memset(name, 'x', 64);
    memset(hex, 'f', 64);
    name[64] = hex[64] = '\0';
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        bool is_name = gad_columns[c].kind == GAD_KIND_NAME;
        r.v[c] = is_name ? 2 : -1.2345678e-300;
        top[c] = (struct gad_reason){c, r.v[c], r.v[c], -1.2345678e-300};
    }
    memset(r.tuple.src, 0xff, 16);
    memset(r.tuple.dst, 0xff, 16);
    r.tuple.family = 6;
    struct gad_event a = some_alert(&r, top, GAD_N_COLUMNS);
    memcpy(a.sensor, name, sizeof(name));
    memcpy(a.alert.model, name, sizeof(name));
    memcpy(a.alert.source, name, sizeof(name));
    memcpy(a.alert.interface, name, sizeof(name));
    memcpy(a.alert.model_sha256, hex, sizeof(hex));
    a.seq = INT64_MAX;
    a.alert.score = a.alert.threshold = -FLT_MIN;
    write_json(&a, &b);
    assert_false(b.bad);
    assert_true(b.len < 8192);
    json_decref(parsed(&b, 0));
    gad_buf_deinit(&b);
}

static void protocols_have_the_names_of_eve(void **state)
{
    (void)state;
    static const struct {
        uint8_t proto;
        const char *text;
    } rows[] = {{6, "TCP"}, {17, "UDP"}, {1, "ICMP"}, {58, "IPv6-ICMP"}, {132, "132"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gad_record r = some_record();
        struct gad_buf b = GAD_BUF_INIT(LINE);
        r.tuple.proto = rows[i].proto;
        r.tuple.family = 6;
        const struct gad_event a = some_alert(&r, NULL, 0);
        write_json(&a, &b);
        json_t *j = parsed(&b, 0);
        assert_string_equal(text_of(j, "proto"), rows[i].text);
        assert_string_equal(text_of(j, "src_ip"), "c000:22c::");
        json_decref(j);
        gad_buf_deinit(&b);
    }
}

static void risk_grows_with_rarity(void **state)
{
    (void)state;
    assert_int_equal(gad_alert_risk(1.0, 99999), 0);
    assert_int_equal(gad_alert_risk(0.1, 99999), 20);
    assert_int_equal(gad_alert_risk(0.001, 99999), 60);
    assert_int_equal(gad_alert_risk(1e-5, 99999), 100);
    assert_int_equal(gad_alert_risk(1e-9, 99999), 100);
    assert_int_equal(gad_alert_risk(0.5, 0), 0);
    assert_int_equal(gad_alert_risk((double)NAN, 99999), 0);
    assert_int_equal(gad_alert_severity(100), 1);
    assert_int_equal(gad_alert_severity(90), 1);
    assert_int_equal(gad_alert_severity(89), 2);
    assert_int_equal(gad_alert_severity(70), 2);
    assert_int_equal(gad_alert_severity(69), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_survives_quoting),
        cmocka_unit_test(utf8_is_kept_and_anything_else_replaced),
        cmocka_unit_test(random_bytes_never_break_the_line),
        cmocka_unit_test(numbers_come_back_as_the_same_float),
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(an_alert_says_what_the_manual_promises),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(the_longest_alert_fits),
        cmocka_unit_test(protocols_have_the_names_of_eve),
        cmocka_unit_test(risk_grows_with_rarity),
    };
    return cmocka_run_group_tests_name("format_json", tests, NULL, NULL);
}
