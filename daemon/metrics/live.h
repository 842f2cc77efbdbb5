/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The data of the live page, which it fetches every second: counters, histograms, models with their
 * drift, outputs, captures and the latest alerts, as one JSON object. Counters are totals since the
 * start; the page computes rates.
 *
 * Thread: main.
 */

#include <stdbool.h>

struct gad_buf;
struct metrics_options;

/* Appends the object to @b; sets b->bad if memory is short. */
void live_json(const struct metrics_options *o, struct gad_buf *b);

/**
 * live_host_is_ours() - whether the Host header names this machine
 * @host: value of the header "Host", or NULL
 *
 * A foreign page can make its own name resolve to this machine and read the answers (DNS
 * rebinding). Its requests then carry that name. So only localhost and literal addresses are
 * accepted, with or without a port.
 */
bool live_host_is_ours(const char *host);
