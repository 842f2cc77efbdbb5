/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/extract.h"

#include <stdio.h>

#include "tools/ganad-train/cli.h"

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct gad_diag d = {.text = ""};
    struct extract e;

    int code = extract_parse(argc, argv, &e, &d);
    if (code == EXTRACT_OK)
        code = extract_run(&e, cli_say);
    else /* -h was seen before */
        code = d.text[0] ? cli_usage(self, "%s", d.text) : cli_try_help(self);
    extract_deinit(&e);
    return code;
}

const struct cli_command command_extract = {
    .name = "extract",
    .summary = EXTRACT_SUMMARY,
    .help = "Usage: ganad-train extract " EXTRACT_ARGUMENTS "\n\n"
            "Writes connection records, with all 41 features, from captured "
            "packets.\n\n" EXTRACT_HELP_OPTIONS,
    .run = run,
};
