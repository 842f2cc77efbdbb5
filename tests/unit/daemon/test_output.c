/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/wire/socket.h"
#include "tests/unit/test.h"

enum { QUEUE = 4096, LINE = 100 };

static char dir[64], target[80];
static struct event_base *base;
static uint64_t dropped;

static int make(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_ERROR);
    dropped = 0;
    base = event_base_new();
    (void)snprintf(dir, sizeof(dir), "/tmp/ganad-output.XXXXXX");
    if (!base || !mkdtemp(dir))
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

static struct output *open_output(const struct output_ops *ops)
{
    struct output *o = NULL;
    struct gad_diag d = {""};
    if (output_new(ops, target, "", QUEUE, base, &dropped, &o, &d) != 0)
        fail_msg("%s", d.text);
    return o;
}

static void add_line(struct output *o, unsigned i)
{
    char line[LINE + 1];
    (void)snprintf(line, sizeof(line), "%0*u\n", LINE - 1, i);
    output_add(o, (const uint8_t *)line, LINE);
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
    struct output *o = open_output(&output_file);

    for (unsigned i = 0; i < 1000; i++) { /* more than its queue: it is written on the way */
        add_line(o, i);
        if (i % 10 == 9)
            output_flush(o);
    }
    assert_false(output_is_busy(o));
    assert_int_equal(o->n_sent, 1000);
    output_free(o);
    file_is(target, "", 0, 1000);
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(dropped, 0);
}

static void a_line_that_was_cut_in_an_earlier_life_is_ended(void **state)
{
    (void)state;
    assert_int_equal(gad_file_write_atomic(target, "whole\nhal", 9, NULL), 0);
    struct output *o = open_output(&output_file);
    add_line(o, 1);
    output_flush(o);
    output_free(o);
    file_is(target, "whole\nhal\n", 1, 2);
}

static struct output *open_records(const char *before, const char *head)
{
    struct output *o = NULL;
    struct gad_diag d = {""};

    if (before)
        assert_int_equal(gad_file_write_atomic(target, before, strlen(before), NULL), 0);
    if (output_new(&output_records, target, head, QUEUE, base, &dropped, &o, &d) != 0)
        fail_msg("%s", d.text);
    return o;
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
        struct output *o = open_records(rows[i].before, rows[i].head);
        add_line(o, 1);
        output_flush(o);
        assert_int_equal(o->bytes, LINE);
        output_free(o);
        file_is(target, rows[i].after, 1, 2);
        assert_int_equal(unlink(target), 0);
    }
    memset(text, 'x', sizeof(text)); /* longer than any line of ours: it stays, with its end */
    text[sizeof(text) - 1] = '\0';
    output_free(open_records(text, ""));
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
    struct output *o = open_records(NULL, "");

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (rlim_t part = 0; part < LINE; part += 33) {
        const struct rlimit small = {o->bytes + LINE + part, limit.rlim_max};
        uint64_t before = o->n_sent;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (unsigned i = 0; i < 3; i++)
            add_line(o, (unsigned)before + i);
        output_flush(o);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit),
                         0); /* the output will not see it before its timer */
        assert_int_equal(o->state, OUTPUT_FAILED);
        assert_int_equal(o->error, -EFBIG);
        assert_int_equal(o->n_sent, before + 1);
        file_is(target, "", 0, (unsigned)before + 1);
        while (o->state == OUTPUT_FAILED)
            (void)event_base_loop(base, EVLOOP_ONCE);
        file_is(target, "", 0, (unsigned)before + 3);
    }
    output_free(o);
}

static void a_file_that_was_moved_away_is_made_anew(void **state)
{
    (void)state;
    char moved[96];
    struct output *o = open_output(&output_file);

    (void)snprintf(moved, sizeof(moved), "%s.1", target);
    add_line(o, 0);
    output_flush(o);
    assert_int_equal(rename(target, moved), 0);
    add_line(o, 1); /* belongs to the file that was open when it came */
    output_reopen(o);
    add_line(o, 2);
    output_flush(o);
    output_free(o);
    file_is(moved, "", 0, 2);
    file_is(target, "", 2, 3);
    (void)unlink(moved);
}

static void what_is_no_plain_file_is_refused(void **state)
{
    (void)state;
    struct output *o = NULL;
    struct gad_diag d = {""};

    assert_int_equal(mkfifo(target, 0600), 0);
    assert_true(output_new(&output_file, target, "", QUEUE, base, &dropped, &o, &d) < 0);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(symlink("/dev/null", target), 0);
    assert_int_equal(output_new(&output_file, target, "", QUEUE, base, &dropped, &o, &d), -ELOOP);
    assert_null(o);
    assert_non_null(strstr(d.text, target));
}

static void a_full_disk_keeps_alerts_in_the_queue(void **state)
{
    (void)state;
    struct output *o = open_output(&output_file);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    int good = o->fd;

    o->fd = full;
    for (unsigned i = 0; i < 50; i++)
        add_line(o, i);
    output_flush(o);
    assert_int_equal(o->state, OUTPUT_FAILED);
    assert_int_equal(o->n_dropped, 10); /* 40 lines fit 4,096 bytes */
    assert_int_equal(dropped, 10);
    o->fd = good; /* there is room again */
    assert_int_equal(close(full), 0);
    while (o->state == OUTPUT_FAILED)
        (void)event_base_loop(base, EVLOOP_ONCE); /* its own timer tries again */
    assert_int_equal(o->n_sent, 40);
    add_line(o, 40);
    output_flush(o);
    output_free(o);
    file_is(target, "", 0, 41);
}

/* --- unix --- */

static int listen_here(void)
{
    int fd;
    assert_int_equal(gad_socket_listen(target, 0600, 4, &fd, NULL), 0);
    return fd;
}

/* Accepts as soon as the output has come, and gives it a small buffer. */
static int take(int listener)
{
    int fd;
    while ((fd = accept(listener, NULL, NULL)) < 0) {
        assert_int_equal(errno, EAGAIN);
        (void)event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Reads until @want bytes are there, letting the output write. */
static void read_lines(int fd, unsigned from, unsigned to)
{
    static char got[1 << 20];
    char want[LINE + 1];
    size_t len = 0, need = (to - from) * (size_t)LINE;

    assert_true(need <= sizeof(got));
    while (len < need) {
        ssize_t n = read(fd, got + len, need - len);
        if (n > 0)
            len += (size_t)n;
        else
            (void)event_base_loop(base, EVLOOP_ONCE);
    }
    for (unsigned i = from; i < to; i++) {
        (void)snprintf(want, sizeof(want), "%0*u\n", LINE - 1, i);
        assert_memory_equal(got + (i - from) * (size_t)LINE, want, LINE);
    }
}

static void alerts_wait_for_a_reader_that_comes_late(void **state)
{
    (void)state;
    struct output *o = open_output(&output_unix);

    assert_int_equal(o->state, OUTPUT_CONNECTING);
    for (unsigned i = 0; i < 20; i++)
        add_line(o, i);
    output_flush(o);
    assert_false(output_is_busy(o)); /* nothing can be written now: nobody has to wait for it */
    int listener = listen_here(), reader = take(listener);
    read_lines(reader, 0, 20);
    assert_int_equal(o->state, OUTPUT_OPEN);
    assert_int_equal(o->n_sent, 20);
    (void)close(reader);
    (void)close(listener);
    output_free(o);
}

static void a_reader_that_is_stuck_loses_the_newest_and_they_are_counted(void **state)
{
    (void)state;
    int listener = listen_here();
    struct output *o = open_output(&output_unix);
    int reader = take(listener), small = 1;
    unsigned n = 0;

    assert_int_equal(setsockopt(o->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    while (o->n_dropped < 5) {
        add_line(o, n++);
        output_flush(o);
        assert_true(n < 100000);
    }
    assert_int_equal(dropped, 5);
    read_lines(reader, 0, n - 5); /* all but those five */
    add_line(o, n - 5);
    output_flush(o);
    read_lines(reader, n - 5, n - 4);
    assert_int_equal(o->n_sent, n - 4);
    (void)close(reader);
    (void)close(listener);
    output_free(o);
}

/* What a dead connection had swallowed of a line is sent again from the line's beginning. */
static void a_new_connection_begins_with_a_whole_line(void **state)
{
    (void)state;
    int listener = listen_here();
    struct output *o = open_output(&output_unix);
    int reader = take(listener), small = 1;
    char got[LINE];

    assert_int_equal(setsockopt(o->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    for (unsigned i = 0; !output_is_busy(o); i++) {
        assert_true(i < 100000);
        add_line(o, i);
        output_flush(o);
    }
    (void)close(reader);
    while (o->state == OUTPUT_OPEN)
        (void)event_base_loop(base, EVLOOP_ONCE);
    reader = take(listener);
    while (read(reader, got, 1) != 1)
        (void)event_base_loop(base, EVLOOP_ONCE);
    for (size_t len = 1; len < LINE;) {
        ssize_t n = read(reader, got + len, LINE - len);
        if (n > 0)
            len += (size_t)n;
        else
            (void)event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(got[LINE - 1], '\n');
    assert_null(memchr(got, '\n', LINE - 1));
    (void)close(reader);
    (void)close(listener);
    output_free(o);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        struct output *o = NULL;
        (void)gad_mem_fail_at(k);
        int r = output_new(&output_file, target, "", QUEUE, base, &dropped, &o, NULL);
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
        output_flush(o);
        output_free(o);
        file_is(target, "", 1, 2);
        return;
    }
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(a_file_gets_every_line_and_is_ours_alone),
        WITH(a_line_that_was_cut_in_an_earlier_life_is_ended),
        WITH(a_record_that_was_cut_leaves_the_file),
        WITH(a_disk_that_is_full_in_a_line_has_only_whole_ones),
        WITH(a_file_that_was_moved_away_is_made_anew),
        WITH(what_is_no_plain_file_is_refused),
        WITH(a_full_disk_keeps_alerts_in_the_queue),
        WITH(alerts_wait_for_a_reader_that_comes_late),
        WITH(a_reader_that_is_stuck_loses_the_newest_and_they_are_counted),
        WITH(a_new_connection_begins_with_a_whole_line),
        WITH(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
