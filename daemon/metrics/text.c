/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/histogram.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"

enum { VALUE_MAX = 1024 };

void text_family(struct gad_buf *b, const char *name, enum text_kind kind, const char *help)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};

    gad_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kinds[kind]);
}

/*
 * Printable ASCII with backslash, quote and line end escaped; other bytes as gad_text_escape()
 * writes them.
 */
static void add_value(struct gad_buf *b, const char *value)
{
    char text[VALUE_MAX];

    gad_text_escape(text, sizeof(text), value, strlen(value));
    for (const char *p = text; *p; p++)
        gad_buf_printf(b, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
}

static void add_label(struct gad_buf *b, const char *name, const char *value)
{
    gad_buf_printf(b, "%s=\"", name);
    add_value(b, value);
    gad_buf_add(b, "\"", 1);
}

static void add_head(struct gad_buf *b, const char *name, struct text_label l)
{
    gad_buf_printf(b, "%s", name);
    if (!l.name)
        return;
    gad_buf_add(b, "{", 1);
    add_label(b, l.name, l.value);
    gad_buf_add(b, "}", 1);
}

/* Writes the fewest digits that read back as the same number. */
static void add_number(struct gad_buf *b, double v)
{
    char text[32];

    if (isnan(v) || isinf(v)) {
        gad_buf_printf(b, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, v);
        if (fabs(strtod(text, NULL) - v) <= 0)
            break;
    }
    gad_buf_printf(b, "%s", text);
}

void text_count(struct gad_buf *b, const char *name, struct text_label l, uint64_t value)
{
    add_head(b, name, l);
    gad_buf_printf(b, " %" PRIu64 "\n", value);
}

void text_number(struct gad_buf *b, const char *name, struct text_label l, double value)
{
    add_head(b, name, l);
    gad_buf_add(b, " ", 1);
    add_number(b, value);
    gad_buf_add(b, "\n", 1);
}

static void add_bucket(struct gad_buf *b, const char *name, struct text_label l, double limit,
                       uint64_t n)
{
    gad_buf_printf(b, "%s_bucket{", name);
    if (l.name) {
        add_label(b, l.name, l.value);
        gad_buf_add(b, ",", 1);
    }
    gad_buf_printf(b, "le=\"");
    add_number(b, limit);
    gad_buf_printf(b, "\"} %" PRIu64 "\n", n);
}

void text_histogram(struct gad_buf *b, const char *name, struct text_label l,
                    const struct histogram *h)
{
    char part[128];
    uint64_t n = 0;

    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        n += h->count[i];
        add_bucket(b, name, l, histogram_limit(h, i), n);
    }
    n += h->count[HISTOGRAM_BUCKETS];
    add_bucket(b, name, l, (double)INFINITY, n);
    (void)snprintf(part, sizeof(part), "%s_sum", name);
    text_number(b, part, l, h->sum);
    (void)snprintf(part, sizeof(part), "%s_count", name);
    text_count(b, part, l, n);
}

void text_begin(struct gad_buf *b, const char *name)
{
    gad_buf_printf(b, "%s{", name);
}

void text_label(struct gad_buf *b, const char *name, const char *value)
{
    if (b->len > 0 && b->p[b->len - 1] == '"')
        gad_buf_add(b, ",", 1);
    add_label(b, name, value);
}

void text_end(struct gad_buf *b, double value)
{
    gad_buf_add(b, "} ", 2);
    add_number(b, value);
    gad_buf_add(b, "\n", 1);
}
