/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cursor.h"
#include "tools/common/show.h"

enum { WIDTH = 30, SILENT_NS = 1000000000, REDRAW_NS = 100000000 };

/* RFC 1952: a gzip member starts with 1f 8b and ends with the length of its text modulo 2^32. */
static uint64_t text_size(const char *file)
{
    uint8_t head[2] = {0}, tail[4] = {0};
    struct stat st;
    uint64_t size = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 4) {
        size = (uint64_t)st.st_size;
        if (pread(fd, head, 2, 0) == 2 && head[0] == 0x1f && head[1] == 0x8b &&
            pread(fd, tail, 4, st.st_size - 4) == 4) {
            struct gad_cursor c = gad_cursor_init(tail, sizeof(tail));
            size = gad_cursor_u32le(&c);
        }
    }
    close(fd);
    return size;
}

void progress_start(struct progress *p, bool on, const char *file)
{
    *p = (struct progress){.on = on, .start = gad_time_monotonic()};
    p->last = p->start;
    if (on && strcmp(file, "-") != 0)
        p->total = text_size(file);
}

void progress_show(struct progress *p, uint64_t bytes, uint64_t records)
{
    struct gad_time now = gad_time_monotonic();
    char count[SHOW_TEXT], rate[SHOW_TEXT], left[SHOW_TEXT];

    if (!p->on || now.ns - p->start.ns < SILENT_NS || now.ns - p->last.ns < REDRAW_NS)
        return;
    p->last = now;
    p->drawn = true;
    double s = gad_time_seconds(gad_time_sub(now, p->start));
    show_count(records, count);
    show_count((uint64_t)((double)records / s), rate);
    if (p->total == 0) {
        fprintf(stderr, "\r%s records, %s/s\033[K", count, rate);
        return;
    }
    double done = bytes < p->total ? (double)bytes / (double)p->total : 1.0;
    int filled = (int)(done * WIDTH);
    fprintf(stderr, "\r%3d%% [%.*s%*s] %s records, %s/s, %s left\033[K", (int)(done * 100), filled,
            "##############################", WIDTH - filled, "", count, rate,
            show_duration(done > 0 ? s * (1 - done) / done : 0, left));
}

double progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
    return gad_time_seconds(gad_time_sub(gad_time_monotonic(), p->start));
}
