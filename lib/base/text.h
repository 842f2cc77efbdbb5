/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Strict parsing of numbers, and the string functions that error messages need. Nothing here uses a
 * locale, skips white space or accepts a prefix: either all of [s, s + len) is the number, or it is
 * refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Decimal digits only. Returns 0; GAD_EFORMAT if empty or not digits; GAD_ELIMIT above max. */
int gad_text_u64(const char *s, size_t len, uint64_t max, uint64_t *ret) GAD_MUST_CHECK;

/* [-]digits[.digits], at most 19 significant digits, no exponent, no inf or nan. Correctly
 * rounded while the digits without the point are below 2^53, within one unit in the last place
 * beyond. */
int gad_text_decimal(const char *s, size_t len, double *ret) GAD_MUST_CHECK;

/* Like gad_text_decimal(), with an optional exponent e[+-]digits, and .5 for 0.5: for numbers that
 * people write. */
int gad_text_real(const char *s, size_t len, double *ret) GAD_MUST_CHECK;

/**
 * gad_text_nearest() - finds the candidate that the operator most likely meant
 * @names:  n NUL-terminated strings
 * Return: index of the nearest name by edit distance; -1 if no name is near. Two exchanged letters
 * count as one error, and a name that starts with the word is near. Near means at most one error
 * for each three letters of the word, and one more.
 */
int gad_text_nearest(const char *word, const char *const *names, size_t n);

/* Like strcmp(), but ignores the case of ASCII letters, in every locale. */
int gad_text_casecmp(const char *a, const char *b);

/* Returns the length of the UTF-8 sequence of more than one byte at @s, of @len bytes; 0: there is
 * no valid one. RFC 3629 section 4. */
size_t gad_text_utf8(const unsigned char *s, size_t len);

/* Returns the length of the printable UTF-8 character (RFC 3629) at @s, which a NUL ends. 0: a
 * control character (C1 included) or invalid UTF-8. */
size_t gad_text_printable(const char *s);

/* Copies text with each byte outside 0x20..0x7e as \xNN, truncated to fit with "..."; always
 * NUL-terminated. */
void gad_text_escape(char *dst, size_t dst_len, const char *s, size_t len);
