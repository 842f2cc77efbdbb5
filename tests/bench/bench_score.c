/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Records to scores, alone and compared with ONNX Runtime on the same rows in the same process.
 *
 *      bench_score [--quick] CHECKPOINT DATA [LIBONNXRUNTIME MODEL.onnx]
 *
 * Three ways alternate, so that other load affects all of them equally:
 *
 *   records  gad_detector_score(): one-hot, scaling and network, from struct gad_record
 *   network  the model alone, from scaled rows
 *   onnx     ONNX Runtime alone, from scaled rows into preallocated memory: without the encoding
 *
 * The ratios are records/onnx, the harder comparison for us: median over rounds, and 5th
 * percentile. Scores that differ by more than AGREE end the program, because the two did different
 * work. --quick: one or two rounds, to check that it runs.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/dataset.h"
#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"
#include "models/detector.h"
#include "models/detector_impl.h"
#include "models/model.h"
#include "tests/bench/ort.h"

enum { N = 4096, ROUNDS = 41, QUICK = 3 };

static const double AGREE = 1e-4; /* relative, as a checkpoint's self-test */

static const size_t batches[] = {1, 8, 64, 512, 4096};

struct bench {
    struct gad_detector *det;
    struct gad_workspace *ws;
    struct gad_record *rec, *spare; /* (N) */
    float *x, *dense, *scratch;     /* (N, ld) and (N, dim) scaled */
    float *score, *score_net, *score_ort;
    size_t dim, ld, batch;
    int rounds;
    struct ort *ort;
};

static double cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_score: %s\n", what);
    exit(1);
}

/* Every STEP-th row, so that the mix of the file is the mix of the benchmark; of a small file
 * all rows, repeatedly. */
static void load_records(struct bench *b, const char *path)
{
    enum { STEP = 97 };
    struct gad_dataset *in;
    struct gad_diag d = {.text = ""};
    struct gad_row row;
    size_t n = 0, few = 0;
    int r = 0;

    if (gad_dataset_open(path, NULL, &in, &d) != 0)
        die(d.text);
    for (size_t i = 0; n < N && (r = gad_dataset_next(in, &row, &d)) == 0; i++) {
        if (i < N)
            b->spare[few++] = row.rec;
        if (i % STEP == 0)
            b->rec[n++] = row.rec;
    }
    if (r < 0 || few == 0)
        die(r < 0 ? d.text : "no rows in the data");
    gad_dataset_close(in);
    if (n == N)
        return;
    for (size_t i = 0; i < N; i++)
        b->rec[i] = b->spare[i % few];
}

static void prepare(struct bench *b, const char *checkpoint, const char *data)
{
    struct gad_diag d = {.text = ""};

    if (gad_detector_open(checkpoint, &b->det, &d) != 0)
        die(d.text);
    b->dim = gad_schema_dim(b->det->schema);
    b->ld = gad_ld(b->dim);
    b->rec = gad_calloc(N, sizeof(*b->rec));
    b->spare = gad_calloc(N, sizeof(*b->spare));
    b->x = gad_calloc_aligned(N * b->ld, sizeof(float));
    b->dense = gad_calloc_aligned(N * b->dim, sizeof(float));
    b->scratch = gad_calloc_aligned(b->det->ops->workspace(b->det->model, 48), sizeof(float));
    b->score = gad_calloc(3 * N, sizeof(float));
    if (!b->rec || !b->spare || !b->x || !b->dense || !b->scratch || !b->score ||
        gad_workspace_new(b->det, N, &b->ws) != 0)
        die("out of memory");
    b->score_net = b->score + N;
    b->score_ort = b->score + 2 * N;
    load_records(b, data);
    (void)gad_vectorize(b->det->schema, N, b->rec, b->x, b->ld);
    gad_scaler_apply(b->det->scaler, N, b->x, b->ld);
    for (size_t i = 0; i < N; i++)
        memcpy(b->dense + i * b->dim, b->x + i * b->ld, b->dim * sizeof(float));
}

/* Each way scores N / batch * batch rows (at least 1,024) and returns the seconds a row. */
static double records(struct bench *b, size_t n)
{
    double t = cpu_seconds();
    for (size_t i = 0; i < n; i += b->batch)
        (void)gad_detector_score(b->det, b->ws, b->batch, b->rec + i, b->score + i);
    return (cpu_seconds() - t) / (double)n;
}

static double network(struct bench *b, size_t n)
{
    double t = cpu_seconds();
    for (size_t i = 0; i < n; i += b->batch)
        for (size_t j = 0, rows; j < b->batch; j += rows) {
            rows = b->batch - j < 48 ? b->batch - j : 48;
            b->det->ops->score(b->det->model, rows, b->x + (i + j) * b->ld, b->scratch,
                               b->score_net + i + j);
        }
    return (cpu_seconds() - t) / (double)n;
}

/* The tensor is bound once: only the call is measured, on the same rows each time. */
static double onnx(struct bench *b, size_t n)
{
    double t = cpu_seconds();
    for (size_t i = 0; i < n; i += b->batch)
        if (ort_run(b->ort) != 0)
            die("onnx runtime failed");
    return (cpu_seconds() - t) / (double)n;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *a, size_t n, double q)
{
    qsort(a, n, sizeof(*a), compare);
    return a[(size_t)(q * (double)(n - 1) + 0.5)];
}

static void run_batch(struct bench *b)
{
    double t[3][ROUNDS], ratio[ROUNDS];
    size_t n = b->batch < 8 ? 1024 : N;
    int rounds = b->rounds;

    if (b->ort && ort_bind(b->ort, b->batch, b->dim, b->dense, b->score_ort) != 0)
        die("onnx runtime failed");
    for (int i = -3; i < rounds; i++) { /* three to warm up */
        double a = records(b, n), c = network(b, n), o = b->ort ? onnx(b, n) : 0.0;
        if (i < 0)
            continue;
        t[0][i] = a;
        t[1][i] = c;
        t[2][i] = o;
        ratio[i] = o / a;
    }
    printf("%6zu %10.0f %10.0f", b->batch, 1.0 / quantile(t[0], (size_t)rounds, 0.5),
           1.0 / quantile(t[1], (size_t)rounds, 0.5));
    if (b->ort)
        printf(" %10.0f %8.2f %8.2f", 1.0 / quantile(t[2], (size_t)rounds, 0.5),
               quantile(ratio, (size_t)rounds, 0.5), quantile(ratio, (size_t)rounds, 0.05));
    printf("\n");
}

/* The peer computes the same scores; otherwise the comparison is worthless. */
static void check_agreement(struct bench *b)
{
    double worst = 0.0;

    b->batch = N;
    (void)records(b, N);
    if (ort_bind(b->ort, N, b->dim, b->dense, b->score_ort) != 0 || ort_run(b->ort) != 0)
        die("onnx runtime failed");
    for (size_t i = 0; i < N; i++) {
        double want = (double)b->score_ort[i], err = (double)b->score[i] - want;
        err = (err < 0 ? -err : err) / (want > 1e-30 ? want : 1e-30);
        worst = err > worst ? err : worst;
    }
    printf("largest relative difference to onnx runtime: %.1e\n", worst);
    if (!(worst <= AGREE))
        die("the two do not compute the same score: they differ by more than 1e-4");
}

int main(int argc, char **argv)
{
    struct bench b = {.rounds = ROUNDS};

    if (argc > 1 && strcmp(argv[1], "--quick") == 0) {
        b.rounds = QUICK;
        argv++;
        argc--;
    }
    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: %s [--quick] CHECKPOINT DATA [LIBONNXRUNTIME MODEL.onnx]\n",
                argv[0]);
        return 2;
    }
    prepare(&b, argv[1], argv[2]);
    if (argc == 5) {
        b.ort = ort_open(argv[3], argv[4]);
        if (!b.ort)
            return 1;
        printf("onnx runtime %s\n", ort_version(b.ort));
        check_agreement(&b);
    }
    printf("%s, records/s on one core, medians of %d rounds\n", gad_detector_name(b.det), b.rounds);
    printf("%6s %10s %10s%s\n", "batch", "records", "network",
           b.ort ? "       onnx   median      5th %" : "");
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        b.batch = batches[i];
        run_batch(&b);
    }
    ort_close(b.ort);
    gad_workspace_free(b.ws);
    gad_detector_free(b.det);
    gad_free(b.rec);
    gad_free(b.spare);
    gad_free(b.x);
    gad_free(b.dense);
    gad_free(b.scratch);
    gad_free(b.score);
    return 0;
}
