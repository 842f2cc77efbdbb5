/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static char directory[64];
static const char *path;
static struct gad_directory *dir;

static struct gad_time at(int64_t s)
{
    return (struct gad_time){s * 1000000000};
}

static void write_at(const char *name, int64_t s)
{
    char p[128];
    (void)snprintf(p, sizeof(p), "%s/%s", directory, name);
    FILE *f = fopen(p, "we");
    assert_non_null(f);
    (void)fclose(f);
    const struct timespec t[2] = {{.tv_sec = s}, {.tv_sec = s}};
    assert_int_equal(utimensat(AT_FDCWD, p, t, 0), 0);
}

static void remove_name(const char *name)
{
    char p[128];
    (void)snprintf(p, sizeof(p), "%s/%s", directory, name);
    assert_int_equal(remove(p), 0);
}

static bool is_there(const char *name)
{
    char p[128];
    (void)snprintf(p, sizeof(p), "%s/%s", directory, name);
    return access(p, F_OK) == 0;
}

static int make_directory(void **state)
{
    (void)state;
    dir = NULL;
    return mkdtemp(scratch_path(directory, sizeof(directory), "directory-XXXXXX")) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    gad_directory_close(dir);
    static const char *const names[] = {"a", "b", "c", "d", "link", "sub", ".hidden"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (is_there(names[i]))
            remove_name(names[i]);
    return rmdir(directory);
}

static void open_with(struct gad_directory_options opt)
{
    assert_int_equal(gad_directory_open(directory, &opt, &dir, NULL), 0);
}

static void next_is(const char *name, int64_t now)
{
    path = NULL;
    assert_int_equal(gad_directory_next(dir, at(now), &path, NULL), 0);
    assert_memory_equal(path, directory, strlen(directory));
    assert_string_equal(path + strlen(directory) + 1, name);
}

static void the_oldest_is_first_then_the_name(void **state)
{
    (void)state;
    char p[128];
    write_at("c", 100);
    write_at("b", 200);
    write_at("a", 200);
    write_at("d", 150);
    write_at(".hidden", 1);
    (void)snprintf(p, sizeof(p), "%s/sub", directory);
    assert_int_equal(mkdir(p, 0700), 0);
    (void)snprintf(p, sizeof(p), "%s/link", directory);
    assert_int_equal(symlink("/dev/null", p), 0);
    open_with((struct gad_directory_options){.settle_ns = INT64_MAX});
    next_is("c", 0); /* the clock and settling are of no concern without watching */
    next_is("d", 0);
    next_is("a", 0);
    next_is("b", 0);
    write_at("e", 1); /* too late */
    assert_int_equal(gad_directory_next(dir, at(0), &path, NULL), GAD_END);
    assert_int_equal(gad_directory_next(dir, at(0), &path, NULL), GAD_END);
    remove_name("e");
}

static void make_sub(const char *name)
{
    char p[128];
    (void)snprintf(p, sizeof(p), "%s/%s", directory, name);
    assert_int_equal(mkdir(p, 0700), 0);
}

/* In one order with the others. Links are not followed, so there is no loop. */
static void directories_in_it_may_be_read_too(void **state)
{
    (void)state;
    struct gad_diag d = {""};
    char p[128];
    make_sub("sub");
    make_sub("sub/.hidden");
    make_sub("sub/deep");
    write_at("c", 100);
    write_at("sub/b", 200);
    write_at("sub/deep/a", 150);
    write_at("sub/.hidden/x", 1);
    write_at("a", 200);
    (void)snprintf(p, sizeof(p), "%s/sub/loop", directory);
    assert_int_equal(symlink(directory, p), 0);
    open_with((struct gad_directory_options){.recursive = true, .delete_done = true});
    next_is("c", 0);
    next_is("sub/deep/a", 0);
    assert_int_equal(gad_directory_done(dir, NULL), 0);
    assert_false(is_there("sub/deep/a"));
    next_is("a", 0);
    next_is("sub/b", 0);
    assert_int_equal(gad_directory_next(dir, at(0), &path, &d), GAD_END);
    assert_string_equal(d.text, "");
    static const char *const names[] = {"sub/.hidden/x", "sub/.hidden", "sub/deep",
                                        "sub/loop",      "sub/b",       "sub"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        remove_name(names[i]);
}

static void directories_have_a_limit_of_depth(void **state)
{
    (void)state;
    char name[2 * (GAD_DIRECTORY_DEPTH_MAX + 2)] = "sub";
    struct gad_diag d = {""};
    for (unsigned depth = 1; depth <= GAD_DIRECTORY_DEPTH_MAX + 1; depth++) {
        if (depth > 1)
            (void)snprintf(name + strlen(name), sizeof(name) - strlen(name), "/%c", 'd');
        make_sub(name);
        open_with((struct gad_directory_options){.recursive = true});
        assert_int_equal(gad_directory_next(dir, at(0), &path, &d),
                         depth <= GAD_DIRECTORY_DEPTH_MAX ? (int)GAD_END : (int)GAD_ELIMIT);
        gad_directory_close(gad_steal(&dir));
    }
    assert_non_null(strstr(d.text, directory));
    for (; strlen(name) >= 3; name[strlen(name) - 2] = '\0') {
        remove_name(name);
        if (strlen(name) == 3)
            break;
    }
}

static void a_directory_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct gad_diag d = {""};
    char p[128];
    if (geteuid() == 0)
        skip(); /* root can read all */
    make_sub("sub");
    (void)snprintf(p, sizeof(p), "%s/sub", directory);
    assert_int_equal(chmod(p, 0), 0);
    open_with((struct gad_directory_options){.recursive = true, .watch = true});
    assert_int_equal(gad_directory_next(dir, at(0), &path, &d), GAD_MORE);
    assert_non_null(strstr(d.text, "/sub: cannot open: "));
    d.text[0] = '\0'; /* once */
    assert_int_equal(gad_directory_next(dir, at(0), &path, &d), GAD_MORE);
    assert_string_equal(d.text, "");
}

static void an_empty_directory_has_an_end(void **state)
{
    (void)state;
    open_with((struct gad_directory_options){.watch = false});
    assert_int_equal(gad_directory_next(dir, at(0), &path, NULL), GAD_END);
    gad_directory_close(dir);
    open_with((struct gad_directory_options){.watch = true});
    assert_int_equal(gad_directory_next(dir, at(0), &path, NULL), GAD_MORE);
}

static void a_file_settles_first(void **state)
{
    (void)state;
    open_with((struct gad_directory_options){.watch = true, .settle_ns = 30 * INT64_C(1000000000)});
    write_at("a", 100);
    assert_int_equal(gad_directory_next(dir, at(129), &path, NULL), GAD_MORE);
    write_at("a", 110); /* still being written */
    assert_int_equal(gad_directory_next(dir, at(130), &path, NULL), GAD_MORE);
    assert_int_equal(gad_directory_next(dir, at(139), &path, NULL), GAD_MORE);
    next_is("a", 140);
    assert_int_equal(gad_directory_next(dir, at(999), &path, NULL), GAD_MORE);
}

static void a_watched_directory_gives_new_files(void **state)
{
    (void)state;
    write_at("b", 100);
    open_with((struct gad_directory_options){.watch = true});
    next_is("b", 200);
    assert_int_equal(gad_directory_next(dir, at(200), &path, NULL), GAD_MORE);
    write_at("a", 50); /* moved there, with an old time */
    next_is("a", 200);
    write_at("b", 300); /* a ring of files comes round */
    next_is("b", 400);
    assert_int_equal(gad_directory_next(dir, at(400), &path, NULL), GAD_MORE);
}

static void a_watched_directory_can_be_recreated(void **state)
{
    (void)state;
    struct gad_diag d = {""};
    open_with((struct gad_directory_options){.watch = true});
    write_at("a", 100);
    next_is("a", 200);
    remove_name("a");
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(gad_directory_next(dir, at(200), &path, &d), -ENOENT);
    assert_string_equal(d.text + strlen(directory), ": cannot open: No such file or directory");
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(gad_directory_next(dir, at(200), &path, NULL), GAD_MORE);
    write_at("a", 150);
    next_is("a", 200);
}

static void what_vanishes_or_changes_before_its_turn(void **state)
{
    (void)state;
    write_at("a", 100);
    write_at("b", 200);
    write_at("c", 300);
    open_with((struct gad_directory_options){.watch = true});
    next_is("a", 999);
    remove_name("b");
    next_is("c", 999);
    write_at("d", 400);
    write_at("c", 350);
    next_is("c", 999);
    next_is("d", 999);
}

static void the_order_is_of_the_last_writing(void **state)
{
    (void)state;
    write_at("a", 100);
    write_at("b", 200);
    write_at("c", 300);
    open_with((struct gad_directory_options){.watch = false});
    next_is("a", 0);
    write_at("b", 400);
    next_is("c", 0);
    next_is("b", 0);
}

static void a_file_that_is_done_is_deleted_if_asked(void **state)
{
    (void)state;
    write_at("a", 100);
    write_at("b", 200);
    open_with((struct gad_directory_options){.watch = true, .delete_done = true});
    assert_int_equal(gad_directory_done(dir, NULL), 0);
    next_is("a", 999);
    assert_true(is_there("a"));
    assert_int_equal(gad_directory_done(dir, NULL), 0);
    assert_false(is_there("a"));
    next_is("b", 999);
    write_at("b", 300); /* more has come: it is not done */
    assert_int_equal(gad_directory_done(dir, NULL), 0);
    assert_true(is_there("b"));
    next_is("b", 999);
    remove_name("b");
    assert_int_equal(gad_directory_done(dir, NULL), 0);
    gad_directory_close(dir);
    write_at("c", 100);
    open_with((struct gad_directory_options){.watch = true});
    next_is("c", 999);
    assert_int_equal(gad_directory_done(dir, NULL), 0);
    assert_true(is_there("c"));
}

static void what_is_no_directory_is_refused(void **state)
{
    (void)state;
    struct gad_diag d = {.text = ""};
    char longest[8192];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(gad_directory_open("/tmp/ganad-no-such", NULL, &dir, &d), -ENOENT);
    assert_non_null(strstr(d.text, "ganad-no-such"));
    assert_int_equal(gad_directory_open("/dev/null", NULL, &dir, &d), -ENOTDIR);
    assert_int_equal(gad_directory_open(longest, NULL, &dir, &d), GAD_ELIMIT);
    assert_null(dir);
}

static void allocation_may_fail_anywhere(void **state)
{
    (void)state;
    write_at("a", 100);
    write_at("b", 100);
    for (long k = 1;; k++) {
        (void)gad_mem_fail_at(k);
        int r = gad_directory_open(directory, NULL, &dir, NULL);
        r = r != 0 ? r : gad_directory_next(dir, at(0), &path, NULL);
        (void)gad_mem_fail_at(0);
        if (r == 0) {
            assert_true(k > 3);
            break;
        }
        assert_int_equal(r, GAD_ENOMEM);
        if (dir) /* and it can be asked again */
            assert_int_equal(gad_directory_next(dir, at(0), &path, NULL), 0);
        gad_directory_close(dir);
        dir = NULL;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_is_first_then_the_name),
        TEST(directories_in_it_may_be_read_too),
        TEST(directories_have_a_limit_of_depth),
        TEST(a_directory_that_cannot_be_read_is_named),
        TEST(an_empty_directory_has_an_end),
        TEST(a_file_settles_first),
        TEST(a_watched_directory_gives_new_files),
        TEST(a_watched_directory_can_be_recreated),
        TEST(what_vanishes_or_changes_before_its_turn),
        TEST(the_order_is_of_the_last_writing),
        TEST(a_file_that_is_done_is_deleted_if_asked),
        TEST(what_is_no_directory_is_refused),
        TEST(allocation_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
