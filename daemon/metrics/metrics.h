/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon's counters for Prometheus: GET /metrics on a unix socket or on the loopback interface.
 * libevent parses HTTP, with limits on heads and bodies. The number of connections is limited,
 * further ones wait in the kernel, and so is the life of a connection, whatever its traffic. Every
 * answer closes its connection.
 *
 * Thread: main. A page is generated in one step, in well under a millisecond.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct budgets;
struct config;
struct event_base;
struct feed;
struct server;
struct gad_buf;
struct gad_diag;
struct metrics;
struct models;
struct capture_merge;
struct stats;
struct warnings;

struct metrics_options {
    struct event_base *base;
    const struct config *config;
    const struct models *models;
    struct stats *stats;
    struct feed *feed;
    const struct capture_merge *captures; /* or NULL */
    const struct server *server;          /* or NULL */
    struct warnings *warnings;
    const struct budgets *budgets; /* or NULL */
};

/* *ret is NULL if no address is configured. Everything in @o must outlive it. */
int metrics_new(const struct metrics_options *o, struct metrics **ret,
                struct gad_diag *d) GAD_MUST_CHECK;
void metrics_free(struct metrics *m);
GAD_DEFINE_CLEANUP(struct metrics, metrics_free);

/* Appends the page to @b; sets b->bad if memory is short. */
void metrics_page(const struct metrics_options *o, struct gad_buf *b);
