/* SPDX-License-Identifier: Apache-2.0 */
/* The readers on the published files, whole. Skipped where these are not. */
#include "lib/dataset/dataset.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <zlib.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/dataset/split.h"
#include "lib/dataset/table.h"
#include "tests/unit/data.h"
#include "tests/unit/test.h"

static char kdd_path[DATA_PATH_MAX], nsl_path[DATA_PATH_MAX];

static void ten_percent_file_is_read_whole(void **state)
{
    (void)state;
    static const uint8_t sum[4] = {0x80, 0x45, 0xac, 0xa0}; /* of the published SHA-256 */
    const struct gad_dataset_options opt = {.sha256 = true};
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_diag d = {.text = ""};
    struct gad_row row;
    uint8_t sha[32];
    size_t normal = 0, smurf = 0, neptune = 0;
    int r;

    assert_int_equal(gad_dataset_open(kdd_path, &opt, &s, &d), 0);
    while ((r = gad_dataset_next(s, &row, &d)) == 0) {
        normal += strcmp(row.label, "normal") == 0;
        smurf += strcmp(row.label, "smurf") == 0;
        neptune += strcmp(row.label, "neptune") == 0;
        assert_int_equal(gad_record_check(&row.rec), -1);
    }
    assert_int_equal(r, GAD_END);
    const struct gad_dataset_stats *st = gad_dataset_stats(s);
    assert_int_equal(st->rows, 494021);
    assert_int_equal(st->bytes, 74889749);
    assert_int_equal(st->bad_lines, 0);
    assert_int_equal(st->unknown_names, 0);
    assert_int_equal(normal, 97278);
    assert_int_equal(smurf, 280790);
    assert_int_equal(neptune, 107201);
    assert_int_equal(gad_dataset_sha256(s, sha), 0);
    assert_memory_equal(sha, sum, sizeof(sum));
}

/* Writing gives back the file itself, byte for byte: the strongest check of every value read. */
static void ten_percent_file_is_written_as_it_was(void **state)
{
    (void)state;
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_row row;
    char want[GAD_DATASET_LINE_MAX], got[GAD_DATASET_LINE_MAX + 1];
    int r;

    gzFile f = gzopen(kdd_path, "rb");
    assert_non_null(f);
    assert_int_equal(gad_dataset_open(kdd_path, NULL, &s, NULL), 0);
    while ((r = gad_dataset_next(s, &row, NULL)) == 0) {
        size_t len = gad_row_write(&row.rec, row.label, got);
        got[len] = '\0';
        assert_non_null(gzgets(f, want, sizeof(want)));
        assert_string_equal(got, want);
    }
    assert_int_equal(r, GAD_END);
    assert_null(gzgets(f, want, sizeof(want)));
    assert_int_equal(gzclose(f), Z_OK);
}

/* `xz -dc FILE` or `cat -- FILE`, its output to read. */
static pid_t unpack(const char *program, const char *option, char *path, int *ret_fd)
{
    char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)option, path, NULL};
    posix_spawn_file_actions_t actions;
    int fd[2];
    pid_t pid;

    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO), 0);
    int r = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    if (r == ENOENT) {
        print_message("no %s\n", program);
        close(fd[0]);
        skip();
    }
    assert_int_equal(r, 0);
    *ret_fd = fd[0];
    return pid;
}

/* From stdin and a pipe, as `xz -dc FILE | ganadctl score -` has it. */
static void nsl_kdd_is_read_whole_from_stdin(void **state)
{
    (void)state;
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_diag d = {.text = ""};
    struct gad_row row;
    size_t normal = 0, difficulty_21 = 0;
    int r, fd, status;

    if (nsl_path[0] == '\0')
        skip();
    bool packed = strcmp(nsl_path + strlen(nsl_path) - 3, ".xz") == 0;
    pid_t pid = packed ? unpack("xz", "-dc", nsl_path, &fd) : unpack("cat", "--", nsl_path, &fd);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    assert_int_equal(gad_dataset_open("-", NULL, &s, &d), 0);
    while ((r = gad_dataset_next(s, &row, &d)) == 0) {
        normal += strcmp(row.label, "normal") == 0;
        difficulty_21 += row.difficulty == 21;
    }
    assert_string_equal(d.text, "");
    assert_int_equal(r, GAD_END);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(gad_dataset_stats(s)->rows, 125973);
    assert_int_equal(gad_dataset_stats(s)->unknown_names, 0);
    assert_int_equal(normal, 67343);
    assert_int_equal(difficulty_21, 62557);
}

/* The counts of the survey's code after removing duplicates: models/REFERENCES.md. */
static void each_record_once_leaves_a_third(void **state)
{
    (void)state;
    const char *const path = kdd_path;
    const struct gad_split_options o = {GAD_NORMAL_UNIQUE, GAD_SPLIT_SEED, 0.0};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    gad_cleanup(gad_split_deinit) struct gad_split s = {0};
    size_t n_unique = 0, n_normal = 0;

    assert_int_equal(gad_table_load(&path, 1, &(struct gad_table_options){0}, &t, NULL), 0);
    size_t n = gad_table_n_rows(t);
    gad_cleanup(gad_freep) uint32_t *first = gad_calloc(n, sizeof(*first));
    gad_cleanup(gad_freep) bool *is_normal = gad_calloc(n, sizeof(*is_normal));
    assert_true(first && is_normal);
    assert_int_equal(gad_table_first(t, first), 0);
    for (size_t i = 0; i < n; i++) {
        n_unique += first[i] == i;
        is_normal[i] = gad_table_is_normal(t, i);
    }
    assert_int_equal(n_unique, 145584);
    assert_int_equal(gad_split_make(&o, n, is_normal, first, &s, NULL), 0);
    for (size_t i = 0; i < s.n_test; i++)
        n_normal += is_normal[s.test[i]];
    assert_int_equal(s.n_train, 44710);
    assert_int_equal(s.n_test, 78395);
    assert_int_equal(n_normal, 43122);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_percent_file_is_read_whole),
        cmocka_unit_test(ten_percent_file_is_written_as_it_was),
        cmocka_unit_test(each_record_once_leaves_a_third),
        cmocka_unit_test(nsl_kdd_is_read_whole_from_stdin),
    };

    if (!find_data("kdd99/kddcup.data_10_percent.gz", kdd_path))
        return TEST_SKIPPED;
    if (!find_data("nsl-kdd/KDDTrain+.txt", nsl_path) &&
        !find_data("nsl-kdd/KDDTrain+.txt.xz", nsl_path))
        nsl_path[0] = '\0';
    return cmocka_run_group_tests_name("real", tests, NULL, NULL);
}
