/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Strict numbers from text, and the small string work that error messages need. Nothing here reads a
 * locale, skips white space or accepts a prefix: the whole of [s, s + len) is the number or it is not one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Decimal digits only. 0; GAD_EFORMAT if empty or not digits; GAD_ELIMIT above max. */
int gad_text_u64(const char *s, size_t len, uint64_t max, uint64_t *ret) GAD_MUST_CHECK;

/* [-]digits[.digits], at most 19 significant digits, no exponent, no inf or nan. Correctly
 * rounded while the digits without the point are below 2^53, within one unit in the last place beyond. */
int gad_text_decimal(const char *s, size_t len, double *ret) GAD_MUST_CHECK;

/* As gad_text_decimal(), with an optional exponent e[+-]digits; for configuration values such as 1e-4. */
int gad_text_real(const char *s, size_t len, double *ret) GAD_MUST_CHECK;

/**
 * gad_text_nearest() - the candidate a person most likely meant
 * @names:  n NUL-terminated strings
 * Return: index of the nearest by edit distance, in which two letters that changed places are one slip and the begin of a
 * name is near to it; -1 if none is near (more slips than a third of the word's letters, and one).
 */
int gad_text_nearest(const char *word, const char *const *names, size_t n);

/* As strcmp(), but takes ASCII letters of either case for the same, whatever the locale. */
int gad_text_casecmp(const char *a, const char *b);

/* Length of the UTF-8 sequence of more than one byte at s, of @len bytes; 0: there is no valid one. RFC 3629 section 4. */
size_t gad_text_utf8(const unsigned char *s, size_t len);

/* Length of the printable character in UTF-8 (RFC 3629) at @s, which a NUL ends; 0: a control, C1 ones too, or no UTF-8. */
size_t gad_text_printable(const char *s);

/* Copies with every byte outside 0x20..0x7e as \xNN, cut to fit with "..."; always NUL-terminated. */
void gad_text_escape(char *dst, size_t dst_len, const char *s, size_t len);
