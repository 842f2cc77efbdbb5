/* SPDX-License-Identifier: Apache-2.0 */
/* score_dump CHECKPOINT FILE: one score a line, with all digits of a float. */

#include <stdio.h>

#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "models/detector.h"

enum { BATCH = 64 };

static int dump(const struct gad_detector *det, struct gad_dataset *in, struct gad_diag *d)
{
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    static struct gad_record rec[BATCH];
    float score[BATCH];
    struct gad_row row;

    int r = gad_workspace_new(det, BATCH, &ws);
    while (r == 0) {
        size_t n = 0;
        while (n < BATCH && (r = gad_dataset_next(in, &row, d)) == 0)
            rec[n++] = row.rec;
        (void)gad_detector_score(det, ws, n, rec, score);
        for (size_t i = 0; i < n; i++)
            printf("%.9g\n", (double)score[i]);
    }
    return r == GAD_END ? 0 : r;
}

int main(int argc, char **argv)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_dataset_closep) struct gad_dataset *in = NULL;
    struct gad_diag d = {0};

    if (argc != 3) {
        fprintf(stderr, "usage: score_dump CHECKPOINT FILE\n");
        return 2;
    }
    int r = gad_detector_open(argv[1], &det, &d);
    if (r == 0)
        r = gad_dataset_open(argv[2], NULL, &in, &d);
    if (r == 0)
        r = dump(det, in, &d);
    if (r != 0)
        fprintf(stderr, "score_dump: %s\n", d.text[0] ? d.text : gad_strerror(r));
    return r != 0 || fflush(stdout) != 0;
}
