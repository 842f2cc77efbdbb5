/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The grammar of one line of a file of records: its head, if it has one, and a line of KDD99 or NSL-KDD text. Parsing is fast and says only where it stopped;
 * explaining is for the line that is bad.
 *
 * A line is 41 features; or these and a label that ends in a dot (KDD99); or these, a label that does not
 * and a difficulty of 0..21 (NSL-KDD); or, in a file with a head, what that says. Numbers are digits only, at most 16; a rate is one digit and, after
 * a point, 1 to 15 decimals. Names and labels are printable ASCII. LF or CR LF ends the line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"

struct gad_diag;
struct gad_row;

/*
 * The head of a file of records: the names of the 41 features in their order, then any other columns. The label is the
 * first that is there of "label", "labels", "class", "attack", "attack_cat", "attack_type", "target" and "outcome", in
 * any case; of "decided", "end" and "start" the first that is there says when the record was. The others are passed
 * over: those that extract and ganadd write, of the connection and its score, without a word.
 */
enum {
    GAD_HEAD_COLUMNS_MAX = 64,
    GAD_HEAD_NAME = 32, /* bytes of a name, with NUL */
};

struct gad_head {
    int n_columns;      /* 0: the file has no head */
    int label;          /* 0-based; -1: none */
    bool ignores_label; /* of gad_dataset_options */
    int time;           /* likewise */
    char name[GAD_HEAD_COLUMNS_MAX][GAD_HEAD_NAME];
};

/* Does a line begin as a head does? An LF comes somewhere. */
bool gad_head_is_one(const char *line);

/**
 * gad_head_parse() - the line from @line up to its LF at @end
 * Return: 0; GAD_EFORMAT, GAD_ELIMIT with @d saying which column and why.
 */
int gad_head_parse(const char *line, const char *end, struct gad_head *ret,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* Neither read nor one that our own programs write: the user may have meant something by it. */
bool gad_head_is_passed_over(const struct gad_head *h, int column);

bool gad_head_is_same(const struct gad_head *a, const struct gad_head *b);

enum {
    GAD_LINE_PAD = 8, /* bytes behind the last LF that may be looked at */
    GAD_DIFFICULTY_MAX = 21,
    GAD_LINE_LABEL = 41, /* columns after the features */
    GAD_LINE_DIFFICULTY = 42,
    GAD_RATE_DECIMALS_MAX = 15, /* 10^15 < 2^53: one exact division */
};

struct gad_line_fault {
    int column;     /* 0 .. GAD_LINE_DIFFICULTY, or as many as the head has */
    const char *at; /* where that column begins */
};

/**
 * gad_line_parse() - one line to features, label and difficulty
 * @p:           an LF comes somewhere, and GAD_LINE_PAD readable bytes behind it
 * @head:        n_columns 0: the file has none
 * @row:         overwritten, also if the line is bad; row->line is not set
 * @ret_columns: 41, 42 or 43, or the head's
 * @unknown:     increased by the names that are in no list
 * Return: the byte behind the LF; NULL with *f set if the line is bad.
 */
const char *gad_line_parse(const char *p, const struct gad_head *head, struct gad_row *row,
                           int *ret_columns, unsigned *unknown, struct gad_line_fault *f);

/* Seconds since 1970 in [s, end), as gad_record_text() has them: "-12.000000345". */
bool gad_line_time(const char *s, const char *end, struct gad_time *ret);

/**
 * gad_line_explain() - "column 5 'src_bytes': not a whole number: 'x'"
 * @end: the LF
 * Return: GAD_ELIMIT for a number over its column's largest, else GAD_EFORMAT.
 */
int gad_line_explain(const struct gad_line_fault *f, const struct gad_head *head, const char *end,
                     struct gad_diag *d);
