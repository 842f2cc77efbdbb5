/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/record_text.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "lib/dataset/dataset.h"
#include "lib/record/notes.h"
#include "tests/unit/test.h"

static struct gad_record example(void)
{
    struct gad_record r = {
        .tuple = {.family = 4,
                  .proto = GAD_IP_TCP,
                  .src_port = 33000,
                  .dst_port = 80,
                  .src = {10, 0, 0, 1},
                  .dst = {10, 0, 0, 2}},
        .start = {1600000000000000001},
        .end = {1600000002500000000},
        .community_id = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    };

    for (int c = 0; c < GAD_N_COLUMNS; c++)
        r.v[c] = gad_columns[c].kind == GAD_KIND_RATE   ? (double)c / 100.0
                 : gad_columns[c].kind == GAD_KIND_NAME ? 1.0
                                                        : c % 2;
    r.v[GAD_SRC_BYTES] = 9007199254740992.0;
    r.v[GAD_SERROR_RATE] = 1.0;
    return r;
}

static const struct gad_time decided = {1600000007500000000};

/* NUL-terminated in the buffer. */
static const char *text_with(struct gad_buf *b, struct gad_record_form form,
                             const struct gad_record *r, const struct gad_record_about *about)
{
    *b = GAD_BUF_INIT(1 << 16);
    gad_record_text(b, &form, r, about);
    gad_buf_add(b, "", 1);
    assert_false(b->bad);
    return (const char *)b->p;
}

static const char *text_of(struct gad_buf *b, struct gad_record_form form,
                           const struct gad_record *r)
{
    const struct gad_record_about about = {.decided = decided};
    return text_with(b, form, r, &about);
}

static void plain_csv_is_a_file_of_kdd99(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_record r = example();
    struct gad_row row;

    const char *text = text_of(&b, (struct gad_record_form){0}, &r);
    assert_int_equal(gad_dataset_open_memory("text", text, strlen(text), NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_memory_equal(row.rec.v, r.v, sizeof(r.v));
    assert_string_equal(row.label, "");
    assert_int_equal(gad_dataset_next(s, &row, NULL), GAD_END);
}

static void a_label_and_the_connection_stand_behind(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = example();
    r.notes = GAD_NOTE_GUESSED | GAD_NOTE_INTERIM | GAD_NOTE_BLIND;
    r.src_packets = 3;
    const char *tail =
        ",normal.,10.0.0.1,33000,10.0.0.2,80,1600000000.000000001,1600000002.500000000,"
        "1600000007.500000000,1:LQU9qZlK+B5F3KDmev6m5PMibrg=,guessed,interim blind,3,0\n";

    const char *text =
        text_of(&b, (struct gad_record_form){false, "normal", true, false, false}, &r);
    assert_true(strlen(text) > strlen(tail));
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void what_is_not_known_is_empty_in_csv(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = {.start = {-1}, .end = {INT64_MIN}};
    const char *tail = ",,,,,-0.000000001,-9223372036.854775808,1600000007.500000000,,,,,\n";

    const char *text = text_of(&b, (struct gad_record_form){.with_connection = true}, &r);
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
}

/* A capture may begin with the epoch. */
static void a_time_of_zero_may_be_known(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0), c = GAD_BUF_INIT(0);
    struct gad_record r = {.v = {0}};
    const struct gad_record_about about = {.times_known = true};
    struct gad_record_form form = {.with_connection = true};

    const char *tail = ",,,,,0.000000000,0.000000000,0.000000000,,known,,,\n";
    const char *text = text_with(&b, form, &r, &about);
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
    form.ndjson = true;
    assert_non_null(
        strstr(text_with(&c, form, &r, &about), "\"decided\":\"1970-01-01T00:00:00.000000Z\""));
}

static void ndjson_has_every_column_under_its_name(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = example();
    json_error_t e;

    const char *text = text_of(&b, (struct gad_record_form){true, "smurf", true, false, false}, &r);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, &e);
    assert_non_null(o);
    assert_int_equal(json_object_size(o), GAD_N_COLUMNS + 1 + 8);
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const json_t *v = json_object_get(o, gad_columns[c].name);
        if (gad_columns[c].kind == GAD_KIND_NAME)
            assert_string_equal(json_string_value(v),
                                gad_name_text((enum gad_column)c, (int)r.v[c]));
        else
            assert_true(json_number_value(v) == r.v[c]);
    }
    assert_string_equal(json_string_value(json_object_get(o, "label")), "smurf");
    assert_string_equal(json_string_value(json_object_get(o, "src_ip")), "10.0.0.1");
    assert_int_equal(json_integer_value(json_object_get(o, "dest_port")), 80);
    assert_string_equal(json_string_value(json_object_get(o, "decided")),
                        "2020-09-13T12:26:47.500000Z");
    assert_string_equal(json_string_value(json_object_get(o, "community_id")), r.community_id);
    assert_null(json_object_get(o, "orient"));
    json_decref(o);
}

static void what_is_not_known_is_not_in_ndjson(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = {.v = {0}};
    json_error_t e;

    r.v[GAD_SERVICE] = GAD_NAME_UNKNOWN;
    json_t *o = json_loads(
        text_of(&b, (struct gad_record_form){.ndjson = true, .with_connection = true}, &r), 0, &e);
    assert_int_equal(json_object_size(o), GAD_N_COLUMNS + 1);
    assert_string_equal(json_string_value(json_object_get(o, "service")), "?");
    json_decref(o);
}

static const struct gad_record_form everything = {
    .label = "normal", .with_connection = true, .with_source = true, .with_score = true};

/* The bits of a score come back; one that is not there is empty or null. */
static void a_score_stands_last(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0), c = GAD_BUF_INIT(0),
                                               j = GAD_BUF_INIT(0);
    struct gad_record r = example();
    struct gad_record_form form = {.with_source = true, .with_score = true};
    struct gad_record_about about = {.source = "lan",
                                     .model = "m",
                                     .is_scored = true,
                                     .score = 0.1f,
                                     .p_value = 1e-7f,
                                     .is_anomalous = true};
    json_error_t e;

    const char *text = text_with(&b, form, &r, &about);
    assert_non_null(strstr(text, ",lan,m,0.100000001,1.00000001e-07,1\n"));
    about.is_scored = false;
    assert_non_null(strstr(text_with(&c, form, &r, &about), ",lan,m,,,\n"));
    form.ndjson = true;
    json_t *o = json_loads(text_with(&j, form, &r, &about), 0, &e);
    assert_int_equal(json_object_size(o), GAD_N_COLUMNS + 5);
    assert_true(json_is_null(json_object_get(o, "score")));
    assert_true(json_is_null(json_object_get(o, "anomalous")));
    json_decref(o);
    gad_buf_deinit(&j);
    about.is_scored = true;
    o = json_loads(text_with(&j, form, &r, &about), 0, &e);
    assert_true((float)json_real_value(json_object_get(o, "score")) == 0.1f);
    assert_true(json_is_true(json_object_get(o, "anomalous")));
    assert_string_equal(json_string_value(json_object_get(o, "source")), "lan");
    json_decref(o);
}

static int count(const char *s, char c)
{
    int n = 0;
    for (; *s; s++)
        n += *s == c;
    return n;
}

/* The head has as many names as a line has fields, and with it a reader takes the lines. */
static void with_the_head_it_is_a_file_for_readers(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(1 << 16);
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_record r = example(), nothing = {.v = {0}};
    const struct gad_record_about about = {.decided = decided, .source = "lan", .model = "m"};
    struct gad_row row;

    gad_record_text_head(&b, &everything);
    gad_record_text(&b, &everything, &r, &about);
    gad_record_text(&b, &everything, &nothing, &(struct gad_record_about){.source = NULL});
    assert_int_equal(gad_dataset_open_memory("text", b.p, b.len, NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_memory_equal(row.rec.v, r.v, sizeof(r.v));
    assert_string_equal(row.label, "normal");
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), GAD_END);
    gad_buf_add(&b, "", 1);
    assert_int_equal(count((const char *)b.p, ','), 3 * (GAD_N_COLUMNS + 17));
}

/* Names are the operator's, and values may come from a table of anybody's. */
static void a_line_is_one_line_whatever_it_holds(void **state)
{
    (void)state;
    static const char *const names[] = {"a,b", "a\nb", "\"", "\\", "\x01\x7f", "\xff\xc3", "", " "};
    static const double values[] = {
        (double)NAN, (double)INFINITY, -(double)INFINITY, -1.0, 1e300, 0.123456789, 5e-324};
    struct gad_record_form form = everything;
    json_error_t e;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
            gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0), c = GAD_BUF_INIT(0);
            struct gad_record r = example();
            const struct gad_record_about about = {.source = names[i],
                                                   .model = names[i],
                                                   .is_scored = true,
                                                   .score = (float)values[k],
                                                   .p_value = (float)values[k]};
            for (int v = 0; v < GAD_N_COLUMNS; v++)
                r.v[v] = values[k];
            form.ndjson = false;
            const char *text = text_with(&b, form, &r, &about);
            assert_int_equal(count(text, ','), GAD_N_COLUMNS + 17);
            assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
            form.ndjson = true;
            text = text_with(&c, form, &r, &about);
            assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
            json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, &e);
            assert_non_null(o);
            assert_int_equal(json_is_null(json_object_get(o, "src_bytes")), k < 5);
            json_decref(o);
        }
}

/* RFC 8259 section 8.1: JSON is UTF-8, so that a name in any language stands as it is. */
static void valid_utf8_stays_in_ndjson(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = example();
    const struct gad_record_about about = {.source = "m\xc3\xa4rz\xf0\x9f\x98\x80\xff\xc3"};
    struct gad_record_form form = everything;
    json_error_t e;

    form.ndjson = true;
    json_t *o = json_loads(text_with(&b, form, &r, &about), JSON_REJECT_DUPLICATES, &e);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "source")),
                        "m\xc3\xa4rz\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(o);
}

static void the_longest_line_fits(void **state)
{
    (void)state;
    struct gad_record_form form = everything;
    char name[65];

    memset(name, '\x01', 64); /* six bytes each in JSON */
    name[64] = '\0';
    for (int ndjson = 0; ndjson < 2; ndjson++) {
        gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
        struct gad_record r = example();
        const struct gad_record_about about = {{INT64_MIN}, true,    name,   name,
                                               true,        -1e-38f, 1e-38f, true};
        for (int c = 0; c < GAD_N_COLUMNS; c++)
            if (gad_columns[c].kind != GAD_KIND_NAME)
                r.v[c] =
                    gad_columns[c].kind == GAD_KIND_RATE ? 1.0 / 3.0 + 1e-10 : gad_columns[c].max;
        memset(r.tuple.src, 0xff, 16);
        memset(r.tuple.dst, 0xff, 16);
        r.tuple.family = 6;
        form.ndjson = ndjson;
        assert_true(strlen(text_with(&b, form, &r, &about)) <= GAD_RECORD_LINE_MAX);
    }
}

static void labels_are_words(void **state)
{
    (void)state;
    static const char *const good[] = {"normal", "x", "a-b_C9", "1234567890123456789012345678901"};
    static const char *const bad[] = {"",   "a b", "a,b",
                                      "a.", "a\n", "12345678901234567890123456789012"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(gad_record_text_is_label(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(gad_record_text_is_label(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_csv_is_a_file_of_kdd99),
        cmocka_unit_test(a_label_and_the_connection_stand_behind),
        cmocka_unit_test(what_is_not_known_is_empty_in_csv),
        cmocka_unit_test(a_time_of_zero_may_be_known),
        cmocka_unit_test(ndjson_has_every_column_under_its_name),
        cmocka_unit_test(what_is_not_known_is_not_in_ndjson),
        cmocka_unit_test(a_score_stands_last),
        cmocka_unit_test(with_the_head_it_is_a_file_for_readers),
        cmocka_unit_test(a_line_is_one_line_whatever_it_holds),
        cmocka_unit_test(valid_utf8_stays_in_ndjson),
        cmocka_unit_test(the_longest_line_fits),
        cmocka_unit_test(labels_are_words),
    };
    return cmocka_run_group_tests_name("record_text", tests, NULL, NULL);
}
