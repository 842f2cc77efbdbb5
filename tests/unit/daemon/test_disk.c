/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/disk.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/base/file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* A disk that hangs: the linker gives every call of fdatasync() to this. */
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static _Atomic bool hangs;
static sem_t is_hanging, goes_on, is_through;

int __wrap_fdatasync(int fd)
{
    bool hung = atomic_load(&hangs);

    if (hung) {
        (void)sem_post(&is_hanging);
        (void)sem_wait(&goes_on);
    }
    int r = __real_fdatasync(fd);
    if (hung)
        (void)sem_post(&is_through);
    return r;
}

static char dir[80], path[96], moved[112];

static int make(void **state)
{
    (void)state;
    log_set_level("error");
    if (!mkdtemp(scratch_path(dir, sizeof(dir), "disk.XXXXXX")))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/file", dir);
    (void)snprintf(moved, sizeof(moved), "%s.1", path);
    return 0;
}

static struct disk *new_disk(bool with_thread)
{
    const struct disk_options o = {
        .path = path, .head = "head\n", .longest = 100, .write_max = 1000, .files = 2};
    struct disk *d = NULL;

    assert_int_equal(disk_new(&o, &d), 0);
    if (with_thread)
        assert_int_equal(disk_start(d), 0);
    return d;
}

static struct disk_result done(struct disk *d, unsigned tasks, const char *text)
{
    struct disk_result r;

    assert_true(disk_is_idle(d));
    disk_begin(d, tasks, text, strlen(text));
    assert_true(disk_wait(d, 60000));
    assert_false(disk_is_idle(d));
    assert_true(disk_take(d, &r));
    assert_true(disk_is_idle(d));
    assert_false(disk_take(d, &r));
    assert_int_equal(r.tasks, tasks);
    return r;
}

static void file_has(const char *file, const char *want)
{
    uint8_t *text = NULL;
    size_t len;

    assert_int_equal(gad_file_read(file, 1 << 20, &text, &len, NULL), 0);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(text, want, len);
    gad_free(text);
}

static void parts_are_done_in_their_order(void **state)
{
    (void)state;
    for (int with_thread = 0; with_thread < 2; with_thread++) {
        struct disk *d = new_disk(with_thread != 0);
        struct disk_result r = done(d, DISK_OPEN, "");
        assert_int_equal(r.error, 0);
        assert_true(r.opened);
        assert_int_equal(r.size, 5);
        r = done(d, DISK_WRITE | DISK_SYNC | DISK_LOOK | DISK_ROTATE, "one\n");
        assert_int_equal(r.error, 0);
        assert_int_equal(r.written, 4);
        assert_true(r.synced && r.rotated && r.opened);
        assert_int_equal(r.change, DISK_SAME);
        assert_int_equal(disk_size(d), 5);
        file_has(moved, "head\none\n");
        file_has(path, "head\n");
        disk_free(d);
        assert_int_equal(unlink(moved), 0);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_file_is_compared_with_its_path(void **state)
{
    (void)state;
    struct disk *d = new_disk(true);

    assert_int_equal(done(d, DISK_OPEN, "").error, 0);
    assert_int_equal(done(d, DISK_LOOK, "").change, DISK_SAME);
    /* Moved away: the program that did it may create the new file, for one look. */
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(done(d, DISK_WRITE | DISK_SYNC | DISK_LOOK, "old\n").change, DISK_SAME);
    struct disk_result r = done(d, DISK_LOOK, "");
    assert_int_equal(r.change, DISK_MOVED);
    assert_true(r.opened);
    file_has(moved, "head\nold\n");
    file_has(path, "head\n");
    /* Moved away and replaced. */
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(gad_file_write_atomic(path, "", 0, NULL), 0);
    assert_int_equal(done(d, DISK_LOOK, "").change, DISK_MOVED);
    assert_int_equal(done(d, DISK_WRITE, "new\n").error, 0);
    file_has(path, "head\nnew\n");
    /* Deleted. */
    assert_int_equal(unlink(path), 0);
    r = done(d, DISK_WRITE | DISK_SYNC | DISK_LOOK, "gone\n");
    assert_int_equal(r.change, DISK_DELETED);
    assert_true(r.synced && r.opened);
    file_has(path, "head\n");
    /* Truncated by a copier: it is the same, and is appended to. */
    assert_int_equal(truncate(path, 0), 0);
    r = done(d, DISK_WRITE | DISK_LOOK, "x\n");
    assert_int_equal(r.change, DISK_SAME);
    assert_int_equal(r.size, 2);
    file_has(path, "x\n");
    /* Its place is taken by something else. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    r = done(d, DISK_LOOK, "");
    assert_int_equal(r.change, DISK_DELETED);
    assert_false(r.opened);
    assert_string_equal(r.why.text, "is a directory: give the path of a file in it");
    assert_int_equal(done(d, DISK_WRITE, "x\n").error, -EBADF);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(done(d, DISK_OPEN, "").error, 0);
    disk_free(d);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(moved), 0);
}

/* The thread still has the file when its owner and the configuration are freed. */
static void a_thread_that_is_stuck_holds_up_nothing(void **state)
{
    (void)state;
    struct disk_result r;
    struct disk *d = new_disk(true);

    assert_int_equal(done(d, DISK_OPEN, "").error, 0);
    atomic_store(&hangs, true);
    for (int freed = 0; freed < 2; freed++) {
        disk_begin(d, DISK_WRITE | DISK_SYNC | DISK_LOOK, "x\n", 2);
        assert_int_equal(sem_wait(&is_hanging), 0);
        assert_false(disk_is_idle(d));
        assert_false(disk_take(d, &r));
        assert_false(disk_wait(d, 1));
        assert_true(disk_busy(d).ns > 0);
        if (freed)
            disk_free(d);
        assert_int_equal(sem_post(&goes_on), 0);
        assert_int_equal(sem_wait(&is_through), 0);
        if (freed)
            break;
        assert_true(disk_wait(d, 60000));
        assert_int_equal(disk_busy(d).ns, 0);
        assert_true(disk_take(d, &r));
        assert_true(r.synced);
    }
    atomic_store(&hangs, false);
    file_has(path, "head\nx\nx\n");
    assert_int_equal(unlink(path), 0);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    const struct disk_options o = {.path = path, .head = "", .longest = 1, .write_max = 10};

    for (long k = 1;; k++) {
        struct disk *d = NULL;
        (void)gad_mem_fail_at(k);
        int r = disk_new(&o, &d);
        (void)gad_mem_fail_at(0);
        disk_free(d);
        if (r == 0)
            return;
        assert_int_equal(r, GAD_ENOMEM);
        assert_null(d);
    }
}

int main(void)
{
    (void)sem_init(&is_hanging, 0, 0);
    (void)sem_init(&goes_on, 0, 0);
    (void)sem_init(&is_through, 0, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_done_in_their_order),
        cmocka_unit_test(a_file_is_compared_with_its_path),
        cmocka_unit_test(a_thread_that_is_stuck_holds_up_nothing),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("disk", tests, make, NULL);
}
