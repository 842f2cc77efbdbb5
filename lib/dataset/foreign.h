/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Recognises what is often given in place of a text of records, so that the message can name it and say what to do.
 * The reader asks once about the first bytes of a file, and about a line only when the line is bad.
 */

#include <stddef.h>

enum {
    GAD_FOREIGN_LEN = 8
}; /* bytes that are enough for all but a tar archive; every record is longer */

/**
 * gad_foreign_file() - by the first bytes, which are no longer packed
 * @p:   (len) bytes, GAD_FOREIGN_LEN or more unless the file is shorter
 * Return: what it is and what to do, in lower case; NULL: it may be text.
 */
const char *gad_foreign_file(const void *p, size_t len);

/* The same of a bad line from @line up to its LF at @end. @is_first: it is the first line of the file. */
const char *gad_foreign_line(const char *line, const char *end, int is_first);

/* Why this byte is in no line of records, if there is more to say than its number; else NULL. */
const char *gad_foreign_byte(char c);
