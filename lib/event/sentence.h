/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sentence of an alert, for gad_event_sentence(). */

#include "lib/event/event.h"
#include "lib/event/words.h"

void gad_alert_sentence(const struct gad_alert *a, struct gad_words *w);
