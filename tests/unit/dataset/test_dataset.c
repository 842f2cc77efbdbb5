/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/dataset.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "lib/base/diag.h"
#include "tests/unit/dataset/text.h"

static const struct gad_dataset_options skip_bad = {.skip_bad = true};

struct outcome {
    int r; /* of the last call */
    uint64_t rows, bad, unknown, last_line;
    struct gad_row row; /* the last good one */
    struct gad_diag d, first_bad;
};

static struct outcome read_text(const char *text, size_t len, const struct gad_dataset_options *opt)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct outcome o = {0};
    struct gad_row row;
    void *copy = malloc(len ? len : 1); /* its end is known to the sanitizer */

    assert_non_null(copy);
    memcpy(copy, text, len);
    assert_int_equal(gad_dataset_open_memory("t", copy, len, opt, &s, &o.d), 0);
    while ((o.r = gad_dataset_next(s, &row, &o.d)) == 0) {
        o.row = row;
        o.last_line = row.line;
    }
    assert_int_equal(gad_dataset_next(s, &row, NULL), o.r); /* it stays */
    o.rows = gad_dataset_stats(s)->rows;
    o.bad = gad_dataset_stats(s)->bad_lines;
    o.unknown = gad_dataset_stats(s)->unknown_names;
    (void)snprintf(o.first_bad.text, sizeof(o.first_bad.text), "%s", gad_dataset_first_bad(s));
    free(copy);
    return o;
}

static struct outcome read_str(const char *text, const struct gad_dataset_options *opt)
{
    return read_text(text, strlen(text), opt);
}

static void assert_refused(const char *text, int err, const char *why)
{
    struct outcome o = read_str(text, NULL);
    if (o.r != err || !strstr(o.d.text, why))
        fail_msg("%d '%s' instead of %d '%s' for: %s", o.r, o.d.text, err, why, text);
}

static void the_three_forms_are_read(void **state)
{
    (void)state;
    struct outcome o = read_str(FEATURES "\n", NULL);
    assert_true(o.r == GAD_END && o.rows == 1);
    assert_string_equal(o.row.label, "");

    o = read_str(KDD("buffer_overflow"), NULL);
    assert_true(o.r == GAD_END && o.rows == 1);
    assert_string_equal(o.row.label, "buffer_overflow");
    assert_int_equal(o.row.difficulty, 0);

    o = read_str(NSL("normal"), NULL);
    assert_true(o.r == GAD_END && o.rows == 1);
    assert_string_equal(o.row.label, "normal");
    assert_int_equal(o.row.difficulty, 21);
    assert_int_equal(o.row.line, 1);

    const double *v = o.row.rec.v;
    assert_true(v[GAD_PROTOCOL_TYPE] == 0.0 && v[GAD_SERVICE] == 22.0 && v[GAD_FLAG] == 9.0);
    assert_true(v[GAD_SRC_BYTES] == 181.0 && v[GAD_DST_BYTES] == 5450.0 && v[GAD_LOGGED_IN] == 1.0);
    assert_true(v[GAD_COUNT] == 8.0 && v[GAD_SAME_SRV_RATE] == 1.0);
    assert_true(v[GAD_DST_HOST_SAME_SRC_PORT_RATE] == 0.11);
    assert_true(o.row.rec.tuple.family == 0 && o.row.rec.start.ns == 0);
}

static void nothing_is_an_empty_file(void **state)
{
    (void)state;
    struct outcome o = read_str("", NULL);
    assert_true(o.r == GAD_END && o.rows == 0 && o.bad == 0);
}

static void every_truncation_of_a_line_is_refused(void **state)
{
    (void)state;
    static const char line[] = KDD("normal");
    char text[1024];

    for (size_t len = 1; len < sizeof(line) - 2; len++) { /* less the LF, all of it is a line */
        int n = snprintf(text, sizeof(text), "%s%.*s", line, (int)len, line);
        struct outcome o = read_text(text, (size_t)n, NULL);
        assert_int_equal(o.r, GAD_EFORMAT);
        assert_true(o.rows == 1 && o.bad == 1);
        assert_true(strncmp(o.d.text, "t:2: ", 5) == 0);
    }
}

static void no_other_byte_is_taken_anywhere(void **state)
{
    (void)state;
    static const char bad[] = {0, 1, ' ', '\t', '\r', 0x7f, (char)0x80, (char)0xff};
    static const char line[] = NSL("normal");

    for (size_t i = 0; i < sizeof(line) - 2; i++)
        for (size_t k = 0; k < sizeof(bad); k++) {
            char text[sizeof(line)];
            if (bad[k] == '\r' && i == sizeof(line) - 3)
                continue; /* CR LF */
            memcpy(text, line, sizeof(line));
            text[i] = bad[k];
            struct outcome o = read_text(text, sizeof(line) - 1, NULL);
            assert_int_equal(o.r, GAD_EFORMAT);
            assert_non_null(strstr(o.d.text, "byte 0x"));
        }
}

static void lines_end_in_lf_or_crlf_or_with_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int r;
        uint64_t rows;
    } t[] = {
        {FEATURES "\n" FEATURES "\n", GAD_END, 2},
        {FEATURES "\r\n" FEATURES "\r\n", GAD_END, 2},
        {FEATURES "\r\n" FEATURES "\n", GAD_END, 2},
        {FEATURES "\n" FEATURES, GAD_END, 2},
        {FEATURES "\n" FEATURES "\r", GAD_END, 2},
        {FEATURES ",normal.\r\n", GAD_END, 1},
        {FEATURES ",normal,3\r\n", GAD_END, 1},
        {FEATURES ",normal,3", GAD_END, 1},
        {FEATURES "\r" FEATURES "\n", GAD_EFORMAT, 0},
        {FEATURES "\r\r\n", GAD_EFORMAT, 0},
        {"\r" FEATURES "\n", GAD_EFORMAT, 0},
        {FEATURES "\n\n", GAD_EFORMAT, 1},
        {FEATURES "\n\r\n", GAD_EFORMAT, 1},
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct outcome o = read_str(t[i].text, NULL);
        assert_int_equal(o.r, t[i].r);
        assert_int_equal(o.rows, t[i].rows);
        assert_int_equal(o.bad, t[i].r == GAD_END ? 0 : 1);
    }
}

static void bad_lines_are_named_by_file_line_column_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int err;
        const char *why;
    } t[] = {
        {KDD("a") "0,tcp,http,SF,x", GAD_EFORMAT,
         "t:2: column 5 'src_bytes': not a whole number: 'x'"},
        {"{\"duration\":0}", GAD_EFORMAT,
         "t:1: a line of JSON; only CSV is supported: write the records as CSV"},
        {"-1,", GAD_EFORMAT, "t:1: column 1 'duration': not a whole number: '-1'"},
        {"1.5,", GAD_EFORMAT, "column 1 'duration': not a whole number: '1.5'"},
        {"1e3,", GAD_EFORMAT, "column 1 'duration': not a whole number"},
        {",", GAD_EFORMAT, "column 1 'duration': empty"},
        {"\n", GAD_EFORMAT, "column 1 'duration': empty"},
        {"4294967296,", GAD_ELIMIT, "column 1 'duration': over the largest legal value"},
        {"00000000000000000,", GAD_ELIMIT, "column 1 'duration': over the largest legal value"},
        {"0,,", GAD_EFORMAT, "column 2 'protocol_type': empty"},
        {"0,tcp,http,SF,1,2,2,", GAD_EFORMAT, "column 7 'land': not 0 or 1: '2'"},
        {"0,tcp,http,SF,1,2,10,", GAD_EFORMAT, "column 7 'land': not 0 or 1: '10'"},
        {"0,tcp\n", GAD_EFORMAT, "column 2 'protocol_type': the line ends here"},
        {"0,tcp,http,SF,1\n", GAD_EFORMAT, "column 5 'src_bytes': the line ends here"},
        {FEATURES ",normal,5,6\n", GAD_EFORMAT, "column 43 'difficulty': more than 43 columns"},
        {FEATURES ",normal\n", GAD_EFORMAT, "column 42 'label': does not end in a dot"},
        {FEATURES ",normal.,5\n", GAD_EFORMAT, "column 42 'label': ends in a dot"},
        {FEATURES ",\n", GAD_EFORMAT, "column 42 'label': empty"},
        {FEATURES ",.\n", GAD_EFORMAT, "column 42 'label': nothing before the dot"},
        {FEATURES ",normal,\n", GAD_EFORMAT, "column 43 'difficulty': empty"},
        {FEATURES ",normal,22\n", GAD_ELIMIT, "column 43 'difficulty': over the largest"},
        {FEATURES ",normal,x\n", GAD_EFORMAT, "column 43 'difficulty': not a whole number"},
        {KDD("a") FEATURES "\n", GAD_EFORMAT, "t:2: 41 columns, but the lines before have 42"},
        {NSL("a") KDD("a"), GAD_EFORMAT, "t:2: 42 columns, but the lines before have 43"},
        {"duration,protocol_type\n", GAD_EFORMAT, "t:1: head: 2 columns, fewer than the 41"},
        {"Duration,\n", GAD_EFORMAT, "t:1: column 1 'duration': not a whole number: 'Duration'"},
        {"\xef\xbb" FEATURES "\n", GAD_EFORMAT, "t:1: column 1 'duration': byte 0xef"},
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_refused(t[i].text, t[i].err, t[i].why);
}

/* FEATURES with another text in column c. */
static void with_column(int c, const char *value, char line[static 512])
{
    static const char features[] = FEATURES;
    size_t len = 0;
    int at = 0;

    for (const char *p = features; *p;) {
        size_t n = strcspn(p, ",");
        len += (size_t)snprintf(line + len, 512 - len, "%s%.*s", at ? "," : "",
                                at == c ? (int)strlen(value) : (int)n, at == c ? value : p);
        p += n + (p[n] == ',');
        at++;
    }
    (void)snprintf(line + len, 512 - len, "\n");
}

static void each_column_is_limited_where_the_table_says(void **state)
{
    (void)state;
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *col = &gad_columns[c];
        char line[512], value[32];
        if (col->kind == GAD_KIND_NAME)
            continue;
        for (int step = -1; step <= 1; step++) {
            if (col->kind == GAD_KIND_RATE)
                (void)snprintf(value, sizeof(value), "%.2f", 1.0 + step / 100.0);
            else
                (void)snprintf(value, sizeof(value), "%llu",
                               (unsigned long long)col->max + (unsigned long long)step);
            with_column(c, value, line);
            struct outcome o = read_str(line, NULL);
            assert_true((o.r == GAD_END) == (step <= 0));
            if (step <= 0) {
                assert_true(o.row.rec.v[c] == strtod(value, NULL));
                assert_int_equal(gad_record_check(&o.row.rec), -1);
            }
        }
    }
}

static void rates_are_rounded_as_strtod_does(void **state)
{
    (void)state;
    char line[512], value[32];
    uint64_t x = 88172645463325252u; /* xorshift64 */

    for (unsigned i = 0; i < 20000; i++) {
        unsigned decimals = 1 + i % 15;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t unit = 1;
        for (unsigned k = 0; k < decimals; k++)
            unit *= 10;
        (void)snprintf(value, sizeof(value), "0.%0*llu", (int)decimals,
                       (unsigned long long)(x % unit));
        with_column(GAD_SERROR_RATE, value, line);
        struct outcome o = read_str(line, NULL);
        assert_int_equal(o.r, GAD_END);
        assert_true(o.row.rec.v[GAD_SERROR_RATE] == strtod(value, NULL));
    }
}

static void rates_have_one_form(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0", "1", "0.5", "1.0", "1.000000000000000", "0.123456789012345"};
    static const char *const bad[] = {"2",
                                      "1.01",
                                      "1.000000000000001",
                                      "0.1234567890123456",
                                      ".5",
                                      "0.",
                                      "00.5",
                                      "0.5.",
                                      "1e-3",
                                      "-0.1",
                                      "+0.1",
                                      "0,5",
                                      "nan",
                                      "inf",
                                      "0x1",
                                      "0.0:",
                                      "0.0/",
                                      "0/00",
                                      "9.99",
                                      "10.0"};
    char line[512];

    for (int c = GAD_SERROR_RATE; c <= GAD_DST_HOST_SRV_RERROR_RATE; c += 16)
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            with_column(c, bad[i], line);
            assert_int_equal(read_str(line, NULL).r, GAD_EFORMAT);
        }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        with_column(GAD_DST_HOST_SRV_RERROR_RATE, good[i], line);
        assert_int_equal(read_str(line, NULL).r, GAD_END);
    }
}

static void unknown_names_are_counted_not_refused(void **state)
{
    (void)state;
    char line[512];

    with_column(GAD_SERVICE, "quic", line);
    struct outcome o = read_str(line, NULL);
    assert_true(o.r == GAD_END && o.unknown == 1);
    assert_true(o.row.rec.v[GAD_SERVICE] == (double)GAD_NAME_UNKNOWN);
    assert_int_equal(gad_record_check(&o.row.rec), -1);
    assert_int_equal(read_str("0,a,b,c\n", &skip_bad).unknown, 0); /* not those of a bad line */
}

static void labels_are_limited(void **state)
{
    (void)state;
    char text[512];

    for (int len = GAD_LABEL_TEXT - 2; len <= GAD_LABEL_TEXT; len++) {
        (void)snprintf(text, sizeof(text), FEATURES ",%0*d.\n", len, 0);
        struct outcome o = read_str(text, NULL);
        assert_int_equal(o.r, len < GAD_LABEL_TEXT ? GAD_END : GAD_EFORMAT);
        assert_true(o.r != GAD_END || strlen(o.row.label) == (size_t)len);
    }
    assert_refused(text, GAD_EFORMAT, "column 42 'label': longer than 31 bytes");
}

/* A good line of this many bytes before its LF, by the length of an unknown service. */
static size_t long_line(size_t len, char *text)
{
    static const char head[] = "0,tcp,";
    const char *tail = strstr(FEATURES, ",SF");
    size_t fill = len - strlen(head) - strlen(tail);

    memcpy(text, head, strlen(head));
    memset(text + strlen(head), 'a', fill);
    memcpy(text + strlen(head) + fill, tail, strlen(tail));
    text[len] = '\n';
    return len + 1;
}

static void lines_are_limited(void **state)
{
    (void)state;
    char text[GAD_DATASET_LINE_MAX + 16];

    for (size_t len = GAD_DATASET_LINE_MAX - 1; len <= GAD_DATASET_LINE_MAX + 1; len++)
        for (size_t lf = 0; lf < 2; lf++) {
            size_t n = long_line(len, text);
            struct outcome o = read_text(text, n - lf, NULL);
            assert_int_equal(o.r, len <= GAD_DATASET_LINE_MAX ? GAD_END : GAD_ELIMIT);
            if (o.r != GAD_END)
                assert_string_equal(o.d.text, "t:1: line longer than 4096 bytes");
        }
}

/* Longer than any buffer, before, between and after good lines, with the numbers of lines still
 * right. */
static void a_line_without_end_is_skipped_as_one(void **state)
{
    (void)state;
    enum { HUGE_LEN = 900 * 1024 };
    static const char line[] = KDD("normal");
    size_t n = sizeof(line) - 1, len = 0;
    char *text = malloc(3 * HUGE_LEN + 4 * sizeof(line));

    assert_non_null(text);
    for (int i = 0; i < 3; i++) {
        memset(text + len, 'a' + i, HUGE_LEN);
        len += HUGE_LEN;
        if (i < 2)
            text[len++] = '\n';
        if (i < 2) {
            memcpy(text + len, line, n);
            len += n;
        }
    }
    struct outcome o = read_text(text, len, &skip_bad);
    assert_true(o.r == GAD_END && o.rows == 2 && o.bad == 3 && o.last_line == 4);
    assert_string_equal(o.first_bad.text, "t:1: line longer than 4096 bytes");
    assert_int_equal(read_text(text + HUGE_LEN + 1, n + 100, NULL).r, GAD_EFORMAT);
    free(text);
}

static void bad_lines_are_skipped_and_counted(void **state)
{
    (void)state;
    static const char text[] = "\n" KDD("a") "x\n" KDD("b") FEATURES "\n" KDD("c") "0,tcp";
    struct outcome o = read_str(text, &skip_bad);

    assert_true(o.r == GAD_END && o.rows == 3 && o.bad == 4);
    assert_int_equal(o.last_line, 6);
    assert_string_equal(o.row.label, "c");
    assert_string_equal(o.first_bad.text, "t:1: column 1 'duration': empty");

    o = read_str(text, NULL);
    assert_true(o.r == GAD_EFORMAT && o.rows == 0 && o.bad == 1);
    assert_string_equal(o.first_bad.text, "");
}

static void a_bad_first_line_does_not_fix_the_width(void **state)
{
    (void)state;
    char text[GAD_DATASET_LINE_MAX + 1024];
    size_t n = long_line(GAD_DATASET_LINE_MAX + 1, text); /* 41 columns, but too long */
    (void)snprintf(text + n, sizeof(text) - n, "%s", NSL("normal"));
    struct outcome o = read_str(text, &skip_bad);
    assert_true(o.r == GAD_END && o.rows == 1 && o.bad == 1 && o.row.difficulty == 21);
}

/* Each read() of a packet socket gives one packet: here one byte. */
static void one_byte_at_a_time_is_the_same(void **state)
{
    (void)state;
    static const char text[] = KDD("normal");
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_row row;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        assert_int_equal(write(fd[1], &text[i], 1), 1);
    close(fd[1]);
    assert_int_equal(dup2(fd[0], STDIN_FILENO), STDIN_FILENO);
    close(fd[0]);
    assert_int_equal(gad_dataset_open("-", NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_string_equal(row.label, "normal");
    assert_int_equal(gad_dataset_next(s, &row, NULL), GAD_END);
    assert_int_equal(gad_dataset_stats(s)->bytes, sizeof(text) - 1);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    struct gad_row row;
    int r = -1;
    long k = 0;

    while (r != 0 && k < 100) {
        gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
        (void)gad_mem_fail_at(++k);
        r = gad_dataset_open_memory("t", KDD("a"), strlen(KDD("a")), NULL, &s, NULL);
        if (r == 0)
            r = gad_dataset_next(s, &row, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && s == NULL));
    }
    assert_true(k > 1 && r == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_forms_are_read),
        cmocka_unit_test(nothing_is_an_empty_file),
        cmocka_unit_test(every_truncation_of_a_line_is_refused),
        cmocka_unit_test(no_other_byte_is_taken_anywhere),
        cmocka_unit_test(lines_end_in_lf_or_crlf_or_with_the_file),
        cmocka_unit_test(bad_lines_are_named_by_file_line_column_and_reason),
        cmocka_unit_test(each_column_is_limited_where_the_table_says),
        cmocka_unit_test(rates_are_rounded_as_strtod_does),
        cmocka_unit_test(rates_have_one_form),
        cmocka_unit_test(unknown_names_are_counted_not_refused),
        cmocka_unit_test(labels_are_limited),
        cmocka_unit_test(lines_are_limited),
        cmocka_unit_test(a_line_without_end_is_skipped_as_one),
        cmocka_unit_test(bad_lines_are_skipped_and_counted),
        cmocka_unit_test(a_bad_first_line_does_not_fix_the_width),
        cmocka_unit_test(one_byte_at_a_time_is_the_same),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
