/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a segment's file: each record that is read is in them unchanged, after the one
 * before, and complete. A second reading gives the same. Sums of ff ff ff ff are corrected.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/spool/scan.h"
#include "lib/spool/spool.h"
#include "tests/fuzz/spool_sums.h"

enum { INPUT_MAX = 512 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct gad_spool_scan *s, const struct gad_spool_record *r,
                         const uint8_t *p, size_t len, uint64_t before)
{
    uint64_t size = gad_spool_record_size(r->len);

    require(s->record_at >= before && s->at == s->record_at + size && s->at <= len);
    require(r->len > 0 && r->len <= GAD_SPOOL_RECORD_MAX && r->kind < GAD_SPOOL_KINDS);
    require(r->seq > 0 && r->seq < GAD_SPOOL_SEQ_MAX);
    require(memcmp(p + s->record_at + GAD_SPOOL_RECORD_HEAD, r->p, r->len) == 0);
}

static size_t walk(int fd, const uint8_t *p, size_t len, uint32_t salt, uint8_t *buf)
{
    struct gad_spool_scan s;
    struct gad_spool_record r;
    uint64_t taken = 0;
    size_t n = 0;

    gad_spool_scan_begin(&s, fd, salt, buf);
    for (uint64_t before = s.at; gad_spool_scan_next(&s, &r) == 0; before = s.at, n++) {
        check_record(&s, &r, p, len, before);
        taken += s.at - s.record_at;
        if (n % 16 == 5) { /* once more the same */
            uint64_t seq = r.seq, damaged = s.damaged;
            gad_spool_scan_back(&s);
            require(gad_spool_scan_next(&s, &r) == 0 && r.seq == seq && s.damaged == damaged);
        }
    }
    require(GAD_SPOOL_HEAD + taken + s.damaged == s.at);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gad_spool_head h;

    if (size > INPUT_MAX)
        return 0;
    gad_cleanup(gad_freep) uint8_t *p = gad_calloc(1, size + 1);
    gad_cleanup(gad_freep) uint8_t *buf = gad_calloc(1, GAD_SPOOL_SCAN_BUF);
    int fd = memfd_create("segment", MFD_CLOEXEC);
    if (!p || !buf || fd < 0)
        abort();
    memcpy(p, data, size);
    uint32_t salt = put_segment_right(p, size);
    require(write(fd, p, size) == (ssize_t)size);
    if (gad_spool_head_read(p, size, &h) == 0)
        require(h.first > 0 && h.unused_from <= h.unused_to && h.unused_to <= h.first);
    size_t n = walk(fd, p, size, salt, buf);
    require(walk(fd, p, size, salt, buf) == n);
    (void)close(fd);
    return 0;
}
