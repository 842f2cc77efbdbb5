/* SPDX-License-Identifier: Apache-2.0 */
#include "models/detector.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/dataset.h"
#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"
#include "models/calibrate.h"
#include "models/detector_impl.h"
#include "models/interval.h"
#include "models/model.h"
#include "models/reference.h"
#include "models/tail.h"

/* Rows scored at a time: their activations, about 4 KiB a row, stay in the second-level cache. */
enum { TILE = 48 };

void gad_detector_free(struct gad_detector *det)
{
    if (!det)
        return;
    if (det->model)
        det->ops->free(det->model);
    gad_reference_free(det->reference);
    gad_scaler_free(det->scaler);
    gad_schema_free(det->schema);
    gad_free(det->level);
    gad_free(det->value);
    gad_free(det->name);
    gad_free(det);
}

static int load_schema(const struct gad_checkpoint *c, struct gad_detector *det, struct gad_diag *d)
{
    size_t n = c->schema.n_groups;
    gad_cleanup(gad_freep) struct gad_schema_group *groups = gad_calloc(n ? n : 1, sizeof(*groups));
    if (!groups)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        groups[i] =
            (struct gad_schema_group){c->schema.groups[i].column, c->schema.groups[i].categories,
                                      c->schema.groups[i].n_categories};
    return gad_schema_new(c->schema.numeric, c->schema.n_numeric, groups, n, &det->schema, d);
}

static int load_scaler(const struct gad_checkpoint *c, struct gad_detector *det, struct gad_diag *d)
{
    int kind = gad_scaler_kind_by_name(c->scaler.kind);
    if (kind < 0)
        return gad_fail(d, GAD_EUNKNOWN, "unknown scaler '%s'", c->scaler.kind);
    if (c->scaler.dim != gad_schema_dim(det->schema))
        return gad_fail(d, GAD_EMISMATCH, "scaler has %zu elements, the schema %zu", c->scaler.dim,
                        gad_schema_dim(det->schema));
    struct gad_scaler_knots knots = {c->scaler.knots, c->scaler.knot_x, c->scaler.knot_y};
    int r = gad_scaler_new((enum gad_scaler_kind)kind, c->scaler.dim, c->scaler.log,
                           c->scaler.offset, c->scaler.range, &knots, &det->scaler);
    return r == 0 ? 0 : gad_fail(d, r, "scaler: %s", gad_strerror(r));
}

static int load_calibration(const struct gad_checkpoint *c, struct gad_detector *det)
{
    size_t n = c->calibration.n_levels;

    det->level = gad_calloc(n, sizeof(*det->level));
    det->value = gad_calloc(n, sizeof(*det->value));
    if (!det->level || !det->value)
        return GAD_ENOMEM;
    memcpy(det->level, c->calibration.level, n * sizeof(*det->level));
    memcpy(det->value, c->calibration.value, n * sizeof(*det->value));
    det->n_levels = n;
    det->n_calibration = c->calibration.n;
    det->worth = c->calibration.worth ? c->calibration.worth : c->calibration.n;
    det->tail = c->calibration.tail;
    return 0;
}

static int load_model(const struct gad_checkpoint *c, struct gad_detector *det, struct gad_diag *d)
{
    det->ops = gad_model_find(c->model);
    if (!det->ops)
        return gad_fail(d, GAD_EUNKNOWN, "unknown model '%s'", c->model);
    return det->ops->load(c, &det->model, d);
}

static void load_identity(const struct gad_checkpoint *c, struct gad_detector *det)
{
    static const char hex[] = "0123456789abcdef";

    memcpy(det->sha256, c->sha256, sizeof(det->sha256));
    for (size_t i = 0; i < sizeof(det->sha256); i++) {
        det->sha256_hex[2 * i] = hex[det->sha256[i] >> 4];
        det->sha256_hex[2 * i + 1] = hex[det->sha256[i] & 15];
    }
}

/*
 * Relative error of a self-test: other processors round differently. In a search a different last
 * digit gives a different path. Most paths end in the same place, but not all (measured: 6 % off
 * between numpy and these kernels). So of those scores a quarter must be within 10 * NEAR and all
 * within FAR.
 */
#define NEAR 1e-4
#define FAR  0.25

/* Scores one record of the file and compares with the score in the file. */
static int self_test_one(const struct gad_detector *det, struct gad_workspace *ws,
                         const struct gad_ckpt_self_test *t, size_t *n_near, struct gad_diag *d)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *in = NULL;
    struct gad_row row;
    float score;

    int r = gad_dataset_open_memory("self-test", t->record, strlen(t->record), NULL, &in, d);
    if (r == 0)
        r = gad_dataset_next(in, &row, d);
    if (r != 0)
        return r < 0 ? r : gad_fail(d, GAD_EFORMAT, "self-test: empty record");
    (void)gad_detector_score(det, ws, 1, &row.rec, &score);
    double error = fabs((double)score - (double)t->score) / fmax(fabs((double)t->score), 1e-3);
    if (!(error <= (det->ops->steps ? FAR : NEAR)))
        return gad_fail(d, GAD_EMISMATCH, "self-test: score %.9g, the file says %.9g",
                        (double)score, (double)t->score);
    *n_near += error <= 10 * NEAR;
    return 0;
}

static int self_test(const struct gad_detector *det, const struct gad_checkpoint *c,
                     struct gad_diag *d)
{
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    size_t n_near = 0;

    int r = gad_workspace_new(det, 1, &ws);
    for (size_t i = 0; r == 0 && i < c->n_self_tests; i++)
        r = self_test_one(det, ws, &c->self_tests[i], &n_near, d);
    if (r == 0 && 4 * n_near < c->n_self_tests)
        r = gad_fail(d, GAD_EMISMATCH, "self-test: only %zu of %zu scores are those of the file",
                     n_near, c->n_self_tests);
    return r;
}

int gad_detector_new(const char *name, const struct gad_checkpoint *c, struct gad_detector **ret,
                     struct gad_diag *d)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = gad_calloc(1, sizeof(*det));
    struct gad_diag why = {.text = ""};
    int r = det ? 0 : GAD_ENOMEM;

    if (r == 0)
        r = (det->name = gad_strndup(c->name, strlen(c->name))) ? 0 : GAD_ENOMEM;
    if (r == 0)
        r = load_schema(c, det, &why);
    if (r == 0)
        r = load_scaler(c, det, &why);
    if (r == 0)
        r = load_calibration(c, det);
    if (r == 0)
        r = gad_reference_load(c, det->schema, &det->reference);
    if (r == 0)
        r = load_model(c, det, &why);
    if (r == 0) {
        load_identity(c, det);
        r = self_test(det, c, &why);
    }
    if (r != 0)
        return gad_fail(d, r, "%s: %s", name, why.text[0] ? why.text : gad_strerror(r));
    *ret = gad_steal(&det);
    return 0;
}

int gad_detector_open(const char *path, struct gad_detector **ret, struct gad_diag *d)
{
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;

    int r = gad_checkpoint_read(path, &c, d);
    return r == 0 ? gad_detector_new(path, c, ret, d) : r;
}

const char *gad_detector_name(const struct gad_detector *det)
{
    return det->name;
}

const char *gad_detector_model(const struct gad_detector *det)
{
    return det->ops->name;
}

const uint8_t *gad_detector_sha256(const struct gad_detector *det)
{
    return det->sha256;
}

const char *gad_detector_sha256_hex(const struct gad_detector *det)
{
    return det->sha256_hex;
}

uint64_t gad_detector_n_calibration(const struct gad_detector *det)
{
    return det->n_calibration;
}

const struct gad_reference *gad_detector_reference(const struct gad_detector *det)
{
    return det->reference;
}

const struct gad_schema *gad_detector_schema(const struct gad_detector *det)
{
    return det->schema;
}

uint32_t gad_detector_steps(const struct gad_detector *det)
{
    return det->ops->steps ? det->ops->steps(det->model) : 1;
}

int gad_workspace_new(const struct gad_detector *det, size_t n_max, struct gad_workspace **ret)
{
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = gad_calloc(1, sizeof(*ws));
    if (!ws || n_max == 0)
        return ws ? GAD_EINVAL : GAD_ENOMEM;

    ws->n = n_max < TILE ? n_max : TILE;
    ws->n = ws->n > GAD_EXPLAIN_ROWS ? ws->n : GAD_EXPLAIN_ROWS;
    size_t row = gad_ld(gad_schema_dim(det->schema));
    ws->x = gad_calloc_aligned(ws->n * row, sizeof(float)); /* both are small: no overflow */
    ws->xhat = gad_calloc_aligned(row, sizeof(float));
    ws->scratch = gad_calloc_aligned(det->ops->workspace(det->model, ws->n), sizeof(float));
    if (!ws->x || !ws->xhat || !ws->scratch)
        return GAD_ENOMEM;
    *ret = gad_steal(&ws);
    return 0;
}

void gad_workspace_free(struct gad_workspace *ws)
{
    if (!ws)
        return;
    gad_free(ws->x);
    gad_free(ws->xhat);
    gad_free(ws->scratch);
    gad_free(ws);
}

/*
 * Scores the rows that are in the workspace, unscaled. The reader accepts weights of any finite
 * size, so a score can overflow: it is the maximum then.
 */
static void score_tile(const struct gad_detector *det, struct gad_workspace *ws, size_t rows,
                       size_t ld, float *score)
{
    gad_scaler_apply(det->scaler, rows, ws->x, ld);
    det->ops->score(det->model, rows, ws->x, ws->scratch, score);
    for (size_t i = 0; i < rows; i++)
        score[i] = isfinite(score[i]) ? score[i] : FLT_MAX;
}

uint64_t gad_detector_score(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                            const struct gad_record *rec, float *score)
{
    size_t ld = gad_ld(gad_schema_dim(det->schema));
    uint64_t unknown = 0;

    for (size_t at = 0, rows; at < n; at += rows) {
        rows = n - at < ws->n ? n - at : ws->n;
        unknown += gad_vectorize(det->schema, rows, rec + at, ws->x, ld);
        score_tile(det, ws, rows, ld, score + at);
    }
    return unknown;
}

void gad_detector_score_rows(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                             struct gad_detector_row *row)
{
    size_t ld = gad_ld(gad_schema_dim(det->schema));
    float score[TILE];

    for (size_t rows; n > 0; n -= rows, row += rows) {
        rows = n < ws->n ? n : ws->n;
        for (size_t i = 0; i < rows; i++)
            row[i].n_unknown =
                (uint32_t)gad_vectorize(det->schema, 1, row[i].rec, ws->x + i * ld, ld);
        score_tile(det, ws, rows, ld, score);
        for (size_t i = 0; i < rows; i++)
            row[i].score = score[i];
    }
}

/* Index of the first stored quantile that is not below s; n_levels if all are below. */
static size_t lower_bound(const struct gad_detector *det, float s)
{
    size_t lo = 0, hi = det->n_levels;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (det->value[mid] < s)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

double gad_detector_p_value(const struct gad_detector *det, float score)
{
    size_t i = lower_bound(det, score);
    double n = (double)det->n_calibration;
    double below; /* share of held-out rows that score less */

    if (i == det->n_levels && gad_detector_has_tail(det))
        return gad_tail_p(&det->tail, det->n_calibration, (double)det->value[i - 1], (double)score);
    if (i == 0)
        below = 0.0;
    else if (i == det->n_levels)
        below = 1.0;
    else
        below = det->level[i - 1] + (det->level[i] - det->level[i - 1]) *
                                        ((double)score - (double)det->value[i - 1]) /
                                        ((double)det->value[i] - (double)det->value[i - 1]);
    return (n * (1.0 - below) + 1.0) / (n + 1.0);
}

bool gad_detector_has_tail(const struct gad_detector *det)
{
    return det->tail.state == GAD_CKPT_TAIL_FITTED;
}

bool gad_detector_p_is_extrapolated(const struct gad_detector *det, double p)
{
    return gad_calibration_is_extrapolated(det->n_calibration, p);
}

/* Of the tail, with its distances from p stretched as fewer rows would stretch them. */
static struct gad_interval tail_interval(const struct gad_detector *det, float score, double p)
{
    double highest = (double)det->value[det->n_levels - 1];
    struct gad_interval i =
        gad_tail_interval(&det->tail, det->n_calibration, highest, (double)score);
    double stretch = sqrt((double)det->n_calibration / (double)det->worth);

    if (det->worth < det->n_calibration) {
        i.low = i.low > 0.0 ? p * pow(i.low / p, stretch) : 0.0;
        i.high = fmin(p * pow(i.high / p, stretch), 1.0);
    }
    return i;
}

struct gad_interval gad_detector_p_interval(const struct gad_detector *det, float score)
{
    double p = gad_detector_p_value(det, score), n = (double)det->worth;

    if (score > det->value[det->n_levels - 1] && gad_detector_has_tail(det))
        return tail_interval(det, score, p);
    double k = floor(p * (n + 1.0) - 1.0 + 1e-6);
    return gad_binomial_interval((uint64_t)fmin(fmax(k, 0.0), n), det->worth);
}

/* Smallest score whose extrapolated p-value is at most fpr, or the greatest score that another can
 * exceed. */
static float beyond(const struct gad_detector *det, double fpr)
{
    float low = det->value[det->n_levels - 1], high = nextafterf(FLT_MAX, 0.0f);
    double most = fmax(fpr, GAD_TAIL_P_MIN);

    for (;;) {
        float mid = (float)(((double)low + (double)high) / 2.0);
        if (mid <= low || mid >= high)
            return high;
        if (gad_detector_p_value(det, mid) <= most)
            high = mid;
        else
            low = mid;
    }
}

float gad_detector_threshold(const struct gad_detector *det, double fpr)
{
    size_t i = 0;

    if (gad_detector_has_tail(det) && gad_detector_p_is_extrapolated(det, fpr))
        return beyond(det, fpr);
    /* Levels are decimals, so 1 - fpr can differ from one by a rounding error. */
    while (i + 1 < det->n_levels && det->level[i] < 1.0 - fpr - 1e-12)
        i++;
    return det->value[i];
}

struct gad_interval gad_detector_fpr_interval(const struct gad_detector *det, double fpr)
{
    if (gad_detector_has_tail(det) && gad_detector_p_is_extrapolated(det, fpr))
        return gad_detector_p_interval(det, beyond(det, fpr));
    return gad_binomial_interval((uint64_t)floor(fpr * (double)det->worth + 1e-9), det->worth);
}
