/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of one's own network may hold attacks that nobody has labelled. A network that trains on all of them
 * learns the attacks too, and the whitened score takes their errors for usual ones. So a first one is trained for a
 * short while: what is rare is still reconstructed badly then, and the records that are worst do not train.
 *
 *     a GANomaly, about 1,400 steps of 64 rows, each distinct record once; score rec, mean |x - x'|
 *     twice the stated share of the distinct records is left out of training
 *
 * Twice, for among the worst there are rare normal records as well. Records that calibrate stay: of their scores the
 * stated share is left out there (models/calibrate.h). Settings are from the training half of the KDD99 10 % set, with
 * 1 and 5 % of attacks mixed in; measured in models/REFERENCES.md.
 */

#include "lib/base/err.h"

struct fit_options;
struct gad_diag;
struct gad_split;
struct gad_table;

/* Takes rows out of s->train. GAD_EINVAL with @d if there are too few distinct ones for a batch. */
int screen(const struct fit_options *o, const struct gad_table *t, struct gad_split *s,
           struct gad_diag *d) GAD_MUST_CHECK;
