/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writes records as text, one line each: for the command extract and the daemon's file of records.
 * CSV is the form of the KDD99 files, so by itself it suits readers of those. NDJSON is one object
 * a line, with the names of the columns as keys.
 *
 * After the 41 columns these can follow, in this order, in NDJSON under these keys:
 *
 *     label
 *     src_ip src_port dest_ip dest_port start end decided community_id
 *     orient notes src_packets dest_packets                               the connection
 *     source                                                              its capture
 *     model score p_value anomalous                                       result of a model
 *
 * orient is "known", or "guessed" if no handshake showed the originator; notes are the other words
 * of lib/record/notes.h, joined by a space.
 *
 * Unknown values are empty in CSV and absent in NDJSON; a record without a score has those three
 * empty or null. Times are RFC 3339 in UTC with microseconds in NDJSON, seconds with nine decimals
 * in CSV; anomalous is true or false, or 1 or 0. No name can break a line or change its number of
 * fields: NDJSON escapes; CSV has '_' for bytes that are not printable ASCII, for a comma, a space
 * and a quote.
 *
 * gad_dataset_open() accepts a CSV file with more than the columns and a label if its first line is
 * the head.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/time.h"

struct gad_record;

struct gad_record_form {
    bool ndjson;
    const char *label; /* or NULL: no label */
    bool with_connection, with_source, with_score;
};

/* Data that a record does not contain. */
struct gad_record_about {
    struct gad_time decided;
    /* all three are set, also if 0, as from captures; otherwise 0 means not known */
    bool times_known;
    const char *source, *model; /* or NULL */
    bool is_scored;
    float score, p_value; /* valid if is_scored, like is_anomalous */
    bool is_anomalous;
};

/* Maximum length of a line, if label, source and model have at most 64 bytes each. */
enum { GAD_RECORD_LINE_MAX = 4096 };

void gad_record_text(struct gad_buf *b, const struct gad_record_form *form,
                     const struct gad_record *r, const struct gad_record_about *about);

/* Writes the names of the columns as a line of CSV; NDJSON has no head. */
void gad_record_text_head(struct gad_buf *b, const struct gad_record_form *form);

/* Is the text usable as a label: 1 to 31 letters, digits, '_' and '-'? */
bool gad_record_text_is_label(const char *s);
