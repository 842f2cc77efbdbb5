/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static char directory[80];

static const char *in_directory(const char *name)
{
    static char path[PATH_MAX];
    assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) < sizeof(path));
    return path;
}

static void assert_content(const char *path, const char *want, size_t len)
{
    struct gad_diag d = {0};
    uint8_t *p = NULL;
    size_t n = SIZE_MAX;

    if (gad_file_read(path, 1 << 20, &p, &n, &d) != 0)
        fail_msg("%s", d.text);
    assert_int_equal(n, len);
    assert_memory_equal(p, want, len);
    gad_free(p);
}

static size_t n_files(void)
{
    DIR *dir = opendir(directory);
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2; /* . and .. */
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    static char big[300000];

    assert_int_equal(gad_file_write_atomic(path, "old", 3, NULL), 0);
    assert_content(path, "old", 3);
    memset(big, 'x', sizeof(big));
    assert_int_equal(gad_file_write_atomic(path, big, sizeof(big), NULL), 0);
    assert_content(path, big, sizeof(big));
    assert_int_equal(gad_file_write_atomic(path, "", 0, NULL), 0);
    assert_content(path, "", 0);
    assert_int_equal(n_files(), 1);
    assert_int_equal(unlink(path), 0);
}

static void the_mode_follows_the_umask(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    static const mode_t masks[] = {0, 022, 027, 077};
    struct stat st;
    mode_t old = umask(0);

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        (void)umask(masks[i]);
        assert_int_equal(gad_file_write_atomic(path, "x", 1, NULL), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644 & ~masks[i]);
        assert_int_equal(umask(masks[i]), masks[i]); /* left as it was */
    }
    (void)umask(old);
    assert_int_equal(unlink(path), 0);
}

static void the_limit_is_in_bytes(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    struct gad_diag d = {0};
    uint8_t *p = NULL;
    size_t n = 7;

    assert_int_equal(gad_file_write_atomic(path, "12345", 5, NULL), 0);
    assert_int_equal(gad_file_read(path, 5, &p, &n, &d), 0);
    gad_free(p);
    p = NULL;
    n = 7;
    assert_int_equal(gad_file_read(path, 4, &p, &n, &d), GAD_ELIMIT);
    assert_non_null(strstr(d.text, "5 bytes, the limit is 4"));
    assert_true(!p && n == 7); /* untouched */
    assert_int_equal(unlink(path), 0);
}

static int make_socket(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof(a.sun_path));
    memcpy(a.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? fd : -1;
}

static void assert_unreadable(const char *path, int err, const char *why)
{
    struct gad_diag d = {0};
    uint8_t *p = NULL;
    size_t n;

    int r = gad_file_read(path, 1 << 20, &p, &n, &d);
    if (r != err || !strstr(d.text, why) || strncmp(d.text, path, strlen(path)) != 0)
        fail_msg("%d '%s', not %d '%s'", r, d.text, err, why);
    assert_null(p);
    assert_int_equal(gad_file_read(path, 1 << 20, &p, &n, NULL), err);
}

/* None of these waits for anybody. */
static void only_regular_files_are_read(void **state)
{
    (void)state;
    const char *path = in_directory("a");

    assert_unreadable(path, -ENOENT, "cannot open: No such file");
    assert_unreadable(directory, GAD_EFORMAT, "not a regular file");
    assert_unreadable("/dev/zero", GAD_EFORMAT, "not a regular file");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_unreadable(path, -ELOOP, "symbolic link");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_unreadable(path, GAD_EFORMAT, "not a regular file");
    assert_int_equal(unlink(path), 0);
    int fd = make_socket(path);
    assert_true(fd >= 0);
    assert_unreadable(path, -ENXIO, "cannot open");
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

static void a_link_is_replaced_not_followed(void **state)
{
    (void)state;
    char target[PATH_MAX];
    const char *path = in_directory("target");
    struct stat st;

    (void)snprintf(target, sizeof(target), "%s", path);
    path = in_directory("link");
    assert_int_equal(gad_file_write_atomic(target, "old", 3, NULL), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(gad_file_write_atomic(path, "new", 3, NULL), 0);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_content(path, "new", 3);
    assert_content(target, "old", 3);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(target), 0);
}

static void a_write_that_fails_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    static char big[100000];
    struct gad_diag d = {0};
    struct rlimit old, small = {.rlim_cur = 50000};

    assert_int_equal(gad_file_write_atomic(path, "old", 3, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); /* the nearest to a full disk */
    int r = gad_file_write_atomic(path, big, sizeof(big), &d);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(r, -EFBIG);
    assert_non_null(strstr(d.text, "cannot write: File too large"));
    assert_content(path, "old", 3);
    assert_int_equal(n_files(), 1);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0); /* in the way of the rename */
    assert_int_equal(gad_file_write_atomic(path, "x", 1, &d), -EISDIR);
    assert_int_equal(n_files(), 1);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(gad_file_write_atomic(in_directory("no/such/directory"), "x", 1, &d), -ENOENT);

    char *endless = gad_calloc(1, PATH_MAX + 1);
    assert_non_null(endless);
    memset(endless, 'x', PATH_MAX);
    assert_int_equal(gad_file_write_atomic(endless, "x", 1, &d), GAD_ELIMIT);
    gad_free(endless);
}

static void a_name_without_a_directory_is_in_this_one(void **state)
{
    (void)state;
    char cwd[PATH_MAX];

    assert_non_null(getcwd(cwd, sizeof(cwd)));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(gad_file_write_atomic("a", "x", 1, NULL), 0);
    assert_content("a", "x", 1);
    assert_int_equal(unlink("a"), 0);
    assert_int_equal(chdir(cwd), 0);
}

static void no_memory_is_said(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    struct gad_diag d = {0};
    uint8_t *p = NULL;
    size_t n;

    assert_int_equal(gad_file_write_atomic(path, "x", 1, NULL), 0);
    (void)gad_mem_fail_at(1);
    assert_int_equal(gad_file_read(path, 10, &p, &n, &d), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
    assert_null(p);
    assert_int_equal(unlink(path), 0);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(scratch_path(directory, sizeof(directory), "file-XXXXXX")) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

static void files_that_belong_together_are_written_all_or_none(void **state)
{
    (void)state;
    char a[PATH_MAX], b[PATH_MAX];
    struct gad_diag d = {0};

    (void)snprintf(a, sizeof(a), "%s", in_directory("a"));
    (void)snprintf(b, sizeof(b), "%s", in_directory("b"));
    struct gad_file_content file[] = {{a, "old", 3}, {b, "file", 4}};
    assert_int_equal(gad_file_write_set(2, file, NULL), 0);
    assert_content(a, "old", 3);
    assert_content(b, "file", 4);
    file[0].p = "new";
    file[1].path = "/no/such/directory/b";
    assert_int_equal(gad_file_write_set(2, file, &d), -ENOENT);
    assert_non_null(strstr(d.text, "/no/such/directory/b: cannot create"));
    file[1].path = directory;
    assert_int_equal(gad_file_write_set(2, file, &d), -EISDIR);
    assert_non_null(strstr(d.text, "is a directory"));
    file[1].path = in_directory("fifo");
    assert_int_equal(mkfifo(file[1].path, 0600), 0);
    assert_int_equal(gad_file_write_set(2, file, &d), GAD_EINVAL);
    assert_non_null(strstr(d.text, "is not a regular file"));
    assert_int_equal(unlink(file[1].path), 0);
    assert_content(a, "old", 3);
    assert_int_equal(n_files(), 2);
    file[1].path = b;
    (void)gad_mem_fail_at(1);
    assert_int_equal(gad_file_write_set(2, file, &d), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
    assert_content(a, "old", 3);
    assert_int_equal(gad_file_write_set(2, file, NULL), 0);
    assert_content(a, "new", 3);
    assert_int_equal(unlink(a), 0);
    assert_int_equal(unlink(b), 0);
    assert_int_equal(n_files(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(the_mode_follows_the_umask),
        cmocka_unit_test(the_limit_is_in_bytes),
        cmocka_unit_test(only_regular_files_are_read),
        cmocka_unit_test(a_link_is_replaced_not_followed),
        cmocka_unit_test(a_write_that_fails_leaves_the_old_file_and_nothing_else),
        cmocka_unit_test(files_that_belong_together_are_written_all_or_none),
        cmocka_unit_test(a_name_without_a_directory_is_in_this_one),
        cmocka_unit_test(no_memory_is_said),
    };
    return cmocka_run_group_tests_name("file", tests, make_directory, remove_directory);
}
