/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/compare.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/mem.h"
#include "lib/dataset/attack.h"
#include "lib/dataset/dataset.h"
#include "models/detector.h"
#include "models/metrics.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

enum {
    TILE = 256,
    ROWS_MAX = 1 << 25, /* 29 bytes each while ranks are computed */
};

struct side {
    struct gad_detector *det;
    struct gad_workspace *ws;
    float *score; /* (n) */
    float threshold;
    uint64_t n_anomalous;
    double auroc; /* NaN without both kinds of labels */
};

struct comparison {
    struct side side[2];
    bool *positive; /* (n) */
    bool is_labelled;
    size_t n, room;
    uint64_t only[2]; /* anomalous for this side alone */
    double correlation;
};

static void deinit(struct comparison *c)
{
    for (size_t s = 0; s < 2; s++) {
        gad_workspace_free(c->side[s].ws);
        gad_detector_free(c->side[s].det);
        gad_free(c->side[s].score);
    }
    gad_free(c->positive);
}

static int grow(struct comparison *c, struct gad_diag *d)
{
    size_t room = c->room ? 2 * c->room : 4096;

    if (room > ROWS_MAX)
        return gad_fail(d, GAD_ELIMIT, "more than %d records", ROWS_MAX);
    for (size_t s = 0; s < 2; s++) {
        float *p = gad_realloc_array(c->side[s].score, room, sizeof(*p));
        if (!p)
            return gad_fail(d, GAD_ENOMEM, "no memory for %zu scores", room);
        c->side[s].score = p;
    }
    bool *p = gad_realloc_array(c->positive, room, sizeof(*p));
    if (!p)
        return gad_fail(d, GAD_ENOMEM, "no memory for %zu labels", room);
    c->positive = p;
    c->room = room;
    return 0;
}

static int read_all(struct comparison *c, struct gad_dataset *in, struct gad_diag *d)
{
    static struct gad_record rec[TILE];
    static struct gad_row row;
    size_t n = 0;
    int err;

    c->is_labelled = true;
    do {
        err = gad_dataset_next(in, &row, d);
        if (!err) {
            if (c->n + n == c->room && grow(c, d) != 0)
                return GAD_ENOMEM;
            c->is_labelled = c->is_labelled && *row.label;
            c->positive[c->n + n] = !gad_label_is_normal(row.label);
            rec[n++] = row.rec;
        }
        if (n == TILE || (err && n > 0)) {
            for (size_t s = 0; s < 2; s++)
                (void)gad_detector_score(c->side[s].det, c->side[s].ws, n, rec,
                                         c->side[s].score + c->n);
            c->n += n;
            n = 0;
        }
    } while (!err);
    if (err == GAD_END && c->n == 0)
        return gad_fail(d, GAD_EFORMAT, "no records");
    return err == GAD_END ? 0 : err;
}

static int by_score(const void *a, const void *b, void *arg)
{
    const float *score = arg;
    float x = score[*(const uint32_t *)a], y = score[*(const uint32_t *)b];

    return (x > y) - (x < y);
}

/* Ranks from 1; equal scores get their mean rank. */
static void rank(size_t n, float *score, uint32_t *order, double *ret)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof(*order), by_score, score);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && score[order[end]] <= score[order[i]]; end++)
            ;
        for (size_t k = i; k < end; k++)
            ret[order[k]] = (double)(i + 1 + end) / 2;
    }
}

/* Spearman's rank correlation; NaN if one side gives all records the same score. */
static int correlate(struct comparison *c, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint32_t *order = gad_calloc(c->n, sizeof(*order));
    gad_cleanup(gad_freep) double *a = gad_calloc(c->n, sizeof(*a));
    gad_cleanup(gad_freep) double *b = gad_calloc(c->n, sizeof(*b));
    double mean = ((double)c->n + 1) / 2, aa = 0, bb = 0, ab = 0;

    if (!order || !a || !b)
        return gad_fail(d, GAD_ENOMEM, "no memory for %zu ranks", c->n);
    rank(c->n, c->side[0].score, order, a);
    rank(c->n, c->side[1].score, order, b);
    for (size_t i = 0; i < c->n; i++) {
        aa += (a[i] - mean) * (a[i] - mean);
        bb += (b[i] - mean) * (b[i] - mean);
        ab += (a[i] - mean) * (b[i] - mean);
    }
    c->correlation = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : (double)NAN;
    return 0;
}

static int judge(struct comparison *c, struct gad_diag *d)
{
    for (size_t i = 0; i < c->n; i++) {
        bool is[2];
        for (size_t s = 0; s < 2; s++) {
            is[s] = c->side[s].score[i] > c->side[s].threshold;
            c->side[s].n_anomalous += is[s];
        }
        c->only[0] += is[0] && !is[1];
        c->only[1] += is[1] && !is[0];
    }
    for (size_t s = 0; s < 2; s++) {
        gad_cleanup(gad_ranking_freep) struct gad_ranking *r = NULL;
        c->side[s].auroc = (double)NAN;
        if (!c->is_labelled)
            continue;
        int err = gad_ranking_new(c->n, c->side[s].score, c->positive, &r, d);
        if (err)
            return err;
        c->side[s].auroc = gad_ranking_auroc(r);
    }
    return correlate(c, d);
}

static int open_side(struct side *s, const char *file, double fpr_budget, struct gad_diag *d)
{
    int err = gad_detector_open(file, &s->det, d);

    if (err)
        return err;
    s->threshold = gad_detector_threshold(s->det, fpr_budget);
    if (gad_workspace_new(s->det, TILE, &s->ws) != 0)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory", file);
    return 0;
}

static void print(const struct comparison *c)
{
    char n[SHOW_TEXT], only[SHOW_TEXT];
    double all = (double)c->n;

    printf("%-6s %-10s %-16s %11s %14s %9s %14s %8s\n", "", "KIND", "SHA256", "THRESHOLD",
           "ANOMALOUS", "SHARE", "IT ALONE", "AUROC");
    for (size_t i = 0; i < 2; i++) {
        const struct side *s = &c->side[i];
        printf("%-6s %-10s %.16s %11.6g %14s %8.4f%% %14s ", i == 0 ? "A" : "B",
               gad_detector_model(s->det), gad_detector_sha256_hex(s->det), (double)s->threshold,
               show_count(s->n_anomalous, n), 100 * (double)s->n_anomalous / all,
               show_count(c->only[i], only));
        if (isnan(s->auroc))
            printf("%8s\n", "-");
        else
            printf("%8.6f\n", s->auroc);
    }
    printf("\n%s records; the verdicts of %s differ (%.4f %%)\n", show_count(c->n, n),
           show_count(c->only[0] + c->only[1], only),
           100 * (double)(c->only[0] + c->only[1]) / all);
    if (!isnan(c->correlation))
        printf("rank correlation of the scores: %.6f\n", c->correlation);
}

static json_t *real_or_null(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

static json_t *json_of(const struct comparison *c, size_t i)
{
    const struct side *s = &c->side[i];

    return json_pack("{s:s, s:s, s:f, s:I, s:I, s:o}", "kind", gad_detector_model(s->det), "sha256",
                     gad_detector_sha256_hex(s->det), "threshold", (double)s->threshold,
                     "anomalous", (json_int_t)s->n_anomalous, "alone", (json_int_t)c->only[i],
                     "auroc", real_or_null(s->auroc));
}

static int print_json(const struct comparison *c)
{
    json_t *o = json_pack("{s:I, s:I, s:o, s:o, s:o}", "records", (json_int_t)c->n, "disagreed",
                          (json_int_t)c->only[0] + (json_int_t)c->only[1], "rank_correlation",
                          real_or_null(c->correlation), "a", json_of(c, 0), "b", json_of(c, 1));
    bool ok = o && json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0;
    json_decref(o);
    printf("\n");
    return ok ? CLI_OK : CLI_FAILED;
}

int compare_run(const struct compare *opt)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *in = NULL;
    struct comparison c = {.n = 0};
    struct gad_diag d = {""};
    int err = 0, code;

    for (size_t s = 0; !err && s < 2; s++)
        err = open_side(&c.side[s], opt->checkpoint[s], opt->fpr_budget, &d);
    if (!err)
        err = gad_dataset_open(opt->file, NULL, &in, &d);
    if (!err)
        err = read_all(&c, in, &d);
    if (!err)
        err = judge(&c, &d);
    if (err) {
        code = cli_failed(err, &d);
    } else if (opt->json) {
        code = print_json(&c);
    } else {
        print(&c);
        code = CLI_OK;
    }
    deinit(&c);
    return code;
}
