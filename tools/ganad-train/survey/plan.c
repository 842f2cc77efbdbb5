/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/plan.h"

#include <math.h>
#include <string.h>

/*
 * The combinations of the survey's tables 1 (BiGAN/EGBAD) and 2 (GANomaly). Epochs and scaler are
 * those of `fit --protocol survey`. EGBAD's epochs are published. Features are unscaled, because
 * the published program discards the output of its scaler. For GANomaly on KDD99 neither is
 * published. Combinations with published figures come first.
 *
 * AnoGAN has a look at every tenth epoch: a look at 5,000 rows is two searches of 500 steps for
 * each distinct row, and takes as long as two epochs of its training.
 */
static const struct survey_plan plans[] = {
    {
        .model = "egbad",
        .loss = GAD_ADV_BCE,
        .scaler = GAD_SCALER_NONE,
        .epochs = 50,
        .every = 1,
        .cost = 1,
        .published = true,
        .n_views = 6,
        .view = {{"fm", SURVEY_ALL},
                 {"fm", SURVEY_SOME},
                 {"cross-e", SURVEY_ALL},
                 {"cross-e", SURVEY_SOME},
                 {"cross-e-paper", SURVEY_ALL},
                 {"residual", SURVEY_ALL}},
    },
    {
        .model = "ganomaly",
        .loss = GAD_ADV_FEATURE_MATCHING,
        .scaler = GAD_SCALER_MINMAX,
        .epochs = 5,
        .every = 1,
        .cost = 0.8,
        .published = true,
        .n_views = 2,
        .view = {{"enc", SURVEY_ALL}, {"rec", SURVEY_ALL}},
    },
    {
        .model = "anogan",
        .loss = GAD_ADV_BCE,
        .scaler = GAD_SCALER_NONE,
        .epochs = 50,
        .every = 10,
        .cost = 1.1,
        .published = true,
        .n_views = 2,
        .view = {{"fm", SURVEY_SOME}, {"cross-e", SURVEY_SOME}},
    },
    {
        .model = "ganomaly",
        .loss = GAD_ADV_BCE,
        .scaler = GAD_SCALER_MINMAX,
        .epochs = 5,
        .every = 1,
        .cost = 0.8,
        .n_views = 2,
        .view = {{"enc", SURVEY_ALL}, {"rec", SURVEY_ALL}},
    },
#define EGBAD_UNPUBLISHED                                                                          \
    .model = "egbad", .scaler = GAD_SCALER_NONE, .epochs = 50, .every = 1, .cost = 1,              \
    .n_views = 4,                                                                                  \
    .view = {{"fm", SURVEY_ALL},                                                                   \
             {"cross-e", SURVEY_ALL},                                                              \
             {"cross-e-paper", SURVEY_ALL},                                                        \
             {"residual", SURVEY_ALL}}
    {EGBAD_UNPUBLISHED, .loss = GAD_ADV_BCE, .residual = 1},
    {EGBAD_UNPUBLISHED, .loss = GAD_ADV_FEATURE_MATCHING},
    {EGBAD_UNPUBLISHED, .loss = GAD_ADV_FEATURE_MATCHING, .residual = 1},
};

const struct survey_plan *survey_plan_at(size_t i)
{
    return i < sizeof(plans) / sizeof(plans[0]) ? &plans[i] : NULL;
}

/*
 * The survey (arXiv 1906.11632), table 3: the best of all its trials, the epoch chosen on the test
 * set; it does not name the loss and score. EGBAD (arXiv 1802.06222v1), KDD99: means over 10 runs.
 * Its sigma is our cross-e: the published program uses that pair. Its AnoGAN-FM is inconsistent:
 * its P and R give an F1 of .8535.
 */
#define NONE ((double)NAN)
static const struct survey_published published[] = {
    {"egbad", "survey, table 3", NULL, .941174, .956155, .948605, NONE, NONE, NONE},
    {"egbad", "EGBAD's authors", "fm", .8698, .9523, .9058, .113, .022, .069},
    {"egbad", "EGBAD's authors", "cross-e", .9200, .9582, .9372, .074, .010, .044},
    {"ganomaly", "survey, table 3", NULL, .830256, .841112, .835648, NONE, NONE, NONE},
    {"anogan", "EGBAD's authors", "fm", .8786, .8297, .8865, .034, .035, .034},
    {"anogan", "EGBAD's authors", "cross-e", .7790, .7914, .7852, .125, .119, .118},
};

const struct survey_published *survey_published_at(size_t i)
{
    return i < sizeof(published) / sizeof(published[0]) ? &published[i] : NULL;
}

bool survey_is_published_for(const struct survey_published *f, const struct survey_plan *p)
{
    return p->published && strcmp(f->model, p->model) == 0;
}
