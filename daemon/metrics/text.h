/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text format of Prometheus, version 0.0.4: a family starts with its name, kind and help,
 * followed by its samples. Source: prometheus.io, "Exposition formats". Names and label names are
 * constants of the daemon; label values are any bytes.
 */

#include <stdint.h>

struct gad_buf;
struct histogram;

enum text_kind { TEXT_COUNTER, TEXT_GAUGE, TEXT_HISTOGRAM };

struct text_label {
    const char *name, *value; /* name NULL: none */
};

void text_family(struct gad_buf *b, const char *name, enum text_kind kind, const char *help);
void text_count(struct gad_buf *b, const char *name, struct text_label l, uint64_t value);
void text_number(struct gad_buf *b, const char *name, struct text_label l, double value);
void text_histogram(struct gad_buf *b, const char *name, struct text_label l,
                    const struct histogram *h);

/* A sample with several labels: begin, labels, and the end with its value. */
void text_begin(struct gad_buf *b, const char *name);
void text_label(struct gad_buf *b, const char *name, const char *value);
void text_end(struct gad_buf *b, double value);
