/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/tail.h"

#include <math.h>
#include <stdbool.h>

#include <jansson.h>

#include "lib/checkpoint/checkpoint.h"
#include "models/detector.h"
#include "models/interval.h"
#include "models/tail.h"
#include "tools/common/show.h"

enum { SHOWN_FROM = 4, SHOWN_TO = 7, SHOWN = 3 }; /* p-values 1e-4 .. 1e-7, at most three */

const char *tail_note(const struct gad_detector *det, double budget)
{
    if (budget * (double)gad_detector_n_calibration(det) >= 1.0)
        return "";
    if (gad_detector_has_tail(det) && gad_detector_p_is_extrapolated(det, budget))
        return ", extrapolated";
    return ", the highest score: too few rows";
}

void tail_text(const struct gad_ckpt_tail *t, const struct gad_detector *det, int indent, FILE *f)
{
    char count[SHOW_TEXT];
    int shown = 0;

    if (t->state != GAD_CKPT_TAIL_FITTED) {
        (void)fprintf(f, "none: %s\n", gad_tail_state_text(t->state));
        return;
    }
    (void)fprintf(f, "%s scores above %g: shape %.3g, scale %.3g, goodness of fit %.2g\n",
                  show_count(t->n_peaks, count), (double)t->level, t->shape, t->scale, t->goodness);
    for (int i = SHOWN_FROM; det && i <= SHOWN_TO && shown < SHOWN; i++) {
        double p = pow(10.0, -i);
        if (!gad_detector_p_is_extrapolated(det, p))
            continue;
        struct gad_interval in = gad_detector_p_interval(det, gad_detector_threshold(det, p));
        if (shown++ == 0)
            (void)fprintf(f, "%*sp-values and their 95 %% intervals:", indent, "");
        (void)fprintf(f, "%s %.0e %.1e to %.1e", shown > 1 ? "," : "", p, in.low, in.high);
    }
    if (shown > 0)
        (void)fputs("\n", f);
}

json_t *tail_intervals(const struct gad_detector *det)
{
    static const double p[] = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
    json_t *all = json_object();

    for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
        struct gad_interval in = gad_detector_fpr_interval(det, p[i]);
        char key[32];
        (void)snprintf(key, sizeof(key), "%g", p[i]);
        (void)json_object_set_new(all, key, json_pack("[f, f]", in.low, in.high));
    }
    return all;
}

json_t *tail_json(const struct gad_ckpt_tail *t)
{
    static const char *const names[GAD_CKPT_TAIL_N_STATES] = {"none", "fitted", "few",
                                                              "ties", "poor",   "cut"};

    if (t->state != GAD_CKPT_TAIL_FITTED)
        return json_pack("{s:s}", "state", names[t->state]);
    return json_pack("{s:s, s:f, s:I, s:f, s:f, s:f}", "state", names[t->state], "level",
                     (double)t->level, "n_peaks", (json_int_t)t->n_peaks, "shape", t->shape,
                     "scale", t->scale, "goodness", t->goodness);
}
