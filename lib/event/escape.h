/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Writes any bytes as text that a format can hold. */

#include <stddef.h>

struct gad_buf;

/* Appends the text with @escape before each of the @special characters, which are ASCII. If @escape
 * is '\0', '_' replaces them. A space replaces a control byte; U+FFFD replaces bytes that are not
 * UTF-8. */
void gad_escape(struct gad_buf *b, const char *s, const char *special, char escape);

/* Appends at most @max bytes as a key: letters, digits, '_' and the characters in @also stay, '_'
 * replaces any other byte. Never empty. */
void gad_escape_key(struct gad_buf *b, const char *s, const char *also, size_t max);
