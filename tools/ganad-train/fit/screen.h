/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of the operator's network can contain unlabelled attacks. A network that trains on all of
 * them also learns the attacks, and the whitened score treats their errors as usual. So a first
 * network is trained for a short time. It still reconstructs rare records badly, and the worst
 * records do not train.
 *
 *     a GANomaly, about 1,400 steps of 64 rows, each distinct record once; score rec, mean |x - x'|
 *     twice the stated share of the distinct records is left out of training
 *
 * Twice the share, because the worst records include rare normal ones. The calibration rows stay:
 * the stated share of their scores is left out later (models/calibrate.h). The settings are from
 * the training half of the KDD99 10 % set, with 1 and 5 % of attacks mixed in; measured in
 * models/REFERENCES.md.
 */

#include "lib/base/err.h"

struct fit_options;
struct gad_diag;
struct gad_split;
struct gad_table;

/* Removes rows from s->train. GAD_EINVAL with @d if there are too few distinct ones for a batch. */
int screen(const struct fit_options *o, const struct gad_table *t, struct gad_split *s,
           struct gad_diag *d) GAD_MUST_CHECK;
