/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maximum likelihood of a GPD by Grimshaw (1993), Computing Maximum Likelihood Estimates for
 * the Generalized Pareto Distribution: for a given theta = shape / scale the best shape is the
 * mean of log(1 + theta y), so that one dimension is searched. The search is a grid and then
 * golden sections, which always ends.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/tail.h"

enum { GRID_DOWN = 16, GRID_UP = 24, GRID = GRID_DOWN + 1 + GRID_UP, SECTIONS = 24 };
enum { DRAWS = 99, WORSE_MIN = 10 }; /* draws that must fit as badly */
enum { HALVINGS = 40, DOUBLINGS = 8 };

#define SHAPE_MIN       (-0.5)
#define SHAPE_MAX       2.0
#define CURVE_SHAPE_MIN (-0.98)

struct gpd {
    double shape, scale;
};

struct peaks {
    size_t n;
    const double *y; /* (n) ascending, positive */
    double mean;
};

static struct peaks peaks_of(size_t n, const double *y)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += y[i];
    return (struct peaks){n, y, sum / (double)n};
}

static struct gpd of_theta(const struct peaks *p, double theta)
{
    double sum = 0.0;

    if (theta == 0.0)
        return (struct gpd){0.0, p->mean};
    for (size_t i = 0; i < p->n; i++)
        sum += log1p(theta * p->y[i]);
    double shape = sum / (double)p->n;
    return (struct gpd){shape, shape / theta};
}

/* Mean log likelihood of the best scale and shape for a theta, -inf outside the sought shapes. */
static double profile(const struct peaks *p, double theta)
{
    struct gpd g = of_theta(p, theta);

    if (!(g.shape >= SHAPE_MIN && g.shape <= SHAPE_MAX && g.scale > 0.0))
        return -HUGE_VAL;
    return -log(g.scale) - g.shape - 1.0;
}

/* Ascending; theta > -1 / (greatest peak). */
static void make_grid(const struct peaks *p, double theta[static GRID])
{
    double most = p->y[p->n - 1];

    for (int i = 0; i < GRID_DOWN; i++)
        theta[i] = -pow(0.6, i) * (1.0 - 1e-6) / most;
    theta[GRID_DOWN] = 0.0;
    for (int i = 0; i < GRID_UP; i++)
        theta[GRID_DOWN + 1 + i] = 1e-3 * pow(2.0, i) / p->mean;
}

static struct gpd fit(const struct peaks *p)
{
    const double ratio = 0.6180339887498949;
    double theta[GRID], best_value = -HUGE_VAL;
    int best = GRID_DOWN;

    make_grid(p, theta);
    for (int i = 0; i < GRID; i++) {
        double value = profile(p, theta[i]);
        if (value > best_value) {
            best_value = value;
            best = i;
        }
    }
    double a = theta[best > 0 ? best - 1 : 0], b = theta[best + 1 < GRID ? best + 1 : best];
    double c = b - ratio * (b - a), d = a + ratio * (b - a);
    double at_c = profile(p, c), at_d = profile(p, d);
    for (int i = 0; i < SECTIONS; i++) {
        bool left = at_c > at_d || (at_c == at_d && fabs(c - theta[best]) < fabs(d - theta[best]));
        if (left) {
            b = d, d = c, at_d = at_c;
            c = b - ratio * (b - a), at_c = profile(p, c);
        } else {
            a = c, c = d, at_c = at_d;
            d = a + ratio * (b - a), at_d = profile(p, d);
        }
    }
    double found = at_c > at_d ? c : d;
    return of_theta(p, fmax(at_c, at_d) > best_value ? found : theta[best]);
}

/* Anderson-Darling: the tails of the distribution weigh most. */
static double misfit(const struct peaks *p, const struct gpd *g)
{
    double n = (double)p->n, sum = 0.0;

    for (size_t i = 0; i < p->n; i++) {
        double x = p->y[i] / g->scale, far = p->y[p->n - 1 - i] / g->scale;
        double h = fabs(g->shape) < 1e-8 ? x : log1p(g->shape * x) / g->shape;
        double h_far = fabs(g->shape) < 1e-8 ? far : log1p(g->shape * far) / g->shape;
        double below = fmax(-expm1(-h), 1e-300); /* distribution function of the i-th smallest */
        sum += (2.0 * (double)i + 1.0) * (log(below) - h_far);
    }
    return -n - sum / n;
}

static int ascending(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Draws @n excesses. */
static void draw(struct gad_rng *rng, const struct gpd *g, size_t n, double *y)
{
    for (size_t i = 0; i < n; i++) {
        double h = -log(((double)(gad_rng_u64(rng) >> 11) + 0.5) * 0x1p-53);
        y[i] = g->scale * (fabs(g->shape) < 1e-8 ? h : expm1(g->shape * h) / g->shape);
    }
    qsort(y, n, sizeof(*y), ascending);
}

/* Share of draws from the fit that fit as badly as the peaks, (k + 1) / (draws + 1). */
static double goodness(const struct peaks *p, const struct gpd *g, double *scratch)
{
    struct gad_rng rng = gad_rng_init(1, p->n);
    double own = misfit(p, g);
    unsigned worse = 0;

    for (unsigned i = 0; i < DRAWS; i++) {
        draw(&rng, g, p->n, scratch);
        struct peaks drawn = peaks_of(p->n, scratch);
        struct gpd again = fit(&drawn);
        worse += misfit(&drawn, &again) >= own;
        if (worse + (DRAWS - 1 - i) < WORSE_MIN - 1) /* it cannot fit any more */
            break;
    }
    return (double)(worse + 1) / (DRAWS + 1);
}

static double log_likelihood(const struct peaks *p, const struct gpd *g)
{
    double sum = 0.0;

    if (fabs(g->shape) < 1e-8)
        return -(double)p->n * (log(g->scale) + p->mean / g->scale);
    if (g->shape * p->y[p->n - 1] / g->scale <= -1.0)
        return -HUGE_VAL;
    for (size_t i = 0; i < p->n; i++)
        sum += log1p(g->shape * p->y[i] / g->scale);
    return -(double)p->n * log(g->scale) - (1.0 + 1.0 / g->shape) * sum;
}

/* Where the ray from the maximum in a direction crosses the curve. The units are the standard
 * errors of large samples (Smith 1987), so that few halvings are needed. */
static struct gpd crossing(const struct peaks *p, const struct gpd *best, double angle)
{
    double in = 0.0, out = 1.0, n = (double)p->n;
    double by_shape = cos(angle) * (1.0 + best->shape) / sqrt(n);
    double by_scale = sin(angle) * sqrt(2.0 * (1.0 + best->shape) / n);
    double least = log_likelihood(p, best) - GAD_TAIL_DROP;

#define AT(r)     ((struct gpd){best->shape + (r)*by_shape, best->scale * exp((r)*by_scale)})
#define INSIDE(r) (AT(r).shape >= CURVE_SHAPE_MIN && log_likelihood(p, &AT(r)) >= least)
    for (int i = 0; i < DOUBLINGS && INSIDE(out); i++) {
        in = out;
        out *= 2.0;
    }
    for (int i = 0; i < HALVINGS; i++) {
        double mid = (in + out) / 2.0;
        if (INSIDE(mid))
            in = mid;
        else
            out = mid;
    }
    return AT(in);
#undef AT
#undef INSIDE
}

static void set_fitted(struct gad_ckpt_tail *t, const struct peaks *p, const struct gpd *g,
                       double level, double good)
{
    *t = (struct gad_ckpt_tail){.state = GAD_CKPT_TAIL_FITTED,
                                .level = (float)level,
                                .n_peaks = p->n,
                                .shape = g->shape,
                                .scale = g->scale,
                                .goodness = good};
    for (size_t i = 0; i < GAD_CKPT_TAIL_CURVE; i++) {
        struct gpd at = crossing(p, g, 2.0 * M_PI * (double)i / GAD_CKPT_TAIL_CURVE);
        t->curve_shape[i] = at.shape;
        t->curve_scale[i] = at.scale;
    }
}

/* The excesses of the highest k scores over the next one, without those that equal it. Returns
 * their number. */
static size_t excesses(size_t n, const float *sorted, size_t k, double *y, size_t *ret_distinct)
{
    double level = (double)sorted[n - k - 1];
    size_t kept = 0, distinct = 0;

    for (size_t i = n - k; i < n; i++) {
        if ((double)sorted[i] <= level)
            continue;
        distinct += kept == 0 || sorted[i] != sorted[i - 1];
        y[kept++] = (double)sorted[i] - level;
    }
    *ret_distinct = distinct;
    return kept;
}

int gad_tail_fit(size_t n, const float *sorted, struct gad_ckpt_tail *ret)
{
    struct gad_ckpt_tail t = {.state = GAD_CKPT_TAIL_FEW};
    size_t most = n / 50 < GAD_TAIL_PEAKS_MAX ? n / 50 : GAD_TAIL_PEAKS_MAX;
    gad_cleanup(gad_freep) double *y = gad_calloc(GAD_TAIL_PEAKS_MAX, 2 * sizeof(*y));

    if (!y)
        return GAD_ENOMEM;
    double share = (double)most;
    while (t.state != GAD_CKPT_TAIL_FITTED) {
        size_t k = (size_t)share, distinct;
        share *= M_SQRT1_2;
        if (k < GAD_TAIL_PEAKS_MIN)
            break;
        size_t kept = excesses(n, sorted, k, y, &distinct);
        if (kept < GAD_TAIL_PEAKS_MIN || 4 * distinct < 3 * kept) {
            t.state = GAD_CKPT_TAIL_TIES;
            continue;
        }
        struct peaks p = peaks_of(kept, y);
        struct gpd g = fit(&p);
        double good = goodness(&p, &g, y + GAD_TAIL_PEAKS_MAX);
        t.state = GAD_CKPT_TAIL_POOR;
        if (good * (DRAWS + 1) >= WORSE_MIN)
            set_fitted(&t, &p, &g, (double)sorted[n - k - 1], good);
    }
    *ret = t;
    return 0;
}
