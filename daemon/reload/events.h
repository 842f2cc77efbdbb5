/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What came of a reload, told to the outputs: an event for each model that has changed, or one that it was refused. */

struct feed;
struct reload_result;

void reload_tell(const struct reload_result *r, struct feed *f);
