/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the records of one segment in order, whatever bytes are between them. Bytes that are not a
 * record are skipped, 8 at a time, up to the next whole head. A record with a damaged payload is
 * skipped as a whole. A record that extends beyond the file is the end, whatever its payload,
 * because the result must not change when the file has grown.
 *
 * Each byte is read once or twice, and one damaged record costs no other.
 */

#include "lib/spool/format.h"

struct gad_spool_scan {
    int fd; /* the caller's */
    uint32_t salt;
    uint8_t *buf;       /* (GAD_SPOOL_SCAN_BUF), the caller's */
    uint64_t at;        /* offset in the file of the next byte, buf[pos] */
    uint64_t record_at; /* offset of the record that was returned last */
    uint64_t size;      /* upper limit of the bytes to read; the file may be shorter */
    size_t pos, len;    /* buf[pos .. len) is unread */
    uint64_t damaged;   /* bytes skipped before the record that was returned last, since begin */
};

enum { GAD_SPOOL_SCAN_BUF = 256 << 10 };

/* Begins behind the head. @buf is the caller's, GAD_SPOOL_SCAN_BUF bytes. */
void gad_spool_scan_begin(struct gad_spool_scan *s, int fd, uint32_t salt, uint8_t *buf);

/* Discards what was read ahead, because it may have been written since. */
void gad_spool_scan_forget(struct gad_spool_scan *s);

/* Makes the next call return the last record again. */
void gad_spool_scan_back(struct gad_spool_scan *s);

/**
 * gad_spool_scan_next() - reads the next whole record; its payload is borrowed until the next call
 *
 * Returns 0; GAD_END: no whole record before the end of the file; -errno. With GAD_END nothing is
 * consumed: the next call reads again what follows the last record.
 */
int gad_spool_scan_next(struct gad_spool_scan *s, struct gad_spool_record *ret) GAD_MUST_CHECK;
