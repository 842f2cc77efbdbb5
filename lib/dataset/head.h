/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The head of a file of records: the names of the 41 features in their order, then any other columns. The label is the
 * first that is there of "label", "labels", "class", "attack", "attack_cat", "attack_type", "target" and "outcome", in
 * any case; of "decided", "end" and "start" the first that is there says when the record was. The others are passed
 * over: those that extract and ganadd write, of the connection and its score, without a word.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct gad_diag;

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
