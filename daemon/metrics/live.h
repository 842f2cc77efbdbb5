/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The data of the live page, which it fetches every second: warnings, incidents that are new or
 * have changed, counters, histograms, models with their drift, outputs and captures, as one JSON
 * object. Counters are totals since the start; the page computes rates.
 *
 * Thread: main.
 */

#include <stdbool.h>

struct gad_buf;
struct metrics_options;

/**
 * live_json() - appends the object to @b; sets b->bad if memory is short
 * @query: of the request, or NULL; "since=N": only incidents that changed after change number N
 *
 * At most 64 incidents, in the order of their changes. If "change" is below "last_change", there
 * are more, which the page requests with since=CHANGE.
 */
void live_json(const struct metrics_options *o, const char *query, struct gad_buf *b);

/**
 * live_host_is_ours() - whether the Host header names this machine
 * @host: value of the header "Host", or NULL
 *
 * A foreign page can make its own name resolve to this machine and read the answers (DNS
 * rebinding). Its requests then carry that name. So only localhost and literal addresses are
 * accepted, with or without a port.
 */
bool live_host_is_ours(const char *host);
