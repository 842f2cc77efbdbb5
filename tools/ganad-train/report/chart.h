/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A picture with two axes as inline SVG: begin, then lines and marks in the order in which they
 * cover each other, then end. Colours and widths are classes of the page's style, so one picture
 * serves light, dark and paper. All text is escaped. Before it the arithmetic of a picture: from
 * values to places, and the marks of an axis.
 */

#include <stdbool.h>
#include <stddef.h>

struct gad_buf;

struct svg_scale {
    double min, max; /* values, min < max; both positive if log */
    bool log;
    double from, to; /* places of min and max, in user units */
};

/* Place of a value. On a logarithmic axis a value below min, which can be 0, is at min. */
double svg_at(const struct svg_scale *s, double v);

enum { SVG_TICKS = 24, SVG_NUMBER = 32 };

/**
 * svg_ticks() - marks within [min, max]
 * @wanted: approximate number, 2 .. 10
 *
 * Linear: multiples of 1, 2 or 5 times a power of ten. Logarithmic: powers of ten; every second or
 * third and so on if there are many, and also 2 and 5 times a power on less than two decades.
 *
 * Returns the number of ticks, at most SVG_TICKS, ascending.
 */
size_t svg_ticks(double min, double max, bool log, size_t wanted, double tick[static SVG_TICKS]);

/* Widens a range of data to one of an axis: to whole ticks; an empty range to one around the
 * value. */
void svg_nice_range(double *min, double *max, bool log, size_t wanted);

/* "0.001", "250", "20k", "1.5M". Returns text. */
const char *svg_number(double v, char text[static SVG_NUMBER]);

/* A rate: "0.1 %". Returns text. */
const char *svg_percent(double v, char text[static SVG_NUMBER]);

/* The start of an axis of rates that shows v and the values above it: 0, 0.5, 0.8, 0.9, 0.95 ... */
double svg_zoom(double v);

/* Widths of a picture in user units: for two side by side, and for one alone. */
enum { CHART_WIDTH = 440, CHART_WIDE = 640 };

enum chart_unit { CHART_NUMBER, CHART_PERCENT, CHART_WHOLE };

struct chart_axis {
    const char *title;
    double min, max;
    bool log;
    enum chart_unit unit;
};

struct chart {
    struct gad_buf *b;
    const char *id;
    int width;
    struct svg_scale x, y;
    size_t n_points;       /* of the current line */
    double last_x, last_y; /* last point drawn */
    double skipped_x, skipped_y;
    bool skipped; /* a point was too near to be drawn; it is drawn if the line ends there */
};

/**
 * chart_begin() - writes the head, grid and axes of a picture
 * @width: CHART_WIDTH or CHART_WIDE
 * @id:    of the elements that the picture refers to; unique on the page
 * @title: one line, for screen readers
 * @desc:  description of the picture, a sentence or two with the numbers
 */
void chart_begin(struct chart *c, struct gad_buf *b, int width, const char *id, const char *title,
                 const char *desc, const struct chart_axis *x, const struct chart_axis *y);
void chart_end(struct chart *c);

/* A line. Points less than half a unit from the last one drawn are left out. */
void chart_line_begin(struct chart *c, const char *class);
void chart_line_point(struct chart *c, double x, double y);
void chart_line_end(struct chart *c);

/* Steps over bins: (n + 1) edges, (n) heights, filled to the axis. */
void chart_area(struct chart *c, const char *class, size_t n, const double *edge,
                const double *height);

void chart_dot(struct chart *c, const char *class, double x, double y);

/* An interval: a vertical stroke with short ends. */
void chart_whisker(struct chart *c, const char *class, double x, double low, double high);

/* A line over the whole height, with its name at the top. */
void chart_mark_x(struct chart *c, const char *class, double x, const char *label);
