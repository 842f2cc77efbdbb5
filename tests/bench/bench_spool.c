/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records into a spool and out of it. Usage: bench_spool DIRECTORY
 *
 * Group commit: as many records as come while the disk is at it wait for the next commit, here so many a group. The
 * three rules of syncing; then reading all of it from the start, and opening it again. At last the daemon's thread,
 * with a producer that waits when no block is free: what the disk takes, and what an alert costs the main loop. DIRECTORY must be empty or not be;
 * the spool in it is deleted. Rates hang on the disk: /dev/shm gives those of the processor.
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/feed/spool_writer.h"
#include "lib/base/diag.h"
#include "lib/base/time.h"
#include "lib/spool/inspect.h"
#include "lib/spool/reader.h"
#include "lib/spool/spool.h"

enum { PAYLOAD = 900 }; /* an alert as JSON */

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_spool: %s\n", what);
    exit(1);
}

static struct gad_spool_options options(enum gad_spool_sync sync)
{
    return (struct gad_spool_options){.sync = sync,
                                      .interval = {200000000},
                                      .quota = UINT64_C(4) << 30,
                                      .segment_max = 16 << 20,
                                      .group_max = 4 << 20,
                                      .salt = 1};
}

static struct gad_spool *open_spool(const char *directory, enum gad_spool_sync sync)
{
    const struct gad_spool_options o = options(sync);
    struct gad_spool *s;
    struct gad_diag d = {""};

    if (gad_spool_open(directory, &o, &s, NULL, &d) != 0)
        die(d.text);
    return s;
}

static void delete_spool(const char *directory)
{
    struct gad_spool_view v;
    char path[4096];

    if (gad_spool_view(directory, &v, NULL) != 0)
        return;
    for (size_t i = 0; i < v.n_segments; i++) {
        (void)snprintf(path, sizeof(path), "%s/%016llx.seg", directory,
                       (unsigned long long)v.segment[i].first);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/ganad-spool.state", directory);
    (void)unlink(path);
    (void)rmdir(directory);
    gad_spool_view_deinit(&v);
}

static double since(struct gad_time t)
{
    return gad_time_seconds(gad_time_sub(gad_time_monotonic(), t));
}

/* For about three seconds; how many, and the rate. */
static size_t fill(struct gad_spool *s, size_t group, const uint8_t *p, double *ret_seconds)
{
    struct gad_time begin = gad_time_monotonic();
    size_t n = 0;

    while (since(begin) < 3 && n < 2000000) {
        for (size_t i = 0; i < group; i++)
            if (gad_spool_append(s, 1, gad_time_wall(), p, PAYLOAD, NULL) != 0)
                die("the group is full");
        if (gad_spool_commit(s, gad_time_monotonic()) != 0)
            die("cannot commit");
        n += group;
    }
    *ret_seconds = since(begin);
    return n;
}

static void drain(const char *directory, uint64_t limit)
{
    struct gad_spool_reader *r;
    struct gad_spool_item item;
    struct gad_time begin = gad_time_monotonic();
    size_t n = 0;
    unsigned sum = 0;

    if (gad_spool_reader_open(directory, 1, &r, NULL) != 0)
        die("cannot read");
    while (gad_spool_reader_next(r, limit, &item) == 0) {
        if (!item.p)
            die("a record is missing");
        sum += item.p[item.len - 1];
        n++;
    }
    double t = since(begin);
    printf("  drained                %10.0f records/s  %6.0f MB/s  (%zu records, sum %u)\n",
           (double)n / t, (double)n * PAYLOAD / t / 1e6, n, sum);
    gad_spool_reader_close(r);
}

static void bench(const char *directory, const char *what, enum gad_spool_sync sync, size_t group)
{
    static uint8_t p[PAYLOAD];
    struct gad_spool_status st;
    double seconds;

    memset(p, 'x', sizeof(p));
    struct gad_spool *s = open_spool(directory, sync);
    size_t n = fill(s, group, p, &seconds);
    printf("%-8s groups of %-5zu  %10.0f records/s  %6.0f MB/s\n", what, group, (double)n / seconds,
           (double)n * PAYLOAD / seconds / 1e6);
    gad_spool_status(s, &st);
    if (gad_spool_finish(s, gad_time_monotonic()) != 0)
        die("cannot finish");
    gad_spool_close(s);
    if (group >= 4096) {
        struct gad_time t = gad_time_monotonic();
        s = open_spool(directory, sync);
        printf("  opened                 %10.1f ms         %6.0f MB of backlog\n", 1e3 * since(t),
               (double)st.bytes / 1e6);
        gad_spool_close(s);
        drain(directory, st.end);
    }
    delete_spool(directory);
}

static void wait_for_room(struct spool_writer *w)
{
    struct pollfd p = {.fd = spool_writer_fd(w), .events = POLLIN};

    while (spool_writer_room(w) == 0) {
        if (!spool_writer_arm(w))
            (void)poll(&p, 1, -1);
        spool_writer_take(w);
    }
}

static void bench_thread(const char *directory, const char *what, enum gad_spool_sync sync)
{
    static uint8_t p[PAYLOAD];
    const struct gad_spool_options o = options(sync);
    struct spool_writer *w;
    struct gad_diag d = {""};
    struct gad_time begin, waits = {0};
    size_t n = 0, n_dropped = 0;
    bool dropped;

    if (spool_writer_new(directory, &o, &w, NULL, &d) != 0 || spool_writer_start(w) != 0)
        die(d.text);
    begin = gad_time_monotonic();
    for (; n < 2000000 && (n % 256 != 0 || since(begin) < 3); n++) {
        if (n % 64 == 0) { /* a turn of the loop */
            spool_writer_flush(w, false);
            struct gad_time t = gad_time_monotonic();
            wait_for_room(w);
            waits.ns += gad_time_monotonic().ns - t.ns;
        }
        (void)spool_writer_add(w, 1, (struct gad_time){1}, p, PAYLOAD, &dropped);
        n_dropped += dropped;
    }
    double filled = since(begin) - gad_time_seconds(waits);
    if (spool_writer_stop(w) != 0)
        die("cannot finish");
    double t = since(begin);
    printf("%-8s thread             %10.0f records/s  %6.0f MB/s  (%zu dropped; %.0f ns of the "
           "main loop a "
           "record)\n",
           what, (double)n / t, (double)n * PAYLOAD / t / 1e6, n_dropped, 1e9 * filled / (double)n);
    spool_writer_free(w);
    delete_spool(directory);
}

int main(int argc, char **argv)
{
    static const size_t groups[] = {1, 32, 256, 4096};

    if (argc != 2)
        die("usage: bench_spool DIRECTORY");
    for (size_t i = 0; i < 4; i++)
        bench(argv[1], "always", GAD_SPOOL_ALWAYS, groups[i]);
    for (size_t i = 0; i < 4; i += 3)
        bench(argv[1], "interval", GAD_SPOOL_INTERVAL, groups[i]);
    for (size_t i = 0; i < 4; i += 3)
        bench(argv[1], "never", GAD_SPOOL_NEVER, groups[i]);
    bench_thread(argv[1], "always", GAD_SPOOL_ALWAYS);
    bench_thread(argv[1], "interval", GAD_SPOOL_INTERVAL);
    bench_thread(argv[1], "never", GAD_SPOOL_NEVER);
    return 0;
}
