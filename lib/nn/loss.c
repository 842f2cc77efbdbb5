/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/loss.h"

/* log(1 + exp(x)) without overflow. */
static double softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x)
{
    double e = exp(-fabs(x));

    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double gad_loss_bce(struct gad_mat logit, int target, double weight, struct gad_mat dlogit)
{
    double n = (double)logit.rows, sum = 0;

    gad_assert(logit.cols == 1 && (!dlogit.v || dlogit.rows == logit.rows));
    for (size_t i = 0; i < logit.rows; i++) {
        double x = (double)*gad_mat_row(logit, i);

        sum += softplus(target ? -x : x);
        if (dlogit.v) /* for target 1 as -sigmoid(-x): sigmoid(x) - 1 would lose digits */
            *gad_mat_row(dlogit, i) +=
                (gad_real)(weight / n * (target ? -sigmoid(-x) : sigmoid(x)));
    }
    return sum / n;
}

static void check_shapes(struct gad_mat a, struct gad_mat b, struct gad_mat da, struct gad_mat db)
{
    gad_assert(a.rows == b.rows && a.cols == b.cols);
    gad_assert(!da.v || (da.rows == a.rows && da.cols == a.cols));
    gad_assert(!db.v || (db.rows == b.rows && db.cols == b.cols));
}

double gad_loss_l1(struct gad_mat a, struct gad_mat b, double weight, struct gad_mat da,
                   struct gad_mat db)
{
    double n = (double)(a.rows * a.cols), sum = 0;
    gad_real w = (gad_real)(weight / n);

    check_shapes(a, b, da, db);
    for (size_t i = 0; i < a.rows; i++) {
        const gad_real *p = gad_mat_row(a, i), *q = gad_mat_row(b, i);

        for (size_t j = 0; j < a.cols; j++)
            sum += (double)gad_real_fabs(p[j] - q[j]);
        if (da.v)
            for (size_t j = 0; j < a.cols; j++)
                gad_mat_row(da, i)[j] += p[j] > q[j] ? w : p[j] < q[j] ? -w : 0;
        if (db.v)
            for (size_t j = 0; j < a.cols; j++)
                gad_mat_row(db, i)[j] -= p[j] > q[j] ? w : p[j] < q[j] ? -w : 0;
    }
    return sum / n;
}

double gad_loss_l2(struct gad_mat a, struct gad_mat b, double weight, struct gad_mat da,
                   struct gad_mat db)
{
    double n = (double)(a.rows * a.cols), sum = 0;
    gad_real w = (gad_real)(2 * weight / n);

    check_shapes(a, b, da, db);
    for (size_t i = 0; i < a.rows; i++) {
        const gad_real *p = gad_mat_row(a, i), *q = gad_mat_row(b, i);

        for (size_t j = 0; j < a.cols; j++)
            sum += (double)(p[j] - q[j]) * (double)(p[j] - q[j]);
        if (da.v)
            for (size_t j = 0; j < a.cols; j++)
                gad_mat_row(da, i)[j] += w * (p[j] - q[j]);
        if (db.v)
            for (size_t j = 0; j < a.cols; j++)
                gad_mat_row(db, i)[j] -= w * (p[j] - q[j]);
    }
    return sum / n;
}

static double column_mean(struct gad_mat a, size_t j)
{
    double sum = 0;

    for (size_t i = 0; i < a.rows; i++)
        sum += (double)gad_mat_row(a, i)[j];
    return sum / (double)a.rows;
}

static void add_to_column(struct gad_mat a, size_t j, double v)
{
    for (size_t i = 0; a.v && i < a.rows; i++)
        gad_mat_row(a, i)[j] += (gad_real)v;
}

double gad_loss_feature_matching(struct gad_mat a, struct gad_mat b, double weight,
                                 struct gad_mat da, struct gad_mat db)
{
    double dim = (double)a.cols, sum = 0;

    gad_assert(a.cols == b.cols);
    for (size_t j = 0; j < a.cols; j++) {
        double gap = column_mean(a, j) - column_mean(b, j), g = 2 * weight * gap / dim;

        sum += gap * gap;
        add_to_column(da, j, g / (double)a.rows);
        add_to_column(db, j, -g / (double)b.rows);
    }
    return sum / dim;
}
