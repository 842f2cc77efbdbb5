/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads connection records as text, and computes scaled feature vectors from them. Usage: bench_csv
 * [FILE]. Without a file the rows are synthetic. The text is in memory, so the disk is not
 * measured.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/input.h"
#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"

enum { RUNS = 7, TILE = 512, LD = 128, TEXT_MAX = 1 << 30 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double seconds_since(struct gad_time start)
{
    return gad_time_seconds(gad_time_sub(gad_time_monotonic(), start));
}

static void report(const char *what, const char *unit, double amount, double *seconds)
{
    qsort(seconds, RUNS, sizeof(seconds[0]), by_value);
    printf("%-28s %10.1f %s  (median of %d; best %.1f, worst %.1f)\n", what,
           amount / seconds[RUNS / 2], unit, RUNS, amount / seconds[0], amount / seconds[RUNS - 1]);
}

/* Rows of all kinds: about a third smurf-like, the rest with other names, numbers and rates. */
static void make_text(struct gad_buf *b, size_t n)
{
    struct gad_rng r = gad_rng_init(1, 0);
    char line[GAD_DATASET_LINE_MAX];

    for (size_t i = 0; i < n; i++) {
        struct gad_record rec = {0};
        for (int c = 0; c < GAD_N_COLUMNS; c++) {
            const struct gad_column_info *col = &gad_columns[c];
            uint32_t draw = gad_rng_below(&r, 3) ? gad_rng_below(&r, 1000) : 0;
            if (col->kind == GAD_KIND_RATE)
                rec.v[c] = (double)(draw % 101) / 100.0;
            else
                rec.v[c] = (double)(draw % ((uint32_t)(col->max < 1e4 ? col->max : 1e4) + 1));
        }
        gad_buf_add(b, line, gad_row_write(&rec, "normal", line));
    }
}

static int load_text(const char *path, struct gad_buf *b, struct gad_diag *d)
{
    gad_cleanup(gad_input_closep) struct gad_input *in = NULL;
    size_t n;

    int r = gad_input_open(path, false, &in, d);
    while (r == 0) {
        char chunk[16384 / 2];
        r = gad_input_read(in, chunk, sizeof(chunk), &n, d);
        if (r != 0 || n == 0)
            break;
        gad_buf_add(b, chunk, n);
    }
    return r == 0 && b->bad ? GAD_ENOMEM : r;
}

static int bench_read(const struct gad_buf *text, struct gad_record *rec, size_t max, size_t *ret_n)
{
    double t[RUNS];
    struct gad_row row;

    for (int run = 0; run < RUNS; run++) {
        gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
        struct gad_diag d = {.text = ""};
        size_t n = 0;
        int r = gad_dataset_open_memory("text", text->p, text->len, NULL, &s, &d);
        struct gad_time start = gad_time_monotonic();
        while (r == 0 && (r = gad_dataset_next(s, &row, &d)) == 0) {
            if (n < max && run == 0)
                rec[n] = row.rec;
            n++;
        }
        t[run] = seconds_since(start);
        if (r != GAD_END) {
            fprintf(stderr, "%s\n", d.text);
            return -1;
        }
        *ret_n = n < max ? n : max;
        if (run == 0)
            printf("%zu rows, %zu bytes\n", n, text->len);
    }
    report("read, all checks", "MB/s", (double)text->len / 1e6, t);
    return 0;
}

static int bench_vectors(const struct gad_record *rec, size_t n, enum gad_scaler_kind kind)
{
    gad_cleanup(gad_schema_freep) struct gad_schema *schema = NULL;
    gad_cleanup(gad_scaler_freep) struct gad_scaler *scaler = NULL;
    gad_cleanup(gad_freep) float *x = gad_calloc_aligned((size_t)TILE * LD, sizeof(*x));
    double t[RUNS];
    char what[64];

    if (!x || n < TILE || gad_schema_new_egbad(&schema) != 0)
        return -1;
    (void)gad_vectorize(schema, TILE, rec, x, LD);
    if (gad_scaler_fit(kind, TILE, gad_schema_dim(schema), x, LD, &scaler) != 0)
        return -1;
    for (int scale = 0; scale < 2; scale++) {
        uint64_t outside = 0;
        for (int run = 0; run < RUNS; run++) {
            struct gad_time start = gad_time_monotonic();
            for (size_t i = 0; i + TILE <= n; i += TILE) {
                outside += gad_vectorize(schema, TILE, rec + i, x, LD);
                if (scale)
                    gad_scaler_apply(scaler, TILE, x, LD);
            }
            t[run] = seconds_since(start);
        }
        (void)snprintf(what, sizeof(what), "vectorize%s%s", scale ? " + " : "",
                       scale ? gad_scaler_kind_name(kind) : "");
        report(what, "M rows/s", (double)(n / TILE * TILE) / 1e6, t);
        if (outside > 0)
            printf("%llu values outside the vocabulary\n", (unsigned long long)outside);
    }
    return 0;
}

int main(int argc, char **argv)
{
    enum { N_RECORDS = 100000 };
    struct gad_buf text = GAD_BUF_INIT(TEXT_MAX);
    struct gad_diag d = {.text = ""};
    size_t n = 0;
    struct gad_record *rec = gad_calloc(N_RECORDS, sizeof(*rec));
    int r = rec ? 0 : -1;

    if (r == 0 && argc > 1)
        r = load_text(argv[1], &text, &d);
    else if (r == 0)
        make_text(&text, 500000);
    if (r != 0)
        fprintf(stderr, "%s\n", d.text);
    if (r == 0)
        r = bench_read(&text, rec, N_RECORDS, &n);
    if (r == 0)
        r = bench_vectors(rec, n, GAD_SCALER_MINMAX);
    if (r == 0)
        r = bench_vectors(rec, n, GAD_SCALER_LOG_MINMAX);
    gad_free(rec);
    gad_buf_deinit(&text);
    return r == 0 ? 0 : 1;
}
