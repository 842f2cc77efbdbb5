/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Widths of the hidden layers that egbad and ganomaly both have. A checkpoint states the widths of
 * its layers, so scoring needs none of these.
 */

#include <stddef.h>

struct gad_widths {
    size_t encoder;      /* of E; ganomaly: of E' too */
    size_t generator[2]; /* of G, which ganomaly calls decoder */
};

/* As published for egbad. */
#define GAD_WIDTHS_PUBLISHED ((struct gad_widths){64, {64, 128}})
/* Of ganomaly for deployment. Wider layers of egbad cost speed for no clear gain. */
#define GAD_WIDTHS_WIDE ((struct gad_widths){96, {64, 160}})
