/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/sparse.h"

#include "lib/nn/mat.h"

int gad_sparse_new(struct gad_sparse *s, size_t rows, size_t cols)
{
    size_t n;

    gad_assert(cols <= UINT16_MAX + 1 && gad_mul_size(rows, cols, &n));
    *s = (struct gad_sparse){.rows_max = rows, .cols = cols};
    s->index = gad_calloc_aligned(n, sizeof(*s->index));
    s->n = gad_calloc_aligned(rows, sizeof(*s->n));
    if (s->index && s->n)
        return 0;
    gad_sparse_free(s);
    return GAD_ENOMEM;
}

void gad_sparse_free(struct gad_sparse *s)
{
    gad_free(s->index);
    gad_free(s->n);
    *s = (struct gad_sparse){0};
}

/* Measured with AVX-512: the gradient of the weights takes as long as a whole product at one
 * half. */
static const double worth_below = 0.4;

void gad_sparse_scan(struct gad_sparse *s, struct gad_mat x)
{
    size_t total = 0;

    gad_assert(x.rows >= s->rows_max && x.cols == s->cols);
    for (size_t i = 0; i < s->rows_max; i++) {
        const gad_real *row = gad_mat_row(x, i);
        uint16_t *index = s->index + i * s->cols;
        size_t n = 0;

        for (size_t k = 0; k < s->cols; k++) { /* without branches: these could not be predicted */
            index[n] = (uint16_t)k;
            n += row[k] != 0;
        }
        s->n[i] = (uint16_t)n;
        total += n;
    }
    s->rows = (double)total < worth_below * (double)(s->rows_max * s->cols) ? s->rows_max : 0;
}

/* 64 bytes as a vector of the compiler, unaligned. Four of them are kept in registers. */
typedef gad_real vec __attribute__((vector_size(64), aligned(sizeof(gad_real)), may_alias));
enum { LANES = 64 / sizeof(gad_real), BLOCK = 4 * LANES };

struct args {
    const struct gad_sparse *s;
    const gad_real *x;
    size_t ldx, ldw, ldy;
};

GAD_NN_CLONES
static void forward_block(const struct args *a, const gad_real *w, gad_real *y)
{
    for (size_t i = 0; i < a->s->rows; i++) {
        const uint16_t *index = a->s->index + i * a->s->cols;
        const gad_real *x = a->x + i * a->ldx;
        vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, *out = (vec *)(y + i * a->ldy);

        for (size_t c = 0; c < a->s->n[i]; c++) {
            const vec *row = (const vec *)(w + index[c] * a->ldw);
            gad_real v = x[index[c]];

            s0 += v * row[0];
            s1 += v * row[1];
            s2 += v * row[2];
            s3 += v * row[3];
        }
        out[0] = s0;
        out[1] = s1;
        out[2] = s2;
        out[3] = s3;
    }
}

static void forward_rest(const struct args *a, const gad_real *w, size_t n, gad_real *y)
{
    for (size_t i = 0; i < a->s->rows; i++)
        for (size_t j = 0; j < n; j++) {
            gad_real sum = 0;

            for (size_t c = 0; c < a->s->n[i]; c++) {
                size_t k = a->s->index[i * a->s->cols + c];
                sum += a->x[i * a->ldx + k] * w[k * a->ldw + j];
            }
            y[i * a->ldy + j] = sum;
        }
}

void gad_sparse_mul_nn(const struct gad_sparse *s, struct gad_mat x, const gad_real *w,
                       struct gad_mat y)
{
    struct args a = {.s = s, .x = x.v, .ldx = x.ld, .ldw = y.cols, .ldy = y.ld};
    size_t at = 0;

    for (; y.cols - at >= BLOCK; at += BLOCK)
        forward_block(&a, w + at, y.v + at);
    if (at < y.cols)
        forward_rest(&a, w + at, y.cols - at, y.v + at);
}

GAD_NN_CLONES
static void gradient_block(const struct args *a, const gad_real *dy, gad_real *dw)
{
    for (size_t i = 0; i < a->s->rows; i++) {
        const uint16_t *index = a->s->index + i * a->s->cols;
        const gad_real *x = a->x + i * a->ldx;
        const vec *d = (const vec *)(dy + i * a->ldy);
        vec d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];

        for (size_t c = 0; c < a->s->n[i]; c++) {
            vec *row = (vec *)(dw + index[c] * a->ldw);
            gad_real v = x[index[c]];

            row[0] += v * d0;
            row[1] += v * d1;
            row[2] += v * d2;
            row[3] += v * d3;
        }
    }
}

static void gradient_rest(const struct args *a, const gad_real *dy, size_t n, gad_real *dw)
{
    for (size_t i = 0; i < a->s->rows; i++)
        for (size_t c = 0; c < a->s->n[i]; c++) {
            size_t k = a->s->index[i * a->s->cols + c];

            for (size_t j = 0; j < n; j++)
                dw[k * a->ldw + j] += a->x[i * a->ldx + k] * dy[i * a->ldy + j];
        }
}

void gad_sparse_mul_tn(const struct gad_sparse *s, struct gad_mat x, struct gad_mat dy,
                       gad_real *dw)
{
    struct args a = {.s = s, .x = x.v, .ldx = x.ld, .ldw = dy.cols, .ldy = dy.ld};
    size_t at = 0;

    for (; dy.cols - at >= BLOCK; at += BLOCK)
        gradient_block(&a, dy.v + at, dw + at);
    if (at < dy.cols)
        gradient_rest(&a, dy.v + at, dy.cols - at, dw + at);
}
