/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text and numbers into a page. Names of files and of classes are foreign: all text goes through html_text().
 */

#include <stddef.h>
#include <stdint.h>

struct gad_buf;
struct gad_interval;

/* Text for an element or an attribute in double quotes: & < > " ' escaped. Of foreign bytes only those of valid
 * UTF-8 without control characters pass, any other as \xNN. */
void html_text(struct gad_buf *b, const char *s);

/* A section with its heading; closed by "</section>". */
void html_section(struct gad_buf *b, const char *id, const char *heading);

/* <p>, with text that is all ours or escaped. */
void html_paragraph(struct gad_buf *b, const char *class, const char *text);

/* A table that scrolls by itself where the page is narrow; @label says what it holds. Closed by html_table_end(). */
void html_table(struct gad_buf *b, const char *label, const char *const *column, size_t n_columns);
void html_table_end(struct gad_buf *b);

/* A cell with text, to be escaped; NULL class: none. */
void html_cell(struct gad_buf *b, const char *class, const char *text);
void html_count_cell(struct gad_buf *b, uint64_t n);

/* "1,234,567" */
void html_count(struct gad_buf *b, uint64_t n);

enum { HTML_NUMBER = 48 };

/* A rate for people: "99.43 %", "0.012 %", "< 0.0001 %"; a dash for NaN. Return: text. */
const char *html_rate(double v, char text[static HTML_NUMBER]);

/* A figure between 0 and 1: "0.9976"; a dash for NaN. Return: text. */
const char *html_figure(double v, char text[static HTML_NUMBER]);

/* A score or a threshold: "21.775", "510,768". Return: text. */
const char *html_score(double v, char text[static HTML_NUMBER]);

/* "0.84 % to 1.01 %". Return: text. */
enum { HTML_INTERVAL = 2 * HTML_NUMBER + 8 };
const char *html_interval(struct gad_interval i, char text[static HTML_INTERVAL]);
