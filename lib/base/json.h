/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Appends JSON values to a buffer. Written by hand because under an attack most records raise an
 * alert, and building and dumping an alert with jansson takes four times as long
 * (tests/bench/bench_alert). The output is valid JSON whatever the bytes: the tests parse it back.
 */

#include <stddef.h>
#include <stdint.h>

struct gad_buf;

/* Appends a quoted string. Valid UTF-8 stays as it is (RFC 8259 section 8.1). Quotes, backslashes
 * and control bytes are escaped, and U+FFFD replaces each byte that is not UTF-8. */
void gad_json_string(struct gad_buf *b, const char *s, size_t len);

void gad_json_u64(struct gad_buf *b, uint64_t v);

/* Appends the shortest text with at most two decimals if that is the same float32, else @digits
 * significant digits; null if @v is not finite. */
void gad_json_real(struct gad_buf *b, double v, int digits);

/* Appends a literal that needs no escaping: punctuation and keys. */
#define gad_json_raw(b, literal) gad_buf_add((b), "" literal, sizeof(literal) - 1)
