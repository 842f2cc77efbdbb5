/* SPDX-License-Identifier: Apache-2.0 */
/* Compares proto/PROTOCOL.md with the code, so that client authors can rely on it. */

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ingest/decode.h"
#include "daemon/score/job.h"
#include "lib/base/buf.h"
#include "lib/record/column.h"
#include "lib/record/record.h"
#include "lib/wire/frame.h"
#include "lib/wire/socket.h"
#include "proto/ganad.pb-c.h"
#include "tests/unit/test.h"

enum { DOC_MAX = 1 << 18, WORD = 64 };

static char doc[DOC_MAX];

static int read_doc(const char *path)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(doc, 1, sizeof(doc) - 1, f) : 0;

    if (f)
        (void)fclose(f);
    doc[n] = '\0';
    return n > 0 && n < sizeof(doc) - 1 ? 0 : -1;
}

/* The text inside the fence that starts with this line; *ret_end is where it ends. */
static const char *fenced(const char *head, const char **ret_end)
{
    char fence[WORD];

    (void)snprintf(fence, sizeof(fence), "\n```%s\n", head);
    const char *p = strstr(doc, fence);
    assert_non_null(p);
    p += strlen(fence);
    *ret_end = strstr(p, "\n```");
    assert_non_null(*ret_end);
    return p;
}

/* Returns the next word before end; false: there are no more words. */
static bool next_word(const char **p, const char *end, char word[static WORD])
{
    size_t n = 0;

    while (*p < end && isspace((unsigned char)**p))
        (*p)++;
    for (; *p < end && !isspace((unsigned char)**p); (*p)++) {
        assert_true(n + 1 < WORD);
        word[n++] = **p;
    }
    word[n] = '\0';
    return n > 0;
}

static void assert_list(const char *head, const char *const *names, size_t n)
{
    char number[WORD], name[WORD], want[WORD];
    const char *end, *p = fenced(head, &end);

    for (size_t i = 0; i < n; i++) {
        assert_true(next_word(&p, end, number));
        assert_true(next_word(&p, end, name));
        (void)snprintf(want, sizeof(want), "%zu", i);
        assert_string_equal(number, want);
        assert_string_equal(name, names[i]);
    }
    assert_false(next_word(&p, end, number));
}

static void the_lists_of_names_are_those_of_the_code(void **state)
{
    (void)state;
    const char *number[GAD_N_COLUMNS];
    size_t n_numbers = 0, n_names = 0;

    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        char head[WORD];
        if (gad_columns[c].kind != GAD_KIND_NAME) {
            number[n_numbers++] = gad_columns[c].name;
            continue;
        }
        n_names++;
        (void)snprintf(head, sizeof(head), "names %s", gad_columns[c].name);
        assert_list(head, gad_columns[c].names, gad_columns[c].n_names);
        assert_true(gad_columns[c].n_names <= 255); /* 255 is "in no list" */
    }
    assert_int_equal(n_numbers, 38);
    assert_int_equal(n_names, 3);
    assert_list("names number", number, n_numbers);
}

/* The column's range, once: "NAME 0..MAX whole". */
static void assert_range(enum gad_column c)
{
    const struct gad_column_info *info = &gad_columns[c];
    char name[WORD], range[WORD], kind[WORD], want[WORD];
    const char *end, *p = fenced("ranges", &end);
    int found = 0;

    (void)snprintf(want, sizeof(want), "0..%.0f", info->max);
    while (next_word(&p, end, name)) {
        assert_true(next_word(&p, end, range) && next_word(&p, end, kind));
        if (strcmp(name, info->name) != 0)
            continue;
        assert_string_equal(range, want);
        assert_string_equal(kind, info->kind == GAD_KIND_RATE ? "real" : "whole");
        found++;
    }
    assert_int_equal(found, info->kind != GAD_KIND_NAME);
}

static int check_of(enum gad_column c, double v)
{
    struct gad_record r = {0};
    r.v[c] = v;
    return gad_record_check(&r);
}

static void the_ranges_are_those_that_are_held(void **state)
{
    (void)state;
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *info = &gad_columns[c];
        assert_range(c);
        if (info->kind == GAD_KIND_NAME)
            continue;
        assert_int_equal(check_of(c, 0), -1);
        assert_int_equal(check_of(c, info->max), -1);
        assert_int_equal(check_of(c, nextafter(info->max, (double)INFINITY)), c);
        assert_int_equal(check_of(c, info->max + 2), c);
        assert_int_equal(check_of(c, -1), c);
        assert_int_equal(check_of(c, (double)NAN), c);
        assert_int_equal(check_of(c, (double)INFINITY), c);
        assert_int_equal(check_of(c, 0.5), info->kind == GAD_KIND_RATE ? -1 : (int)c);
    }
}

/* "1,048,576" */
static const char *grouped(size_t n, char text[static WORD])
{
    char digits[WORD];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%zu", n), at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

static void assert_says(const char *before, size_t n, const char *behind)
{
    char number[WORD], want[256];

    (void)snprintf(want, sizeof(want), "%s%s%s", before, grouped(n, number), behind);
    if (!strstr(doc, want))
        fail_msg("no '%s' in the document", want);
}

/* Of a PackedRequest with n records and the longest id and model that there may be. */
static size_t packed_size(size_t n)
{
    char model[CONFIG_NAME_MAX + 1];
    static uint8_t names[JOB_RECORDS_MAX];
    static float number[JOB_RECORDS_MAX * 38];
    Ganad__V1__ScoreOptions opt;
    Ganad__V1__PackedRequest m = GANAD__V1__PACKED_REQUEST__INIT;

    memset(model, 'm', CONFIG_NAME_MAX);
    model[CONFIG_NAME_MAX] = '\0';
    ganad__v1__score_options__init(&opt);
    opt.model = model;
    opt.top = 1;
    opt.no_alert = true;
    m.id = UINT64_MAX;
    m.options = &opt;
    m.n = (uint32_t)n;
    m.protocol_type = m.service = m.flag = (ProtobufCBinaryData){n, names};
    m.n_number = n * 38;
    m.number = number;
    return protobuf_c_message_get_packed_size(&m.base);
}

static void the_limits_of_a_request_are_those_of_the_code(void **state)
{
    (void)state;
    const size_t packed_max = 1 << 20, most = 6764;

    assert_says("| records of a request | ", JOB_RECORDS_MAX, " | `BAD_MESSAGE` |");
    assert_says("the reasons of an answer | ", JOB_REASONS_MAX, " | `BAD_MESSAGE` |");
    assert_says("| `options.top` | ", GAD_N_COLUMNS, " | `BAD_MESSAGE` |");
    assert_says("| bytes of a `ScoreRequest` | ", SCORE_FRAME_MAX, " | `BAD_FRAME` |");
    assert_says("`packed_frame_max`, ", packed_max, "; at most 16,777,216 |");
    assert_says("`client_memory`, ", 4 << 20, " |");
    assert_says("A packed record takes ", packed_size(5001) - packed_size(5000), " bytes: ");
    assert_true(packed_size(most) <= packed_max && packed_size(most + 1) > packed_max);
    assert_says(" bytes: ", most, " of them fit");
    assert_true(packed_size(JOB_RECORDS_MAX) <= 1300 << 10);
    assert_says(", and 8,192 need ", 1300, " KiB");
}

static void the_fields_of_a_connection_have_these_limits(void **state)
{
    (void)state;
    char row[256];

    (void)snprintf(row, sizeof(row), "| `src_port`, `dst_port` | 0 .. %d | 0 |", UINT16_MAX);
    assert_non_null(strstr(doc, row));
    (void)snprintf(row, sizeof(row), "| `ip_proto` | 0 .. %d | 0 |", UINT8_MAX);
    assert_non_null(strstr(doc, row));
    (void)snprintf(row, sizeof(row), "| `community_id` | at most %d letters",
                   GAD_COMMUNITY_ID_TEXT - 1);
    assert_non_null(strstr(doc, row));
    const ProtobufCMessageDescriptor *d = &ganad__v1__connection__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        (void)snprintf(row, sizeof(row), "`%s`", d->fields[i].name);
        assert_non_null(strstr(doc, row));
    }
}

static void the_fields_of_a_record_are_the_columns(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *d = &ganad__v1__record__descriptor;

    for (unsigned c = 0; c < GAD_N_COLUMNS; c++) {
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(d, c + 1);
        assert_non_null(f);
        assert_string_equal(f->name, gad_columns[c].name);
    }
}

static void the_kinds_and_errors_are_those_of_the_proto_file(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *kind = &ganad__v1__kind__descriptor;
    const ProtobufCEnumDescriptor *code = &ganad__v1__error_reply__code__descriptor;
    char row[WORD];

    for (unsigned i = 0; i < kind->n_values; i++) {
        (void)snprintf(row, sizeof(row), "\n| %d | `%s` |", kind->values[i].value,
                       kind->values[i].name);
        assert_int_equal(strstr(doc, row) != NULL, kind->values[i].value != 0);
    }
    for (unsigned i = 0; i < code->n_values; i++) {
        (void)snprintf(row, sizeof(row), "\n| %d | `%s` |", code->values[i].value,
                       code->values[i].name);
        assert_int_equal(strstr(doc, row) != NULL, code->values[i].value != 0);
    }
    assert_non_null(strstr(doc, "`" GAD_SCORING_SOCKET "`"));
    assert_non_null(strstr(doc, "`" GAD_CONTROL_SOCKET "`"));
}

/* The hex dump under a fence: an offset of four digits and up to sixteen bytes a line. */
static void assert_dump(const char *head, const struct gad_buf *b)
{
    char word[WORD], want[WORD];
    const char *end, *p = fenced(head, &end);

    assert_false(b->bad);
    for (size_t i = 0; i < b->len; i++) {
        if (i % 16 == 0) {
            assert_true(next_word(&p, end, word));
            (void)snprintf(want, sizeof(want), "%04zx", i);
            assert_string_equal(word, want);
        }
        assert_true(next_word(&p, end, word));
        (void)snprintf(want, sizeof(want), "%02x", b->p[i]);
        assert_string_equal(word, want);
    }
    assert_false(next_word(&p, end, word));
}

static void add_message(struct gad_buf *b, uint8_t kind, const ProtobufCMessage *m)
{
    size_t len = protobuf_c_message_get_packed_size(m);

    gad_frame_add_head(b, kind, len);
    uint8_t *room = gad_buf_room(b, len);
    assert_non_null(room);
    b->len += protobuf_c_message_pack(m, room);
}

static void the_example_request_is_what_a_client_sends(void **state)
{
    (void)state;
    char tcp[] = "tcp", http[] = "http", sf[] = "SF";
    struct gad_buf b = GAD_BUF_INIT(4096);
    Ganad__V1__Record r;
    Ganad__V1__Record *record[] = {&r};
    Ganad__V1__ScoreOptions opt;
    Ganad__V1__ScoreRequest m = GANAD__V1__SCORE_REQUEST__INIT;

    ganad__v1__record__init(&r);
    r.protocol_type = tcp;
    r.service = http;
    r.flag = sf;
    r.src_bytes = 181;
    r.dst_bytes = 5450;
    r.logged_in = 1;
    r.count = r.srv_count = 8;
    r.same_srv_rate = 1.0F;
    r.dst_host_count = r.dst_host_srv_count = 9;
    r.dst_host_same_srv_rate = 1.0F;
    r.dst_host_same_src_port_rate = 0.11F;
    ganad__v1__score_options__init(&opt);
    opt.top = 1;
    m.id = 1;
    m.options = &opt;
    m.n_record = 1;
    m.record = record;
    add_message(&b, GANAD__V1__KIND__SCORE_REQUEST, &m.base);
    assert_dump("hex request", &b);
    m.options = NULL;
    size_t head = protobuf_c_message_get_packed_size(&m.base) - 55; /* 53 and the tag and length */
    assert_says("A `ScoreRequest` holds ", (SCORE_FRAME_MAX - head) / 55, " records like");
    gad_buf_deinit(&b);
}

static void the_example_answer_is_what_a_server_sends(void **state)
{
    (void)state;
    char demo[] = "demo", feature[] = "src_bytes", value[] = "181", expected[] = "240.5";
    uint8_t sha256[32], no = 0;
    float score = 0.25F, p_value = 0.5F;
    struct gad_buf b = GAD_BUF_INIT(4096);
    Ganad__V1__Reason why;
    Ganad__V1__Reason *reason[] = {&why};
    Ganad__V1__Explanation e = GANAD__V1__EXPLANATION__INIT;
    Ganad__V1__Explanation *explanation[] = {&e};
    Ganad__V1__ScoreReply m;

    for (size_t i = 0; i < sizeof(sha256); i++)
        sha256[i] = (uint8_t)i;
    ganad__v1__reason__init(&why);
    why.feature = feature;
    why.value = value;
    why.expected = expected;
    why.share = 0.5F;
    e.n_reason = 1;
    e.reason = reason;
    ganad__v1__score_reply__init(&m);
    m.id = 1;
    m.model = demo;
    m.model_sha256 = (ProtobufCBinaryData){sizeof(sha256), sha256};
    m.threshold = 7.5F;
    m.n_score = m.n_p_value = m.n_explanation = 1;
    m.score = &score;
    m.p_value = &p_value;
    m.anomalous = (ProtobufCBinaryData){1, &no};
    m.explanation = explanation;
    add_message(&b, GANAD__V1__KIND__SCORE_REPLY, &m.base);
    assert_dump("hex reply", &b);
    gad_buf_deinit(&b);
}

int main(int argc, char **argv)
{
    if (argc != 2 || read_doc(argv[1]) != 0) {
        (void)fprintf(stderr, "usage: test_protocol PROTOCOL.md\n");
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_of_names_are_those_of_the_code),
        cmocka_unit_test(the_ranges_are_those_that_are_held),
        cmocka_unit_test(the_limits_of_a_request_are_those_of_the_code),
        cmocka_unit_test(the_fields_of_a_connection_have_these_limits),
        cmocka_unit_test(the_fields_of_a_record_are_the_columns),
        cmocka_unit_test(the_kinds_and_errors_are_those_of_the_proto_file),
        cmocka_unit_test(the_example_request_is_what_a_client_sends),
        cmocka_unit_test(the_example_answer_is_what_a_server_sends),
    };
    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
