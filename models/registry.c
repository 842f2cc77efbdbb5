/* SPDX-License-Identifier: Apache-2.0 */
#include "models/registry.h"

#include <string.h>

static const struct gad_model_ops *const models[] = {&gad_egbad, &gad_ganomaly, &gad_anogan};

const struct gad_model_ops *gad_model_at(size_t i)
{
    return i < sizeof(models) / sizeof(models[0]) ? models[i] : NULL;
}

const struct gad_model_ops *gad_model_find(const char *name)
{
    const struct gad_model_ops *ops;

    for (size_t i = 0; (ops = gad_model_at(i)) != NULL; i++)
        if (strcmp(ops->name, name) == 0)
            return ops;
    return NULL;
}
