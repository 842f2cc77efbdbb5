/* SPDX-License-Identifier: Apache-2.0 */
#include "models/joint_fit.h"

#include <math.h>

#include "lib/base/diag.h"
#include "lib/nn/mat.h"
#include "models/joint.h"

/* Measured on splits that leave services, devices and later records out: 1e-4 to 1e-3 differ by
 * less than seeds do; without it, what is unusual by a rounding error counts. */
#define RIDGE 3e-4
/* Of activations, which are about 1: less than any of them varies unless it is constant. */
#define VARIANCE_MIN 1e-9

struct gad_joint_fit {
    size_t width, ld, n, n_products;
    size_t *column;     /* (width): place in a row of v */
    double *mean, *sd;  /* (width): sums and sums of squares, then what they are called */
    double *c;          /* (width, width): sums of products, then correlations, then a factor */
    double *row;        /* (width) */
    struct gad_mat z;   /* (tile, width) standardized rows */
    gad_real *products; /* (width, width) of a tile */
};

void gad_joint_fit_free(struct gad_joint_fit *f)
{
    if (!f)
        return;
    gad_free(f->column);
    gad_free(f->mean);
    gad_free(f->sd);
    gad_free(f->c);
    gad_free(f->row);
    gad_mat_free(&f->z);
    gad_free(f->products);
    gad_free(f);
}

int gad_joint_fit_new(const struct gad_joint_layout *l, struct gad_joint_fit **ret)
{
    gad_cleanup(gad_joint_fit_freep) struct gad_joint_fit *f = gad_calloc(1, sizeof(*f));
    if (!f)
        return GAD_ENOMEM;
    f->width = l->n;
    f->ld = l->ld;
    f->column = gad_calloc(l->n, sizeof(*f->column));
    f->mean = gad_calloc(l->n, sizeof(*f->mean));
    f->sd = gad_calloc(l->n, sizeof(*f->sd));
    f->row = gad_calloc(l->n, sizeof(*f->row));
    f->c = gad_calloc(l->n, l->n * sizeof(*f->c)); /* widths are capped: no overflow */
    f->products = gad_calloc_aligned(l->n * l->n, sizeof(*f->products));
    int r = gad_mat_new(GAD_JOINT_FIT_TILE, l->n, &f->z);
    if (r != 0 || !f->column || !f->mean || !f->sd || !f->row || !f->c || !f->products)
        return GAD_ENOMEM;
    gad_joint_columns(l, f->column);
    *ret = gad_steal(&f);
    return 0;
}

void gad_joint_fit_moments(struct gad_joint_fit *f, size_t n, const float *v)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < f->width; j++) {
            double x = (double)v[i * f->ld + f->column[j]];
            f->mean[j] += x;
            f->sd[j] += x * x;
        }
    f->n += n;
}

static void moments(struct gad_joint_fit *f)
{
    double n = (double)f->n;

    for (size_t j = 0; j < f->width; j++) {
        f->mean[j] /= n;
        f->sd[j] = sqrt(fmax(f->sd[j] / n - f->mean[j] * f->mean[j], 0.0) + VARIANCE_MIN);
    }
}

void gad_joint_fit_products(struct gad_joint_fit *f, size_t n, const float *v)
{
    struct gad_mat z = gad_mat_rows(f->z, 0, n);

    if (f->n_products == 0)
        moments(f);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < f->width; j++)
            gad_mat_row(z, i)[j] =
                (gad_real)(((double)v[i * f->ld + f->column[j]] - f->mean[j]) / f->sd[j]);
    gad_mat_mul_tn(z, z, f->products);
    for (size_t i = 0; i < f->width * f->width; i++)
        f->c[i] += (double)f->products[i];
    f->n_products += n;
}

static int correlations(struct gad_joint_fit *f)
{
    size_t w = f->width;

    for (size_t i = 0; i < w * w; i++) {
        f->c[i] /= (double)f->n;
        if (!isfinite(f->c[i]))
            return GAD_EINVAL;
    }
    for (size_t j = 0; j < w; j++)
        f->c[j * w + j] += RIDGE;
    return 0;
}

/* Cholesky: C = L L^T, into the lower triangle. The ridge makes C positive definite; a pivot that
 * rounding made smaller than half of the ridge is raised to that. */
static void factor(struct gad_joint_fit *f)
{
    size_t w = f->width;

    for (size_t j = 0; j < w; j++) {
        double pivot = f->c[j * w + j];
        for (size_t k = 0; k < j; k++)
            pivot -= f->c[j * w + k] * f->c[j * w + k];
        pivot = sqrt(fmax(pivot, RIDGE / 2));
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
static void inverse_row(const struct gad_joint_fit *f, size_t k, double *row)
{
    size_t w = f->width;

    for (size_t j = 0; j <= k; j++)
        row[j] = j == k ? 1.0 : 0.0;
    for (size_t j = k + 1; j-- > 0;) {
        row[j] /= f->c[j * w + j];
        for (size_t i = 0; i < j; i++)
            row[i] -= row[j] * f->c[j * w + i];
    }
}

int gad_joint_fit_finish(struct gad_joint_fit *f, float *weight, float *bias, struct gad_diag *d)
{
    size_t w = f->width;

    gad_assert(f->n == f->n_products);
    if (f->n == 0)
        return gad_fail(d, GAD_EINVAL, "no rows to fit the score 'joint' to");
    if (correlations(f) != 0)
        return gad_fail(d, GAD_EINVAL, "what the networks compute of the rows is not finite");
    factor(f);
    for (size_t k = 0; k < w; k++) {
        double shift = 0.0;
        inverse_row(f, k, f->row);
        for (size_t j = 0; j < w; j++) {
            double v = j <= k ? f->row[j] / f->sd[j] : 0.0;
            weight[j * w + k] = (float)v;
            shift += f->mean[j] * v;
        }
        bias[k] = (float)-shift;
    }
    return 0;
}
