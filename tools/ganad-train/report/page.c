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
#include "tools/ganad-train/report/chart.h"
#include "tools/ganad-train/report/html.h"
#include "tools/ganad-train/report/report.h"

/*
 * Colours of classes: at least 3 to 1 against the background, and any two apart by 0.14 in OKLab,
 * for normal vision. The same holds for each of the three kinds of colour blindness (Machado 2009,
 * severity 1). Text beside them has the same information. The dark colours are only for screens:
 * paper is white.
 */
static const char colours[] =
    "<style>\n"
    ":root{--ground:#fff;--ink:#1b1e22;--soft:#5a616a;--line:#d9dde2;--panel:#f3f5f7;"
    "--warn:#fff1d6;--warn-ink:#6b4100;--normal:#2868d4;--attack:#e7690d;--dos:#e7690d;"
    "--probe:#0a5200;--r2l:#924679;--u2r:#5c0084;--unknown:#939393;--heat:40,104,212}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ground:#15181c;--ink:#e6e9ed;"
    "--soft:#a3abb5;--line:#343a42;--panel:#1f242a;--warn:#3d2e10;--warn-ink:#ffd48a;"
    "--normal:#70a1ff;--attack:#ea7e35;--dos:#ea7e35;--probe:#adffad;--r2l:#b44a61;"
    "--u2r:#7161cf;--unknown:#bdbdbd;--heat:112,161,255}}\n"
    ".normal{--c:var(--normal)}.attack{--c:var(--attack)}.dos{--c:var(--dos)}"
    ".probe{--c:var(--probe)}.r2l{--c:var(--r2l)}.u2r{--c:var(--u2r)}"
    ".unknown{--c:var(--unknown)}.curve,.share,.kept{--c:var(--ink)}.share{--c:var(--normal)}\n";

static const char page[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:68rem;padding:1.5rem 1rem 4rem;background:var(--ground);"
    "color:var(--ink);font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 1rem;overflow-wrap:anywhere}"
    "h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-top:.9rem;"
    "border-top:1px solid var(--line)}h3{font-size:1rem;margin:1.4rem 0 .4rem}"
    "p{max-width:46rem;margin:.4rem 0 .8rem}\n"
    "dl.head{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3rem 1rem;margin:0}"
    "dl.head dt{color:var(--soft)}dl.head dd{margin:0;overflow-wrap:anywhere}"
    "dl.head ul{list-style:none;margin:0;padding:0}"
    "code,.code{font:.85rem/1.5 ui-monospace,\"DejaVu Sans Mono\",Menlo,monospace;"
    "overflow-wrap:anywhere}\n"
    ".code span{display:inline-block;max-width:100%}\n"
    "dl.head dd.warning{background:var(--warn);color:var(--warn-ink);padding:.3rem .6rem;"
    "border-left:4px solid var(--warn-ink)}dl.head dt.warning{color:var(--warn-ink);"
    "font-weight:600}\n"
    ".missing{background:var(--panel);padding:.6rem .8rem;border-left:4px solid var(--soft)}"
    ".note{color:var(--soft);font-size:.9rem}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));"
    "gap:1rem 2rem;margin-bottom:1rem}figure{margin:0;max-width:33rem}figure.wide{max-width:44rem}"
    "figcaption{color:var(--soft);font-size:.9rem}\n"
    ".scroll{overflow-x:auto;margin:.4rem 0 1rem}table{border-collapse:collapse;"
    "font-variant-numeric:tabular-nums;font-size:.93rem}th,td{padding:.28rem .7rem;"
    "text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}"
    "thead th{color:var(--soft);font-weight:600;vertical-align:bottom;white-space:normal;"
    "min-width:3.5rem}"
    "tbody th{font-weight:500}th:first-child,td.note,td.word,#figures th:last-child{"
    "text-align:left}"
    "th:first-child{padding-left:0}td.note{white-space:normal;font-size:.9rem}"
    "td.figure{font-weight:600}td.over{font-weight:700}td.bar{padding:.28rem .3rem}\n"
    "summary{cursor:pointer;color:var(--soft);margin:.8rem 0 .4rem}\n"
    ".legend{font-size:.93rem}.key{display:inline-block;border:.4em solid var(--c);"
    "border-radius:2px;margin:0 .45em 0 0;vertical-align:-.02em}.legend .key~.key{margin-left:1em}"
    "td.heat{background:rgba(var(--heat),calc(var(--share)*.55))}\n";

static const char pictures[] =
    "svg{display:block;width:100%;height:auto;overflow:visible}"
    "svg text{font:12.5px system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif;fill:var(--ink);"
    "font-variant-numeric:tabular-nums}svg text.axis{fill:var(--soft)}"
    "svg.bar{width:10rem;height:.875rem}.ground{fill:var(--panel)}rect{fill:var(--c)}"
    "rect.ground{fill:var(--panel)}.interval{stroke:var(--ink);stroke-width:1.6}"
    ".edge{stroke:var(--ground);stroke-width:4.4}\n"
    ".grid path,path.grid{stroke:var(--line);stroke-width:1;fill:none}"
    "path.frame{stroke:var(--soft);fill:none}"
    "path.line{fill:none;stroke:var(--c,var(--ink));stroke-width:2;stroke-linejoin:round}"
    "path.chance{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:5 4}"
    "path.area{fill:var(--c);fill-opacity:.28;stroke:var(--c);stroke-width:1.4}"
    "path.whisker{fill:none;stroke:var(--c);stroke-width:1.6}"
    "path.mark{stroke:var(--ink);stroke-width:1.4;stroke-dasharray:2 3;fill:none}"
    "path.guide{stroke:var(--soft)}text.mark{font-weight:600;paint-order:stroke;"
    "stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}svg text.guide{fill:var(--soft);"
    "font-weight:400}"
    ".dot{fill:var(--c);stroke:var(--ground);stroke-width:1.5}.dot.small{r:2.6px}"
    ".dot.kept{fill:var(--ground);stroke:var(--ink);stroke-width:2.4;r:4.6px}"
    ".dot.none{fill:none;stroke:var(--soft)}\n"
    "@media (max-width:40rem){body{padding:1rem .8rem 3rem}dl.head{display:block}"
    "dl.head dd{margin:0 0 .5rem}th,td{padding:.28rem .4rem}"
    "svg.bar{width:4.5rem}table{font-size:.86rem}.each th:nth-child(2),.each td:nth-child(2){"
    "display:none}.wide svg text{font-size:17px}}\n"
    "@media print{.grid{grid-template-columns:1fr "
    "1fr}body{max-width:none;padding:0;font-size:11pt}h2{break-after:avoid}"
    "figure,tr{break-inside:avoid}.scroll{overflow:visible}.key,td.heat,rect,.missing,"
    "dl.head dd.warning{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "table{font-size:9pt}th,td{padding:.2rem .4rem}}\n"
    "</style>\n";

static void style(struct gad_buf *b)
{
    gad_buf_add(b, colours, strlen(colours));
    gad_buf_add(b, page, strlen(page));
    gad_buf_add(b, pictures, strlen(pictures));
}

static void term(struct gad_buf *b, const char *name, const char *class, const char *text)
{
    gad_buf_printf(b, "<dt>%s</dt><dd class=\"%s\">", name, class);
    html_text(b, text);
    gad_buf_printf(b, "</dd>\n");
}

/* Lines break between words of the command, not after hyphens. */
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

/* The protocol's text on labels; its warning stands out. */
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
    term(b, "protocol", "", p ? p->name : "none: all rows are test rows");
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
        (void)snprintf(note, sizeof(note),
                       "a percentile of the test scores; this score and higher ones are flagged");
    else
        (void)snprintf(note, sizeof(note),
                       "for a budget of %s, from the calibration; higher scores are flagged",
                       svg_percent(r->o->measure.fpr, budget));
    key(b, "threshold", html_score(m->e.threshold, text), note);
    if (!m->labelled) {
        (void)snprintf(note, sizeof(note), "of all rows");
        key(b, "flagged", html_rate((double)m->e.flagged / (double)m->e.n, text), note);
        return;
    }
    (void)snprintf(note, sizeof(note), "flagged share of the %s", report_positives(r));
    key(b, "recall", html_rate(gad_confusion_recall(c), text), note);
    (void)snprintf(note, sizeof(note), "share of the flagged rows that are %s",
                   report_positives(r));
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
    const char *const columns[] = {"figure", "value", "meaning"};
    char text[HTML_NUMBER];

    html_section(b, "figures", "Key figures");
    gad_buf_printf(b, "<p>");
    html_count(b, e->n);
    gad_buf_printf(b, " test rows");
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
            "probability that a positive scores above a negative");
        key(b, "AUPRC", html_figure(e->auprc, text),
            "area under precision over recall by the trapezoid rule, as published");
        key(b, "average precision", html_figure(e->average_precision, text),
            "the same without interpolation");
        key(b, "TPR at 1 % FPR", html_rate(e->tpr_at_1_percent, text),
            "detection rate of the best threshold within 1 % false positives of the test");
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
    style(b);
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
