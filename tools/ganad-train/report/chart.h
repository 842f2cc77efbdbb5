/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A picture with two axes as inline SVG: begin, then lines and marks in the order in which they
 * cover each other, then end. Colours and widths are classes of the page's style, so one picture
 * serves light, dark and paper. All text is escaped.
 */

#include <stdbool.h>
#include <stddef.h>

#include "tools/ganad-train/report/svg.h"

struct gad_buf;

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
