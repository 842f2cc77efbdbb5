/* SPDX-License-Identifier: Apache-2.0 */
#include "models/model.h"

#include <string.h>

static const struct gad_model_ops *const models[] = {&gad_egbad, &gad_ganomaly, &gad_anogan};

const struct gad_model_ops *gad_model_find(const char *name)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}
