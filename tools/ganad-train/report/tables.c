/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "models/detector.h"
#include "models/interval.h"
#include "tools/common/show.h"
#include "tools/ganad-train/report/html.h"
#include "tools/ganad-train/report/report.h"

enum { CLASSES_MAX = 100, COLUMNS_SHOWN = 15, BAR = 160, BAR_HEIGHT = 14 };

/* A bar of a share; @i: its interval, or NULL. */
static void bar(struct gad_buf *b, const char *class, double share, const struct gad_interval *i)
{
    gad_buf_printf(b,
                   "<td class=\"bar\"><svg class=\"bar\" viewBox=\"0 0 %d %d\" "
                   "aria-hidden=\"true\"><rect class=\"ground\" width=\"%d\" height=\"%d\"/>"
                   "<rect class=\"%s\" width=\"%.1f\" height=\"%d\"/>",
                   BAR, BAR_HEIGHT, BAR, BAR_HEIGHT, class, BAR * share, BAR_HEIGHT);
    if (i) /* twice: with an edge the line is visible on every colour */
        gad_buf_printf(b,
                       "<path class=\"edge\" d=\"M%.1f 7 H%.1f\"/>"
                       "<path class=\"interval\" d=\"M%.1f 7 H%.1f\"/>",
                       BAR * i->low, BAR * i->high, BAR * i->low, BAR * i->high);
    gad_buf_printf(b, "</svg></td>");
}

static void tally_row(const struct tally *t, struct gad_buf *b)
{
    struct gad_interval i = gad_binomial_interval(t->flagged, t->n);
    double share = (double)t->flagged / (double)t->n;
    char text[HTML_NUMBER], between[HTML_INTERVAL];

    gad_buf_printf(b, "<tr><th scope=\"row\"><span class=\"key %s\"></span>", t->category);
    html_text(b, t->name);
    gad_buf_printf(b, "</th>");
    if (t->name != t->category)
        html_cell(b, "word", t->category);
    bar(b, t->category, share, &i);
    html_cell(b, NULL, html_rate(share, text));
    html_count_cell(b, t->flagged);
    html_count_cell(b, t->n);
    html_cell(b, NULL, html_interval(i, between));
    gad_buf_printf(b, "</tr>\n");
}

static void tallies(const char *label, const struct tally *t, size_t n, struct gad_buf *b)
{
    static const char *const order[] = {"dos", "probe", "r2l", "u2r", "unknown", "normal"};
    const char *const columns[] = {"class", "category",     "", "rate", "flagged",
                                   "rows",  "95 % interval"};
    const char *const of_categories[] = {"category", "",     "rate",
                                         "flagged",  "rows", "95 % interval"};
    bool categories = n > 0 && t[0].name == t[0].category;
    size_t shown = 0;

    html_table(b, label, categories ? of_categories : columns, categories ? 6 : 7);
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
        for (size_t i = 0; i < n && shown < CLASSES_MAX; i++)
            if (strcmp(t[i].category, order[k]) == 0) {
                tally_row(&t[i], b);
                shown++;
            }
    html_table_end(b);
    if (shown < n)
        gad_buf_printf(b, "<p class=\"note\">%zu more classes are in the JSON.</p>\n", n - shown);
}

void report_classes(const struct report *r, struct gad_buf *b)
{
    const struct evaluation *e = &r->m.e;

    html_section(b, "classes", "Detection by class");
    if (!r->m.labelled) {
        report_why_no_curves(r, b);
        gad_buf_printf(b, "</section>\n");
        return;
    }
    gad_buf_printf(b,
                   "<p>Share of the rows of each class that are flagged at the threshold; of %s "
                   "these are false alarms. The line in a bar is the rate's 95 %% interval: "
                   "it is wide for classes of a few rows.</p>\n",
                   report_negatives(r));
    tallies("flagged rows by category", e->category, e->n_categories, b);
    gad_buf_printf(b, "<h3>Each class</h3>\n");
    gad_buf_printf(b, "<div class=\"each\">\n");
    tallies("flagged rows by class", e->class, e->n_classes, b);
    gad_buf_printf(b, "</div>\n");
    gad_buf_printf(b, "</section>\n");
}

/* A cell with a darker background for a larger share; its text stays readable. */
static void share_cell(double share, struct gad_buf *b)
{
    char text[HTML_NUMBER];

    gad_buf_printf(b, "<td class=\"heat\" style=\"--share:%.3f\">",
                   fmin(sqrt(fmax(share, 0.0)), 1.0));
    if (share < 0.0005)
        gad_buf_printf(b, "0");
    else
        (void)snprintf(text, sizeof(text), "%.*f", share < 0.0995 ? 1 : 0, 100.0 * share);
    if (share >= 0.0005)
        gad_buf_printf(b, "%s", text);
    gad_buf_printf(b, "</td>");
}

static void importance_note(const struct report *r, struct gad_buf *b)
{
    const struct importance *v = &r->importance;
    bool searches = gad_detector_steps(r->m.det) > 1;

    gad_buf_printf(
        b,
        "<p>A column's share of one score is %s. The table has means in per cent, over at "
        "most %d flagged rows%s, evenly spread, and over as many of the %s with the "
        "highest scores (1 %%)%s</p>\n",
        searches ? "its part of the reconstruction error"
                 : "the fall of the score with that column alone as the model expects "
                   "it, over the sum of these falls",
        searches ? IMPORTANCE_ROWS_SEARCHED : IMPORTANCE_ROWS,
        r->m.labelled ? " of each category" : "", report_negatives(r),
        r->m.labelled
            ? ", from which false alarms come. \u201cOverall\u201d gives each category the "
              "same weight, so that a flood of copies does not hide the others."
            : ".");
    if (v->n_groups == 0)
        html_paragraph(b, "missing",
                       r->m.labelled ? "No positive is flagged." : "No row is flagged.");
}

void report_importance(const struct report *r, struct gad_buf *b)
{
    const struct importance *v = &r->importance;
    const char *columns[GAD_N_CLASSES + 4] = {"column"};
    char name[GAD_N_CLASSES + 1][64];
    size_t n = 1;

    html_section(b, "importance", "Feature contributions");
    importance_note(r, b);
    if (v->n_groups > 0) {
        columns[n++] = "overall";
        columns[n++] = "";
    }
    for (size_t k = 0; k <= v->n_groups; k++) {
        const struct importance_group *g = k < v->n_groups ? &v->group[k] : &v->highest;
        (void)snprintf(name[k], sizeof(name[k]), "%s (%zu)",
                       k < v->n_groups ? g->name : "most anomalous negatives", g->n);
        if (k == v->n_groups && !r->m.labelled)
            (void)snprintf(name[k], sizeof(name[k]), "most anomalous rows (%zu)", g->n);
        columns[n++] = name[k];
    }
    html_table(b, "mean share of the score by column", columns, n);
    for (size_t i = 0; i < COLUMNS_SHOWN; i++) {
        enum gad_column c = v->order[i];
        gad_buf_printf(b, "<tr><th scope=\"row\">%s</th>", gad_columns[c].name);
        if (v->n_groups > 0) {
            char text[HTML_NUMBER];
            (void)snprintf(text, sizeof(text), "%.1f", 100.0 * v->overall[c]);
            html_cell(b, NULL, text);
            bar(b, "share", v->overall[c] / fmax(v->overall[v->order[0]], 1e-12), NULL);
        }
        for (size_t k = 0; k < v->n_groups; k++)
            share_cell(v->group[k].share[c], b);
        share_cell(v->highest.share[c], b);
        gad_buf_printf(b, "</tr>\n");
    }
    html_table_end(b);
    gad_buf_printf(b,
                   "<p class=\"note\">In brackets: number of explained rows. The other %d "
                   "columns are in the JSON.</p>\n</section>\n",
                   GAD_N_COLUMNS - COLUMNS_SHOWN);
}
