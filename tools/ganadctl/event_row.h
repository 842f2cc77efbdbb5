/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Events of the format json as rows of text for people. The texts are foreign, so that everything
 * is escaped. An event without the shape of the feed is shown escaped and unchanged.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { ROW_TEXT = 256, ROW_WIDE = 140 /* columns from which a row has the reasons, too */ };

/* Columns of the terminal; 0: the standard output is no terminal, and rows are not cut. */
size_t row_width(void);

/* A scalar of an event, escaped; "-" if it is absent. Returns @text. */
const char *row_scalar(const json_t *o, const char *key, char text[static ROW_TEXT]);

/* "2026-12-01", "14:03:05", of a time in RFC 3339; else "". */
void row_date(const char *time, char date[static 11], char clock[static 9]);

/* "high", "medium" or "low" of an alert. */
const char *row_severity(const json_t *alert);
const char *row_colour(const json_t *alert); /* escape sequence for its severity */

/* Prints the sentence of an alert in at most @width columns, 0: all of it. A cut sentence keeps
 * the addresses. */
void row_sentence(const json_t *alert, size_t width, bool with_reasons);

/* The state of tail: the day that was shown last. */
struct row_day {
    char date[11];
};

/* Prints an event in one row, and before it a row with the date if the day is another one. Without
 * a terminal each row has its whole time. @text: the event. */
void row_print(struct row_day *day, const json_t *event, const char *text, size_t width,
               bool colour);
