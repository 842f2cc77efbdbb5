/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reports the result of a reload to the outputs: a model event for each model that changed, or one
 * event if the reload failed.
 */

struct feed;
struct reload_result;

void reload_report(const struct reload_result *r, struct feed *f);
