/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads and writes the bytes of segments; spool.h has the format. Pure: no files, no memory. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    GAD_SPOOL_HEAD = 64,        /* bytes of a segment's head */
    GAD_SPOOL_RECORD_HEAD = 32, /* of a record's */
    GAD_SPOOL_ALIGN = 8,
    GAD_SPOOL_VERSION = 1,
    GAD_SPOOL_GUESSED =
        1, /* flag of a head: some numbers before unused_from may not be a record's either */
    GAD_SPOOL_FILE_NAME = 24, /* bytes of a segment's name, with its NUL */
};

/* A larger number is damage: 2^62 is 10^5 years of a million records a second. */
#define GAD_SPOOL_SEQ_MAX (UINT64_C(1) << 62)

struct gad_spool_head {
    uint64_t first;                  /* no record has a smaller number */
    uint64_t unused_from, unused_to; /* no record ever had one of these numbers; both <= first */
    int64_t created;                 /* ns, wall */
    uint32_t salt, flags;
};

struct gad_spool_record {
    uint64_t seq;
    int64_t time; /* ns, wall */
    const uint8_t *p;
    uint32_t len, kind;
};

/* Little-endian numbers into bytes of fixed places; lib/base/cursor.h reads them. */
static inline void gad_put_u32le(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static inline void gad_put_u64le(uint8_t *p, uint64_t v)
{
    gad_put_u32le(p, (uint32_t)v);
    gad_put_u32le(p + 4, (uint32_t)(v >> 32));
}

/* "0000000000000001.seg" */
void gad_spool_segment_name(uint64_t first, char name[static GAD_SPOOL_FILE_NAME]);
bool gad_spool_segment_number(const char *name, uint64_t *ret);

void gad_spool_head_write(const struct gad_spool_head *h, uint8_t out[static GAD_SPOOL_HEAD]);

/* Returns 0; GAD_ETRUNC; GAD_EFORMAT: not a segment; GAD_EVERSION; GAD_EMISMATCH: damaged. */
int gad_spool_head_read(const uint8_t *p, size_t len, struct gad_spool_head *ret) GAD_MUST_CHECK;

/* Returns the bytes of a record with a payload of @len bytes. */
static inline size_t gad_spool_record_size(size_t len)
{
    return GAD_SPOOL_RECORD_HEAD + ((len + GAD_SPOOL_ALIGN - 1) & ~(size_t)(GAD_SPOOL_ALIGN - 1));
}

/* @out has gad_spool_record_size(r->len) bytes. */
void gad_spool_record_write(const struct gad_spool_record *r, uint32_t salt, uint8_t *out);

/**
 * gad_spool_record_read() - reads the record at @p; ret->p is borrowed from @p
 * @ret_size: bytes to advance: of the whole record if its head is whole, else GAD_SPOOL_ALIGN
 *
 * Returns 0; GAD_MORE: p has too few bytes, *ret_size are needed; GAD_EFORMAT: no record begins
 * here. GAD_EMISMATCH: the head is whole and the payload is damaged; *ret is set except for the
 * payload.
 */
int gad_spool_record_read(const uint8_t *p, size_t len, uint32_t salt, struct gad_spool_record *ret,
                          size_t *ret_size) GAD_MUST_CHECK;
