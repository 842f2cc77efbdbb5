/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/mat.h"

#include <cblas.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

int gad_mat_new(size_t rows, size_t cols, struct gad_mat *ret)
{
    enum { STEP = 16 };
    size_t ld = (cols + STEP - 1) / STEP * STEP, n;
    gad_real *v = gad_mul_size(rows, ld, &n) ? gad_calloc_aligned(n, sizeof(*v)) : NULL;

    if (!v)
        return GAD_ENOMEM;
    *ret = (struct gad_mat){.v = v, .rows = rows, .cols = cols, .ld = ld};
    return 0;
}

void gad_mat_free(struct gad_mat *m)
{
    gad_free(m->v);
    *m = gad_mat_none();
}

/* Only the caller's thread: more threads would change the order of sums from run to run. */
static void single_thread(void)
{
    openblas_set_num_threads(1);
}

static void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k,
                 const gad_real *a, size_t lda, const gad_real *b, size_t ldb, gad_real beta,
                 gad_real *c, size_t ldc)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, single_thread);
    gad_assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX);
    gad_assert(lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
#ifdef GAD_NN_DOUBLE
    cblas_dgemm
#else
    cblas_sgemm
#endif
        (CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, beta, c,
         (int)ldc);
}

/*
 * With AVX-512 kernels OpenBLAS multiplies matrices of up to 100^3 multiplications in place and
 * copies larger ones into panels first. For the sizes here the copy costs 10 to 15 % (measured: 100
 * x 256 x 128 runs at 102 GFLOP/s whole and at 117 in four parts). With these kernels the rows of
 * the result are computed in even parts below that limit, in multiples of what the kernels hold in
 * registers. Other kernels become slower by it.
 */
static bool multiplies_in_place(void)
{
    const char *core = openblas_get_corename();

    return strcmp(core, "SkylakeX") == 0 || strcmp(core, "Cooperlake") == 0 ||
           strcmp(core, "SapphireRapids") == 0;
}

/* m > 0 rows of n columns, inner dimension k. */
static size_t rows_at_once(size_t m, size_t n, size_t k)
{
    enum { LIMIT = 1000000, STEP = 4 };
    size_t most = LIMIT / (n * k) / STEP * STEP, parts;

    if (most == 0 || most >= m || !multiplies_in_place())
        return m;
    parts = (m + most - 1) / most;
    return ((m + parts - 1) / parts + STEP - 1) / STEP * STEP;
}

/* Number of rows of x that have an index. */
static size_t n_sparse(struct gad_mat x)
{
    if (!x.sparse || x.sparse->rows == 0)
        return 0;
    gad_assert(x.sparse->rows <= x.rows && x.sparse->cols == x.cols);
    return x.sparse->rows;
}

void gad_mat_mul_nn(struct gad_mat x, const gad_real *w, struct gad_mat y)
{
    size_t at = n_sparse(x);

    gad_assert(x.rows == y.rows);
    if (at > 0)
        gad_sparse_mul_nn(x.sparse, x, w, y);
    for (size_t step = rows_at_once(y.rows, y.cols, x.cols); at < y.rows; at += step) {
        size_t n = y.rows - at < step ? y.rows - at : step;
        gemm(CblasNoTrans, CblasNoTrans, n, y.cols, x.cols, gad_mat_row(x, at), x.ld, w, y.cols, 0,
             gad_mat_row(y, at), y.ld);
    }
}

void gad_mat_mul_nt(struct gad_mat dy, const gad_real *w, gad_real beta, struct gad_mat dx)
{
    gad_assert(dy.rows == dx.rows);
    gemm(CblasNoTrans, CblasTrans, dy.rows, dx.cols, dy.cols, dy.v, dy.ld, w, dy.cols, beta, dx.v,
         dx.ld);
}

void gad_mat_mul_tn(struct gad_mat x, struct gad_mat dy, gad_real *dw)
{
    size_t first = n_sparse(x), rows = x.rows - first,
           step = rows > 0 ? rows_at_once(x.cols, dy.cols, rows) : x.cols;

    gad_assert(x.rows == dy.rows);
    if (rows == 0)
        memset(dw, 0, x.cols * dy.cols * sizeof(*dw));
    for (size_t i = 0; rows > 0 && i < x.cols; i += step) {
        size_t n = x.cols - i < step ? x.cols - i : step;
        gemm(CblasTrans, CblasNoTrans, n, dy.cols, rows, gad_mat_row(x, first) + i, x.ld,
             gad_mat_row(dy, first), dy.ld, 0, dw + i * dy.cols, dy.cols);
    }
    if (first > 0)
        gad_sparse_mul_tn(x.sparse, x, dy, dw);
}

void gad_mat_add(struct gad_mat a, struct gad_mat b)
{
    gad_assert(a.rows == b.rows && a.cols == b.cols);
    for (size_t i = 0; i < a.rows; i++) {
        gad_real *restrict p = gad_mat_row(a, i);
        const gad_real *restrict q = gad_mat_row(b, i);
        for (size_t j = 0; j < a.cols; j++)
            p[j] += q[j];
    }
}

void gad_mat_zero(struct gad_mat a)
{
    for (size_t i = 0; i < a.rows; i++)
        memset(gad_mat_row(a, i), 0, a.cols * sizeof(*a.v));
}

void gad_mat_copy(struct gad_mat to, struct gad_mat from)
{
    gad_assert(to.rows == from.rows && to.cols == from.cols);
    for (size_t i = 0; i < to.rows; i++)
        memcpy(gad_mat_row(to, i), gad_mat_row(from, i), to.cols * sizeof(*to.v));
}
