/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/record_text.h"

#include <jansson.h>
#include <string.h>

#include "lib/dataset/dataset.h"
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
static const char *text_of(struct gad_buf *b, record_text_fn *fn, struct record_text how,
                           const struct gad_record *r)
{
    *b = GAD_BUF_INIT(1 << 16);
    fn(b, &how, decided, r);
    gad_buf_add(b, "", 1);
    assert_false(b->bad);
    return (const char *)b->p;
}

static void plain_csv_is_a_file_of_kdd99(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_record r = example();
    struct gad_row row;

    const char *text = text_of(&b, record_text_csv, (struct record_text){0}, &r);
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
    const char *tail =
        ",normal.,10.0.0.1,33000,10.0.0.2,80,1600000000.000000001,1600000002.500000000,"
        "1600000007.500000000,1:LQU9qZlK+B5F3KDmev6m5PMibrg=\n";

    const char *text = text_of(&b, record_text_csv, (struct record_text){"normal", true}, &r);
    assert_true(strlen(text) > strlen(tail));
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void what_is_not_known_is_empty_in_csv(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = {.start = {-1}, .end = {INT64_MIN}};
    const char *tail = ",,0,,0,-0.000000001,-9223372036.854775808,1600000007.500000000,\n";

    const char *text = text_of(&b, record_text_csv, (struct record_text){NULL, true}, &r);
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
}

static void ndjson_has_every_column_under_its_name(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = example();
    json_error_t e;

    const char *text = text_of(&b, record_text_ndjson, (struct record_text){"smurf", true}, &r);
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
    json_decref(o);
}

static void what_is_not_known_is_not_in_ndjson(void **state)
{
    (void)state;
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(0);
    struct gad_record r = {.v = {0}};
    json_error_t e;

    r.v[GAD_SERVICE] = GAD_NAME_UNKNOWN;
    json_t *o =
        json_loads(text_of(&b, record_text_ndjson, (struct record_text){NULL, true}, &r), 0, &e);
    assert_int_equal(json_object_size(o), GAD_N_COLUMNS + 3);
    assert_string_equal(json_string_value(json_object_get(o, "service")), "?");
    json_decref(o);
}

static void labels_are_words(void **state)
{
    (void)state;
    static const char *const good[] = {"normal", "x", "a-b_C9", "1234567890123456789012345678901"};
    static const char *const bad[] = {"",   "a b", "a,b",
                                      "a.", "a\n", "12345678901234567890123456789012"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(record_text_is_label(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(record_text_is_label(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_csv_is_a_file_of_kdd99),
        cmocka_unit_test(a_label_and_the_connection_stand_behind),
        cmocka_unit_test(what_is_not_known_is_empty_in_csv),
        cmocka_unit_test(ndjson_has_every_column_under_its_name),
        cmocka_unit_test(what_is_not_known_is_not_in_ndjson),
        cmocka_unit_test(labels_are_words),
    };
    return cmocka_run_group_tests_name("record_text", tests, NULL, NULL);
}
