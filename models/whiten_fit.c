/* SPDX-License-Identifier: Apache-2.0 */
#include "models/whiten_fit.h"

#include <float.h>
#include <math.h>

#include "lib/base/diag.h"

struct gad_whiten_fit {
    size_t width, n;
    double *mean, *row; /* (width): sums, then means; one row */
    /* (width, width), lower triangle: sums of products, then the covariance, then its Cholesky
     * factor. */
    double *c;
};

void gad_whiten_fit_free(struct gad_whiten_fit *f)
{
    if (!f)
        return;
    gad_free(f->mean);
    gad_free(f->row);
    gad_free(f->c);
    gad_free(f);
}

int gad_whiten_fit_new(size_t width, struct gad_whiten_fit **ret)
{
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *f = gad_calloc(1, sizeof(*f));
    if (!f)
        return GAD_ENOMEM;
    f->width = width;
    f->mean = gad_calloc(width, sizeof(*f->mean));
    f->row = gad_calloc(width, sizeof(*f->row));
    f->c = gad_calloc(width, width * sizeof(*f->c)); /* at most GAD_CKPT_DIM_MAX: no overflow */
    if (!f->mean || !f->row || !f->c)
        return GAD_ENOMEM;
    *ret = gad_steal(&f);
    return 0;
}

size_t gad_whiten_fit_width(const struct gad_whiten_fit *f)
{
    return f->width;
}

void gad_whiten_fit_add(struct gad_whiten_fit *f, size_t n, const float *a, const float *b,
                        size_t ld)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < f->width; j++) {
            f->row[j] = (double)a[i * ld + j] - (double)b[i * ld + j];
            f->mean[j] += f->row[j];
        }
        for (size_t j = 0; j < f->width; j++)
            for (size_t k = 0; k <= j; k++)
                f->c[j * f->width + k] += f->row[j] * f->row[k];
    }
    f->n += n;
}

/* From sums to mean and covariance plus ridge. Errors are centred near 0, so the difference
 * loses little precision. */
static int covariance(struct gad_whiten_fit *f, double ridge)
{
    double n = (double)f->n, trace = 0.0;
    size_t w = f->width;

    for (size_t j = 0; j < w; j++)
        f->mean[j] /= n;
    for (size_t j = 0; j < w; j++)
        for (size_t k = 0; k <= j; k++)
            f->c[j * w + k] = f->c[j * w + k] / n - f->mean[j] * f->mean[k];
    for (size_t j = 0; j < w; j++)
        trace += f->c[j * w + j];
    if (!isfinite(trace))
        return GAD_EINVAL;
    for (size_t j = 0; j < w; j++)
        f->c[j * w + j] = fmax(f->c[j * w + j], 0.0) + fmax(ridge * trace / (double)w, DBL_MIN);
    return 0;
}

/* L L^T = c, in place. A pivot that rounding made too small is raised to 1e-12 of the diagonal. */
static void factor(struct gad_whiten_fit *f)
{
    size_t w = f->width;

    for (size_t j = 0; j < w; j++) {
        double diagonal = f->c[j * w + j], pivot = diagonal;
        for (size_t k = 0; k < j; k++)
            pivot -= f->c[j * w + k] * f->c[j * w + k];
        pivot = sqrt(fmax(pivot, 1e-12 * diagonal));
        f->c[j * w + j] = pivot;
        for (size_t i = j + 1; i < w; i++) {
            double sum = f->c[i * w + j];
            for (size_t k = 0; k < j; k++)
                sum -= f->c[i * w + k] * f->c[j * w + k];
            f->c[i * w + j] = sum / pivot;
        }
    }
}

/* Row k of L^-1, from the right: row k of L^-1 times L is a unit vector. */
static void inverse_row(const struct gad_whiten_fit *f, size_t k, double *row)
{
    size_t w = f->width;

    for (size_t j = k + 1; j-- > 0;) {
        double sum = j == k ? 1.0 : 0.0;
        for (size_t i = j + 1; i <= k; i++)
            sum -= row[i] * f->c[i * w + j];
        row[j] = sum / f->c[j * w + j];
    }
}

int gad_whiten_fit_finish(struct gad_whiten_fit *f, double ridge, float *weight, float *bias,
                          struct gad_diag *d)
{
    size_t w = f->width;

    if (f->n == 0)
        return gad_fail(d, GAD_EINVAL, "no rows to fit the whitened score to");
    if (covariance(f, ridge) != 0)
        return gad_fail(d, GAD_EINVAL, "the errors of the rows are not finite");
    factor(f);
    for (size_t k = 0; k < w; k++) {
        double shift = 0.0;
        inverse_row(f, k, f->row);
        for (size_t j = 0; j < w; j++) {
            double v = j <= k ? fmin(fmax(f->row[j], -1e18), 1e18) : 0.0;
            weight[j * w + k] = (float)v;
            shift += f->mean[j] * v;
        }
        bias[k] = (float)-shift;
    }
    return 0;
}
