/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Formats write an event as one line of UTF-8, without a line end and without a byte below 0x20,
 * whatever bytes the event's texts hold. Only a format with is_datagram set has line ends. Formats
 * are pure functions, one file each. The comment at the head of the file names the specification,
 * the fields, and the replacement for bytes that the format cannot hold.
 *
 * Thread: any.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"

struct gad_buf;
struct gad_event;

/* What a format leaves out when the line is too long; each value leaves out more. */
enum gad_detail {
    GAD_DETAIL_ALL,
    GAD_DETAIL_NO_FEATURES, /* without the 41 columns */
    /* and without contributing features but the top one, and the top addresses and ports of the
     * incident; of stats, without counters */
    GAD_DETAIL_ONE_REASON,
    /* and of the incident only its id, state, records and hint; no files and no technique; as eve
     * without sentence and rollup */
    GAD_DETAIL_LEAST,
};

struct gad_format_options {
    uint32_t pid;        /* PROCID of syslog */
    uint32_t enterprise; /* private enterprise number in ids; 32473 is reserved for documentation */
    unsigned facility;   /* of syslog, 0 .. 23 */
    size_t max;          /* maximum bytes of a line */
    const char *version; /* of ganad */
};

struct gad_format {
    const char *name;    /* in configurations and on command lines */
    const char *summary; /* one line for people */
    bool is_datagram;    /* a datagram with line ends, not a line */
    void (*write)(const struct gad_event *e, const struct gad_format_options *o,
                  enum gad_detail detail, struct gad_buf *out);
};

extern const struct gad_format gad_format_json, gad_format_eve, gad_format_ecs, gad_format_ocsf,
    gad_format_cef, gad_format_leef, gad_format_syslog, gad_format_journal;

/* Returns the i-th format, NULL after the last. */
const struct gad_format *gad_format_at(size_t i);

/* Returns NULL if no format has that name. */
static inline const struct gad_format *gad_format_find(const char *name)
{
    const struct gad_format *f;
    size_t i = 0;

    while ((f = gad_format_at(i)) != NULL && strcmp(f->name, name) != 0)
        i++;
    return f;
}

/**
 * gad_format_write() - appends the line to @out, with as much detail as @o->max allows
 *
 * Returns 0; GAD_ELIMIT: no memory, or even the line with the least detail exceeds @o->max or the
 * limit of @out. Nothing was appended then.
 */
int gad_format_write(const struct gad_format *f, const struct gad_event *e,
                     const struct gad_format_options *o, struct gad_buf *out) GAD_MUST_CHECK;

/* Appends the head of RFC 5424 up to the structured data, which any format's line can follow:
 * "<132>1 2026-11-23T14:05:09.123456Z sensor ganadd 4242 ALERT " */
void gad_syslog_head(const struct gad_event *e, const struct gad_format_options *o,
                     struct gad_buf *out);
