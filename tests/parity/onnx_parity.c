/* SPDX-License-Identifier: Apache-2.0 */
/* onnx_parity LIBRARY CHECKPOINT ONNX FILE: scores by the detector and by ONNX Runtime, a line
 * for each record. */

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/dataset/dataset.h"
#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"
#include "models/detector_impl.h"
#include "models/model.h"
#include "tests/bench/ort.h"

enum { N_MAX = 10000 };

static size_t read_rows(const char *file, struct gad_record *rec)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *in = NULL;
    struct gad_diag d = {0};
    struct gad_row row;
    size_t n = 0;

    if (gad_dataset_open(file, NULL, &in, &d) != 0)
        fprintf(stderr, "%s\n", d.text);
    while (in && n < N_MAX && gad_dataset_next(in, &row, &d) == 0)
        rec[n++] = row.rec;
    return n;
}

int main(int argc, char **argv)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    gad_cleanup(gad_freep) struct gad_record *rec = gad_calloc(N_MAX, sizeof(*rec));
    gad_cleanup(gad_freep) float *ours = gad_calloc(N_MAX, sizeof(*ours));
    gad_cleanup(gad_freep) float *theirs = gad_calloc(N_MAX, sizeof(*theirs));
    struct gad_diag d = {0};

    if (argc != 5 || !rec || !ours || !theirs)
        return 2;
    if (gad_detector_open(argv[2], &det, &d) != 0 || gad_workspace_new(det, 48, &ws) != 0) {
        fprintf(stderr, "%s\n", d.text);
        return 1;
    }
    size_t n = read_rows(argv[4], rec), dim = gad_schema_dim(det->schema), ld = gad_ld(dim);
    gad_cleanup(gad_freep) float *x = gad_calloc(N_MAX * ld, sizeof(*x));
    struct ort *o = ort_open(argv[1], argv[3]);
    if (!x || !o || n == 0)
        return 1;
    (void)gad_detector_score(det, ws, n, rec, ours);
    (void)gad_vectorize(det->schema, n, rec, x, ld);
    gad_scaler_apply(det->scaler, n, x, ld);
    for (size_t i = 0; i < n; i++) /* without the padding */
        memmove(x + i * dim, x + i * ld, dim * sizeof(*x));
    if (ort_bind(o, n, dim, x, theirs) != 0 || ort_run(o) != 0)
        return 1;
    for (size_t i = 0; i < n; i++)
        printf("%.9g %.9g\n", (double)ours[i], (double)theirs[i]);
    ort_close(o);
    return fflush(stdout) != 0;
}
