/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The arithmetic of a picture: from values to places, and the ticks of an axis. chart.h draws.
 */

#include <stdbool.h>
#include <stddef.h>

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
