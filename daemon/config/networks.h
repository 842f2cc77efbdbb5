/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The networks whose connections a model scores. Immutable. Thread: any. */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_tuple;
struct networks;

enum { NETWORKS_MAX = 64 };

/**
 * networks_new() - parses networks
 * @text: "192.0.2.0/24, 2001:db8::/32"; if empty, @ret is NULL
 * Returns 0; GAD_ENOMEM; GAD_EINVAL with the invalid word in @d.
 */
int networks_new(const char *text, struct networks **ret, struct gad_diag *d) GAD_MUST_CHECK;
void networks_free(struct networks *n);
GAD_DEFINE_CLEANUP(struct networks, networks_free);

/*
 * The length of the longest prefix that contains the originator or the responder; -1: none does, or
 * the addresses are unknown.
 */
int networks_match(const struct networks *n, const struct gad_tuple *t);
