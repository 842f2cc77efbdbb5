/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Data of `ganad-train survey`: the trainings, the scores of each, and the published figures.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/feature/scaler.h"
#include "models/trainer.h"

enum { SURVEY_VIEWS_MAX = 6 };

/* Test rows: all of the other half, or some, evenly spread, for a slow model. */
enum survey_sample { SURVEY_ALL, SURVEY_SOME, SURVEY_N_SAMPLES };

/* A score of a training, on a sample. It needs no further training. */
struct survey_view {
    const char *score;
    enum survey_sample sample;
};

/* One training, which is repeated with each seed. Other options are the trainer's defaults for the
 * protocol. */
struct survey_plan {
    const char *model;
    enum gad_adversarial_loss loss;
    double residual; /* weight of the survey's term, only on E */
    enum gad_scaler_kind scaler;
    uint32_t epochs;
    uint32_t every; /* epochs between looks; the last epoch always has one */
    /* Of an epoch with its looks, relative to the first plan; for the time left. */
    double cost;
    bool published; /* there are published figures */
    size_t n_views;
    /* Views of the same score are adjacent, SURVEY_ALL first. */
    struct survey_view view[SURVEY_VIEWS_MAX];
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
