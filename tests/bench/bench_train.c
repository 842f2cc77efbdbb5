/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training speed: epochs of the survey's protocol for EGBAD (198,361 rows of 121 in steps of 50,
 * 3,967 steps) and of GANomaly (steps of 64) on synthetic rows as sparse as KDD99's. Usage:
 * bench_train [MODEL [EPOCHS]]. Prints milliseconds a step, median over chunks of steps, and
 * seconds an epoch, median over epochs. It measures processor time of the one thread, so other load
 * has less effect. tests/bench/train_vs_torch compares with PyTorch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "models/trainer.h"

enum { ROWS = 198361, DIM = 121, LD = 128, N_NUMERIC = 34, CHUNKS_MAX = 1 << 16, EPOCHS_MAX = 100 };

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seven one-hot groups and 40 % of the numeric elements: 20.6 of 121 are not zero, as in KDD99. */
static float *make_rows(void)
{
    static const unsigned group[] = {3, 66, 11, 2, 2, 1, 2};
    struct gad_rng rng = gad_rng_init(1, 0);
    float *x = gad_calloc_aligned((size_t)ROWS * LD, sizeof(*x));

    for (size_t i = 0; x && i < ROWS; i++) {
        float *row = x + i * LD;
        size_t at = N_NUMERIC;

        for (size_t j = 0; j < N_NUMERIC; j++)
            if (gad_rng_uniform(&rng) < 0.4f)
                row[j] = gad_rng_uniform(&rng);
        for (size_t g = 0; g < sizeof(group) / sizeof(group[0]); g++) {
            row[at + gad_rng_below(&rng, group[g])] = 1;
            at += group[g];
        }
    }
    return x;
}

struct chunks {
    size_t n, rows;
    double last, per_row[CHUNKS_MAX];
};

static bool tick(void *arg, size_t rows)
{
    struct chunks *c = arg;
    double t = now();

    if (rows > c->rows && c->n < CHUNKS_MAX) /* not across epochs */
        c->per_row[c->n++] = (t - c->last) / (double)(rows - c->rows);
    c->rows = rows;
    c->last = t;
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), ascending);
    return v[n / 2];
}

static int run(const struct gad_trainer_ops *ops, const char *protocol, const float *x, int epochs)
{
    static struct chunks c;
    struct gad_train_options o = {.seed = 1};
    struct gad_trainer *t = NULL;
    struct gad_epoch_stats stats = {0};
    struct gad_diag d = {""};
    double epoch[EPOCHS_MAX] = {0};
    int r;

    c = (struct chunks){0};
    ops->defaults(protocol, &o);
    r = ops->create(&o, DIM, &t, &d);
    for (int i = 0; !r && i < epochs; i++) {
        double start = c.last = now();
        c.rows = 0;
        r = ops->epoch(t, ROWS, x, LD, tick, &c, &stats, &d);
        epoch[i] = now() - start;
    }
    ops->free(t);
    if (r) {
        (void)fprintf(stderr, "bench_train: %s: %s\n", ops->name, d.text);
        return 1;
    }
    printf("%-9s %-7s batch %zu: %.4f ms/step (median of %zu chunks), %.3f s/epoch of %llu steps "
           "(median of %d)\n",
           ops->name, protocol, o.batch, 1e3 * (double)o.batch * median(c.per_row, c.n), c.n,
           median(epoch, (size_t)epochs), (unsigned long long)stats.steps, epochs);
    return 0;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    uint64_t epochs = 3;
    int r = argc > 2 ? gad_text_u64(argv[2], strlen(argv[2]), EPOCHS_MAX, &epochs) : 0;
    float *x = r || epochs == 0 ? NULL : make_rows();

    if (!x) {
        (void)fprintf(stderr, "usage: bench_train [MODEL [EPOCHS]], 1 to 100 epochs\n");
        return 2;
    }
    for (size_t i = 0; gad_trainer_at(i); i++) {
        const struct gad_trainer_ops *ops = gad_trainer_at(i);

        if (only && strcmp(only, ops->name) != 0)
            continue;
        r |= run(ops, "survey", x, (int)epochs);
        if (!only)
            r |= run(ops, "normal", x, (int)epochs);
    }
    gad_free(x);
    return r;
}
