/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct gad_ckpt_history;
struct json_t;

/* The figures of each epoch as arrays; null if there is no history. NULL: out of memory. */
struct json_t *inspect_history(const struct gad_ckpt_history *h);
