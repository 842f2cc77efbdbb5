/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "models/detector.h"
#include "models/interval.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/report/html.h"
#include "tools/ganad-train/report/report.h"
#include "tools/ganad-train/report/svg.h"

static void term(struct gad_buf *b, const char *name, const char *class, const char *text)
{
    gad_buf_printf(b, "<dt>%s</dt><dd class=\"%s\">", name, class);
    html_text(b, text);
    gad_buf_printf(b, "</dd>\n");
}

/* A line breaks between words of the command, not after their hyphens. */
static void command(struct gad_buf *b, const char *text)
{
    gad_buf_printf(b, "<dt>made by</dt><dd class=\"code\">");
    for (const char *word = text; *word;) {
        size_t len = strcspn(word, " "), spaces = strspn(word + len, " ");
        char *copy = gad_strndup(word, len);
        if (!copy) {
            b->bad = true;
            return;
        }
        gad_buf_printf(b, "<span>");
        html_text(b, copy);
        gad_buf_printf(b, "</span>%.*s", (int)spaces, word + len);
        gad_free(copy);
        word += len + spaces;
    }
    gad_buf_printf(b, "%s</dd>\n", text[0] ? "" : "unknown");
}

static void source(struct gad_buf *b, const char *name, uint64_t rows, const char *sha256)
{
    gad_buf_printf(b, "<li>");
    html_text(b, name);
    gad_buf_printf(b, ", ");
    html_count(b, rows);
    gad_buf_printf(b, " rows <code>%s</code></li>\n", sha256); /* hex digits, checked */
}

static void sources(const struct report *r, struct gad_buf *b)
{
    const struct gad_checkpoint *c = r->m.c;
    const struct gad_table *t = r->m.t;

    gad_buf_printf(b, "<dt>measured on</dt><dd><ul>\n");
    for (size_t i = 0; i < gad_table_n_sources(t); i++) {
        const struct gad_table_source *s = gad_table_source(t, i);
        source(b, s->name, s->rows, s->sha256);
    }
    gad_buf_printf(b, "</ul></dd>\n");
    if (c->provenance.n_data == 0)
        return;
    gad_buf_printf(b, "<dt>trained on</dt><dd><ul>\n");
    for (size_t i = 0; i < c->provenance.n_data; i++)
        source(b, c->provenance.data[i].name, c->provenance.data[i].rows,
               c->provenance.data[i].sha256);
    gad_buf_printf(b, "</ul></dd>\n");
}

/* The protocol's own words; what it warns of is not to be overlooked. */
static void labels(const struct report *r, struct gad_buf *b)
{
    const char *text = measure_labels(&r->o->measure), *warning = strstr(text, "WARNING: ");
    size_t len = warning ? (size_t)(warning - text) : strlen(text);
    char before[1024];

    (void)snprintf(before, sizeof(before), "%.*s", (int)len, text);
    term(b, "labels", "", r->m.labelled ? before : "none: the rows are not labelled.");
    if (warning && r->m.labelled)
        gad_buf_printf(b, "<dt class=\"warning\">WARNING</dt><dd class=\"warning\">");
    if (warning && r->m.labelled) {
        html_text(b, warning + strlen("WARNING: "));
        gad_buf_printf(b, "</dd>\n");
    }
}

static void head(const struct report *r, struct gad_buf *b)
{
    const struct gad_checkpoint *c = r->m.c;
    const struct eval_protocol *p = r->o->measure.protocol;

    gad_buf_printf(b, "<header>\n<h1>");
    html_text(b, r->o->title);
    gad_buf_printf(b, "</h1>\n<dl class=\"head\">\n<dt>checkpoint</dt><dd>");
    html_text(b, c->name);
    gad_buf_printf(b, ", model ");
    html_text(b, c->model);
    gad_buf_printf(b, ", score ");
    html_text(b, c->score.kind);
    gad_buf_printf(b, ", scaler ");
    html_text(b, c->scaler.kind);
    gad_buf_printf(b, "</dd>\n");
    if (r->o->date[0])
        term(b, "date", "", r->o->date);
    term(b, "protocol", "", p ? p->name : "none: all rows test");
    labels(r, b);
    for (size_t i = 0; i < MEASURE_WARNINGS && r->m.warning[i].text[0]; i++)
        term(b, "warning", "warning", r->m.warning[i].text);
    sources(r, b);
    term(b, "sha256", "code", gad_detector_sha256_hex(r->m.det));
    command(b, c->provenance.command);
    term(b, "with", "", c->provenance.software);
    gad_buf_printf(b, "</dl>\n</header>\n");
}

static void key(struct gad_buf *b, const char *name, const char *text, const char *note)
{
    gad_buf_printf(b, "<tr><th scope=\"row\">%s</th>", name);
    html_cell(b, "figure", text);
    html_cell(b, "note", note);
    gad_buf_printf(b, "</tr>\n");
}

static void key_threshold(const struct report *r, struct gad_buf *b)
{
    const struct measurement *m = &r->m;
    const struct gad_confusion *c = &m->e.confusion;
    char text[HTML_NUMBER], note[256], between[HTML_INTERVAL], budget[SVG_NUMBER];

    if (m->e.inclusive)
        (void)snprintf(note, sizeof(note), "a percentile of the test scores; flagged from it on");
    else
        (void)snprintf(note, sizeof(note),
                       "for a budget of %s, from the calibration; flagged above it",
                       svg_percent(r->o->measure.fpr, budget));
    key(b, "threshold", html_score(m->e.threshold, text), note);
    if (!m->labelled) {
        (void)snprintf(note, sizeof(note), "of all rows");
        key(b, "flagged", html_rate((double)m->e.flagged / (double)m->e.n, text), note);
        return;
    }
    (void)snprintf(note, sizeof(note), "flagged share of the %s", report_positives(r));
    key(b, "recall", html_rate(gad_confusion_recall(c), text), note);
    (void)snprintf(note, sizeof(note), "share of what is flagged that are %s", report_positives(r));
    key(b, "precision", html_rate(gad_confusion_precision(c), text), note);
    key(b, "F1", html_figure(gad_confusion_f1(c), text), "");
    if (c->fp + c->tn > 0)
        (void)snprintf(note, sizeof(note), "95 %% interval %s",
                       html_interval(gad_binomial_interval(c->fp, c->fp + c->tn), between));
    else
        (void)snprintf(note, sizeof(note), "there are no %s", report_negatives(r));
    key(b, "false-positive rate", html_rate(gad_confusion_fpr(c), text), note);
}

static void key_figures(const struct report *r, struct gad_buf *b)
{
    const struct evaluation *e = &r->m.e;
    const char *const columns[] = {"figure", "value", "what it is"};
    char text[HTML_NUMBER];

    html_section(b, "figures", "Key figures");
    gad_buf_printf(b, "<p>");
    html_count(b, e->n);
    gad_buf_printf(b, " rows test");
    if (r->m.labelled) {
        gad_buf_printf(b, ", of which ");
        html_count(b, e->positives);
        gad_buf_printf(b, " are positives (%s)", report_positives(r));
    }
    gad_buf_printf(b, ".</p>\n");
    if (!report_has_curves(r))
        report_why_no_curves(r, b);
    html_table(b, "key figures", columns, 3);
    if (r->m.labelled) {
        key(b, "AUROC", html_figure(e->auroc, text),
            "how often a positive scores above a negative");
        key(b, "AUPRC", html_figure(e->auprc, text),
            "area under precision and recall by the trapezoid rule, as published");
        key(b, "average precision", html_figure(e->average_precision, text),
            "the same without interpolation");
        key(b, "TPR at 1 % FPR", html_rate(e->tpr_at_1_percent, text),
            "detected by the best threshold within 1 % false positives of the test");
        key(b, "TPR at 0.1 % FPR", html_rate(e->tpr_at_0_1_percent, text), "within 0.1 %");
    }
    key_threshold(r, b);
    html_table_end(b);
    gad_buf_printf(b, "</section>\n");
}

void report_page(const struct report *r, struct gad_buf *b)
{
    gad_buf_printf(b, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n"
                      "<head>\n<meta charset=\"utf-8\"/>\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    html_text(b, r->o->title);
    gad_buf_printf(b, "</title>\n");
    report_style(b);
    gad_buf_printf(b, "</head>\n<body>\n");
    head(r, b);
    gad_buf_printf(b, "<main>\n");
    key_figures(r, b);
    report_curves(r, b);
    report_classes(r, b);
    report_budgets(r, b);
    report_scores(r, b);
    report_importance(r, b);
    report_losses(r, b);
    gad_buf_printf(b, "</main>\n</body>\n</html>\n");
}
