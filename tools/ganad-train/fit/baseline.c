/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/baseline.h"

#include <math.h>

#include "lib/base/time.h"
#include "models/calibrate.h"
#include "models/detector.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/fit/assembly.h"
#include "tools/ganad-train/fit/shortfalls.h"

enum { HOUR_S = 3600, DAY_H = 24 };

/* Rule of three: with none of n seen, the rate can be 3 / n. */
#define NONE_SEEN 3.0

static uint64_t count_above(size_t n, const float *score, float threshold)
{
    uint64_t above = 0;

    for (size_t i = 0; i < n; i++)
        above += score[i] > threshold;
    return above;
}

static double span_hours(const struct time_slice *s)
{
    return gad_time_seconds(gad_time_sub(s->to, s->from)) / HOUR_S;
}

/* The three usual budgets, and @asked. */
static void choose_budgets(double asked, struct baseline *b)
{
    static const double usual[] = {0.01, 0.001, 0.0001};
    bool there = false;

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        there |= asked == usual[i];
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (!there && asked > usual[i]) {
            b->figure[b->n_figures++].budget = asked;
            there = true;
        }
        b->figure[b->n_figures++].budget = usual[i];
    }
    if (!there)
        b->figure[b->n_figures++].budget = asked;
    while (b->figure[b->asked].budget != asked)
        b->asked++;
}

void baseline_measure(const struct gad_detector *det, const struct time_slices *slices,
                      double budget, double contamination, size_t n_calibration,
                      const float *calibration, size_t n_test, const float *test,
                      struct baseline *ret)
{
    uint64_t left_out = gad_calibration_left_out(n_calibration, contamination);

    ret->slices = *slices;
    ret->contamination = contamination;
    ret->hours = span_hours(&slices->test);
    ret->hourly =
        ret->hours > 0.0 ? (double)slices->test.n / slices->share / ret->hours : (double)NAN;
    ret->slices.calibration.n =
        n_calibration - left_out; /* a model that searches uses fewer rows */
    ret->slices.test.n = n_test;
    ret->has_tail = gad_detector_has_tail(det);
    double all = (double)(slices->together ? slices->train.n
                                           : slices->train.n + slices->calibration.n +
                                                 slices->test.n + slices->gap);
    ret->days =
        gad_time_seconds(gad_time_sub(slices->test.to, slices->train.from)) / HOUR_S / DAY_H;
    ret->daily = ret->days > 0.0 ? all / slices->share / ret->days : (double)NAN;
    choose_budgets(budget, ret);
    for (size_t i = 0; i < ret->n_figures; i++) {
        struct baseline_figure *f = &ret->figure[i];
        float threshold = gad_detector_threshold(det, f->budget);
        f->threshold = (double)threshold;
        uint64_t above = count_above(n_calibration, calibration, threshold);
        f->calibrated = above > left_out ? above - left_out : 0;
        f->found = count_above(n_test, test, threshold);
        f->rate = gad_binomial_interval(f->found, n_test);
        f->predicted = gad_prediction_interval(f->calibrated, n_calibration - left_out, n_test);
    }
}

static double rate_of(const struct baseline *b, const struct baseline_figure *f)
{
    return (double)f->found / (double)b->slices.test.n;
}

void baseline_metrics(const struct baseline *b, struct assembly *a)
{
    const struct baseline_figure *f = &b->figure[b->asked];

    assembly_metric(a, "fpr_budget", f->budget);
    assembly_metric(a, "threshold", f->threshold);
    assembly_metric(a, "held_out_records", (double)b->slices.test.n);
    assembly_metric(a, "held_out_hours", b->hours);
    assembly_metric(a, "held_out_false_alarms", (double)f->found);
    assembly_metric(a, "held_out_predicted_low", (double)f->predicted.low);
    assembly_metric(a, "held_out_predicted_high", (double)f->predicted.high);
    assembly_metric(a, "held_out_fpr", rate_of(b, f));
    assembly_metric(a, "held_out_fpr_low", f->rate.low);
    assembly_metric(a, "held_out_fpr_high", f->rate.high);
    assembly_metric(a, "records_per_hour", b->hourly);
    assembly_metric(a, "alerts_per_hour", rate_of(b, f) * b->hourly);
    assembly_metric(a, "alerts_per_day", rate_of(b, f) * b->hourly * DAY_H);
}

/* "2026-01-04 09:30" of RFC 3339. */
static const char *minute(struct gad_time t, char text[static GAD_TIME_TEXT])
{
    gad_time_text(t, text);
    text[10] = ' ';
    text[16] = '\0';
    return text;
}

/* How long was recorded, and how long each budget needs in all. */
static void recording_text(const struct baseline *b, FILE *f)
{
    char n[SHOW_TEXT];

    if (!(b->days > 0.0))
        return;
    (void)fprintf(f, "  %-11s %11.1f days in all, %s records a day; needed:", "recorded", b->days,
                  show_count((uint64_t)b->daily, n));
    for (size_t i = 0; i < b->n_figures; i++)
        (void)fprintf(f, "%s %.0f for %g", i > 0 ? "," : "",
                      shortfalls_days(b->figure[i].budget, b->daily), b->figure[i].budget);
    (void)fputc('\n', f);
}

static void slice_text(const char *what, const struct time_slice *s, FILE *f)
{
    char n[SHOW_TEXT], from[GAD_TIME_TEXT], to[GAD_TIME_TEXT];

    (void)fprintf(f, "  %-11s %11s records, %s to %s UTC\n", what, show_count(s->n, n),
                  minute(s->from, from), minute(s->to, to));
}

static void alerts_text(const struct baseline *b, const struct baseline_figure *g, double hours,
                        FILE *f)
{
    if (b->hours > 0.0)
        (void)fprintf(f, " %8.3g", rate_of(b, g) * b->hourly * hours);
    else
        (void)fprintf(f, " %8s", "-");
}

static void figure_text(const struct baseline *b, const struct baseline_figure *g, FILE *f)
{
    char found[SHOW_TEXT], low[SHOW_TEXT], high[SHOW_TEXT], predicted[2 * SHOW_TEXT + 4];
    char interval[40];

    (void)snprintf(predicted, sizeof(predicted), "%s to %s", show_count(g->predicted.low, low),
                   show_count(g->predicted.high, high));
    (void)snprintf(interval, sizeof(interval), "%.3g to %.3g", g->rate.low, g->rate.high);
    (void)fprintf(f, "%c %-8g %11.6g %8s %15s  %-10.3g %-22s",
                  g == &b->figure[b->asked] ? '*' : ' ', g->budget, g->threshold,
                  show_count(g->found, found), predicted, rate_of(b, g), interval);
    alerts_text(b, g, 1, f);
    alerts_text(b, g, DAY_H, f);
    (void)fputc('\n', f);
}

void baseline_text(const struct baseline *b, FILE *f)
{
    slice_text("trained", &b->slices.train, f);
    slice_text("calibrated", &b->slices.calibration, f);
    slice_text("held out", &b->slices.test, f);
    recording_text(b, f);
    (void)fprintf(f,
                  "\nFalse alarms among the held-out records, before repeats are rolled up:\n\n");
    (void)fprintf(f, "  %-8s %11s %8s %15s  %-10s %-22s %8s %8s\n", "BUDGET", "THRESHOLD", "FOUND",
                  "PREDICTED", "RATE", "95 % INTERVAL", "AN HOUR", "A DAY");
    for (size_t i = 0; i < b->n_figures; i++)
        figure_text(b, &b->figure[i], f);
    (void)fputc('\n', f);
}

/* The next higher number with one digit: 0.00103 to 0.002. */
static double round_up(double v)
{
    double unit = pow(10.0, floor(log10(v)));
    return ceil(v / unit * (1.0 - 1e-9)) * unit;
}

/* What a budget needs, as the whole time of recording. */
static void say_needed(double budget, const struct baseline *b)
{
    char n[SHOW_TEXT];

    (void)show_count((uint64_t)ceil(SHORTFALLS_ENOUGH / budget), n);
    if (b->daily > 0.0)
        cli_say("  to be sure within a third takes %s records: record %.0f days of this traffic in "
                "all, instead of %.1f",
                n, shortfalls_days(budget, b->daily), b->days);
    else
        cli_say("  to be sure within a third takes %s records", n);
}

static void warn_of_few(const struct baseline *b)
{
    const struct baseline_figure *f = &b->figure[b->asked];
    double n = (double)b->slices.calibration.n, m = (double)b->slices.test.n;
    char count[SHOW_TEXT];

    if (f->budget * n < 1.0)
        cli_say("warning: %s records calibrate, too few for a budget of %g: the threshold is %s, "
                "and the rate %s %.2g",
                show_count(b->slices.calibration.n, count), f->budget,
                b->has_tail ? "extrapolated from the highest of their scores"
                            : "the highest of their scores",
                b->has_tail ? "at most" : "about", 1.0 / (n + 1.0));
    else if (f->budget * n < SHORTFALLS_ENOUGH)
        cli_say("warning: %s records calibrate, few for a budget of %g: %.0f of them lie above the "
                "threshold, and one more or less makes a difference",
                show_count(b->slices.calibration.n, count), f->budget, floor(f->budget * n));
    if (f->budget * n < SHORTFALLS_ENOUGH)
        say_needed(f->budget, b);
    if (f->budget * m < NONE_SEEN) {
        cli_say("warning: %s records are held out, too few to show a rate of %g: had none been "
                "above the threshold, it could still be %.2g (rule of three)",
                show_count(b->slices.test.n, count), f->budget, NONE_SEEN / m);
        if (b->daily > 0.0)
            cli_say("  to show it takes %s records in one day; this traffic has %.0f a day",
                    show_count((uint64_t)ceil(NONE_SEEN / f->budget), count), b->daily);
    }
    if (f->budget * n < SHORTFALLS_ENOUGH || f->budget * m < NONE_SEEN)
        cli_say("  record for longer, or use a budget that these records can show: --fpr-budget "
                "%.3g",
                round_up(fmax(SHORTFALLS_ENOUGH / n, NONE_SEEN / m)));
}

static void warn_of_change(const struct baseline *b)
{
    const struct baseline_figure *f = &b->figure[b->asked];
    char low[SHOW_TEXT], high[SHOW_TEXT], found[SHOW_TEXT];

    if (f->found >= f->predicted.low && f->found <= f->predicted.high)
        return;
    cli_say("warning: a budget of %g predicts %s to %s false alarms among the held-out records, "
            "and there are %s: these records differ from those before",
            f->budget, show_count(f->predicted.low, low), show_count(f->predicted.high, high),
            show_count(f->found, found));
    if (f->found > f->predicted.high)
        cli_say("  a day unlike the others, new services, or an attack: see 'ganadctl score "
                "--local' on that day's records; suppress what is expected, or record more days "
                "and fit again");
    else
        cli_say("  a quiet day, a weekend, or anomalies in the days that calibrate: record more "
                "days and fit again, or see below");
}

/* Prints the option that leaves the burst out, in whole minutes. */
static void say_leave_out(const struct burst *b)
{
    const int64_t minute_ns = INT64_C(60) * 1000000000;
    struct gad_time begin = {.ns = b->from.ns / minute_ns * minute_ns},
                    end = {.ns = (b->to.ns / minute_ns + 1) * minute_ns};
    char from[GAD_TIME_TEXT], to[GAD_TIME_TEXT];

    gad_time_text(begin, from);
    gad_time_text(end, to);
    cli_say("  to leave it out: --leave-out %.19sZ/%.19sZ", from, to);
}

static void warn_of_burst(const char *which, const struct burst *b)
{
    char n[SHOW_TEXT], of[SHOW_TEXT], from[GAD_TIME_TEXT];

    if (b->n == 0)
        return;
    cli_say("warning: %s of the %s most anomalous records %s, with scores from %.6g up, are within "
            "%.0f s, from %s UTC on: an attack, or a job of that day?",
            show_count(b->n, n), show_count(b->of, of), which, (double)b->least,
            ceil(gad_time_seconds(gad_time_sub(b->to, b->from))), minute(b->from, from));
    say_leave_out(b);
}

static void warn_of_bursts(const struct baseline *b)
{
    if (b->contamination > 0.0)
        return;
    warn_of_burst("that train", &b->trained);
    warn_of_burst("that calibrate", &b->calibrated);
    warn_of_burst("of the held-out day", &b->held_out);
    if (b->trained.n + b->calibrated.n > 0)
        cli_say("  records that train and calibrate are assumed to be normal; if there may be more "
                "such bursts, fit with --contamination 0.01");
}

void baseline_warn(const struct baseline *b)
{
    char n[SHOW_TEXT];

    if (!b->slices.by_day)
        cli_say(
            "warning: the last fifth of the records is held out instead of a day, because there "
            "are less than three days of them, or hardly any on the last. The difference between "
            "days is not measured");
    if (b->slices.untimed > 0)
        cli_say("warning: %s records without a time are left out",
                show_count(b->slices.untimed, n));
    if (b->slices.ranges > 0)
        cli_say("%s records are left out as requested", show_count(b->slices.ranges, n));
    warn_of_few(b);
    warn_of_change(b);
    warn_of_bursts(b);
}
