/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "models/detector.h"
#include "models/interval.h"
#include "tools/common/show.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/report/chart.h"
#include "tools/ganad-train/report/html.h"
#include "tools/ganad-train/report/report.h"

/* Axis of the budgets, a little wider than their range. */
static const double budget_min = 7e-5, budget_max = 0.14;

static struct gad_interval measured(const struct report_budget *b)
{
    return gad_binomial_interval(b->c.fp, b->c.fp + b->c.tn);
}

static struct chart_axis rate_axis(const struct report *r, const char *title)
{
    struct chart_axis y = {title, budget_min, budget_max, true, CHART_PERCENT};

    for (size_t i = 0; i < REPORT_BUDGETS; i++) {
        struct gad_interval v = measured(&r->budget[i]);
        double low = gad_confusion_fpr(&r->budget[i].c);
        y.max = fmax(y.max, v.high);
        y.min = low > 0.0 ? fmin(y.min, fmax(v.low, 1e-6)) : y.min;
    }
    svg_nice_range(&y.min, &y.max, true, 5);
    y.max = fmin(y.max, 1.0);
    return y;
}

static void false_alarms(const struct report *r, struct gad_buf *b)
{
    const struct eval_protocol *p = r->o->measure.protocol;
    const char *class = p && p->trains_on_attacks ? "attack" : "normal";
    struct chart_axis x = {"budget, logarithmic", budget_min, budget_max, true, CHART_PERCENT};
    struct chart_axis y =
        rate_axis(r, r->m.labelled ? "measured, with 95 % interval" : "share of rows flagged");
    struct chart c;

    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, "budget-fpr", "False alarms measured against their budget",
                "For each budget the share of negatives that are flagged, with its 95 % interval, "
                "and the line on which it equals the budget. The table has the numbers.",
                &x, &y);
    chart_line_begin(&c, "chance");
    chart_line_point(&c, budget_min, budget_min);
    chart_line_point(&c, budget_max, budget_max);
    chart_line_end(&c);
    for (size_t i = 0; i < REPORT_BUDGETS; i++) {
        const struct report_budget *v = &r->budget[i];
        struct gad_interval between = measured(v);
        double rate = gad_confusion_fpr(&v->c);
        chart_whisker(&c, class, v->budget, between.low, between.high);
        chart_dot(&c, rate > 0.0 ? class : "none", v->budget, rate);
    }
    chart_end(&c);
    gad_buf_printf(
        b,
        "<figcaption>%s against the budget. Dashed: rate equal to the budget.</figcaption>\n"
        "</figure>\n",
        r->m.labelled ? "False-positive rate" : "Flagged rows");
}

static void detection(const struct report *r, struct gad_buf *b)
{
    const struct eval_protocol *p = r->o->measure.protocol;
    const char *class = p && p->trains_on_attacks ? "normal" : "attack";
    double least = 1.0;
    struct chart c;
    char start[SVG_NUMBER];

    for (size_t i = 0; i < REPORT_BUDGETS; i++)
        least = fmin(least, gad_confusion_recall(&r->budget[i].c));
    double from = svg_zoom(least);
    struct chart_axis x = {"budget, logarithmic", budget_min, budget_max, true, CHART_PERCENT},
                      y = {"detection rate", from, 1.0, false, CHART_PERCENT};

    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, "budget-tpr", "Detection rate against the budget",
                "For each budget the share of positives that are flagged. The table has the "
                "numbers.",
                &x, &y);
    chart_line_begin(&c, class);
    for (size_t i = 0; i < REPORT_BUDGETS; i++)
        chart_line_point(&c, r->budget[i].budget, gad_confusion_recall(&r->budget[i].c));
    chart_line_end(&c);
    for (size_t i = 0; i < REPORT_BUDGETS; i++)
        chart_dot(&c, class, r->budget[i].budget, gad_confusion_recall(&r->budget[i].c));
    chart_end(&c);
    gad_buf_printf(b,
                   "<figcaption>Detection rate against the budget.%s%s%s</figcaption>\n"
                   "</figure>\n",
                   from > 0.0 ? " The vertical axis starts at " : "",
                   from > 0.0 ? svg_percent(from, start) : "", from > 0.0 ? "." : "");
}

static void row(const struct report *r, const struct report_budget *v, bool has_positives,
                struct gad_buf *b)
{
    bool few = v->budget * (double)gad_detector_n_calibration(r->m.det) < 1.0;
    char text[HTML_NUMBER], between[HTML_INTERVAL];

    gad_buf_printf(b, "<tr><th scope=\"row\">");
    html_text(b, svg_percent(v->budget, text));
    gad_buf_printf(b, "%s</th>", few ? "&#160;*" : "");
    html_cell(b, NULL, html_score(v->threshold, text));
    html_count_cell(b, v->c.fp);
    html_cell(b, NULL, html_rate(gad_confusion_fpr(&v->c), text));
    if (v->c.fp + v->c.tn > 0) {
        struct gad_interval i = measured(v);
        html_cell(b, r->m.labelled && i.low > v->budget ? "over" : NULL, html_interval(i, between));
    } else {
        html_cell(b, NULL, "\u2013");
    }
    if (r->m.labelled)
        html_cell(b, NULL,
                  html_rate(has_positives ? gad_confusion_recall(&v->c) : (double)NAN, text));
    gad_buf_printf(b, "</tr>\n");
}

/* @budget: the smallest */
static void few_note(const struct gad_detector *det, double budget, struct gad_buf *b)
{
    struct gad_interval i = gad_detector_fpr_interval(det, budget);
    char low[HTML_NUMBER], high[HTML_NUMBER];

    if (budget * (double)gad_detector_n_calibration(det) >= 1.0)
        return;
    gad_buf_printf(b, " * Too few rows for this budget: the threshold is %s.",
                   gad_detector_has_tail(det) ? "extrapolated from the highest of their scores"
                                              : "the highest of their scores");
    if (gad_detector_p_is_extrapolated(det, budget))
        gad_buf_printf(b, " The rate for the smallest is %s to %s (95 %% interval).",
                       svg_percent(i.low, low), svg_percent(i.high, high));
}

static void table(const struct report *r, struct gad_buf *b)
{
    bool labelled = r->m.labelled;
    const char *const columns[] = {"budget",
                                   "threshold",
                                   labelled ? "false positives" : "flagged",
                                   labelled ? "measured rate" : "share",
                                   "95 % interval",
                                   "detection rate"};
    uint64_t n_calibration = gad_detector_n_calibration(r->m.det);

    html_table(b, "thresholds by budget", columns, labelled ? 6 : 5);
    for (size_t i = 0; i < REPORT_BUDGETS; i++)
        row(r, &r->budget[i], r->m.e.positives > 0, b);
    html_table_end(b);
    gad_buf_printf(b, "<p class=\"note\">The thresholds come from the scores of ");
    html_count(b, n_calibration);
    gad_buf_printf(b, " calibration rows. %s",
                   labelled ? "An interval in bold lies above its budget."
                            : "Attacks among the rows count too.");
    few_note(r->m.det, r->budget[REPORT_BUDGETS - 1].budget, b);
    gad_buf_printf(b, "</p>\n");
}

void report_budgets(const struct report *r, struct gad_buf *b)
{
    bool has_negatives = r->budget[0].c.fp + r->budget[0].c.tn > 0;

    html_section(b, "budgets", "Thresholds by false-positive budget");
    gad_buf_printf(b, "<div class=\"grid\">\n");
    if (has_negatives)
        false_alarms(r, b);
    if (r->m.e.positives > 0)
        detection(r, b);
    gad_buf_printf(b, "</div>\n");
    if (!report_has_curves(r))
        report_why_no_curves(r, b);
    table(r, b);
    gad_buf_printf(b, "</section>\n");
}
