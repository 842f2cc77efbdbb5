/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records as text, a line each, for whoever keeps them: the command extract and the daemon's file of records. CSV
 * is the form of the KDD99 files, so that by itself it is what readers of those take; NDJSON is one object a line,
 * its keys the names of the columns.
 *
 * Behind the 41 columns there may stand, in this order, in NDJSON under these keys:
 *
 *     label
 *     src_ip src_port dest_ip dest_port start end decided community_id     the connection
 *     source                                                              the capture it was seen by
 *     model score p_value anomalous                                       what a model said of it
 *
 * What is not known is empty in CSV and not there in NDJSON; a record without a score has those three empty or null.
 * Times are RFC 3339 in UTC with microseconds in NDJSON, seconds with nine decimals in CSV; anomalous is true or
 * false, or 1 or 0. Whatever a name holds, a line is one line and its fields are as many as they should be: NDJSON
 * escapes, CSV has '_' for what is not printable ASCII, for a comma, a space and a quote.
 *
 * A CSV file with more than the columns and a label is one that gad_dataset_open() takes if its first line is
 * the head.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/time.h"

struct gad_record;

struct gad_record_form {
    bool ndjson;
    const char *label; /* or NULL: none */
    bool with_connection, with_source, with_score;
};

/* What a record does not say of itself. */
struct gad_record_about {
    struct gad_time decided;
    bool times_known; /* all three, and 0 too is one, as captures have it; else 0 is not known */
    const char *source, *model; /* or NULL */
    bool is_scored;
    float score, p_value; /* if it is, and so the next */
    bool is_anomalous;
};

/* No line is longer, if label, source and model have at most 64 bytes each. */
enum { GAD_RECORD_LINE_MAX = 4096 };

void gad_record_text(struct gad_buf *b, const struct gad_record_form *form,
                     const struct gad_record *r, const struct gad_record_about *about);

/* The names of the columns as a line of CSV; NDJSON has no head. */
void gad_record_text_head(struct gad_buf *b, const struct gad_record_form *form);

/* Fit to be a label: 1 to 31 letters, digits, '_' and '-'. */
bool gad_record_text_is_label(const char *s);
