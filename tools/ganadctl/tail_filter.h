/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which events ganadctl tail shows. What can match no event is refused before it waits for one. */

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/suppress/rule.h"

struct ctl;
struct gad_diag;

struct tail_filter {
    bool all;                /* heartbeats and counters too */
    int severity;            /* the least, 1 high to 3 low */
    struct gad_network host; /* of either end; family 0: any */
    const char *model;  /* NULL: any; a name of the configuration, or what alerts call models */
    char sha256[2][65]; /* by the configuration: of its checkpoint, and of the one before */
};

/* An address or a network; 0, or an error that names the option. */
int tail_filter_host(struct tail_filter *f, const char *text, struct gad_diag *d) GAD_MUST_CHECK;
int tail_filter_severity(struct tail_filter *f, const char *name,
                         struct gad_diag *d) GAD_MUST_CHECK;

/* Asks ganadd which model f->model is, by its name in the configuration or in alerts. An exit code of ctl.h. */
int tail_filter_model(struct tail_filter *f, const struct ctl *ctl) GAD_MUST_CHECK;

/* A model of the configuration may have another checkpoint. If ganadd does not answer nothing changes. */
void tail_filter_model_changed(struct tail_filter *f, const struct ctl *ctl);

/* Is the event to be shown? One that does not have the shape of the feed always is. */
bool tail_filter_wants(const struct tail_filter *f, const json_t *event);
