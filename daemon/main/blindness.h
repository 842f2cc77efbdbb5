/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Looks once a second whether captures could not see traffic (daemon/alert/blind.h), and reports it
 * in the log and as events. Thread: main. */

#include "lib/base/err.h"

struct blindness;
struct capture_merge;
struct event_base;
struct feed;

/* @captures may be NULL; what it points to, and @f, must outlive it. */
int blindness_new(struct event_base *base, const struct capture_merge *captures, struct feed *f,
                  struct blindness **ret) GAD_MUST_CHECK;
void blindness_free(struct blindness *b);

/* Looks now: all captures have ended. @b may be NULL. */
void blindness_look(struct blindness *b);
