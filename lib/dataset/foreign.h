/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Recognises other formats that are often passed instead of records, so that the message can name
 * them and say what to do. The reader checks the first bytes of a file once, and a line only when
 * it is bad.
 */

#include <stddef.h>

enum {
    GAD_FOREIGN_LEN = 8
}; /* bytes that are enough for all formats but a tar archive; every record is longer */

/**
 * gad_foreign_file() - checks the first bytes, unpacked
 * @p:   (len) bytes, GAD_FOREIGN_LEN or more unless the file is shorter
 * Return: the format and what to do, in lower case; NULL: it can be text.
 */
const char *gad_foreign_file(const void *p, size_t len);

/* The same for a bad line from @line up to its LF at @end. @is_first: it is the first line of the
 * file. */
const char *gad_foreign_line(const char *line, const char *end, int is_first);

/* Returns more about a byte that no line of records contains than its number; NULL: nothing to
 * add. */
const char *gad_foreign_byte(char c);
