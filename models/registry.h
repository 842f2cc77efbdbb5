/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The models there are. A new one is a file that defines its ops, a line here and a line in registry.c. */

#include "models/model.h"

extern const struct gad_model_ops gad_egbad;
extern const struct gad_model_ops gad_ganomaly;
extern const struct gad_model_ops gad_anogan;
