/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/folds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

enum { MANY_FOLDS_ROWS = 2000, FEW_FOLDS = 5, ROWS_SEEN = 1400000, GAP_SHARE = 20 };

void folds_deinit(struct folds *f)
{
    gad_free(f->all);
    gad_free(f->score);
    *f = (struct folds){0};
}

size_t folds_rows_max(unsigned asked)
{
    return asked == 0 ? 0 : asked == FOLDS_AUTO ? FOLDS_ROWS_MAX : SIZE_MAX;
}

size_t folds_number(size_t n, unsigned asked)
{
    size_t k = n > folds_rows_max(asked) ? 0
               : asked != FOLDS_AUTO     ? asked
               : n <= MANY_FOLDS_ROWS    ? FOLDS_MAX
                                         : FEW_FOLDS;
    k = k < n / 2 ? k : n / 2;
    return k >= 2 ? k : 0;
}

void folds_layout(size_t n, size_t k, size_t last, size_t apart, struct folds *ret)
{
    gad_assert(k >= 2 && k <= FOLDS_MAX && last < n);
    size_t equal = last > 0 ? k - 1 : k, rest = n - last, gap = n / k / GAP_SHARE;

    *ret = (struct folds){.n = n, .k = k, .gap = gap < apart ? gap : apart};
    for (size_t f = 0; f <= equal; f++)
        ret->begin[f] = f * rest / equal;
    ret->begin[k] = n;
}

bool folds_trains(const struct folds *f, size_t fold, size_t row)
{
    return row + f->gap < f->begin[fold] || row >= f->begin[fold + 1] + f->gap;
}

uint32_t folds_epochs(const struct folds *f, uint32_t epochs)
{
    size_t most = ROWS_SEEN / (f->n * (f->k - 1));

    return most >= epochs ? epochs : most > 1 ? (uint32_t)most : 1;
}

static int ascending(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Median of whole / fold over the rows that trained both; 1 if most of them have a score of 0. */
static double median_ratio(const struct folds *f, size_t fold, const float *whole, double *ratio)
{
    const float *score = f->all + fold * f->n;
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (folds_trains(f, fold, i) && score[i] > 0.0f && whole[i] > 0.0f)
            ratio[n++] = (double)whole[i] / (double)score[i];
    if (2 * n < f->n)
        return 1.0;
    qsort(ratio, n, sizeof(*ratio), ascending);
    return ratio[n / 2];
}

int folds_map(struct folds *f, const float *whole)
{
    gad_cleanup(gad_freep) double *ratio = gad_calloc(f->n, sizeof(*ratio));

    f->score = gad_calloc(f->n, sizeof(*f->score));
    if (!ratio || !f->score)
        return GAD_ENOMEM;
    for (size_t fold = 0; fold < f->k; fold++) {
        f->ratio[fold] = median_ratio(f, fold, whole, ratio);
        for (size_t i = f->begin[fold]; i < f->begin[fold + 1]; i++)
            f->score[i] = (float)((double)f->all[fold * f->n + i] * f->ratio[fold]);
    }
    return 0;
}

static int float_ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

uint64_t folds_worth(const struct folds *f, size_t k)
{
    size_t n = f->begin[k], high = n / 50 > 5 * k ? n / 50 : 5 * k;
    gad_cleanup(gad_freep) float *sorted = gad_calloc(n, sizeof(*sorted));
    double sum = 0.0;

    if (!sorted || k < 2 || high >= n)
        return k;
    memcpy(sorted, f->score, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), float_ascending);
    float level = sorted[n - 1 - high];
    size_t above = 0;
    for (size_t i = 0; i < n; i++)
        above += f->score[i] > level;
    if (above == 0)
        return n;
    double p = (double)above / (double)n;
    for (size_t fold = 0; fold < k; fold++) {
        double of = (double)(f->begin[fold + 1] - f->begin[fold]), count = 0.0;
        for (size_t i = f->begin[fold]; i < f->begin[fold + 1]; i++)
            count += f->score[i] > level;
        sum += (count - of * p) * (count - of * p) / (of * p * (1.0 - p));
    }
    double times = fmax(sum / (double)(k - 1), 1.0);
    return (uint64_t)fmax((double)n / times, (double)k);
}
