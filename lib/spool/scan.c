/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/scan.h"

#include <stdbool.h>
#include <string.h>

#include "lib/spool/directory.h"
#include "lib/spool/spool.h"

_Static_assert(GAD_SPOOL_SCAN_BUF >= GAD_SPOOL_RECORD_HEAD + GAD_SPOOL_RECORD_MAX, "a record fits");

void gad_spool_scan_begin(struct gad_spool_scan *s, int fd, uint32_t salt, uint8_t *buf)
{
    *s = (struct gad_spool_scan){
        .fd = fd, .salt = salt, .buf = buf, .at = GAD_SPOOL_HEAD, .size = GAD_SPOOL_SEGMENT_MAX};
}

void gad_spool_scan_back(struct gad_spool_scan *s)
{
    s->at = s->record_at;
    gad_spool_scan_forget(s);
}

void gad_spool_scan_forget(struct gad_spool_scan *s)
{
    s->pos = s->len = 0;
}

/* Fills the buffer from the file. Returns the number of bytes in it, or -errno. */
static ssize_t fill(struct gad_spool_scan *s)
{
    size_t have = s->len - s->pos;
    uint64_t from = s->at + have;

    memmove(s->buf, s->buf + s->pos, have);
    s->pos = 0;
    s->len = have;
    size_t want = GAD_SPOOL_SCAN_BUF - have;
    if (from >= s->size)
        return (ssize_t)have;
    if (want > s->size - from)
        want = (size_t)(s->size - from);
    ssize_t n = gad_spool_pread(s->fd, s->buf + have, want, from);
    if (n < 0)
        return n;
    s->len += (size_t)n;
    return (ssize_t)s->len;
}

static void step(struct gad_spool_scan *s, size_t n)
{
    if (n > s->len - s->pos)
        n = s->len - s->pos;
    s->pos += n;
    s->at += n;
}

int gad_spool_scan_next(struct gad_spool_scan *s, struct gad_spool_record *ret)
{
    uint64_t begin = s->at;
    bool at_end = false;
    size_t size;

    for (;;) {
        int r = gad_spool_record_read(s->buf + s->pos, s->len - s->pos, s->salt, ret, &size);
        if (r == 0) {
            s->damaged += s->at - begin;
            s->record_at = s->at;
            step(s, size);
            return 0;
        }
        if (r == GAD_MORE && !at_end) {
            ssize_t n = fill(s);
            if (n < 0)
                return (int)n;
            at_end = (size_t)n < GAD_SPOOL_SCAN_BUF;
            continue;
        }
        if (r == GAD_MORE) { /* it may be half written: the next call begins here again */
            s->at = begin;
            gad_spool_scan_forget(s);
            return GAD_END;
        }
        step(s, size);
    }
}
