/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A verdict: what an operator says of an alert or an incident. True: it was an attack. False: it
 * was expected traffic. A verdict has the facts that find its records again in a record log.
 *
 * As text it is one line of fields KEY=VALUE with a tab between them, in this order:
 *
 *     verdict id time who uid event incident is first last src dst port proto service nature
 *     model score comment features
 *     undo    id time who uid of
 *
 * The first word has no value. Unknown values are empty. Times are RFC 3339 in UTC with
 * microseconds. The features are the 41 columns of a KDD99 line. No text can hold a tab or a line
 * end, so a comment cannot forge a field or a line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/event/event.h"
#include "lib/record/record.h"

struct gad_buf;
struct gad_diag;

enum {
    GAD_VERDICT_COMMENT = 201,   /* bytes of printable UTF-8, with the NUL */
    GAD_VERDICT_WHO = 64,        /* bytes of a user's name, with the NUL */
    GAD_VERDICT_LINE_MAX = 3072, /* bytes of a line, with its LF */
};
/* An id is below this. */
#define GAD_VERDICT_ID_MAX INT64_MAX

/* Who said or undid something. */
struct gad_verdict_mark {
    uint64_t id; /* of the line, from 1; 0: none */
    struct gad_time time;
    char who[GAD_VERDICT_WHO]; /* "": the user has no name */
    uint32_t uid;
};

struct gad_verdict {
    struct gad_verdict_mark by;
    struct gad_verdict_mark undone; /* id 0: it stands */
    char event[GAD_EVENT_ID_TEXT];
    char incident[GAD_EVENT_ID_TEXT]; /* "": the alert has no incident */
    bool is_true;

    struct gad_time first, last; /* of the records, as gad_incident has them */
    uint8_t family;              /* of the addresses that are known: 4, 6; 0: none is */
    bool has_src, has_dst;       /* all records have this address */
    uint8_t src[16], dst[16];    /* network order, IPv4 in the first 4 bytes */
    uint16_t port;               /* all records have this destination port; 0: several, or none */
    uint8_t proto;               /* IP protocol of the shown record; 0: not known */
    int service;                 /* of all records; GAD_NAME_UNKNOWN: several, or not known */
    enum gad_nature nature;      /* of all records; GAD_NATURE_NONE: not known */
    char model[GAD_EVENT_NAME];
    float score; /* finite */
    bool has_features;
    double v[GAD_N_COLUMNS]; /* of the shown record, legal values */
    char comment[GAD_VERDICT_COMMENT];
};

/* Sets the facts and ids of an alert; the other fields become 0. */
void gad_verdict_of(const struct gad_event *e, struct gad_verdict *ret);

/* Appends the line of a verdict with its LF, without what undid it. */
void gad_verdict_write(const struct gad_verdict *v, struct gad_buf *out);

/* Appends the line that undoes verdict @of, with its LF. */
void gad_verdict_write_undo(const struct gad_verdict_mark *m, uint64_t of, struct gad_buf *out);

/**
 * gad_verdict_parse() - reads a line without its LF
 * @ret:    a verdict, if the line is one
 * @ret_of: 0: the line is a verdict; else it undoes this one, and ret->undone says who and when
 * Returns 0; GAD_EFORMAT or GAD_ELIMIT with the field in @d. Accepts exactly what the functions
 * above write.
 */
int gad_verdict_parse(const char *line, size_t len, struct gad_verdict *ret, uint64_t *ret_of,
                      struct gad_diag *d) GAD_MUST_CHECK;

/* Checks a comment: printable UTF-8, shorter than GAD_VERDICT_COMMENT. 0, GAD_EINVAL or
 * GAD_ELIMIT with @d. */
int gad_verdict_check_comment(const char *text, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_verdict_meets() - whether a record is one that the verdict speaks of
 * @rec:      of a record log; tuple.family 0: its connection is not known
 * @is_timed: @time is its time
 *
 * A record with a time must be between first and last, with two seconds of grace. It must have
 * the nature, the service, and, if its connection is known, the addresses and the port. A record
 * without a time must have the 41 features of the verdict, as float32.
 */
bool gad_verdict_meets(const struct gad_verdict *v, const struct gad_record *rec, bool is_timed,
                       struct gad_time time);
