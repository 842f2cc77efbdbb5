/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/svg.h"

#include <math.h>
#include <stdio.h>

double svg_at(const struct svg_scale *s, double v)
{
    double part = s->log ? log10(fmax(v, s->min) / s->min) / log10(s->max / s->min)
                         : (v - s->min) / (s->max - s->min);

    return s->from + part * (s->to - s->from);
}

/* The smallest of 1, 2, 5 times a power of ten that is at least v > 0. */
static double nice_step(double v)
{
    double power = pow(10.0, floor(log10(v)));

    for (size_t i = 0; i < 3; i++) {
        static const double multiples[] = {1.0, 2.0, 5.0};
        if (multiples[i] * power >= v * (1.0 - 1e-9))
            return multiples[i] * power;
    }
    return 10.0 * power;
}

static size_t linear_ticks(double min, double max, size_t wanted, double *tick)
{
    double step = nice_step((max - min) / (double)wanted);
    double first = ceil(min / step - 1e-9), last = floor(max / step + 1e-9);
    size_t n = 0;

    for (; n < SVG_TICKS && first + (double)n <= last; n++) {
        double k = first + (double)n;
        tick[n] = k == 0.0 ? 0.0 : k * step; /* never -0 */
    }
    return n;
}

static size_t log_ticks(double min, double max, size_t wanted, double *tick)
{
    static const double multiples[] = {1.0, 2.0, 5.0};
    int first = (int)floor(log10(min) + 1e-9), last = (int)floor(log10(max) + 1e-9);
    double decades = log10(max) - log10(min);
    int every = (int)fmax(1.0, ceil(decades / (double)(wanted + 1)));
    size_t n = 0, n_multiples = decades < 2.0 ? 3 : 1;

    for (int k = first; k <= last; k++)
        for (size_t i = 0; i < n_multiples && n < SVG_TICKS; i++) {
            double v = multiples[i] * pow(10.0, k);
            if (k % every == 0 && v >= min * (1.0 - 1e-9) && v <= max * (1.0 + 1e-9))
                tick[n++] = v;
        }
    return n;
}

size_t svg_ticks(double min, double max, bool log, size_t wanted, double tick[static SVG_TICKS])
{
    size_t n = log ? log_ticks(min, max, wanted, tick) : 0;

    return n >= 2 || (log && max / min > 10.0) ? n : linear_ticks(min, max, wanted, tick);
}

void svg_nice_range(double *min, double *max, bool log, size_t wanted)
{
    if (log) {
        *min = pow(10.0, floor(log10(*min) + 1e-9));
        *max = pow(10.0, ceil(log10(*max) - 1e-9));
        if (!(*max > *min))
            *max = *min * 10.0;
        return;
    }
    /* A range near the precision of a double counts as empty. */
    if (!(*max - *min > 1e-9 * fmax(fabs(*min), fabs(*max)))) {
        double around = *min == 0.0 ? 1.0 : fabs(*min) / 2.0;
        *min -= around;
        *max += around;
    }
    double step = nice_step((*max - *min) / (double)wanted);
    *min = floor(*min / step + 1e-9) * step;
    *max = ceil(*max / step - 1e-9) * step;
}

const char *svg_number(double v, char text[static SVG_NUMBER])
{
    double size = fabs(v);

    if (size >= 1e12 || (size > 0.0 && size < 1e-4))
        (void)snprintf(text, SVG_NUMBER, "%.3g", v);
    else if (size >= 1e9)
        (void)snprintf(text, SVG_NUMBER, "%.4gG", v / 1e9);
    else if (size >= 1e6)
        (void)snprintf(text, SVG_NUMBER, "%.4gM", v / 1e6);
    else if (size >= 1e4)
        (void)snprintf(text, SVG_NUMBER, "%.4gk", v / 1e3);
    else
        (void)snprintf(text, SVG_NUMBER, "%.6g", v);
    return text;
}

const char *svg_percent(double v, char text[static SVG_NUMBER])
{
    (void)snprintf(text, SVG_NUMBER,
                   100.0 * v < 0.9e-4 && v > 0.0 ? "%.0e\u00a0%%" : "%.6g\u00a0%%", 100.0 * v);
    return text;
}

double svg_zoom(double v)
{
    static const double starts[] = {0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5};

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (v >= starts[i])
            return starts[i];
    return 0.0;
}
