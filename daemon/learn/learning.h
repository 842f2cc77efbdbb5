/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Learning mode, the daemon's part: it keeps records of this network for a training, says how many
 * it has and how many are missing, and uses the model that `ganad-train learn` trained with them.
 * The training is another process (ganad-learning(7)). Files of the directory:
 *
 *     records.csv, .1 .. .7   records, with their connections; by the daemon
 *     progress                what has been recorded and what is wanted; by the daemon
 *     status                  what the trainer did last; by the trainer
 *     learned.ckpt            the model; by the trainer. The daemon reloads when it changes
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct job;
struct learning;
struct models;
struct reload;
struct stats;

enum { LEARNING_TEXT = 320 }; /* bytes, with the NUL */

struct learning_options {
    struct event_base *base;
    const struct config *config;
    const struct models *models;
    struct stats *stats;
};

/*
 * *ret is NULL if learning is off, or the default model is neither a demonstration nor the learned
 * one; all functions here accept that. Makes the directory, with mode 0700.
 */
int learning_new(const struct learning_options *o, struct learning **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
/* Starts the thread that writes the records. @reload must outlive @l. */
int learning_start(struct learning *l, struct reload *reload) GAD_MUST_CHECK;
void learning_free(struct learning *l);
GAD_DEFINE_CLEANUP(struct learning, learning_free);

void learning_add(struct learning *l, const struct job *j);
void learning_flush(struct learning *l);
bool learning_is_flushed(struct learning *l);
bool learning_has_room(struct learning *l);
void learning_reopen(struct learning *l);

/* A sentence on what is recorded and missing, while a demonstration raises no alert because of
 * [learning]; "" otherwise. */
void learning_text(const struct learning *l, char text[static LEARNING_TEXT]);
