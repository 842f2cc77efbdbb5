/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The scorer alone on the records of a file, in their order, without and with a memo.
 *
 *      bench_memo CHECKPOINT DATA
 *
 * One line for each: processor time is that of scoring only, not that of reading the file.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/dataset/dataset.h"
#include "models/detector.h"
#include "models/memo.h"

enum { ROWS = 512, MEMO = 4 << 20 }; /* a batch of the daemon, and its default */

static void die(const char *what)
{
    fprintf(stderr, "bench_memo: %s\n", what);
    exit(1);
}

static double cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t read_rows(struct gad_dataset *in, struct gad_record *rec)
{
    struct gad_row row;
    struct gad_diag d;
    size_t n = 0;

    for (; n < ROWS; n++) {
        int r = gad_dataset_next(in, &row, &d);
        if (r < 0)
            die(d.text);
        if (r > 0)
            break;
        rec[n] = row.rec;
    }
    return n;
}

static void run(const struct gad_detector *det, const char *path, struct gad_memo *memo)
{
    static struct gad_record rec[ROWS];
    static struct gad_memo_row row[ROWS];
    struct gad_dataset *in = NULL;
    struct gad_workspace *ws = NULL;
    struct gad_memo_use use = {0};
    struct gad_diag d;
    double seconds = 0;

    if (gad_dataset_open(path, NULL, &in, &d) != 0)
        die(d.text);
    if (gad_workspace_new(det, ROWS, &ws) != 0)
        die("no memory");
    for (size_t n; (n = read_rows(in, rec)) > 0;) {
        double begin = cpu_seconds();
        for (size_t i = 0; i < n; i++)
            row[i].rec = &rec[i];
        (void)gad_memo_score(memo, det, ws, n, row, n, &use);
        seconds += cpu_seconds() - begin;
    }
    double all = (double)(use.found + use.scored);
    printf("%-8s %10.0f records/s, %.1f %% found\n", memo ? "memo" : "no memo", all / seconds,
           100 * (double)use.found / all);
    gad_workspace_free(ws);
    gad_dataset_close(in);
}

int main(int argc, char **argv)
{
    struct gad_detector *det = NULL;
    struct gad_memo *memo = NULL;
    struct gad_diag d;

    if (argc != 3) {
        fprintf(stderr, "usage: %s CHECKPOINT DATA\n", argv[0]);
        return 2;
    }
    if (gad_detector_open(argv[1], &det, &d) != 0)
        die(d.text);
    if (gad_memo_new(MEMO, &memo) != 0)
        die("no memory for a memo");
    run(det, argv[2], NULL);
    run(det, argv[2], memo);
    gad_memo_free(memo);
    gad_detector_free(det);
    return 0;
}
