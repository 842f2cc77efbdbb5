/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands print of a checkpoint's tail (models/tail.h). */

#include <stdio.h>

struct gad_ckpt_tail;
struct gad_detector;
struct json_t;

/* After the threshold of a budget that is below what the calibration rows can show; else "". */
const char *tail_note(const struct gad_detector *det, double budget);

/* Two lines: the fit and p-values with their intervals, or one: why there is no tail. The caller
 * writes the label before them; @indent: columns of the second line. @det: or NULL. */
void tail_text(const struct gad_ckpt_tail *t, const struct gad_detector *det, int indent, FILE *f);

/* {"0.001": [low, high], ...}: the 95 % interval of the share of normal rows with a p-value below
 * that; NULL: out of memory. */
struct json_t *tail_intervals(const struct gad_detector *det);

/* {"state": ...}; NULL: out of memory. */
struct json_t *tail_json(const struct gad_ckpt_tail *t);
