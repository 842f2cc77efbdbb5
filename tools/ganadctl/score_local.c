/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdio.h>

#include "lib/base/mem.h"
#include "models/detector.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/score.h"

struct local {
    struct gad_detector *det;
    struct gad_workspace *ws;
    struct score_batch batch;
    struct gad_record rec[SCORE_BATCH];
    float score[SCORE_BATCH];
};

static void explain(struct local *l, const struct gad_record *rec, struct score_result *r,
                    char text[static GAD_N_COLUMNS][2][GAD_VALUE_TEXT])
{
    struct gad_reason why[GAD_N_COLUMNS];

    gad_detector_explain(l->det, l->ws, rec, why);
    for (size_t i = 0; i < r->n_reasons; i++) {
        gad_value_text(why[i].column, why[i].value, text[i][0]);
        gad_value_text(why[i].column, why[i].expected, text[i][1]);
        r->reason[i] = (struct score_reason){gad_columns[why[i].column].name, text[i][0],
                                             text[i][1], (float)why[i].share};
    }
}

static void put_batch(struct local *l, struct score_run *run)
{
    char text[GAD_N_COLUMNS][2][GAD_VALUE_TEXT];
    struct score_result r = {
        .model = gad_detector_name(l->det),
        .sha256 = gad_detector_sha256_hex(l->det),
        .threshold = run->shown_threshold,
        .n_reasons = run->look.top,
    };

    (void)gad_detector_score(l->det, l->ws, l->batch.n, l->rec, l->score);
    for (size_t i = 0; i < l->batch.n; i++) {
        r.item = &l->batch.item[i];
        r.score = l->score[i];
        r.p_value = (float)gad_detector_p_value(l->det, r.score);
        r.anomalous = r.score > r.threshold;
        if (r.n_reasons > 0)
            explain(l, &l->rec[i], &r, text);
        score_put(run, &r);
    }
}

static int score_all(struct local *l, struct score_run *run)
{
    run->shown_threshold = gad_detector_threshold(l->det, run->fpr_budget);
    (void)snprintf(run->shown_model, sizeof(run->shown_model), "%s (%.16s)",
                   gad_detector_name(l->det), gad_detector_sha256_hex(l->det));
    while (score_take(run, false, l->rec, &l->batch), !run->at_end) {
        if (l->batch.n > 0)
            put_batch(l, run);
        /* with nothing to do, what is done is shown before more is waited for */
        bool idle = l->batch.n == 0;
        int err =
            idle || gad_buf_left(&run->out) >= SCORE_OUTPUT_HIGH / 4 ? score_write(run, true) : 0;
        if (err) {
            ctl_say("cannot write the output: %s", gad_strerror(err));
            gad_buf_consume(&run->out, gad_buf_left(&run->out));
            return CTL_ERROR;
        }
        struct pollfd p = {.fd = input_fd(run->in), .events = POLLIN};
        if (idle)
            (void)poll(&p, 1, -1);
        progress_show(&run->progress, input_stats(run->in).bytes, run->n);
    }
    return CTL_OK;
}

int score_local(struct score_run *run)
{
    gad_cleanup(gad_freep) struct local *l = gad_calloc(1, sizeof(*l));
    int code = CTL_ERROR;

    if (!l || gad_detector_open(run->local, &l->det, &run->diag) != 0)
        ctl_say("%s", l ? run->diag.text : "no memory");
    else if (gad_workspace_new(l->det, SCORE_BATCH, &l->ws) != 0)
        ctl_say("no memory");
    else
        code = score_all(l, run);
    if (l) {
        gad_workspace_free(l->ws);
        gad_detector_free(l->det);
    }
    return code;
}
