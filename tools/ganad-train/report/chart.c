/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/chart.h"

#include <math.h>

#include "lib/base/buf.h"
#include "tools/ganad-train/report/html.h"

/* User units. Small enough that text is readable on a page as narrow as a phone. */
enum { HEIGHT = 300, LEFT = 56, RIGHT = 24, TOP = 40, BOTTOM = 46, TICKS_WANTED = 5, DOT = 4 };

/* Lines end a little outside, where the clip path hides them: huge numbers would not be drawn. */
static double bounded(double v)
{
    return fmin(fmax(v, -1000.0), 2000.0);
}

static const char *tick_text(const struct chart_axis *a, double v, char text[static SVG_NUMBER])
{
    return a->unit == CHART_PERCENT ? svg_percent(v, text) : svg_number(v, text);
}

static void x_axis(struct chart *c, const struct chart_axis *a)
{
    double tick[SVG_TICKS];
    char text[SVG_NUMBER];
    size_t n = svg_ticks(a->min, a->max, a->log, TICKS_WANTED, tick);

    for (size_t i = 0; i < n; i++) {
        double x = svg_at(&c->x, tick[i]);
        if (a->unit == CHART_WHOLE && tick[i] != rint(tick[i]))
            continue;
        gad_buf_printf(c->b,
                       "<path class=\"grid\" d=\"M%.1f %d V%d\"/>"
                       "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                       x, TOP, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 17);
        html_text(c->b, tick_text(a, tick[i], text));
        gad_buf_printf(c->b, "</text>\n");
    }
    gad_buf_printf(c->b, "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"end\">",
                   c->width - RIGHT, HEIGHT - 8);
    html_text(c->b, a->title);
    gad_buf_printf(c->b, "</text>\n");
}

static void y_axis(struct chart *c, const struct chart_axis *a)
{
    double tick[SVG_TICKS];
    char text[SVG_NUMBER];
    size_t n = svg_ticks(a->min, a->max, a->log, TICKS_WANTED, tick);

    for (size_t i = 0; i < n; i++) {
        double y = svg_at(&c->y, tick[i]);
        gad_buf_printf(c->b,
                       "<path class=\"grid\" d=\"M%d %.1f H%d\"/>"
                       "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                       LEFT, y, c->width - RIGHT, LEFT - 7, y + 4.0);
        html_text(c->b, tick_text(a, tick[i], text));
        gad_buf_printf(c->b, "</text>\n");
    }
    gad_buf_printf(c->b, "<text class=\"axis\" x=\"2\" y=\"14\">");
    html_text(c->b, a->title);
    gad_buf_printf(c->b, "</text>\n");
}

void chart_begin(struct chart *c, struct gad_buf *b, int width, const char *id, const char *title,
                 const char *desc, const struct chart_axis *x, const struct chart_axis *y)
{
    *c = (struct chart){
        .b = b,
        .id = id,
        .width = width,
        .x = {x->min, x->max, x->log, LEFT, width - RIGHT},
        .y = {y->min, y->max, y->log, HEIGHT - BOTTOM, TOP},
    };
    gad_buf_printf(b,
                   "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n"
                   "<title id=\"%s-title\">",
                   width, HEIGHT, id, id, id);
    html_text(b, title);
    gad_buf_printf(b, "</title>\n<desc id=\"%s-desc\">", id);
    html_text(b, desc);
    gad_buf_printf(b,
                   "</desc>\n<clipPath id=\"%s-clip\"><rect x=\"%d\" y=\"%d\" width=\"%d\" "
                   "height=\"%d\"/></clipPath>\n",
                   id, LEFT - 1, TOP - 2, width - LEFT - RIGHT + 2, HEIGHT - TOP - BOTTOM + 3);
    x_axis(c, x);
    y_axis(c, y);
    gad_buf_printf(b, "<path class=\"frame\" d=\"M%d %d V%d H%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
                   width - RIGHT);
}

void chart_end(struct chart *c)
{
    gad_buf_printf(c->b, "</svg>\n");
}

void chart_line_begin(struct chart *c, const char *class)
{
    gad_buf_printf(c->b, "<path class=\"line %s\" clip-path=\"url(#%s-clip)\" d=\"", class, c->id);
    c->n_points = 0;
    c->skipped = false;
}

static void draw_point(struct chart *c, double x, double y)
{
    gad_buf_printf(c->b, "%s%.1f %.1f",
                   c->n_points == 0   ? "M"
                   : c->n_points == 1 ? " L"
                                      : " ",
                   x, y);
    c->n_points++;
    c->last_x = x;
    c->last_y = y;
    c->skipped = false;
}

void chart_line_point(struct chart *c, double x, double y)
{
    double px = bounded(svg_at(&c->x, x)), py = bounded(svg_at(&c->y, y));

    if (c->n_points > 0 && fabs(px - c->last_x) < 0.5 && fabs(py - c->last_y) < 0.5) {
        c->skipped = true;
        c->skipped_x = px;
        c->skipped_y = py;
        return;
    }
    draw_point(c, px, py);
}

void chart_line_end(struct chart *c)
{
    if (c->skipped)
        draw_point(c, c->skipped_x, c->skipped_y);
    gad_buf_printf(c->b, "\"/>\n");
}

void chart_area(struct chart *c, const char *class, size_t n, const double *edge,
                const double *height)
{
    double base = HEIGHT - BOTTOM + 4.0, last = base; /* its line is hidden below the clip path */

    gad_buf_printf(c->b, "<path class=\"area %s\" clip-path=\"url(#%s-clip)\" d=\"M%.1f %.1f",
                   class, c->id, svg_at(&c->x, edge[0]), base);
    for (size_t i = 0; i < n; i++) {
        double y = height[i] > 0.0 ? fmin(svg_at(&c->y, height[i]), base) : base;
        if (fabs(y - last) >= 0.05)
            gad_buf_printf(c->b, "H%.1f V%.1f", svg_at(&c->x, edge[i]), y);
        last = y;
    }
    gad_buf_printf(c->b, "H%.1f V%.1f Z\"/>\n", svg_at(&c->x, edge[n]), base);
}

void chart_dot(struct chart *c, const char *class, double x, double y)
{
    gad_buf_printf(c->b, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>\n", class,
                   bounded(svg_at(&c->x, x)), bounded(svg_at(&c->y, y)), DOT);
}

void chart_whisker(struct chart *c, const char *class, double x, double low, double high)
{
    double at = svg_at(&c->x, x), from = bounded(svg_at(&c->y, low)),
           to = bounded(svg_at(&c->y, high));

    if (from - to < 2.5 * DOT) /* hardly more than the dot */
        return;
    gad_buf_printf(c->b,
                   "<path class=\"whisker %s\" clip-path=\"url(#%s-clip)\" "
                   "d=\"M%.1f %.1f V%.1f M%.1f %.1f h8 M%.1f %.1f h8\"/>\n",
                   class, c->id, at, from, to, at - 4.0, from, at - 4.0, to);
}

void chart_mark_x(struct chart *c, const char *class, double x, const char *label)
{
    enum { HALF = 60 }; /* of a label, approximately */
    double at = svg_at(&c->x, x);
    const char *anchor = at < HALF ? "start" : at > c->width - HALF ? "end" : "middle";

    gad_buf_printf(c->b,
                   "<path class=\"mark %s\" d=\"M%.1f %d V%d\"/>"
                   "<text class=\"mark %s\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">",
                   class, at, TOP - 6, HEIGHT - BOTTOM, class, at, TOP - 10, anchor);
    html_text(c->b, label);
    gad_buf_printf(c->b, "</text>\n");
}
