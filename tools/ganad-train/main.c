/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/crypto.h"
#include "lib/base/text.h"
#include "tools/ganad-train/cli.h"

static const struct cli_command *const commands[] = {
    &command_fit,     &command_calibrate, &command_eval,   &command_survey, &command_extract,
    &command_inspect, &command_report,    &command_export, &command_verify, &command_version};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *f)
{
    (void)fputs("Usage: ganad-train COMMAND [OPTION...]\n\n"
                "Trains models that score network connections, offline, and looks at what came of "
                "it.\n\nCommands:\n",
                f);
    for (size_t i = 0; i < N_COMMANDS; i++)
        (void)fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    (void)fputs("\nA first model from labelled KDD99 or NSL-KDD records, and how good it is:\n"
                "  ganad-train fit --data kddcup.data_10_percent.gz --out my.ckpt\n"
                "  ganad-train eval my.ckpt --data kddcup.data_10_percent.gz --protocol normal\n\n"
                "'ganad-train COMMAND --help' tells the rest.\n",
                f);
}

static const struct cli_command *find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[N_COMMANDS];

    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i]->name;
    int near = gad_text_nearest(name, names, N_COMMANDS);
    if (name[0] == '-')
        cli_say("'%s' comes after a command; 'ganad-train --help' lists them", name);
    else if (near >= 0)
        cli_say("no command '%s'; did you mean '%s'?", name, names[near]);
    else
        cli_say("no command '%s'; 'ganad-train --help' lists them", name);
    return CLI_USAGE;
}

static bool asks_for_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return CLI_USAGE;
    }
    bool is_help = strcmp(argv[1], "help") == 0;
    if (asks_for_help(argv[1]) || (is_help && argc == 2)) {
        help(stdout);
        return cli_flushed();
    }

    const char *name = is_help ? argv[2] : argv[1];
    const struct cli_command *c = strcmp(name, "--version") == 0 ? &command_version : find(name);
    if (!c)
        return unknown(name);
    bool wants_help = is_help;
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        wants_help |= asks_for_help(argv[i]);
    if (wants_help) {
        (void)fputs(c->help, stdout);
        if (c->help_more)
            (void)fputs(c->help_more, stdout);
        return cli_flushed();
    }
    struct gad_diag d = {""};
    int err = gad_crypto_init(&d);
    if (err != 0)
        return cli_failed(err, &d);
    argv[1] = program_invocation_short_name; /* which getopt puts before its complaints */
    return c->run(c, argc - 1, argv + 1);
}
