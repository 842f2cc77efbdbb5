/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/file_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "lib/base/diag.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static char dir[128];

static char *in_dir(const char *name)
{
    static char path[4][256];
    static unsigned i;
    char *ret = path[i++ % 4];

    (void)snprintf(ret, sizeof(path[0]), "%s/%s", dir, name);
    return ret;
}

static void make_file(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void make_socket(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(close(fd), 0);
}

static int make(void **state)
{
    (void)state;
    if (!mkdtemp(scratch_path(dir, sizeof(dir), "check.XXXXXX")))
        return -1;
    make_file(in_dir("file"), 0640);
    make_socket(in_dir("socket"));
    return mkdir(in_dir("directory"), 0755) == 0 && symlink("file", in_dir("link")) == 0 &&
                   symlink("nowhere", in_dir("dangling")) == 0 && mkfifo(in_dir("fifo"), 0600) == 0
               ? 0
               : -1;
}

static unsigned count_entries(void)
{
    DIR *d = opendir(dir);
    unsigned n = 0;

    while (readdir(d))
        n++;
    (void)closedir(d);
    return n;
}

static void says(const char *name, int err, const char *what)
{
    struct gad_diag d = {""};
    int r = file_check(in_dir(name), &d);

    if (r != err || strcmp(d.text, what) != 0)
        fail_msg("%s: %d '%s', expected %d '%s'", name, r, d.text, err, what);
}

static void each_kind_of_path_is_named_with_what_to_do(void **state)
{
    (void)state;
    char want[512];
    unsigned before = count_entries();

    says("file", 0, "");
    says("new", 0, "");
    says("link", -ELOOP,
         "is a symbolic link to 'file', and ganadd does not follow links: give the path of the "
         "file itself");
    says("dangling", -ELOOP,
         "is a symbolic link to 'nowhere', and ganadd does not follow links: give the path of the "
         "file itself");
    says("directory", -EISDIR, "is a directory: give the path of a file in it");
    says("fifo", GAD_EINVAL, "is a FIFO, and not a regular file: give another path");
    says("socket", GAD_EINVAL, "is a socket, and not a regular file: give another path");
    (void)snprintf(want, sizeof(want),
                   "directory '%s' does not exist: create it, or correct the path",
                   in_dir("nowhere"));
    says("nowhere/x", -ENOENT, want);
    (void)snprintf(want, sizeof(want), "'%s' is not a directory: correct the path", in_dir("file"));
    says("file/x", -ENOTDIR, want);
    assert_int_equal(count_entries(), before);
}

/* Root may write everywhere: the child is another user. */
static void what_may_not_be_written_is_refused(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        assert_int_equal(chmod(scratch(), 0755), 0);
        assert_int_equal(chmod(dir, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    } else {
        assert_int_equal(chmod(dir, 0555), 0);
        assert_int_equal(chmod(in_dir("file"), 0440), 0);
    }
    struct gad_diag d = {""}, d2 = {""};
    int r = file_check(in_dir("file"), &d);
    int r2 = file_check(in_dir("new"), &d2);
    unsigned uid = (unsigned)geteuid();
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(dir, 0755), 0);

    char want[512];
    (void)snprintf(want, sizeof(want),
                   "the file cannot be written by the user with id %u: change its owner or mode",
                   uid);
    assert_int_equal(r, -EACCES);
    assert_string_equal(d.text, want);
    (void)snprintf(
        want, sizeof(want),
        "directory '%s' cannot be written by the user with id %u: change its owner or mode", dir,
        uid);
    assert_int_equal(r2, -EACCES);
    assert_string_equal(d2.text, want);
}

static void a_configuration_names_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *section, *key;
    } rows[] = {{"[output o]\ntype = file\nto =", "output o", "to"},
                {"[records]\n\nfile =", "records", "file"}};

    for (size_t i = 0; i < 2; i++) {
        char text[1024], want[512];
        struct config *c = NULL;
        struct gad_diag d = {""};
        (void)snprintf(text, sizeof(text), "[model m]\ncheckpoint = /m.ckpt\n%s %s\n", rows[i].keys,
                       in_dir("fifo"));
        if (config_parse("t.conf", text, strlen(text), &c, &d) != 0)
            fail_msg("%s", d.text);
        assert_int_equal(file_check_config(c, &d), GAD_EINVAL);
        config_free(c);
        (void)snprintf(want, sizeof(want), "t.conf:5: section '%s': key '%s': '%s': is a FIFO",
                       rows[i].section, rows[i].key, in_dir("fifo"));
        assert_memory_equal(d.text, want, strlen(want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_path_is_named_with_what_to_do),
        cmocka_unit_test(what_may_not_be_written_is_refused),
        cmocka_unit_test(a_configuration_names_the_line),
    };
    return cmocka_run_group_tests_name("file-check", tests, make, NULL);
}
