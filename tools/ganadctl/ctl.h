/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ganadctl is a table of commands. Each parses its own options, says what went wrong on stderr, and returns
 * one of the exit codes below, which scripts may count on.
 */

#include <stdbool.h>
#include <stddef.h>

struct gad_diag;

enum {
    CTL_OK = 0,
    CTL_ERROR = 1,
    CTL_USAGE = 2,
    CTL_UNREACHABLE = 3, /* nobody serves the socket */
};

struct ctl {
    const char *socket; /* -s, or NULL: each command has its own default */
};

struct ctl_command {
    const char *name;
    const char *usage; /* what comes after the name */
    const char *summary;
    const char *help; /* the options, a line each */
    int (*run)(struct ctl *ctl, int argc, char **argv);
};

extern const struct ctl_command ctl_config, ctl_drift, ctl_extract, ctl_model, ctl_reload,
    ctl_reopen, ctl_score, ctl_spool, ctl_stats, ctl_status, ctl_suppress, ctl_tail, ctl_version;

/* The options that every command takes. Returns CTL_OK to go on, or -1: the command is done with *ret_exit. */
#define CTL_OPTIONS "hs:"
#define CTL_LONG_OPTIONS                                                                           \
    {"help", no_argument, NULL, 'h'},                                                              \
    {                                                                                              \
        "socket", required_argument, NULL, 's'                                                     \
    }
int ctl_option(struct ctl *ctl, const struct ctl_command *cmd, int c, const char *arg,
               int *ret_exit);

/* All options of a command that takes --json and no argument; returns as ctl_option(). */
int ctl_only_json(struct ctl *ctl, const struct ctl_command *cmd, int argc, char **argv,
                  bool *ret_json, int *ret_exit);

void ctl_help(const struct ctl_command *cmd);

/* "ganadctl: ..." and a line end on stderr. */
void ctl_say(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

/* As ctl_say(), then how to get help; returns CTL_USAGE. */
int ctl_usage(const struct ctl_command *cmd, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* A failed connect: the reason and what can be done. Returns the exit code. */
int ctl_unreachable(const struct ctl *ctl, int err, const struct gad_diag *d, bool scoring);

/* -s, else the environment, else the default. */
const char *ctl_scoring_socket(const struct ctl *ctl);
const char *ctl_control_socket(const struct ctl *ctl);
