/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From scored jobs to alerts to outputs. An alert is formatted once, whoever gets it. Thread: main. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct feed;
struct gad_diag;
struct job;
struct output;
struct stats;

/* Opens the outputs. Everything handed in must outlive it. */
int feed_new(struct event_base *base, const struct config *c, struct stats *st, struct feed **ret,
             struct gad_diag *d) GAD_MUST_CHECK;
void feed_free(struct feed *f);
GAD_DEFINE_CLEANUP(struct feed, feed_free);

/* Besides the outputs, @tail gets each alert as JSON without a line end. NULL: nobody. */
void feed_set_tail(struct feed *f, void (*tail)(void *arg, const char *json, size_t len),
                   void *arg);

/* Raises the alerts of a job that has come back from the scorer. */
void feed_scored(struct feed *f, const struct job *j);

void feed_flush(struct feed *f);
void feed_reopen(struct feed *f);

/* So many alerts more are lost by no output that takes some; SIZE_MAX: any number. */
size_t feed_room(const struct feed *f);

bool feed_is_busy(const struct feed *f); /* an open output has something left to write */

/* The i-th output, NULL after the last. */
const struct output *feed_output(const struct feed *f, size_t i);
