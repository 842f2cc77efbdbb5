/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Formats: an event in, a line of UTF-8 out, without a line end and without a byte below 0x20 in it, whatever the
 * event's texts hold; but for the one whose is_datagram is set. Pure functions, one file a format; each file's head names
 * the specification and says what goes where, and what becomes of bytes that it cannot hold.
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

/* What of an alert is left out when the line is too long; each leaves out more. */
enum gad_detail {
    GAD_DETAIL_ALL,
    GAD_DETAIL_NO_FEATURES, /* the 41 columns are left out */
    GAD_DETAIL_ONE_REASON,  /* and all reasons but the first; of stats, the counters */
};

struct gad_format_options {
    uint32_t pid;        /* PROCID of syslog */
    uint32_t enterprise; /* private enterprise number in ids; 32473 is that of documentation */
    unsigned facility;   /* of syslog, 0 .. 23 */
    size_t max;          /* bytes of a line */
    const char *version; /* of ganad */
};

struct gad_format {
    const char *name;    /* in configurations and on command lines */
    const char *summary; /* one line for people */
    bool is_datagram;    /* has line ends in it: no line, but a datagram */
    void (*write)(const struct gad_event *e, const struct gad_format_options *o,
                  enum gad_detail detail, struct gad_buf *out);
};

extern const struct gad_format gad_format_json, gad_format_eve, gad_format_ecs, gad_format_ocsf,
    gad_format_cef, gad_format_leef, gad_format_syslog, gad_format_journal;

/* The i-th of all, NULL after the last. */
const struct gad_format *gad_format_at(size_t i);

/* NULL if no format has that name. */
static inline const struct gad_format *gad_format_find(const char *name)
{
    const struct gad_format *f;
    size_t i = 0;

    while ((f = gad_format_at(i)) != NULL && strcmp(f->name, name) != 0)
        i++;
    return f;
}

/**
 * gad_format_write() - the line at the end of @out, with as much detail as @o->max allows
 * Return: 0; GAD_ELIMIT: longer than that, or than @out may be, even with the least, or no memory; nothing was added.
 */
int gad_format_write(const struct gad_format *f, const struct gad_event *e,
                     const struct gad_format_options *o, struct gad_buf *out) GAD_MUST_CHECK;

/* "<132>1 2026-11-23T14:05:09.123456Z sensor ganadd 4242 ALERT ", up to the structured data: what makes any format's line a message of RFC 5424.
 * */
void gad_syslog_head(const struct gad_event *e, const struct gad_format_options *o,
                     struct gad_buf *out);
