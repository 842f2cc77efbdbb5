/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>

#include <jansson.h>

#include "lib/wire/socket.h"
#include "tools/common/extract.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

static int run_version(const struct cli_command *self, int argc, char **argv)
{
    bool json = false;

    if (ctl_only_json(self, argc, argv, &json) != CLI_OK)
        return CLI_USAGE;

    char daemon[64];
    struct gad_diag d = {""};
    int err = status_version(daemon, sizeof(daemon), &d);
    bool runs = err == 0, is_absent = err == -ENOENT || err == -ECONNREFUSED;
    if (!runs && !is_absent)
        cli_say("%s", d.text);
    if (json) {
        json_t *o = json_pack("{s:s, s:o}", "ganadctl", GANAD_VERSION, "ganadd",
                              runs ? json_string(daemon) : json_null());
        err = json_dumpf(o, stdout, JSON_COMPACT);
        json_decref(o);
        if (err)
            return CLI_FAILED;
        putchar('\n');
    } else {
        printf("ganadctl %s\nganadd   %s\n", GANAD_VERSION,
               runs        ? daemon
               : is_absent ? "not running here"
                           : "unknown");
    }
    return CLI_OK;
}

static const struct cli_command command_version = {
    .name = "version",
    .usage = "[--json]",
    .summary = "print the versions of ganadctl and of the running ganadd",
    .help = "  -J, --json   one object with the keys ganadctl and ganadd (null if none answers)\n",
    .run = run_version,
};

static const struct cli_command *const commands[] = {
    &command_budget,   &command_config,    &command_drift, &command_evidence, &command_extract,
    &command_feedback, &command_incidents, &command_model, &command_reload,   &command_reopen,
    &command_score,    &command_spool,     &command_stats, &command_status,   &command_suppress,
    &command_tail,     &command_version};

int main(int argc, char **argv)
{
    const struct cli_program program = {
        .name = "ganadctl",
        .before = "[-s SOCKET] ",
        .about = "Control and query tool for ganadd, the network anomaly detector.",
        .more =
            "Options:\n"
            "  -s, --socket SOCKET   a path, or HOST:PORT; score uses the scoring socket, also\n"
            "                        tls://HOST:PORT, by default\n"
            "                        $GANAD_SCORING_SOCKET, else " GAD_SCORING_SOCKET ";\n"
            "                        the others use the control socket, by default\n"
            "                        $GANAD_CONTROL_SOCKET, else " GAD_CONTROL_SOCKET "\n"
            "  -h, --help            this text; after a command, its options\n"
            "  -V, --version         the version of ganadctl alone\n"
            "\n"
            "Exit status: 0 done, 1 failed, 2 wrong usage, 3 ganadd cannot be reached.\n",
        .version = GANAD_VERSION,
        .socket = ctl_socket_option(),
        .command = commands,
        .n_commands = sizeof(commands) / sizeof(commands[0]),
    };

    /* A closed pipe, as by head(1), ends ganadctl silently, also if the parent ignored the
     * signal. */
    (void)signal(SIGPIPE, SIG_DFL);
    return cli_main(&program, argc, argv);
}
