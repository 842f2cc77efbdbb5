/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/buf.h"
#include "tools/ganad-train/report/report.h"

/*
 * Colours of classes: at least 3 to 1 against the ground, and any two of them apart by 0.14 in OKLab for normal sight
 * and as who lacks one kind of cones sees them (Machado 2009, severity 1); text beside them says the same. Dark on a
 * screen only: paper is white.
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

void report_style(struct gad_buf *b)
{
    gad_buf_add(b, colours, strlen(colours));
    gad_buf_add(b, page, strlen(page));
    gad_buf_add(b, pictures, strlen(pictures));
}
