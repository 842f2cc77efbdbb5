/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `ganad-train survey` trains, how each training is scored, and the figures that were published for it:
 * data, in one place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/feature/scaler.h"
#include "models/trainer.h"

enum { SURVEY_VIEWS_MAX = 6 };

/* Which rows test: all of the other half, or some, evenly spread, for a model that takes long. */
enum survey_sample { SURVEY_ALL, SURVEY_SOME, SURVEY_N_SAMPLES };

/* A way to look at a training; no further training is needed for it. */
struct survey_view {
    const char *score;
    enum survey_sample sample;
};

/* One training, which is repeated with each seed. What is not here is the trainer's own for the protocol. */
struct survey_plan {
    const char *model;
    enum gad_adversarial_loss loss;
    double residual; /* weight of the survey's term, on E alone */
    enum gad_scaler_kind scaler;
    uint32_t epochs;
    uint32_t every; /* epochs from one look to the next; the last one is always looked at */
    double
        cost; /* of an epoch, its looks included, in those of the first plan; for the time left */
    bool published; /* there are figures to compare with */
    size_t n_views;
    struct survey_view
        view[SURVEY_VIEWS_MAX]; /* views of the same score together, SURVEY_ALL first */
};

const struct survey_plan *survey_plan_at(size_t i); /* NULL after the last */

struct survey_published {
    const char *model, *source;
    const char *score;                     /* NULL: the source does not say which */
    double precision, recall, f1;          /* of all test rows */
    double precision_sd, recall_sd, f1_sd; /* NaN: not published */
};

const struct survey_published *survey_published_at(size_t i); /* NULL after the last */

/* Whether a published figure is one for this plan. */
bool survey_is_published_for(const struct survey_published *f, const struct survey_plan *p);
