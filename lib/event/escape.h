/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Any bytes as text that a format can hold. */

#include <stddef.h>

struct gad_buf;

/*
 * The text with @escape before each of the @special characters, which are ASCII; '\0': with '_' in their place. A control
 * byte becomes a blank, what is not UTF-8 becomes U+FFFD.
 */
void gad_escape(struct gad_buf *b, const char *s, const char *special, char escape);

/* At most @max bytes as a key: letters, digits, '_' and what is in @also stay, any other byte becomes '_'; never empty. */
void gad_escape_key(struct gad_buf *b, const char *s, const char *also, size_t max);
