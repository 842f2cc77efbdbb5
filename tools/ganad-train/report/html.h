/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writes text and numbers into a page. Names of files and classes are foreign: html_text() escapes
 * all text.
 */

#include <stddef.h>
#include <stdint.h>

struct gad_buf;
struct gad_interval;

/* Text for an element or an attribute in double quotes: & < > " ' are escaped. Bytes that are
 * not valid UTF-8, and control characters, are written as \xNN. */
void html_text(struct gad_buf *b, const char *s);

/* Begins a section with its heading; the caller writes "</section>". */
void html_section(struct gad_buf *b, const char *id, const char *heading);

/* A paragraph; the text is escaped. */
void html_paragraph(struct gad_buf *b, const char *class, const char *text);

/* Begins a table that scrolls separately on a narrow page. @label: its contents, for screen
 * readers. */
void html_table(struct gad_buf *b, const char *label, const char *const *column, size_t n_columns);
void html_table_end(struct gad_buf *b);

/* A cell; the text is escaped. @class: NULL for none. */
void html_cell(struct gad_buf *b, const char *class, const char *text);
void html_count_cell(struct gad_buf *b, uint64_t n);

/* "1,234,567" */
void html_count(struct gad_buf *b, uint64_t n);

enum { HTML_NUMBER = 48 };

/* A rate: "99.43 %", "0.012 %", "< 0.0001 %"; a dash for NaN. Returns text. */
const char *html_rate(double v, char text[static HTML_NUMBER]);

/* A figure between 0 and 1: "0.9976"; a dash for NaN. Returns text. */
const char *html_figure(double v, char text[static HTML_NUMBER]);

/* A score or a threshold: "21.775", "510,768". Returns text. */
const char *html_score(double v, char text[static HTML_NUMBER]);

/* "0.84 % to 1.01 %". Returns text. */
enum { HTML_INTERVAL = 2 * HTML_NUMBER + 8 };
const char *html_interval(struct gad_interval i, char text[static HTML_INTERVAL]);
