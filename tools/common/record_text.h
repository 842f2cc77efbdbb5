/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records as text, a line each. CSV is the form of the KDD99 files, so that without the connection it is what
 * readers of those take; NDJSON is one object a line, its keys the names of the columns.
 *
 * With the connection there stand behind the columns (and the label), in NDJSON under these keys where they are
 * known:
 *
 *     src_ip, src_port, dest_ip, dest_port, start, end, decided, community_id
 *
 * Times are RFC 3339 in UTC with microseconds in NDJSON, seconds with nine decimals in CSV.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/time.h"

struct gad_record;

struct record_text {
    const char *label; /* or NULL */
    bool with_connection;
};

typedef void record_text_fn(struct gad_buf *b, const struct record_text *how,
                            struct gad_time decided, const struct gad_record *r);

void record_text_csv(struct gad_buf *b, const struct record_text *how, struct gad_time decided,
                     const struct gad_record *r);
void record_text_ndjson(struct gad_buf *b, const struct record_text *how, struct gad_time decided,
                        const struct gad_record *r);

/* Fit to be a label: 1 to 31 letters, digits, '_' and '-'. */
bool record_text_is_label(const char *s);
