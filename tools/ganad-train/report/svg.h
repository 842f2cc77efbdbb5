/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The arithmetic of a picture: from values to places, and the marks of an axis that people like to read. No drawing;
 * that is chart.h.
 */

#include <stdbool.h>
#include <stddef.h>

struct svg_scale {
    double min, max; /* values, min < max; both positive where log */
    bool log;
    double from, to; /* where min and max are, in user units */
};

/* A value below min on a logarithmic axis is at min, for it may be 0; else outside is outside. */
double svg_at(const struct svg_scale *s, double v);

enum { SVG_TICKS = 24, SVG_NUMBER = 32 };

/**
 * svg_ticks() - marks within [min, max]
 * @wanted: about so many, 2 .. 10
 *
 * Linear: multiples of 1, 2 or 5 times a power of ten. Logarithmic: powers of ten, every second or third ... where
 * there are many, and between them 2 and 5 times such where there are fewer than two.
 *
 * Return: how many, at most SVG_TICKS, ascending.
 */
size_t svg_ticks(double min, double max, bool log, size_t wanted, double tick[static SVG_TICKS]);

/* Widens a range of data to one of an axis: to whole ticks, and if it is empty to something around it. */
void svg_nice_range(double *min, double *max, bool log, size_t wanted);

/* "0.001", "250", "20k", "1.5M". Return: text. */
const char *svg_number(double v, char text[static SVG_NUMBER]);

/* Of a rate: "0.1 %". Return: text. */
const char *svg_percent(double v, char text[static SVG_NUMBER]);

/* The start of an axis of rates on which v and what is above it can be told apart: 0, 0.5, 0.8, 0.9, 0.95 ... */
double svg_zoom(double v);
