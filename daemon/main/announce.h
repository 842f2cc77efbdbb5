/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The status line for the service manager (STATUS=): models, captures with their states, outputs
 * with theirs. It is sent at the start and when it changes; the main loop checks that once a
 * second. Thread: main.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct announce;
struct config;
struct event_base;
struct feed;
struct models;
struct capture_merge;

struct announce_options {
    struct event_base *base;
    const struct config *config;
    const struct models *models;
    struct feed *feed;
    const struct capture_merge *captures;
};

/* Everything in @o must outlive it. Returns 0 or GAD_ENOMEM. */
int announce_new(const struct announce_options *o, struct announce **ret) GAD_MUST_CHECK;
/* Sends READY=1 and the first status line in one message, once ganadd serves. */
void announce_ready(struct announce *a);
void announce_free(struct announce *a);
GAD_DEFINE_CLEANUP(struct announce, announce_free);
