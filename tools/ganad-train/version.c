/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "models/trainer.h"
#include "tools/ganad-train/cli.h"

static int run(const struct cli_command *self, int argc, char **argv)
{
    if (argc > 1)
        return cli_usage(self, "takes no arguments, not even '%s'", argv[1]);

    (void)printf("ganad-train %s\nmodels:\n", GANAD_VERSION);
    for (size_t i = 0; gad_trainer_at(i); i++)
        (void)printf("  %-10s %s\n", gad_trainer_at(i)->name, gad_trainer_at(i)->summary);
    return cli_flushed();
}

const struct cli_command command_version = {
    .name = "version",
    .summary = "say which version this is and which models it can train",
    .help = "Usage: ganad-train version\n\n"
            "Prints the version of ganad-train and the models it can train.\n",
    .run = run,
};
