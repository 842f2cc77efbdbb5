/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A filter in the language of pcap-filter(7), for frames of any link type. It also counts frames
 * with a VLAN tag that were refused: the language looks behind a tag only after the word "vlan",
 * which operators of tagged networks often do not know.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_filter;

/* Frames that a filter refused. */
struct gad_filter_refused {
    uint64_t frames;
    uint64_t tagged;       /* of these: with a VLAN tag */
    uint64_t tagged_twice; /* of these: with two or more */
};

/* Checks a filter against Ethernet, raw IP, Linux's "any" and wireless frames; "" is valid.
 * Returns 0, or GAD_EINVAL with the reason. */
int gad_source_check_filter(const char *filter, struct gad_diag *d) GAD_MUST_CHECK;

/* @link_type: the first one; for later ones the filter is compiled when the first frame comes.
 * Return: 0; GAD_EINVAL with the reason in @d; GAD_ENOMEM. */
int gad_filter_new(const char *text, int link_type, struct gad_filter **ret,
                   struct gad_diag *d) GAD_MUST_CHECK;
void gad_filter_free(struct gad_filter *f);
GAD_DEFINE_CLEANUP(struct gad_filter, gad_filter_free);

/* Does the filter take the frame? Not if it cannot be compiled for the link type. */
bool gad_filter_takes(struct gad_filter *f, int link_type, const uint8_t *frame, size_t caplen,
                      size_t len);

void gad_filter_count(struct gad_filter_refused *r, int link_type, const uint8_t *frame,
                      size_t caplen);
void gad_filter_add(struct gad_filter_refused *r, const struct gad_filter_refused *more);

/* If frames with a tag explain why the filter took nothing, @d proposes another filter. */
bool gad_filter_hint(const char *text, const struct gad_filter_refused *r, struct gad_diag *d);
