/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What every subcommand shares: its entry in the table, exit codes, complaints on stderr, and option values
 * that are checked when they are read, so that a message can name the option.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_INTERRUPTED = 130, /* and nothing to show for it */
};

struct cli_command {
    const char *name, *summary;
    const char *help;      /* the text of --help, a compiler's 4,095 bytes at most */
    const char *help_more; /* and what does not fit there; or NULL */
    /* argv[0] is the program's name. Return: an exit code. */
    int (*run)(const struct cli_command *self, int argc, char **argv);
};

extern const struct cli_command command_calibrate, command_export, command_fit, command_eval,
    command_extract, command_inspect, command_report, command_survey, command_verify,
    command_version;

/* "ganad-train: text" to stderr. */
void cli_say(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Points to --help. Return: CLI_USAGE. */
int cli_try_help(const struct cli_command *c);

/* Both. Return: CLI_USAGE. */
int cli_usage(const struct cli_command *c, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* Prints the diagnostic, or the code's own phrase if nothing was said. Return: CLI_FAILED. */
int cli_failed(int err, const struct gad_diag *d);

/* After output to stdout: CLI_OK if all of it got out, else complains. */
int cli_flushed(void);

/*
 * Values. 0, or GAD_EINVAL with @d saying "--epochs: ...".
 */
int cli_u64(const char *opt, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
            struct gad_diag *d) GAD_MUST_CHECK;
int cli_real(const char *opt, const char *text, double min, double max, double *ret,
             struct gad_diag *d) GAD_MUST_CHECK;

/* Index of the value among n names; the message lists them all and the nearest. */
int cli_choice(const char *opt, const char *text, const char *const *names, size_t n, size_t *ret,
               struct gad_diag *d) GAD_MUST_CHECK;

/* Can a file be made at this path? Found out before training, not after. */
int cli_check_out(const char *out, struct gad_diag *d) GAD_MUST_CHECK;

/* Both are there, and are one file. */
bool cli_is_same_file(const char *a, const char *b);

/* A growing list of borrowed strings: the files after --data and the bare arguments. */
struct cli_list {
    const char **item;
    size_t n;
};

int cli_list_add(struct cli_list *l, const char *s) GAD_MUST_CHECK;
void cli_list_deinit(struct cli_list *l);

/* Part of a path after its last slash. */
const char *cli_basename(const char *path);
