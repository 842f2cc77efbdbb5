/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/crypto.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/wire/socket.h"
#include "tools/common/option.h"
#include "tools/ganadctl/ctl.h"

static int help(struct ctl *ctl, int argc, char **argv);

static const struct ctl_command ctl_help_command = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "what the commands do and which options they take",
    .help = "",
    .run = help,
};

static const struct ctl_command *const commands[] = {
    &ctl_config,   &ctl_drift, &ctl_extract, &ctl_model,       &ctl_reload,
    &ctl_reopen,   &ctl_score, &ctl_spool,   &ctl_stats,       &ctl_status,
    &ctl_suppress, &ctl_tail,  &ctl_version, &ctl_help_command};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const char overview[] = "usage: ganadctl [-s SOCKET] COMMAND [OPTION...]\n"
                               "\n"
                               "The operator's hand on ganadd, the network anomaly detector.\n"
                               "\n"
                               "Commands:\n";

static const char conventions[] =
    "\n"
    "Options:\n"
    "  -s, --socket SOCKET   a path, or HOST:PORT; score talks to the scoring socket, by default\n"
    "                        $GANAD_SCORING_SOCKET, else " GAD_SCORING_SOCKET ";\n"
    "                        the others to the control socket, by default\n"
    "                        $GANAD_CONTROL_SOCKET, else " GAD_CONTROL_SOCKET "\n"
    "  -h, --help            this, or after a command what it takes\n"
    "  -V, --version         of ganadctl alone\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 ganadd cannot be reached.\n";

void ctl_say(const char *fmt, ...)
{
    va_list ap;

    (void)fflush(stdout);
    va_start(ap, fmt);
    fputs("ganadctl: ", stderr);
    (void)vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

int ctl_usage(const struct ctl_command *cmd, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("ganadctl: ", stderr);
    (void)vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\nTry 'ganadctl help%s%s'.\n", cmd ? " " : "", cmd ? cmd->name : "");
    va_end(ap);
    return CTL_USAGE;
}

static const char *socket_of(const struct ctl *ctl, const char *variable, const char *fallback)
{
    const char *env = getenv(variable);

    if (ctl->socket)
        return ctl->socket;
    return env && *env ? env : fallback;
}

const char *ctl_scoring_socket(const struct ctl *ctl)
{
    return socket_of(ctl, "GANAD_SCORING_SOCKET", GAD_SCORING_SOCKET);
}

const char *ctl_control_socket(const struct ctl *ctl)
{
    return socket_of(ctl, "GANAD_CONTROL_SOCKET", GAD_CONTROL_SOCKET);
}

void ctl_help(const struct ctl_command *cmd)
{
    printf("usage: ganadctl [-s SOCKET] %s %s\n\n%s\n%s%s", cmd->name, cmd->usage, cmd->summary,
           *cmd->help ? "\n" : "", cmd->help);
}

int ctl_option(struct ctl *ctl, const struct ctl_command *cmd, int c, const char *arg,
               int *ret_exit)
{
    if (c == 's') {
        ctl->socket = arg;
        return CTL_OK;
    }
    if (c == 'h')
        ctl_help(cmd);
    else
        fprintf(stderr, "Try 'ganadctl help %s'.\n", cmd->name);
    *ret_exit = c == 'h' ? CTL_OK : CTL_USAGE;
    return -1;
}

int ctl_only_json(struct ctl *ctl, const struct ctl_command *cmd, int argc, char **argv,
                  bool *ret_json, int *ret_exit)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"json", no_argument, NULL, 'J'}, {NULL, 0, NULL, 0}};
    int c;

    *ret_json = false;
    while ((c = option_next(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            *ret_json = true;
        else if (ctl_option(ctl, cmd, c, optarg, ret_exit) != CTL_OK)
            return -1;
    }
    if (argc == optind)
        return CTL_OK;
    *ret_exit = ctl_usage(cmd, "%s takes no '%s'", cmd->name, argv[optind]);
    return -1;
}

static const struct ctl_command *find(const char *name)
{
    const char *names[N_COMMANDS];

    for (size_t i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (strcmp(names[i], name) == 0)
            return commands[i];
    }
    int near = gad_text_nearest(name, names, N_COMMANDS);
    if (near >= 0)
        (void)ctl_usage(NULL, "no command '%s'; did you mean '%s'?", name, names[near]);
    else
        (void)ctl_usage(NULL, "no command '%s'", name);
    return NULL;
}

static void print_overview(FILE *f)
{
    fputs(overview, f);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs(conventions, f);
}

static int help(struct ctl *ctl, int argc, char **argv)
{
    (void)ctl;
    if (argc > 2)
        return ctl_usage(&ctl_help_command, "help takes one command at most");
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return CTL_OK;
    }
    const struct ctl_command *cmd = find(argv[1]);
    if (cmd)
        ctl_help(cmd);
    return cmd ? CTL_OK : CTL_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    static char program[] = "ganadctl";
    struct ctl ctl = {0};
    int c;

    if (argc > 0)
        argv[0] = program; /* in getopt's messages */
    /* A reader that goes away, such as head(1), ends us quietly, also where the parent ignored the signal. */
    (void)signal(SIGPIPE, SIG_DFL);
    while ((c = option_next(argc, argv, "+" CTL_OPTIONS "V", longs, NULL)) != -1) {
        if (c == 's') {
            ctl.socket = optarg;
        } else if (c == 'h') {
            print_overview(stdout);
            return CTL_OK;
        } else if (c == 'V') {
            printf("ganadctl %s\n", GANAD_VERSION);
            return CTL_OK;
        } else {
            fprintf(stderr, "Try 'ganadctl help'; the options of a command stand behind it.\n");
            return CTL_USAGE;
        }
    }
    if (optind == argc) {
        print_overview(stderr);
        return CTL_USAGE;
    }

    const struct ctl_command *cmd = find(argv[optind]);
    if (!cmd)
        return CTL_USAGE;
    struct gad_diag d = {""};
    if (gad_crypto_init(&d) != 0) {
        ctl_say("%s", d.text);
        return CTL_ERROR;
    }
    argc -= optind;
    argv += optind;
    argv[0] = program;
    optind = 0; /* getopt starts over with the command's own options */
    int code = cmd->run(&ctl, argc, argv);
    if (fflush(stdout) != 0 && code == CTL_OK) {
        ctl_say("cannot write the output: %s", gad_strerror(-errno));
        code = CTL_ERROR;
    }
    return code;
}
