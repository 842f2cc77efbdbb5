/* SPDX-License-Identifier: Apache-2.0 */
#include "models/trainer.h"

#include <string.h>

#include "models/train_loop.h"

static const struct gad_trainer_ops *const trainers[] = {&gad_egbad_trainer, &gad_ganomaly_trainer,
                                                         &gad_anogan_trainer};

const struct gad_trainer_ops *gad_trainer_at(size_t i)
{
    return i < sizeof(trainers) / sizeof(trainers[0]) ? trainers[i] : NULL;
}

const struct gad_trainer_ops *gad_trainer_find(const char *name)
{
    for (size_t i = 0; i < sizeof(trainers) / sizeof(trainers[0]); i++)
        if (strcmp(trainers[i]->name, name) == 0)
            return trainers[i];
    return NULL;
}
