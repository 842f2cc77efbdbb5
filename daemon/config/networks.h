/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The networks of a model: which connections are its. Never changes, so that any thread may look. */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_tuple;
struct networks;

enum { NETWORKS_MAX = 64 };

/**
 * networks_new() - from text
 * @text: "192.0.2.0/24, 2001:db8::/32"; empty: there are none, and @ret is NULL
 * Return: 0; GAD_ENOMEM; GAD_EINVAL with the word that is no network in @d.
 */
int networks_new(const char *text, struct networks **ret, struct gad_diag *d) GAD_MUST_CHECK;
void networks_free(struct networks *n);
GAD_DEFINE_CLEANUP(struct networks, networks_free);

/* Bits of the longest prefix that holds the originator or the responder; -1: none does, or no address is known. */
int networks_match(const struct networks *n, const struct gad_tuple *t);
