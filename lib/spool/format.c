/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/format.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/base/cursor.h"
#include "lib/spool/spool.h"

static const uint8_t magic[8] = {'G', 'A', 'D', 'S', 'P', 'O', 'O', 'L'};
static const char suffix[] = ".seg";

enum { DIGITS = 16 };

void gad_spool_segment_name(uint64_t first, char name[static GAD_SPOOL_FILE_NAME])
{
    (void)snprintf(name, GAD_SPOOL_FILE_NAME, "%016llx%s", (unsigned long long)first, suffix);
}

bool gad_spool_segment_number(const char *name, uint64_t *ret)
{
    uint64_t v = 0;

    for (int i = 0; i < DIGITS; i++) {
        const char *digits = "0123456789abcdef";
        const char *at = name[i] ? strchr(digits, name[i]) : NULL;
        if (!at)
            return false;
        v = v << 4 | (uint64_t)(at - digits);
    }
    if (strcmp(name + DIGITS, suffix) != 0 || v == 0 || v > GAD_SPOOL_SEQ_MAX)
        return false;
    *ret = v;
    return true;
}

void gad_spool_head_write(const struct gad_spool_head *h, uint8_t out[static GAD_SPOOL_HEAD])
{
    memset(out, 0, GAD_SPOOL_HEAD);
    memcpy(out, magic, sizeof(magic));
    gad_put_u32le(out + 8, GAD_SPOOL_VERSION);
    gad_put_u32le(out + 12, h->salt);
    gad_put_u64le(out + 16, h->first);
    gad_put_u64le(out + 24, h->unused_from);
    gad_put_u64le(out + 32, h->unused_to);
    gad_put_u64le(out + 40, (uint64_t)h->created);
    gad_put_u32le(out + 48, h->flags);
    gad_put_u32le(out + GAD_SPOOL_HEAD - 4, gad_crc32c(0, out, GAD_SPOOL_HEAD - 4));
}

int gad_spool_head_read(const uint8_t *p, size_t len, struct gad_spool_head *ret)
{
    struct gad_cursor c = gad_cursor_init(p, len);
    struct gad_spool_head h;

    const uint8_t *m = gad_cursor_take(&c, sizeof(magic));
    if (len < GAD_SPOOL_HEAD)
        return GAD_ETRUNC;
    if (memcmp(m, magic, sizeof(magic)) != 0)
        return GAD_EFORMAT;
    uint32_t version = gad_cursor_u32le(&c);
    h.salt = gad_cursor_u32le(&c);
    h.first = gad_cursor_u64le(&c);
    h.unused_from = gad_cursor_u64le(&c);
    h.unused_to = gad_cursor_u64le(&c);
    h.created = (int64_t)gad_cursor_u64le(&c);
    h.flags = gad_cursor_u32le(&c);
    gad_cursor_skip(&c, 8);
    if (gad_cursor_u32le(&c) != gad_crc32c(0, p, GAD_SPOOL_HEAD - 4))
        return GAD_EMISMATCH;
    /* after the sum, so that damage does not look like a version */
    if (version != GAD_SPOOL_VERSION)
        return GAD_EVERSION;
    /* 0 is not a valid number */
    if (h.first == 0 || h.first > GAD_SPOOL_SEQ_MAX || h.unused_from > h.unused_to ||
        h.unused_to > h.first || (h.unused_from == 0 && h.unused_to > 0))
        return GAD_EMISMATCH;
    *ret = h;
    return 0;
}

void gad_spool_record_write(const struct gad_spool_record *r, uint32_t salt, uint8_t *out)
{
    size_t size = gad_spool_record_size(r->len);

    gad_put_u32le(out, r->len);
    gad_put_u32le(out + 4, r->kind);
    gad_put_u64le(out + 8, r->seq);
    gad_put_u64le(out + 16, (uint64_t)r->time);
    gad_put_u32le(out + 24, gad_crc32c(0, r->p, r->len));
    gad_put_u32le(out + 28, gad_crc32c(salt, out, GAD_SPOOL_RECORD_HEAD - 4));
    memcpy(out + GAD_SPOOL_RECORD_HEAD, r->p, r->len);
    memset(out + GAD_SPOOL_RECORD_HEAD + r->len, 0, size - GAD_SPOOL_RECORD_HEAD - r->len);
}

int gad_spool_record_read(const uint8_t *p, size_t len, uint32_t salt, struct gad_spool_record *ret,
                          size_t *ret_size)
{
    struct gad_cursor c = gad_cursor_init(p, len);
    struct gad_spool_record r;

    if (len < GAD_SPOOL_RECORD_HEAD) {
        *ret_size = GAD_SPOOL_RECORD_HEAD;
        return GAD_MORE;
    }
    r.len = gad_cursor_u32le(&c);
    r.kind = gad_cursor_u32le(&c);
    r.seq = gad_cursor_u64le(&c);
    r.time = (int64_t)gad_cursor_u64le(&c);
    uint32_t payload_crc = gad_cursor_u32le(&c), head_crc = gad_cursor_u32le(&c);
    *ret_size = GAD_SPOOL_ALIGN;
    if (r.len == 0 || r.len > GAD_SPOOL_RECORD_MAX || r.kind >= GAD_SPOOL_KINDS || r.seq == 0 ||
        r.seq >= GAD_SPOOL_SEQ_MAX || head_crc != gad_crc32c(salt, p, GAD_SPOOL_RECORD_HEAD - 4))
        return GAD_EFORMAT;
    *ret_size = gad_spool_record_size(r.len);
    if (len < *ret_size)
        return GAD_MORE;
    r.p = gad_cursor_take(&c, r.len);
    *ret = r;
    return payload_crc == gad_crc32c(0, r.p, r.len) ? 0 : GAD_EMISMATCH;
}
