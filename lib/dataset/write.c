/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/dataset.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/dataset/line.h"

struct writer {
    char *buf;
    size_t len; /* GAD_DATASET_LINE_MAX is far above what 43 columns can take */
};

static void put(struct writer *w, const char *s, size_t len)
{
    memcpy(w->buf + w->len, s, len);
    w->len += len;
}

/* Digits with leading zeros up to width. */
static void put_digits(struct writer *w, uint64_t n, unsigned width)
{
    char t[20];
    unsigned at = sizeof(t);

    if (n < 10 && width <= 1) { /* the most frequent case */
        w->buf[w->len++] = (char)('0' + n);
        return;
    }
    do {
        t[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    while (sizeof(t) - at < width)
        t[--at] = '0';
    put(w, t + at, sizeof(t) - at);
}

/*
 * Writes the fewest decimals that restore v exactly, if it came from text, or at least the float32
 * that a model sees.
 */
static void put_rate(struct writer *w, double v)
{
    double unit = 100.0, best_unit = 0.0;
    unsigned best = 0;

    if (v == 0.0 || v == 1.0) { /* most rates */
        put(w, v == 0.0 ? "0.00" : "1.00", 4);
        return;
    }
    for (unsigned decimals = 2;; decimals++) {
        double n = floor(v * unit + 0.5), back = n / unit;
        bool last = decimals == GAD_RATE_DECIMALS_MAX;
        if (back == v || last) {
            if (back == v || best == 0) {
                best = decimals;
                best_unit = unit;
            }
            break;
        }
        if (best == 0 && (float)back == (float)v) {
            best = decimals;
            best_unit = unit;
        }
        unit *= 10.0;
    }
    uint64_t n = (uint64_t)floor(v * best_unit + 0.5), whole = (uint64_t)best_unit;
    put_digits(w, n / whole, 1);
    put(w, ".", 1);
    put_digits(w, n % whole, best);
}

static void put_feature(struct writer *w, int c, double v)
{
    const struct gad_column_info *col = &gad_columns[c];

    if (col->kind == GAD_KIND_NAME) {
        bool known = v >= 0.0 && v <= col->max;
        const char *name = gad_name_text((enum gad_column)c, known ? (int)v : GAD_NAME_UNKNOWN);
        put(w, name, strlen(name));
    } else if (!(v >= 0.0 && v <= col->max)) {
        put(w, "?", 1); /* not legal: refused by every reader, instead of another value */
    } else if (col->kind == GAD_KIND_RATE) {
        put_rate(w, v);
    } else {
        put_digits(w, (uint64_t)v, 1);
    }
}

size_t gad_feature_write(enum gad_column c, double v, char *buf)
{
    struct writer w = {.buf = buf};

    put_feature(&w, (int)c, v);
    return w.len;
}

/* Columns land to is_guest_login, all 0 in most records. */
static const char no_content[] = ",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0";
_Static_assert(sizeof(no_content) - 1 == (size_t)2 * (GAD_COUNT - GAD_LAND), "a zero a column");

static bool has_no_content(const struct gad_record *r)
{
    static const double zeros[GAD_COUNT - GAD_LAND];
    /* NOLINTNEXTLINE(*-memory-comparison,cert-exp42-c,cert-flp37-c): bits decide */
    return memcmp(&r->v[GAD_LAND], zeros, sizeof(zeros)) == 0;
}

size_t gad_row_write(const struct gad_record *r, const char *label, char *buf)
{
    struct writer w = {.buf = buf};

    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        if (c == GAD_LAND && has_no_content(r)) {
            put(&w, no_content, sizeof(no_content) - 1);
            c = GAD_COUNT;
        }
        if (c > 0)
            put(&w, ",", 1);
        put_feature(&w, c, r->v[c]);
    }
    if (label) {
        put(&w, ",", 1);
        put(&w, label, strnlen(label, GAD_LABEL_TEXT - 1));
        put(&w, ".", 1);
    }
    put(&w, "\n", 1);
    return w.len;
}
