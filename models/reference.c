/* SPDX-License-Identifier: Apache-2.0 */
#include "models/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checkpoint/checkpoint.h"
#include "lib/feature/schema.h"
#include "lib/record/record.h"

enum { TENTHS = 10 };

void gad_reference_free(struct gad_reference *r)
{
    for (size_t i = 0; r && i < r->n_columns; i++) {
        gad_free(r->column[i].edge);
        gad_free(r->column[i].count);
    }
    gad_free(r);
}

/* Adds a column with memory for its edges and counts; NULL: no memory. */
static struct gad_reference_column *add_column(struct gad_reference *r, unsigned column,
                                               size_t n_edges, size_t n_bins)
{
    struct gad_reference_column *c = &r->column[r->n_columns];

    c->column = column;
    c->n_edges = n_edges;
    c->n_bins = n_bins;
    c->first = r->n_bins;
    r->n_columns++; /* gad_reference_free() frees it from here on */
    r->n_bins += n_bins;
    c->edge = gad_calloc(n_edges ? n_edges : 1, sizeof(*c->edge));
    c->count = gad_calloc(n_bins, sizeof(*c->count));
    return c->edge && c->count ? c : NULL;
}

static size_t bin_of(const struct gad_reference_column *c, double v)
{
    size_t i = 0;

    while (i < c->n_edges && v >= c->edge[i])
        i++;
    return i;
}

/* A value as the model reads it. Tables and packed requests have float32, records of packets have
 * double: 0.01 is another number in each. Without this rounding an edge would part the two. */
static double as_scored(double v)
{
    return (double)(float)v;
}

size_t gad_reference_bin(const struct gad_reference_column *c, const struct gad_schema *s,
                         const struct gad_record *rec, float score)
{
    if (c->column == GAD_N_COLUMNS)
        return bin_of(c, (double)score);
    if (c->n_edges > 0)
        return bin_of(c, as_scored(rec->v[c->column]));
    int at = gad_schema_element(s, c->group, rec->v[c->column]);
    size_t first = 0, n = 0;
    (void)gad_schema_group_column(s, c->group, &first, &n);
    return at < 0 ? n : (size_t)at - first;
}

static int ascending(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Edges for sorted values; returns their number. A bin ends when it holds a tenth, and before
 * and after a value of at least a tenth: at most 10 such values, 10 other bins, and 11 bins that
 * such values end. */
static size_t make_edges(size_t n, const double *v, double edge[static GAD_REFERENCE_EDGES_MAX])
{
    size_t n_edges = 0, held = 0;
    double tenth = (double)n / TENTHS;

    edge[n_edges++] = v[0];
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && v[end] <= v[i]; end++)
            ;
        bool is_own = (double)(end - i) >= tenth;
        if (held > 0 && (is_own || (double)held >= tenth)) {
            edge[n_edges++] = v[i];
            held = 0;
        }
        held += end - i;
        if (is_own && end < n) {
            edge[n_edges++] = nextafter(v[i], HUGE_VAL);
            held = 0;
        }
        gad_assert(n_edges + 3 <= GAD_REFERENCE_EDGES_MAX);
    }
    edge[n_edges++] = nextafter(v[n - 1], HUGE_VAL);
    return n_edges;
}

static int fit_numeric(struct gad_reference *r, enum gad_column column, size_t n, double *v)
{
    double edge[GAD_REFERENCE_EDGES_MAX];

    qsort(v, n, sizeof(*v), ascending);
    size_t n_edges = make_edges(n, v, edge);
    struct gad_reference_column *c = add_column(r, column, n_edges, n_edges + 1);
    if (!c)
        return GAD_ENOMEM;
    memcpy(c->edge, edge, n_edges * sizeof(*edge));
    for (size_t i = 0; i < n; i++)
        c->count[bin_of(c, v[i])]++;
    return 0;
}

int gad_reference_fit(const struct gad_schema *s, size_t n, gad_reference_get_fn *get, void *arg,
                      struct gad_reference **ret)
{
    size_t n_numeric = gad_schema_n_numeric(s), n_groups = gad_schema_n_groups(s);
    gad_cleanup(gad_reference_freep) struct gad_reference *r = gad_calloc(1, sizeof(*r));
    gad_cleanup(gad_freep) double *v = gad_calloc(n ? n : 1, sizeof(*v));
    struct gad_record rec;
    int err = 0;

    if (!r || !v || n == 0)
        return n == 0 ? GAD_EINVAL : GAD_ENOMEM;
    r->n = n;
    for (size_t k = 0; k < n_numeric && err == 0; k++) {
        enum gad_column column = gad_schema_numeric(s, k);
        for (size_t i = 0; i < n; i++) {
            get(arg, i, &rec);
            v[i] = as_scored(rec.v[column]);
        }
        err = fit_numeric(r, column, n, v);
    }
    for (size_t g = 0; g < n_groups && err == 0; g++) {
        size_t first, n_categories;
        enum gad_column column = gad_schema_group_column(s, g, &first, &n_categories);
        struct gad_reference_column *c = add_column(r, column, 0, n_categories + 1);
        if (!c)
            return GAD_ENOMEM;
        c->group = g;
        for (size_t i = 0; i < n; i++) {
            get(arg, i, &rec);
            c->count[gad_reference_bin(c, s, &rec, 0)]++;
        }
    }
    if (err == 0)
        *ret = gad_steal(&r);
    return err;
}

/* Bins of the score: the tenths of the calibration; equal ones are one bin. */
static int load_score(const struct gad_checkpoint *c, struct gad_reference *r)
{
    struct gad_reference_column *to = add_column(r, GAD_N_COLUMNS, TENTHS - 1, TENTHS);
    size_t at = 0, n_edges = 0;
    double before = 0;

    if (!to)
        return GAD_ENOMEM;
    for (int k = 1; k < TENTHS; k++) {
        while (at + 1 < c->calibration.n_levels && c->calibration.level[at] < k / 10.0 - 1e-12)
            at++;
        double edge = (double)nextafterf(c->calibration.value[at], HUGE_VALF);
        if (n_edges > 0 && edge <= to->edge[n_edges - 1]) {
            to->count[n_edges - 1] += (uint64_t)((k / 10.0 - before) * (double)c->calibration.n);
        } else {
            to->count[n_edges] = (uint64_t)((k / 10.0 - before) * (double)c->calibration.n);
            to->edge[n_edges++] = edge;
        }
        before = k / 10.0;
    }
    to->count[n_edges] = (uint64_t)((1.0 - before) * (double)c->calibration.n);
    r->n_bins -= TENTHS - 1 - n_edges;
    to->n_edges = n_edges;
    to->n_bins = n_edges + 1;
    return 0;
}

int gad_reference_load(const struct gad_checkpoint *c, const struct gad_schema *s,
                       struct gad_reference **ret)
{
    gad_cleanup(gad_reference_freep) struct gad_reference *r = gad_calloc(1, sizeof(*r));
    size_t n_numeric = gad_schema_n_numeric(s);

    if (!r)
        return GAD_ENOMEM;
    r->n = c->reference.n;
    for (size_t i = 0; i < c->reference.n_columns; i++) {
        const struct gad_ckpt_histogram *h = &c->reference.column[i];
        size_t first, n;
        unsigned column = i < n_numeric ? gad_schema_numeric(s, i)
                                        : gad_schema_group_column(s, i - n_numeric, &first, &n);
        struct gad_reference_column *to = add_column(r, column, h->n_edges, h->n_bins);
        if (!to)
            return GAD_ENOMEM;
        to->group = i < n_numeric ? 0 : i - n_numeric;
        if (h->n_edges > 0)
            memcpy(to->edge, h->edge, h->n_edges * sizeof(*h->edge));
        memcpy(to->count, h->count, h->n_bins * sizeof(*h->count));
    }
    int err = r->n > 0 ? load_score(c, r) : 0;
    if (err == 0)
        *ret = r->n > 0 ? gad_steal(&r) : NULL;
    return err;
}

const char *gad_reference_name(const struct gad_reference_column *c)
{
    return c->column == GAD_N_COLUMNS ? "score" : gad_columns[c->column].name;
}

static double share(uint64_t count, uint64_t sum, size_t n_bins)
{
    return ((double)count + 0.5) / ((double)sum + 0.5 * (double)n_bins);
}

/* Returns the index; sets the bin with its largest part and the shares there. */
static double compare(const struct gad_reference_column *c, const uint64_t *count, size_t *ret_bin,
                      double *ret_q, double *ret_p)
{
    uint64_t n_ref = 0, n_now = 0;
    double psi = 0, most = -1;

    for (size_t i = 0; i < c->n_bins; i++) {
        n_ref += c->count[i];
        n_now += count[i];
    }
    for (size_t i = 0; i < c->n_bins; i++) {
        double q = share(c->count[i], n_ref, c->n_bins), p = share(count[i], n_now, c->n_bins);
        double part = (p - q) * log(p / q);
        psi += part;
        if (part > most) {
            most = part;
            *ret_bin = i;
            *ret_q = q;
            *ret_p = p;
        }
    }
    return psi;
}

double gad_reference_psi(const struct gad_reference_column *c, const uint64_t *count)
{
    size_t bin;
    double q, p;
    return compare(c, count, &bin, &q, &p);
}

size_t gad_reference_farthest(const struct gad_reference_column *c, const uint64_t *count,
                              double *ret_expected, double *ret_observed)
{
    size_t bin = 0;
    (void)compare(c, count, &bin, ret_expected, ret_observed);
    return bin;
}

void gad_reference_bin_text(const struct gad_reference_column *c, const struct gad_schema *s,
                            size_t bin, char text[static GAD_REFERENCE_BIN_TEXT])
{
    size_t first = 0, n = 0;

    if (c->n_edges == 0) {
        (void)gad_schema_group_column(s, c->group, &first, &n);
        (void)snprintf(text, GAD_REFERENCE_BIN_TEXT, "%.64s",
                       bin < n ? gad_schema_element_name(s, first + bin) : "other");
    } else if (bin == 0) {
        (void)snprintf(text, GAD_REFERENCE_BIN_TEXT, "< %.6g", c->edge[0]);
    } else if (bin == c->n_edges) {
        (void)snprintf(text, GAD_REFERENCE_BIN_TEXT, "> %.6g", c->edge[bin - 1]);
    } else if (nextafter(c->edge[bin - 1], HUGE_VAL) >= c->edge[bin]) {
        (void)snprintf(text, GAD_REFERENCE_BIN_TEXT, "%.6g", c->edge[bin - 1]);
    } else {
        (void)snprintf(text, GAD_REFERENCE_BIN_TEXT, "%.6g to %.6g", c->edge[bin - 1],
                       c->edge[bin]);
    }
}
