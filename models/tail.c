/* SPDX-License-Identifier: Apache-2.0 */
#include "models/tail.h"

#include <math.h>

#include "lib/checkpoint/checkpoint.h"
#include "models/interval.h"

#define NORMAL_975 1.959963984540054 /* quantile of the normal distribution */
/* The share beyond the highest of n scores is exponential with mean 1 / n: its 2.5 % and 97.5 %. */
#define HIGHEST_LOW  0.025317807984289897
#define HIGHEST_HIGH 3.6888794541139363

const char *gad_tail_state_text(unsigned state)
{
    switch (state) {
    case GAD_CKPT_TAIL_FITTED:
        return "fitted";
    case GAD_CKPT_TAIL_FEW:
        return "too few rows: 50 peaks are needed, which are the highest 2 % of 2,500 rows";
    case GAD_CKPT_TAIL_TIES:
        return "the highest scores have too many equal values";
    case GAD_CKPT_TAIL_POOR:
        return "the highest scores do not follow a generalised Pareto distribution";
    case GAD_CKPT_TAIL_CUT:
        return "the highest scores were left out as contamination";
    default:
        return "the checkpoint was written without one";
    }
}

/* -log of the GPD's survival function; infinite at and beyond its end point. */
static double hazard(double excess, double shape, double scale)
{
    double x = excess / scale;

    if (fabs(shape) < 1e-8)
        return x;
    return shape * x > -1.0 ? log1p(shape * x) / shape : HUGE_VAL;
}

static double log_at_level(const struct gad_ckpt_tail *t, uint64_t n)
{
    return log(((double)t->n_peaks + 1.0) / ((double)n + 1.0));
}

double gad_tail_p(const struct gad_ckpt_tail *t, uint64_t n, double highest, double score)
{
    double at_highest = -log((double)n + 1.0);
    double from = hazard(highest - (double)t->level, t->shape, t->scale);
    double fall = hazard(score - (double)t->level, t->shape, t->scale) - from;
    /* of the fit from the sample at the highest score; the reader refuses an end point below it */
    double off = log_at_level(t, n) - from - at_highest;
    double over = fmax(log(10.0), 2.0 * fabs(off));
    double p = exp(at_highest - fall + off * fmin(fall / over, 1.0));

    return fmin(fmax(p, GAD_TAIL_P_MIN), exp(at_highest));
}

/* Of G(s), on a logarithmic scale. */
static struct gad_interval of_fit(const struct gad_ckpt_tail *t, double g, double mid, double low,
                                  double high)
{
    double of_count = NORMAL_975 / sqrt((double)t->n_peaks);

    /* The two parts are independent: their distances from the estimate add as squares. */
    return (struct gad_interval){
        .low = isfinite(high) ? g - mid - hypot(high - mid, of_count) : -HUGE_VAL,
        .high = isfinite(mid) ? g - mid + hypot(mid - low, of_count) : g - low + of_count};
}

struct gad_interval gad_tail_interval(const struct gad_ckpt_tail *t, uint64_t n, double highest,
                                      double score)
{
    double p = gad_tail_p(t, n, highest, score);
    double excess = score - (double)t->level, known = highest - (double)t->level;
    double mid = hazard(excess, t->shape, t->scale), low = mid, high = mid;
    double fall_low = mid - hazard(known, t->shape, t->scale), fall_high = fall_low;

    for (size_t i = 0; i < GAD_CKPT_TAIL_CURVE; i++) {
        double h = hazard(excess, t->curve_shape[i], t->curve_scale[i]);
        double fall = h - hazard(known, t->curve_shape[i], t->curve_scale[i]);
        low = fmin(low, h);
        high = fmax(high, h);
        fall_low = fmin(fall_low, fall);
        fall_high = fmax(fall_high, fall);
    }
    struct gad_interval fit = of_fit(t, log_at_level(t, n), mid, low, high);
    double least = HIGHEST_LOW / ((double)n + 1.0) * exp(-fall_high);
    double most = HIGHEST_HIGH / ((double)n + 1.0) * exp(-fall_low);
    return (struct gad_interval){.low = fmin(fmin(exp(fit.low), least), p),
                                 .high = fmin(fmax(fmax(exp(fit.high), most), p), 1.0)};
}
