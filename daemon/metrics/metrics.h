/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the daemon counts, for Prometheus: GET /metrics on a unix socket or on the loopback. The parser of HTTP is
 * libevent's, with limits on heads and bodies; besides there is a limit on connections, further ones wait in the kernel,
 * and one on how long a connection may last, whatever comes or goes on it. Every answer ends its connection.
 *
 * Thread: main. A page is made in one go, in well under a millisecond.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct feed;
struct gad_buf;
struct gad_diag;
struct metrics;
struct models;
struct capture_merge;
struct stats;

struct metrics_options {
    struct event_base *base;
    const struct config *config;
    const struct models *models;
    struct stats *stats;
    struct feed *feed;
    const struct capture_merge *captures; /* or NULL */
};

/* *ret is NULL if nobody may ask. Everything in @o must outlive it. */
int metrics_new(const struct metrics_options *o, struct metrics **ret,
                struct gad_diag *d) GAD_MUST_CHECK;
void metrics_free(struct metrics *m);
GAD_DEFINE_CLEANUP(struct metrics, metrics_free);

/* The page at the end of @b; b->bad if there is no memory. */
void metrics_page(const struct metrics_options *o, struct gad_buf *b);
