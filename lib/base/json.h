/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON values at the end of a buffer. Written by hand because this is the one place where it is felt: under
 * an attack most records raise an alert, and building and dumping one with jansson takes four times as long
 * (tests/bench/bench_alert). What is written is always valid, whatever the bytes: the tests parse it back.
 */

#include <stddef.h>
#include <stdint.h>

struct gad_buf;

/* Quoted and escaped; bytes that are not UTF-8 become U+FFFD. */
void gad_json_string(struct gad_buf *b, const char *s, size_t len);

void gad_json_u64(struct gad_buf *b, uint64_t v);

/* The shortest text with at most two decimals if that is the same float32, else @digits significant ones;
 * null if not finite. */
void gad_json_real(struct gad_buf *b, double v, int digits);

/* Bytes of JSON that are right as they stand: punctuation and keys. */
#define gad_json_raw(b, literal) gad_buf_add((b), "" literal, sizeof(literal) - 1)
