/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "models/trainer.h"
#include "tools/common/extract.h"
#include "tools/ganad-train/cli.h"

static int run_version(const struct cli_command *self, int argc, char **argv)
{
    if (argc > 1)
        return cli_usage(self, "takes no arguments, not even '%s'", argv[1]);
    (void)printf("ganad-train %s\nmodels:\n", GANAD_VERSION);
    for (size_t i = 0; gad_trainer_at(i); i++)
        (void)printf("  %-10s %s\n", gad_trainer_at(i)->name, gad_trainer_at(i)->summary);
    return CLI_OK;
}

static const struct cli_command command_version = {
    .name = "version",
    .usage = "",
    .summary = "print the version of ganad-train and the models that it can train",
    .help = "",
    .run = run_version,
};

static const struct cli_command *const commands[] = {
    &command_fit,     &command_calibrate, &command_eval,   &command_survey,
    &command_extract, &command_inspect,   &command_report, &command_export,
    &command_learn,   &command_verify,    &command_version};

int main(int argc, char **argv)
{
    const struct cli_program program = {
        .name = "ganad-train",
        .before = "",
        .about = "Trains models that score network connections, offline, and evaluates them.",
        .more = "A first model from labelled KDD99 or NSL-KDD records, and how good it is:\n"
                "  ganad-train fit --data kddcup.data_10_percent.gz --out my.ckpt\n"
                "  ganad-train eval my.ckpt --data kddcup.data_10_percent.gz --protocol normal\n\n"
                "'ganad-train COMMAND --help' shows the options of a command.\n",
        .command = commands,
        .n_commands = sizeof(commands) / sizeof(commands[0]),
    };
    return cli_main(&program, argc, argv);
}
