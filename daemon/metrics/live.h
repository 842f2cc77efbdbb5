/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the live page asks for each second: counters, histograms, models with their drift, outputs, captures and the latest
 * alerts, as one object of JSON. Sums since the start; the page makes rates of them.
 *
 * Thread: main.
 */

#include <stdbool.h>

struct gad_buf;
struct metrics_options;

/* At the end of @b; b->bad if there is no memory. */
void live_json(const struct metrics_options *o, struct gad_buf *b);

/**
 * live_host_is_ours() - whom a request is for, by its head
 * @host: of the head "Host", or NULL
 *
 * A page elsewhere can have its name lead to this machine and read what we answer; what its requests carry then is that
 * name. So only localhost and literal addresses are ours, with or without a port.
 */
bool live_host_is_ours(const char *host);
