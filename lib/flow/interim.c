/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/interim.h"

#include "lib/flow/decide.h"
#include "lib/flow/flow.h"

enum {
    EARLY = 10,  /* the first age is a tenth of the span */
    DOUBLED = 5, /* ages 1 .. DOUBLED are 1, 2, 4 ... spans */
    LATE = 1 << (DOUBLED - 1),
    EVERY = 12,
};

#define AGE_MAX (INT64_C(366) * 86400 * 1000000000)

/* Returns the n-th age in ns; INT64_MAX: over a year. */
static int64_t age(const struct gad_interims *i, unsigned n)
{
    if (n == 0)
        return i->span / EARLY;
    int64_t spans = n <= DOUBLED ? INT64_C(1) << (n - 1) : LATE + (int64_t)EVERY * (n - DOUBLED);
    return spans > AGE_MAX / i->span ? INT64_MAX : i->span * spans;
}

/* The flow's first packet on the table's clock. */
static int64_t begun(const struct gad_interims *i, const struct gad_flow *f)
{
    int64_t start = f->start > 0 ? f->start : 0;

    return start > INT64_MAX - i->skew ? INT64_MAX : start + i->skew;
}

int64_t gad_interim_due(const struct gad_interims *i, const struct gad_flow *f)
{
    if (i->span == 0 || f->timing != GAD_FLOW_IDLE || f->interims == UINT16_MAX)
        return INT64_MAX;
    int64_t after = age(i, f->interims), at = begun(i, f);
    return after > INT64_MAX - at ? INT64_MAX : at + after;
}

bool gad_interim_is_worth(const struct gad_interims *i, const struct gad_flow *f)
{
    if (f->interims == 0)
        return gad_flow_is_open(f) && gad_tcp_bytes(&f->side[1]) == 0;
    return (gad_flow_is_open(f) || !gad_flow_is_tcp(f)) &&
           f->end - f->start >= age(i, f->interims - 1U);
}

/* A forged time of the first packet can make a flow very old: one division instead of many steps.
 */
void gad_interim_next(const struct gad_interims *i, struct gad_flow *f, int64_t now)
{
    int64_t at = begun(i, f), spans = now > at ? (now - at) / i->span : 0;
    int64_t n = spans < LATE ? f->interims + 1 : DOUBLED + (spans - LATE) / EVERY;

    f->interims = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
    while (gad_interim_due(i, f) <= now)
        f->interims++;
}
