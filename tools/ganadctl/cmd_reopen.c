/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tools/common/option.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

static void say(const char *file, const char *error)
{
    char name[CTL_TEXT], why[CTL_TEXT];

    cli_say("%s: %s", ctl_safe(file, name), ctl_safe(error, why));
}

/* Reports the files that could not be opened. A unix socket without a reader is not an error. */
static int report(const Ganad__V1__StatusReply *s)
{
    const Ganad__V1__StatusReply__Records *r = s->records;
    int code = CLI_OK;

    for (size_t i = 0; i < s->n_output; i++) {
        const Ganad__V1__StatusReply__Output *o = s->output[i];
        if (strcmp(o->type, "file") != 0 || strcmp(o->state, "open") == 0)
            continue;
        say(o->target, o->error);
        code = CLI_FAILED;
    }
    if (r && strcmp(r->state, "open") != 0) {
        say(r->file, r->error);
        code = CLI_FAILED;
    }
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS, {NULL, 0, NULL, 0}};
    Ganad__V1__StatusReply *s = NULL;
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS, longs, NULL)) != -1)
        if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    if (argc > optind)
        return cli_usage(self, "takes no '%s'", argv[optind]);
    int code = status_command(GANAD__V1__CONTROL_REQUEST__COMMAND__REOPEN, &s);
    if (code != CLI_OK)
        return code;
    code = report(s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

const struct cli_command command_reopen = {
    .name = "reopen",
    .usage = "",
    .summary = "make ganadd reopen the files of alerts and records, after they were moved away",
    .help = "",
    .run = run,
};
