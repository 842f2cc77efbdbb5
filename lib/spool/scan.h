/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The records of one segment, in order, whatever is between them. What is no record is stepped over, 8 bytes at a
 * time, up to the next whole head; a record whose payload alone is damaged is stepped over as a whole, and one that
 * the file does not hold whole is the end, whatever its payload looks like: it must be the same when the file has
 * grown. So each byte is looked at once or twice, and one damaged record costs no other.
 */

#include "lib/spool/format.h"

struct gad_spool_scan {
    int fd; /* owned by the caller */
    uint32_t salt;
    uint8_t *buf;       /* (GAD_SPOOL_SCAN_BUF), the caller's */
    uint64_t at;        /* place in the file of the next byte to look at: buf[pos] */
    uint64_t record_at; /* of the record that was returned last */
    uint64_t size;      /* of what is to be read at most; the file may be shorter */
    size_t pos, len;    /* buf[pos .. len) is to come */
    uint64_t damaged; /* bytes stepped over before the last record that was returned, since begin */
};

enum { GAD_SPOOL_SCAN_BUF = 256 << 10 };

/* Behind the head. @buf is the caller's, GAD_SPOOL_SCAN_BUF bytes. */
void gad_spool_scan_begin(struct gad_spool_scan *s, int fd, uint32_t salt, uint8_t *buf);

/* What was read ahead may have been written since. */
void gad_spool_scan_forget(struct gad_spool_scan *s);

/* The record that was returned last comes once more. */
void gad_spool_scan_back(struct gad_spool_scan *s);

/**
 * gad_spool_scan_next() - the next whole record; its payload is borrowed until the next call
 * Return: 0; GAD_END: none before the end of the file, and nothing was taken: called again, it looks anew at what
 * follows the last record; -errno.
 */
int gad_spool_scan_next(struct gad_spool_scan *s, struct gad_spool_record *ret) GAD_MUST_CHECK;
