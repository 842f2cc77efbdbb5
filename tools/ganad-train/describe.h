/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A checkpoint for people and for scripts.
 */

#include <stdio.h>

struct gad_checkpoint;
struct gad_ckpt_history;
struct gad_detector;
struct json_t;

struct description {
    const char *path;
    const struct gad_checkpoint *checkpoint;
    const struct gad_detector *detector; /* NULL if it refused the checkpoint */
    const char *why;                     /* ... and then the reason */
};

void describe_text(const struct description *s, FILE *f);

/* Arrays of the figures of each epoch; null if there is no history. NULL: out of memory. */
struct json_t *describe_history(const struct gad_ckpt_history *h);

/* NULL: out of memory. */
struct json_t *describe_json(const struct description *s);
