/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The grammar of one line of a file of records: its head, if it has one, and a line of KDD99 or
 * NSL-KDD text. Parsing is fast and returns only where it stopped; a bad line is explained
 * afterwards.
 *
 * A line has 41 features. After them it can have one of:
 *
 *     KDD99                   a label that ends in a dot
 *     NSL-KDD                 a label without a dot, and a difficulty of 0..21
 *     in a file with a head   the columns of the head
 *
 * Numbers are digits only, at most 16. A rate is one digit and, after a point, 1 to 15
 * decimals. Names and labels are printable ASCII. LF or CR LF ends the line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"

struct gad_diag;
struct gad_row;

/*
 * The head of a file of records: the names of the 41 features in their order, then any other
 * columns. The label is the first of "label", "labels", "class", "attack", "attack_cat",
 * "attack_type", "target" and "outcome" that occurs, in any case. The record's time is the first of
 * "decided", "end" and "start" that occurs. The other columns are ignored; a message names those
 * that extract and ganadd do not write.
 */
enum {
    GAD_HEAD_COLUMNS_MAX = 64,
    GAD_HEAD_NAME = 32, /* bytes of a name, with NUL */
};

struct gad_head {
    int n_columns;      /* 0: the file has no head */
    int label;          /* 0-based; -1: no label */
    bool ignores_label; /* of gad_dataset_options */
    int time;           /* likewise */
    char name[GAD_HEAD_COLUMNS_MAX][GAD_HEAD_NAME];
};

/* Does a line start like a head? The text contains an LF. */
bool gad_head_is_one(const char *line);

/**
 * gad_head_parse() - parses the line from @line up to its LF at @end
 * Return: 0; GAD_EFORMAT, GAD_ELIMIT with column and reason in @d.
 */
int gad_head_parse(const char *line, const char *end, struct gad_head *ret,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* Is the column neither read nor written by our programs? Then a message names it, because the user
 * can expect it to matter. */
bool gad_head_is_passed_over(const struct gad_head *h, int column);

bool gad_head_is_same(const struct gad_head *a, const struct gad_head *b);

enum {
    GAD_LINE_PAD = 8, /* readable bytes required behind the last LF */
    GAD_DIFFICULTY_MAX = 21,
    GAD_LINE_LABEL = 41, /* columns after the features */
    GAD_LINE_DIFFICULTY = 42,
    GAD_RATE_DECIMALS_MAX = 15, /* 10^15 < 2^53: one exact division */
};

struct gad_line_fault {
    int column;     /* 0 .. GAD_LINE_DIFFICULTY, or up to the number of columns of the head */
    const char *at; /* where that column starts */
};

/**
 * gad_line_parse() - parses one line to features, label and difficulty
 * @p:           contains an LF, and GAD_LINE_PAD readable bytes after it
 * @head:        n_columns 0: the file has no head
 * @row:         overwritten, also if the line is bad; row->line is not set
 * @ret_columns: 41, 42 or 43, or those of the head
 * @unknown:     increased by the number of names that are in no list
 * Return: the byte after the LF; NULL with *f set if the line is bad.
 */
const char *gad_line_parse(const char *p, const struct gad_head *head, struct gad_row *row,
                           int *ret_columns, unsigned *unknown, struct gad_line_fault *f);

/* Parses seconds since 1970 in [s, end), as gad_record_text() writes them: "-12.000000345". */
bool gad_line_time(const char *s, const char *end, struct gad_time *ret);

/**
 * gad_line_explain() - writes "column 5 'src_bytes': not a whole number: 'x'"
 * @end: the LF
 * Return: GAD_ELIMIT for a number over its column's maximum, else GAD_EFORMAT.
 */
int gad_line_explain(const struct gad_line_fault *f, const struct gad_head *head, const char *end,
                     struct gad_diag *d);
