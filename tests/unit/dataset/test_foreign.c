/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/foreign.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "lib/record/column.h"
#include "tests/unit/dataset/text.h"

struct sample {
    const char *bytes;
    size_t len;
    const char *word; /* of what the message has to name */
};

#define SAMPLE(bytes, word)                                                                        \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, word                                                             \
    }

static const struct sample files[] = {
    SAMPLE("\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0", "capture"),
    SAMPLE("\xa1\xb2\x3c\x4d\0\2\0\4\0\0\0\0", "capture"),
    SAMPLE("\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a", "capture"),
    SAMPLE("\x1f\x8b\x08\0\0\0\0\0\0\3", "gzip within gzip"),
    SAMPLE("\xfd"
           "7zXZ\0\0\4",
           "xz"),
    SAMPLE("\x28\xb5\x2f\xfd\4\0\0\0", "zstd"),
    SAMPLE("BZh91AY&SY", "bzip2"),
    SAMPLE("\x04\x22\x4d\x18\x64\x40\xa7\0", "lz4"),
    SAMPLE("PK\3\4\x14\0\0\0", "zip"),
    SAMPLE("PAR1\x15\4\x15\0", "Parquet"),
    SAMPLE("GANADCKP\1\0\0\0", "checkpoint"),
    SAMPLE("\xff\xfe"
           "0\0,\0t\0\n\0",
           "UTF-16"),
    SAMPLE("\xfe\xff\0"
           "0\0,\0t\0\n",
           "UTF-16"),
};
enum { N_FILES = sizeof(files) / sizeof(files[0]) };

static struct gad_dataset *open_bytes(const char *p, size_t len, bool skip_bad)
{
    const struct gad_dataset_options opt = {.skip_bad = skip_bad};
    struct gad_dataset *s = NULL;

    assert_int_equal(gad_dataset_open_memory("f", p, len, &opt, &s, NULL), 0);
    return s;
}

/* Skipping bad lines does not turn another format into a file of nothing. */
static void other_formats_are_named_whatever_the_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++)
        for (int skip = 0; skip < 2; skip++) {
            gad_cleanup(gad_dataset_closep) struct gad_dataset *s =
                open_bytes(files[i].bytes, files[i].len, skip);
            struct gad_diag d = {""};
            struct gad_row row;

            assert_int_equal(gad_dataset_next(s, &row, &d), GAD_EFORMAT);
            if (strncmp(d.text, "f: ", 3) != 0 || !strstr(d.text, files[i].word))
                fail_msg("'%s' does not name '%s'", d.text, files[i].word);
            assert_int_equal(gad_dataset_stats(s)->bad_lines, 0);
            assert_int_equal(gad_dataset_next(s, &row, &d), GAD_EFORMAT);
        }
}

/* A cut magic does not count; what is longer is known from its first GAD_FOREIGN_LEN bytes. */
static void so_many_bytes_are_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        assert_null(gad_foreign_file(files[i].bytes, 0));
        assert_null(gad_foreign_file(files[i].bytes, 1));
        assert_non_null(gad_foreign_file(files[i].bytes, GAD_FOREIGN_LEN));
    }
    char tar[512] = "records.csv";
    memcpy(tar + 257, "ustar", 5);
    assert_non_null(gad_foreign_file(tar, 262));
    assert_null(gad_foreign_file(tar, 261));
    assert_null(gad_foreign_file(FEATURES "\n", sizeof(FEATURES)));
}

static void a_pipe_that_gives_a_byte_at_a_time_is_known_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
        struct gad_diag d = {""};
        struct gad_row row;
        int fd[2];

        if (memcmp(files[i].bytes, "\x1f\x8b", 2) == 0)
            continue; /* gzip by itself is unpacked */
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
        for (size_t k = 0; k < files[i].len; k++)
            assert_int_equal(write(fd[1], &files[i].bytes[k], 1), 1);
        close(fd[1]);
        assert_int_equal(dup2(fd[0], STDIN_FILENO), STDIN_FILENO);
        close(fd[0]);
        assert_int_equal(gad_dataset_open("-", NULL, &s, NULL), 0);
        assert_int_equal(gad_dataset_next(s, &row, &d), GAD_EFORMAT);
        if (!strstr(d.text, files[i].word))
            fail_msg("'%s' does not name '%s'", d.text, files[i].word);
    }
}

/* A first row answers at once: the reader does not wait for more bytes than the line has. */
static void a_row_of_a_live_pipe_is_not_kept_waiting(void **state)
{
    (void)state;
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_row row;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    const struct timeval limit = {.tv_sec = 60};
    assert_int_equal(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    assert_true(write(fd[1], KDD("normal"), sizeof(KDD("normal")) - 1) > 0);
    assert_int_equal(dup2(fd[0], STDIN_FILENO), STDIN_FILENO);
    close(fd[0]);
    assert_int_equal(gad_dataset_open("-", NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    close(fd[1]);
    assert_int_equal(gad_dataset_next(s, &row, NULL), GAD_END);
}

static void refused(const char *text, size_t len, const char *why)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = open_bytes(text, len, false);
    struct gad_diag d = {""};
    struct gad_row row;
    int r;

    while ((r = gad_dataset_next(s, &row, &d)) == 0)
        ;
    if (r >= 0 || !strstr(d.text, why))
        fail_msg("%d '%s' instead of '%s'", r, d.text, why);
}

static void other_texts_are_named(void **state)
{
    (void)state;
    static const struct sample texts[] = {
        SAMPLE("@relation 'KDDTrain'\n@data\n", "f:1: ARFF"),
        SAMPLE("@RELATION x\r\n", "f:1: ARFF"),
        SAMPLE("% a comment\n@relation x\n", "f:1: ARFF"),
        SAMPLE("#separator \\x09\n#fields\tts\tuid\n", "f:1: a log of Zeek"),
        SAMPLE("#fields\tts\tuid\n", "f:1: a log of Zeek"),
        SAMPLE("{\"ts\":1}\n", "f:1: a line of JSON"),
        SAMPLE("[{\"ts\":1}]\n", "f:1: JSON"),
        SAMPLE(" Destination Port, Flow Duration, Total Fwd Packets,x,y,Label\n",
               "f:1: a head of other columns"),
        SAMPLE("srcip,sport,dstip,dsport,proto,state\n", "f:1: a head of other columns"),
        SAMPLE("Duration,protocol_type,service,flag,src_bytes,dst_bytes\n",
               "f:1: a head of other columns"),
        SAMPLE(",duration,protocol_type\n", "f:1: a head whose first column has no name"),
        SAMPLE("\"duration\",\"protocol_type\"\n", "f:1: columns in quotes"),
        SAMPLE("\xef\xbb\xbf{\"ts\":1}\n", "f:1: a line of JSON"),
        SAMPLE("hello\n", "f:1: column 1 'duration': not a whole number: 'hello'"),
        SAMPLE("nan,tcp,http,SF,1,2,3\n", "f:1: column 1 'duration': not a whole number: 'nan'"),
        SAMPLE(KDD("a") "srcip,sport,dstip,dsport,proto,state\n",
               "f:2: column 1 'duration': not a whole number: 'srcip'"),
    };
    char text[1024];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refused(texts[i].bytes, texts[i].len, texts[i].word);
    for (int tab = 0; tab < 2; tab++) {
        (void)snprintf(text, sizeof(text), "%s", KDD("normal"));
        for (char *c = text; *c; c++)
            if (*c == ',')
                *c = tab ? '\t' : ';';
        refused(text, strlen(text), tab ? "f:1: columns with tabs" : "f:1: columns with ';'");
    }
}

/* The names of the columns, and the label's. */
static void put_head(char *text, size_t len, const char *more)
{
    size_t at = 0;

    for (int c = 0; c < GAD_N_COLUMNS; c++)
        at += (size_t)snprintf(text + at, len - at, "%s,", gad_columns[c].name);
    (void)snprintf(text + at, len - at, "%s", more);
}

static void line_ends_of_old_macs_are_named_however_long_the_file_is(void **state)
{
    (void)state;
    char text[12288] = "";

    for (int with_head = 0; with_head < 2; with_head++)
        for (int n = 2; n < 40; n *= 4) {
            text[0] = '\0';
            if (with_head)
                put_head(text, sizeof(text), "class\n");
            for (int i = 0; i < n; i++)
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
                               KDD("normal"));
            for (char *c = text; *c; c++)
                if (*c == '\n')
                    *c = '\r';
            refused(text, strlen(text), "a CR without an LF behind it");
        }
}

static void a_nul_is_named(void **state)
{
    (void)state;
    static const char wide[] = "0\0,\0t\0c\0p\0,\0\n";
    static const char inside[] = FEATURES ",nor\0mal.\n";

    refused(wide, sizeof(wide) - 1, "byte 0x00: a NUL byte");
    refused(inside, sizeof(inside) - 1, "byte 0x00: a NUL byte");
}

static void the_mark_of_utf8_is_passed_over(void **state)
{
    (void)state;
    static const char bom[] = "\xef\xbb\xbf";
    char text[4096] = "", head[1024] = "";
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_row row;

    put_head(head, sizeof(head), "class\r\n");
    for (int i = 0; i < 2; i++) /* cat a.csv b.csv */
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s,neptune\r\n", bom,
                       head, FEATURES);
    s = open_bytes(text, strlen(text), false);
    for (uint64_t line = 2; line <= 4; line += 2) {
        assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
        assert_string_equal(row.label, "neptune");
        assert_int_equal(row.line, line);
    }
    assert_int_equal(gad_dataset_next(s, &row, NULL), GAD_END);

    gad_dataset_close(gad_steal(&s));
    (void)snprintf(text, sizeof(text), "%s%s", bom, KDD("normal"));
    s = open_bytes(text, strlen(text), false);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_int_equal(row.line, 1);
    assert_int_equal(gad_dataset_next(s, &row, NULL), GAD_END);
    refused(bom, 3, "f:1: column 1 'duration': empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_formats_are_named_whatever_the_policy),
        cmocka_unit_test(so_many_bytes_are_enough),
        cmocka_unit_test(a_pipe_that_gives_a_byte_at_a_time_is_known_too),
        cmocka_unit_test(a_row_of_a_live_pipe_is_not_kept_waiting),
        cmocka_unit_test(other_texts_are_named),
        cmocka_unit_test(line_ends_of_old_macs_are_named_however_long_the_file_is),
        cmocka_unit_test(a_nul_is_named),
        cmocka_unit_test(the_mark_of_utf8_is_passed_over),
    };
    return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
