/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/checkpoint/checkpoint.h"
#include "tools/common/show.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/report/chart.h"
#include "tools/ganad-train/report/html.h"
#include "tools/ganad-train/report/report.h"

enum { DESC = 512, TABLE_EPOCHS = 60 };

struct series {
    const char *id, *title, *what;
    const double *v; /* (n) */
    size_t n;
};

static bool all_zero(const struct series *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i] != 0.0)
            return false;
    return true;
}

/* The axis is logarithmic if the losses are positive and span more than two decades. */
static struct chart_axis loss_axis(const struct series *s)
{
    struct chart_axis a = {.title = s->what, .min = s->v[0], .max = s->v[0]};

    for (size_t i = 1; i < s->n; i++) {
        a.min = fmin(a.min, s->v[i]);
        a.max = fmax(a.max, s->v[i]);
    }
    a.log = a.min > 0.0 && a.max > 100.0 * a.min;
    svg_nice_range(&a.min, &a.max, a.log, 5);
    return a;
}

static void loss_chart(const struct series *s, uint32_t kept, struct gad_buf *b)
{
    struct chart_axis y = loss_axis(s), x = {.title = "epoch",
                                             .min = 1.0,
                                             .max = s->n > 1 ? (double)s->n : 2.0,
                                             .unit = CHART_WHOLE};
    char desc[DESC], first[SVG_NUMBER], last[SVG_NUMBER];
    struct chart c;

    (void)snprintf(desc, sizeof(desc),
                   "%s of each of %zu epochs: %s after the first, %s after the "
                   "last. Epoch %u is kept.",
                   s->what, s->n, svg_number(s->v[0], first), svg_number(s->v[s->n - 1], last),
                   kept);
    gad_buf_printf(b, "<figure>\n");
    chart_begin(&c, b, CHART_WIDTH, s->id, s->title, desc, &x, &y);
    if (kept >= 1 && kept <= s->n) {
        char label[32];
        (void)snprintf(label, sizeof(label), "kept: %u", kept);
        chart_mark_x(&c, "kept", kept, label);
    }
    chart_line_begin(&c, "curve");
    for (size_t i = 0; i < s->n; i++)
        chart_line_point(&c, (double)(i + 1), s->v[i]);
    chart_line_end(&c);
    for (size_t i = 0; s->n <= 30 && i < s->n; i++)
        chart_dot(&c, "curve small", (double)(i + 1), s->v[i]);
    if (kept >= 1 && kept <= s->n)
        chart_dot(&c, "kept", kept, s->v[kept - 1]);
    chart_end(&c);
    gad_buf_printf(b, "</figure>\n");
}

static void loss_table(const struct series *s, size_t n_series, uint32_t kept, struct gad_buf *b)
{
    const char *columns[5] = {"epoch"};
    size_t n = s[0].n, every = (n + TABLE_EPOCHS - 1) / TABLE_EPOCHS;

    for (size_t k = 0; k < n_series; k++)
        columns[k + 1] = s[k].title;
    gad_buf_printf(b, "<details><summary>%s</summary>\n",
                   every > 1 ? "Numbers of some epochs" : "Numbers");
    html_table(b, "losses by epoch", columns, n_series + 1);
    for (size_t i = 0; i < n; i++) {
        if (i % every != 0 && i + 1 != n && i + 1 != kept)
            continue;
        gad_buf_printf(b, "<tr><th scope=\"row\">%zu%s</th>", i + 1, i + 1 == kept ? " kept" : "");
        for (size_t k = 0; k < n_series; k++) {
            char text[HTML_NUMBER];
            html_cell(b, NULL, html_score(s[k].v[i], text));
        }
        gad_buf_printf(b, "</tr>\n");
    }
    html_table_end(b);
    gad_buf_printf(b, "</details>\n");
}

void report_losses(const struct report *r, struct gad_buf *b)
{
    const struct gad_ckpt_history *h = &r->m.c->provenance.history;
    uint32_t kept = r->m.c->provenance.epoch;
    const struct series all[] = {
        {"loss-d", "discriminator", "loss of the discriminator", h->loss_d, h->n},
        {"loss-g", "generator", "loss of the generator", h->loss_g, h->n},
        {"loss-e", "encoder", "loss of the encoder", h->loss_e, h->n},
        {"held-out", "held-out error", "mean |x \u2212 x\u0302| of held-out rows", h->held_out,
         h->n},
    };
    struct series shown[4];
    size_t n_shown = 0;

    html_section(b, "losses", "Training");
    if (h->n == 0) {
        html_paragraph(b, "missing", "The checkpoint has no training history.");
        gad_buf_printf(b, "</section>\n");
        return;
    }
    gad_buf_printf(
        b,
        "<p>Means over the steps of each epoch, and the reconstruction error of held-out "
        "rows after it. Epoch %u of %u is kept.</p>\n<div class=\"grid\">\n",
        kept, r->m.c->provenance.epochs);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all_zero(&all[i])) /* the model has no such loss */
            continue;
        loss_chart(&all[i], kept, b);
        shown[n_shown++] = all[i];
    }
    gad_buf_printf(b, "</div>\n");
    if (n_shown > 0)
        loss_table(shown, n_shown, kept, b);
    gad_buf_printf(b, "</section>\n");
}

static void legend(const struct report *r, struct gad_buf *b)
{
    const struct eval_protocol *p = r->o->measure.protocol;
    bool swapped = p && p->trains_on_attacks;
    const struct gad_confusion *c = &r->m.e.confusion;

    gad_buf_printf(b, "<p class=\"legend\"><span class=\"key %s\"></span>%s, ",
                   swapped ? "attack" : "normal", report_negatives(r));
    html_count(b, r->m.labelled ? c->fp + c->tn : r->m.e.n);
    if (r->m.labelled) {
        gad_buf_printf(b, " <span class=\"key %s\"></span>%s, ", swapped ? "normal" : "attack",
                       report_positives(r));
        html_count(b, c->tp + c->fn);
    }
    gad_buf_printf(b, "</p>\n");
}

static void score_axes(const struct report_histogram *h, struct chart_axis *x, struct chart_axis *y)
{
    double most = 1.0, least = HUGE_VAL;

    for (size_t i = 0; i < REPORT_BINS; i++) {
        const double rows[] = {h->negative[i], h->positive[i]};
        for (size_t k = 0; k < 2; k++) {
            most = fmax(most, rows[k]);
            least = rows[k] > 0.0 ? fmin(least, rows[k]) : least;
        }
    }
    *x = (struct chart_axis){.title = h->log ? "score, logarithmic" : "score",
                             .min = h->edge[0],
                             .max = h->edge[REPORT_BINS],
                             .log = h->log};
    *y = (struct chart_axis){.min = 0.0, .max = most, .log = most > 20.0 * least};
    y->title = y->log ? "rows, logarithmic" : "rows";
    if (y->log) {
        y->min = 0.7; /* one row is visible */
        y->max *= 1.5;
    } else {
        svg_nice_range(&y->min, &y->max, false, 5);
    }
}

void report_scores(const struct report *r, struct gad_buf *b)
{
    const struct report_histogram *h = &r->histogram;
    const struct eval_protocol *p = r->o->measure.protocol;
    bool swapped = p && p->trains_on_attacks;
    char desc[DESC], label[64], text[HTML_NUMBER], count[SHOW_TEXT], flagged[SHOW_TEXT];
    struct chart_axis x, y;
    struct chart c;

    html_section(b, "scores", "Scores");
    gad_buf_printf(b,
                   "<p>Number of rows by score. Rows right of the threshold are "
                   "flagged.%s</p>\n",
                   r->m.labelled ? ""
                                 : " Without labels, attacks and normal connections are "
                                   "not shown separately.");
    legend(r, b);
    (void)snprintf(desc, sizeof(desc),
                   "Histogram of %s scores from %s to %s; %s are above the "
                   "threshold.",
                   show_count(r->m.e.n, count), svg_number(h->edge[0], label),
                   html_score(h->edge[REPORT_BINS], text), show_count(r->m.e.flagged, flagged));
    score_axes(h, &x, &y);
    gad_buf_printf(b, "<figure class=\"wide\">\n");
    chart_begin(&c, b, CHART_WIDE, "histogram", "Scores", desc, &x, &y);
    chart_area(&c, swapped ? "attack" : "normal", REPORT_BINS, h->edge, h->negative);
    if (r->m.labelled)
        chart_area(&c, swapped ? "normal" : "attack", REPORT_BINS, h->edge, h->positive);
    (void)snprintf(label, sizeof(label), "threshold %s", html_score(r->m.e.threshold, text));
    chart_mark_x(&c, "threshold", r->m.e.threshold, label);
    chart_end(&c);
    gad_buf_printf(b, "</figure>\n</section>\n");
}
