/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/drift.h"

#include <stdio.h>
#include <string.h>

#include "lib/event/event.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "models/reference.h"

enum {
    SLICES = 8,      /* slices of a window */
    SHOWN = 3,       /* columns in an event, those with the highest index first */
    SHOWN_TEXT = 96, /* bytes of one of them */
};

#define ENDS_BELOW 0.8

struct drift {
    const struct gad_detector *detector; /* of the model that owns this */
    const struct gad_reference *reference;
    uint64_t window;
    uint64_t n_in_slice, n_slices; /* n_slices: completed, ever */
    struct gad_time second;        /* the start of the second whose records are being counted */
    uint64_t n_in_second;
    double psi[GAD_REFERENCE_COLUMNS_MAX];
    bool drifts[GAD_REFERENCE_COLUMNS_MAX];
    uint64_t *sum;   /* (n_bins), sum of the slices */
    uint32_t *slice; /* (SLICES, n_bins) */
};

int drift_new(const struct gad_detector *det, struct drift **ret)
{
    const struct gad_reference *r = gad_detector_reference(det);

    *ret = NULL;
    if (!r)
        return 0;
    gad_cleanup(drift_freep) struct drift *d = gad_calloc(1, sizeof(*d));
    if (!d)
        return GAD_ENOMEM;
    d->detector = det;
    d->reference = r;
    d->sum = gad_calloc(r->n_bins, sizeof(*d->sum));
    /* there are fewer than 2^20 bins */
    d->slice = gad_calloc(SLICES * r->n_bins, sizeof(*d->slice));
    if (!d->sum || !d->slice)
        return GAD_ENOMEM;
    *ret = gad_steal(&d);
    return 0;
}

void drift_free(struct drift *d)
{
    if (!d)
        return;
    gad_free(d->sum);
    gad_free(d->slice);
    gad_free(d);
}

static void restart(struct drift *d, uint64_t window)
{
    memset(d->slice, 0, SLICES * d->reference->n_bins * sizeof(*d->slice));
    memset(d->drifts, 0, sizeof(d->drifts));
    d->n_in_slice = d->n_slices = 0;
    d->window = window;
}

static void add(struct drift *d, const struct gad_record *rec, float score)
{
    const struct gad_reference *r = d->reference;
    uint32_t *slice = d->slice + d->n_slices % SLICES * r->n_bins;

    for (size_t i = 0; i < r->n_columns; i++) {
        const struct gad_reference_column *c = &r->column[i];
        slice[c->first + gad_reference_bin(c, gad_detector_schema(d->detector), rec, score)]++;
    }
    d->n_in_slice++;
}

static void sum_up(struct drift *d)
{
    size_t n = d->reference->n_bins;

    memset(d->sum, 0, n * sizeof(*d->sum));
    for (size_t k = 0; k < SLICES; k++)
        for (size_t i = 0; i < n; i++)
            d->sum[i] += d->slice[k * n + i];
}

/* What an operator does about drift: the end of an event's reason. */
static const char ADVICE[] = "; if this traffic is normal, fit a model to recent records, see "
                             "ganad-protocols(7); all columns: ganadctl drift";

/* "src_bytes: PSI 1.23, 55 % are > 1032 instead of 0.1 %" */
static void describe_column(const struct drift *d, size_t i, char text[static SHOWN_TEXT])
{
    const struct gad_reference_column *c = &d->reference->column[i];
    char bin[GAD_REFERENCE_BIN_TEXT];
    double expected = 0, observed = 0;
    size_t at = gad_reference_farthest(c, d->sum + c->first, &expected, &observed);

    gad_reference_bin_text(c, gad_detector_schema(d->detector), at, bin);
    (void)snprintf(text, SHOWN_TEXT, "%s: PSI %.3g, %.3g %% are %.32s instead of %.3g %%",
                   gad_reference_name(c), d->psi[i], 100 * observed, bin, 100 * expected);
}

static size_t farthest(const struct drift *d, const bool *done)
{
    size_t most = SIZE_MAX;

    for (size_t i = 0; i < d->reference->n_columns; i++)
        if (d->drifts[i] && !done[i] && (most == SIZE_MAX || d->psi[i] > d->psi[most]))
            most = i;
    return most;
}

/* The change that evaluate() found, for an event. */
static void describe(const struct drift *d, size_t n_drifting, struct gad_model_event *ret)
{
    bool done[GAD_REFERENCE_COLUMNS_MAX] = {0};
    char text[SHOWN_TEXT];
    size_t len = 0;

    *ret = (struct gad_model_event){0};
    (void)snprintf(ret->action, sizeof(ret->action), n_drifting > 0 ? "drifted" : "settled");
    for (size_t k = 0; k < SHOWN && k < n_drifting; k++) {
        size_t i = farthest(d, done);
        done[i] = true;
        describe_column(d, i, text);
        len = strlen(ret->reason);
        (void)snprintf(ret->reason + len, sizeof(ret->reason) - len, "%s%s", k > 0 ? "; " : "",
                       text);
    }
    len = strlen(ret->reason);
    if (n_drifting > SHOWN)
        len += (size_t)snprintf(ret->reason + len, sizeof(ret->reason) - len, "; %zu more",
                                n_drifting - SHOWN);
    if (n_drifting > 0 && len < sizeof(ret->reason))
        (void)snprintf(ret->reason + len, sizeof(ret->reason) - len, "%s", ADVICE);
}

static bool evaluate(struct drift *d, double threshold, struct gad_model_event *ret)
{
    size_t n_began = 0, n_ended = 0, n_drifting = 0;

    sum_up(d);
    for (size_t i = 0; i < d->reference->n_columns; i++) {
        const struct gad_reference_column *c = &d->reference->column[i];
        d->psi[i] = gad_reference_psi(c, d->sum + c->first);
        double bar = d->drifts[i] ? ENDS_BELOW * threshold : threshold;
        bool drifts = threshold > 0 && d->psi[i] > bar;
        n_began += drifts && !d->drifts[i];
        n_ended += !drifts && d->drifts[i];
        n_drifting += drifts;
        d->drifts[i] = drifts;
    }
    if (n_began == 0 && (n_ended == 0 || n_drifting > 0))
        return false;
    describe(d, n_drifting, ret);
    return true;
}

static bool end_slice(struct drift *d, double threshold, struct gad_model_event *ret)
{
    size_t n = d->reference->n_bins;

    d->n_in_slice = 0;
    d->n_slices++;
    bool changes = d->n_slices >= SLICES && evaluate(d, threshold, ret);
    memset(d->slice + d->n_slices % SLICES * n, 0, n * sizeof(*d->slice));
    return changes;
}

static bool may_count(struct drift *d, uint64_t rate, struct gad_time now)
{
    if (rate == 0)
        return true;
    if (gad_time_sub(now, d->second).ns >= INT64_C(1000000000)) {
        d->second = now;
        d->n_in_second = 0;
    }
    return d->n_in_second++ < rate;
}

bool drift_count(struct drift *d, const struct drift_options *o, const struct gad_record *rec,
                 float score, struct gad_time now, struct gad_model_event *ret)
{
    if (d->window != o->window)
        restart(d, o->window);
    if (!may_count(d, o->rate, now))
        return false;
    add(d, rec, score);
    return d->n_in_slice >= d->window / SLICES && end_slice(d, o->threshold, ret);
}

bool drift_column(const struct drift *d, size_t i, struct drift_column *ret)
{
    if (!d || d->n_slices < SLICES || i >= d->reference->n_columns)
        return false;
    *ret = (struct drift_column){.name = gad_reference_name(&d->reference->column[i]),
                                 .psi = d->psi[i],
                                 .is_drifting = d->drifts[i]};
    return true;
}
