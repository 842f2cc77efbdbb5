/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/thin.h"

#include <string.h>

enum { SHIFT_MAX = 31 };

/* The finaliser of splitmix64: neighbours get unrelated values. */
static uint32_t mix(uint64_t v)
{
    v += UINT64_C(0x9e3779b97f4a7c15);
    v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(v ^ (v >> 31));
}

/* Services beyond the range, and those without a name, share the last place. */
static size_t place(double service)
{
    return service >= 0.0 && service < GAD_THIN_SERVICES - 1 ? (size_t)service
                                                             : GAD_THIN_SERVICES - 1;
}

bool gad_thin_is_drawn(const struct gad_thin *t, uint32_t draw)
{
    return (draw & ((UINT32_C(1) << t->shift) - 1)) == 0;
}

uint32_t gad_thin_next(struct gad_thin *t, double service, bool *ret_keep)
{
    uint32_t draw = mix(t->seen++);
    size_t *of = &t->of_service[place(service)];

    *ret_keep = gad_thin_is_drawn(t, draw) || *of < GAD_THIN_RARE;
    *of += *ret_keep;
    return draw;
}

static size_t choose(struct gad_thin *t, size_t n, const float *service, const uint32_t *draw,
                     bool *keep)
{
    size_t kept = 0;

    memset(t->of_service, 0, sizeof(t->of_service));
    for (size_t i = 0; i < n; i++) {
        keep[i] = gad_thin_is_drawn(t, draw[i]);
        kept += keep[i];
        t->of_service[place((double)service[i])] += keep[i];
    }
    for (size_t i = 0; i < n; i++) {
        size_t *of = &t->of_service[place((double)service[i])];
        if (keep[i] || *of >= GAD_THIN_RARE)
            continue;
        keep[i] = true;
        kept++;
        (*of)++;
    }
    return kept;
}

size_t gad_thin_halve(struct gad_thin *t, size_t n, const float *service, const uint32_t *draw,
                      size_t max, bool *keep)
{
    size_t kept;

    do {
        t->shift++;
        kept = choose(t, n, service, draw, keep);
    } while (kept > max / 4 * 3 && t->shift < SHIFT_MAX);
    return kept;
}
