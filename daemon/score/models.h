/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The detectors that the configuration names, each with the threshold that it asks for. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct gad_detector;
struct gad_diag;

struct model {
    const char *name; /* the section's; the configuration's memory */
    const char *file;
    struct gad_detector *detector;
    float threshold;   /* anomalous above it */
    double fpr_budget; /* 0: the threshold was given outright */
    uint32_t top_features;
    uint32_t steps;     /* of the search for each record; 1: the model does not search */
    double search_rate; /* searches a second; 0: it has no budget */
    uint64_t scored, anomalous, unscored; /* Thread: main */
};

struct models {
    size_t n;
    struct model *model; /* (n); the first is the default */
};

/* Borrows from @c, which must outlive it. */
int models_load(const struct config *c, struct models **ret, struct gad_diag *d) GAD_MUST_CHECK;
void models_free(struct models *m);
GAD_DEFINE_CLEANUP(struct models, models_free);

/* By the name in the configuration, else by the checkpoint's own; "" is the default. NULL: not loaded. */
struct model *models_find(struct models *m, const char *name);
