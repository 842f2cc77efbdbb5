/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/lines.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { QUEUE = 4096, LINE = 100 };

static char dir[80], target[96];
static struct event_base *base;
static uint64_t dropped;

static int make(void **state)
{
    (void)state;
    log_set_level("error");
    dropped = 0;
    base = event_base_new();
    if (!base || !mkdtemp(scratch_path(dir, sizeof(dir), "lines.XXXXXX")))
        return -1;
    (void)snprintf(target, sizeof(target), "%s/alerts", dir);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    event_base_free(base);
    (void)unlink(target);
    return rmdir(dir);
}

static struct lines_options options(const char *head)
{
    return (struct lines_options){.path = target,
                                  .head = head,
                                  .queue_max = QUEUE,
                                  .files = 2,
                                  .base = base,
                                  .all_dropped = &dropped};
}

static struct lines *open_lines(const char *before, const char *head)
{
    struct lines *o = NULL;
    struct gad_diag d = {""};

    if (before)
        assert_int_equal(gad_file_write_atomic(target, before, strlen(before), NULL), 0);
    const struct lines_options lo = options(head);
    if (lines_new(&lo, &o, &d) != 0)
        fail_msg("%s", d.text);
    return o;
}

static void add_line(struct lines *o, unsigned i)
{
    char line[LINE + 1];
    (void)snprintf(line, sizeof(line), "%0*u\n", LINE - 1, i);
    lines_add(o, (const uint8_t *)line, LINE);
}

static void file_is(const char *path, const char *before, unsigned from, unsigned to)
{
    char want[LINE + 1];
    uint8_t *text = NULL;
    size_t len, at = strlen(before);

    assert_int_equal(gad_file_read(path, 1 << 20, &text, &len, NULL), 0);
    assert_int_equal(len, at + (to - from) * (size_t)LINE);
    assert_memory_equal(text, before, at);
    for (unsigned i = from; i < to; i++, at += LINE) {
        (void)snprintf(want, sizeof(want), "%0*u\n", LINE - 1, i);
        assert_memory_equal(text + at, want, LINE);
    }
    gad_free(text);
}

static void a_file_gets_every_line_and_is_ours_alone(void **state)
{
    (void)state;
    struct stat st;
    struct lines *o = open_lines(NULL, "");

    for (unsigned i = 0; i < 1000; i++) { /* more than its queue: it is written on the way */
        add_line(o, i);
        if (i % 10 == 9)
            lines_flush(o);
    }
    assert_int_equal(gad_buf_left(&o->queue), 0);
    assert_int_equal(o->n_sent, 1000);
    lines_free(o);
    file_is(target, "", 0, 1000);
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(dropped, 0);
}

static void a_record_that_was_cut_leaves_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *before, *head, *after;
    } rows[] = {
        {"whole\nhal", "", "whole\n"},  {"whole\n", "", "whole\n"},      {"h", "", ""},
        {"hea", "head\n", "head\n"},    {"", "head\n", "head\n"},        {NULL, "head\n", "head\n"},
        {"head\n", "head\n", "head\n"}, {"head\nx", "head\n", "head\n"},
    };
    char text[5000];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lines *o = open_lines(rows[i].before, rows[i].head);
        add_line(o, 1);
        lines_flush(o);
        assert_int_equal(o->bytes, LINE);
        lines_free(o);
        file_is(target, rows[i].after, 1, 2);
        assert_int_equal(unlink(target), 0);
    }
    memset(text, 'x', sizeof(text)); /* longer than any line of ours: it stays, with its end */
    text[sizeof(text) - 1] = '\0';
    lines_free(open_lines(text, ""));
    text[sizeof(text) - 2] = 'x';
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, sizeof(text));
}

/* RLIMIT_FSIZE is a disk that is full at a byte of our choice. */
static void a_disk_that_is_full_in_a_line_has_only_whole_ones(void **state)
{
    (void)state;
    struct rlimit limit;
    struct lines *o = open_lines(NULL, "");

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (rlim_t part = 0; part < LINE; part += 33) {
        const struct rlimit small = {o->bytes + LINE + part, limit.rlim_max};
        uint64_t before = o->n_sent;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (unsigned i = 0; i < 3; i++)
            add_line(o, (unsigned)before + i);
        lines_flush(o);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit),
                         0); /* the output will not see it before its timer */
        assert_true(o->failed);
        assert_int_equal(o->error, -EFBIG);
        assert_int_equal(o->n_sent, before + 1);
        file_is(target, "", 0, (unsigned)before + 1);
        while (o->failed)
            (void)event_base_loop(base, EVLOOP_ONCE);
        file_is(target, "", 0, (unsigned)before + 3);
    }
    lines_free(o);
}

static void a_file_that_was_moved_away_is_recreated(void **state)
{
    (void)state;
    char moved[112];
    struct lines *o = open_lines(NULL, "");

    (void)snprintf(moved, sizeof(moved), "%s.1", target);
    add_line(o, 0);
    lines_flush(o);
    assert_int_equal(rename(target, moved), 0);
    add_line(o, 1); /* belongs to the file that was open when it came */
    lines_reopen(o);
    add_line(o, 2);
    lines_flush(o);
    lines_free(o);
    file_is(moved, "", 0, 2);
    file_is(target, "", 2, 3);
    (void)unlink(moved);
}

static void what_is_no_plain_file_is_refused(void **state)
{
    (void)state;
    struct lines *o = NULL;
    struct gad_diag d = {""};
    const struct lines_options lo = options("");

    assert_int_equal(mkfifo(target, 0600), 0);
    assert_true(lines_new(&lo, &o, &d) < 0);
    assert_non_null(strstr(d.text, "is a FIFO"));
    assert_int_equal(unlink(target), 0);
    assert_int_equal(symlink("/dev/null", target), 0);
    assert_int_equal(lines_new(&lo, &o, &d), -ELOOP);
    assert_non_null(strstr(d.text, "is a symbolic link to '/dev/null'"));
    assert_null(o);
    assert_non_null(strstr(d.text, target));
}

static void a_full_disk_keeps_alerts_in_the_queue(void **state)
{
    (void)state;
    struct rlimit limit;
    struct lines *o = open_lines(NULL, "");

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit none = {0, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (unsigned i = 0; i < 50; i++)
        add_line(o, i);
    lines_flush(o);
    assert_true(o->failed);
    assert_int_equal(o->n_dropped, 10); /* 40 lines fit 4,096 bytes */
    assert_int_equal(dropped, 10);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0); /* there is room again */
    while (o->failed)
        (void)event_base_loop(base, EVLOOP_ONCE); /* its own timer tries again */
    assert_int_equal(o->n_sent, 40);
    add_line(o, 40);
    lines_flush(o);
    lines_free(o);
    file_is(target, "", 0, 41);
}

/* With its thread, as in the daemon: a full queue waits a moment for it, and what is dropped all
 * the same is counted. */
static void a_thread_takes_more_than_the_queue_holds(void **state)
{
    (void)state;
    struct lines *o = open_lines(NULL, "");

    assert_int_equal(lines_start(o), 0);
    for (unsigned i = 0; i < 20000; i++)
        add_line(o, i);
    while (!lines_is_flushed(o))
        (void)event_base_loop(base, EVLOOP_ONCE);
    uint64_t sent = o->n_sent;
    lines_free(o);
    assert_int_equal(sent + dropped, 20000);
    assert_true(sent > 40); /* as many as fit the queue; how many more depends on the disk */
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, sent * LINE);
}

static void lines_of_a_deleted_file_are_counted(void **state)
{
    (void)state;
    struct lines *o = open_lines(NULL, "");

    add_line(o, 0);
    lines_flush(o);
    while (o->unseen > 0)
        (void)event_base_loop(base, EVLOOP_ONCE); /* its timer checks */
    assert_int_equal(unlink(target), 0);
    add_line(o, 1);
    add_line(o, 2);
    lines_flush(o);
    assert_int_equal(o->n_sent, 3);
    while (o->deleted == 0)
        (void)event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(o->n_sent, 1);
    assert_int_equal(o->n_dropped, 2);
    assert_int_equal(dropped, 2);
    assert_int_equal(o->reopened, 1);
    add_line(o, 3);
    lines_flush(o);
    lines_free(o);
    file_is(target, "", 3, 4);
}

static void a_file_is_moved_away_at_its_limit(void **state)
{
    (void)state;
    char name[2][112];
    struct lines_options lo = options("head\n");
    struct lines *o = NULL;
    struct gad_diag d = {""};

    lo.size_max = 5 + 3 * LINE;
    assert_int_equal(lines_new(&lo, &o, &d), 0);
    for (unsigned i = 0; i < 10; i++)
        add_line(o, i);
    lines_flush(o);
    assert_int_equal(o->rotations, 3);
    lines_free(o);
    file_is(target, "head\n", 9, 10);
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(name[i], sizeof(name[i]), "%s.%u", target, i + 1);
        file_is(name[i], "head\n", 6 - 3 * i, 9 - 3 * i);
        assert_int_equal(unlink(name[i]), 0);
    }
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    const struct lines_options lo = options("");

    for (long k = 1;; k++) {
        struct lines *o = NULL;
        (void)gad_mem_fail_at(k);
        int r = lines_new(&lo, &o, NULL);
        (void)gad_mem_fail_at(0);
        if (r != 0) {
            assert_null(o);
            continue;
        }
        (void)gad_mem_fail_at(1); /* no memory for the queue: as if it were full */
        add_line(o, 0);
        (void)gad_mem_fail_at(0);
        assert_int_equal(o->n_dropped, 1);
        add_line(o, 1);
        lines_flush(o);
        lines_free(o);
        file_is(target, "", 1, 2);
        return;
    }
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(a_file_gets_every_line_and_is_ours_alone),
        WITH(a_record_that_was_cut_leaves_the_file),
        WITH(a_disk_that_is_full_in_a_line_has_only_whole_ones),
        WITH(a_file_that_was_moved_away_is_recreated),
        WITH(what_is_no_plain_file_is_refused),
        WITH(a_full_disk_keeps_alerts_in_the_queue),
        WITH(a_thread_takes_more_than_the_queue_holds),
        WITH(lines_of_a_deleted_file_are_counted),
        WITH(a_file_is_moved_away_at_its_limit),
        WITH(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
