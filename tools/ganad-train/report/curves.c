/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "tools/ganad-train/report/chart.h"
#include "tools/ganad-train/report/html.h"
#include "tools/ganad-train/report/report.h"

enum { DESC = 512 };

void report_why_no_curves(const struct report *r, struct gad_buf *b)
{
    if (!r->m.labelled)
        html_paragraph(b, "missing",
                       "Missing: the rows have no labels, so detected attacks and false alarms "
                       "cannot be distinguished.");
    else
        html_paragraph(b, "missing",
                       r->m.e.positives == 0 ? "Missing: no test row is a positive."
                                             : "Missing: no test row is a negative.");
}

static double rate(uint64_t part, uint64_t whole)
{
    return (double)part / (double)whole;
}

/* Marks the threshold. */
static void operating_point(struct chart *c, double x, double y)
{
    if (!isnan(x) && !isnan(y))
        chart_dot(c, "kept", x, y);
}

static void roc(const struct report *r, struct gad_buf *b)
{
    const struct evaluation *e = &r->m.e;
    uint64_t negatives = e->n - e->positives;
    struct chart_axis x = {"false-positive rate", 0.0, 1.0, false, CHART_PERCENT},
                      y = {"detection rate", 0.0, 1.0, false, CHART_PERCENT};
    char desc[DESC], figure[HTML_NUMBER];
    struct chart c;

    (void)snprintf(desc, sizeof(desc),
                   "Detection rate against false-positive rate over all thresholds; the area under "
                   "the curve is %s.",
                   html_figure(e->auroc, figure));
    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, "roc", "Receiver operating characteristic", desc, &x, &y);
    chart_line_begin(&c, "chance");
    chart_line_point(&c, 0.0, 0.0);
    chart_line_point(&c, 1.0, 1.0);
    chart_line_end(&c);
    chart_line_begin(&c, "curve");
    chart_line_point(&c, 0.0, 0.0);
    for (size_t i = 0; i < r->n_curve; i++)
        chart_line_point(&c, rate(r->curve[i].fp, negatives), rate(r->curve[i].tp, e->positives));
    chart_line_end(&c);
    operating_point(&c, gad_confusion_fpr(&e->confusion), gad_confusion_recall(&e->confusion));
    chart_end(&c);
    gad_buf_printf(b, "<figcaption>ROC, area ");
    html_text(b, figure);
    gad_buf_printf(b, ". Dashed: chance. Dot: the threshold.</figcaption>\n</figure>\n");
}

/* Steps, not slopes: the detection rate of the best threshold within a rate, as in the table. */
static void roc_of_small_rates(const struct report *r, struct gad_buf *b)
{
    const struct evaluation *e = &r->m.e;
    uint64_t negatives = e->n - e->positives, tp = 0;
    double least = pow(10.0, fmax(-6.0, floor(-log10((double)negatives))));
    double from = svg_zoom(e->tpr_at_0_1_percent);
    struct chart_axis x = {"false-positive rate, logarithmic", fmin(least, 1e-3), 1.0, true,
                           CHART_PERCENT},
                      y = {"detection rate", from, 1.0, false, CHART_PERCENT};
    char desc[DESC], one[HTML_NUMBER], tenth[HTML_NUMBER], start[SVG_NUMBER];
    struct chart c;

    (void)snprintf(desc, sizeof(desc),
                   "The same with a logarithmic axis of false-positive rates: %s are detected at "
                   "1 %%, %s at 0.1 %%. The axis of detection rates starts at %s.",
                   html_rate(e->tpr_at_1_percent, one), html_rate(e->tpr_at_0_1_percent, tenth),
                   svg_percent(from, start));
    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, "roc-log", "Small false-positive rates", desc, &x, &y);
    chart_mark_x(&c, "guide", 0.01, "1 %");
    chart_line_begin(&c, "curve");
    for (size_t i = 0; i < r->n_curve; i++) {
        chart_line_point(&c, rate(r->curve[i].fp, negatives), rate(tp, e->positives));
        tp = r->curve[i].tp;
        chart_line_point(&c, rate(r->curve[i].fp, negatives), rate(tp, e->positives));
    }
    chart_line_end(&c);
    if (gad_confusion_recall(&e->confusion) >= from)
        operating_point(&c, gad_confusion_fpr(&e->confusion), gad_confusion_recall(&e->confusion));
    chart_end(&c);
    gad_buf_printf(
        b, "<figcaption>The same at small false-positive rates.%s%s%s</figcaption>\n</figure>\n",
        from > 0.0 ? " The vertical axis starts at " : "", from > 0.0 ? start : "",
        from > 0.0 ? "." : "");
}

static void pr_lines(const struct report *r, struct chart *c)
{
    const struct evaluation *e = &r->m.e;
    double chance = rate(e->positives, e->n);

    chart_line_begin(c, "chance");
    chart_line_point(c, 0.0, chance);
    chart_line_point(c, 1.0, chance);
    chart_line_end(c);
    chart_line_begin(c, "curve");
    chart_line_point(c, 0.0, 1.0);
    for (size_t i = 0; i < r->n_curve; i++)
        chart_line_point(c, rate(r->curve[i].tp, e->positives),
                         rate(r->curve[i].tp, r->curve[i].tp + r->curve[i].fp));
    chart_line_end(c);
    operating_point(c, gad_confusion_recall(&e->confusion), gad_confusion_precision(&e->confusion));
}

static void precision_recall(const struct report *r, struct gad_buf *b)
{
    const struct evaluation *e = &r->m.e;
    const struct chart_axis x = {"recall", 0.0, 1.0, false, CHART_PERCENT},
                            y = {"precision", 0.0, 1.0, false, CHART_PERCENT};
    char desc[DESC], area[HTML_NUMBER], share[HTML_NUMBER];
    struct chart c;

    (void)snprintf(desc, sizeof(desc),
                   "Precision against recall over all thresholds; the area under the curve is %s. "
                   "%s of the rows are positives, the precision of chance.",
                   html_figure(e->auprc, area), html_rate(rate(e->positives, e->n), share));
    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, "precision-recall", "Precision and recall", desc, &x, &y);
    pr_lines(r, &c);
    chart_end(&c);
    gad_buf_printf(b, "<figcaption>Area ");
    html_text(b, area);
    gad_buf_printf(b, ". Dashed: chance, the share of positives. Dot: the threshold.</figcaption>\n"
                      "</figure>\n");
}

/* Enlarges the corner with the threshold, if the threshold is near an end of both axes. */
static void pr_corner(const struct report *r, struct gad_buf *b)
{
    const struct gad_confusion *at = &r->m.e.confusion;
    double recall = svg_zoom(gad_confusion_recall(at) - 0.002),
           precision = svg_zoom(gad_confusion_precision(at) - 0.002);
    const struct chart_axis x = {"recall", recall, 1.0, false, CHART_PERCENT},
                            y = {"precision", precision, 1.0, false, CHART_PERCENT};
    char text[SVG_NUMBER];
    struct chart c;

    if (!(recall > 0.0 || precision > 0.0))
        return;
    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, "pr-corner", "Precision and recall, enlarged",
                "The corner of the previous picture that contains the threshold.", &x, &y);
    pr_lines(r, &c);
    chart_end(&c);
    gad_buf_printf(b, "<figcaption>The corner with the threshold. The axes start at ");
    html_text(b, svg_percent(recall, text));
    gad_buf_printf(b, " and ");
    html_text(b, svg_percent(precision, text));
    gad_buf_printf(b, ".</figcaption>\n</figure>\n");
}

void report_curves(const struct report *r, struct gad_buf *b)
{
    html_section(b, "roc-curve", "Detection against false alarms");
    if (report_has_curves(r)) {
        gad_buf_printf(b, "<div class=\"grid\">\n");
        roc(r, b);
        roc_of_small_rates(r, b);
        gad_buf_printf(b, "</div>\n");
    } else {
        report_why_no_curves(r, b);
    }
    gad_buf_printf(b, "</section>\n");
    html_section(b, "pr-curve", "Precision against recall");
    if (report_has_curves(r)) {
        gad_buf_printf(b, "<div class=\"grid\">\n");
        precision_recall(r, b);
        pr_corner(r, b);
        gad_buf_printf(b, "</div>\n");
    } else {
        report_why_no_curves(r, b);
    }
    gad_buf_printf(b, "</section>\n");
}
