/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line that ganadctl, ganad-train and ganad-traffic share: a table of commands with its
 * help, messages on stderr, and option values. Each value is checked when it is read, so that a
 * message can name the option.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"

/* Exit codes; scripts rely on them. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_UNREACHABLE = 3,   /* ganadctl: no ganadd serves the socket */
    CLI_INTERRUPTED = 130, /* by a signal, without a result */
};

struct cli_command {
    const char *name;
    const char *usage;   /* what follows the name; NULL: @help is the whole text of --help */
    const char *summary; /* one line of the program's --help */
    /* The options, one per line. Limits: 4,095 bytes, which C17 guarantees for a string. */
    const char *help;
    const char *help_more; /* what does not fit there, or NULL */
    /* argv[0] is the program's name. Returns an exit code. */
    int (*run)(const struct cli_command *self, int argc, char **argv);
};

struct cli_program {
    const char *name;
    const char *before;  /* options before the command in the usage line: "" or "[-s SOCKET] " */
    const char *about;   /* what the program does, one line */
    const char *more;    /* the end of --help */
    const char *version; /* for --version; NULL: it runs the command "version" */
    const char **socket; /* receives the value of -s; NULL: the program has no such option */
    const struct cli_command *const *command;
    size_t n_commands;
};

/* The program: finds the command, shows help, runs the command and flushes stdout. Returns an exit
 * code. */
int cli_main(const struct cli_program *p, int argc, char **argv);

/* The name that stands before messages; cli_main() sets it. @name is kept. */
void cli_set_program(const char *name);

/* Prints "PROGRAM: text" to stderr, after flushing stdout. */
void cli_say(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Points to --help. Returns CLI_USAGE. @c: NULL for the program's own. */
int cli_try_help(const struct cli_command *c);

/* "PROGRAM COMMAND: text", then cli_try_help(). Returns CLI_USAGE. */
int cli_usage(const struct cli_command *c, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* Prints the diagnostic, or the phrase of the code if @d is NULL or empty. Returns CLI_FAILED. */
int cli_failed(int err, const struct gad_diag *d);

/* After output to stdout: CLI_OK if all of it was written, else CLI_FAILED with a message. */
int cli_flushed(void);

enum { CLI_HINT = 128 };

/* "; did you mean 'NAME'?" with the nearest of @n names, or "" if none is near. Returns @hint. */
const char *cli_hint(const char *word, const char *const *names, size_t n,
                     char hint[static CLI_HINT]);

/*
 * Values of options. Each returns 0, or GAD_EINVAL with @d saying "--epochs: ...".
 */

/* A whole number from @min to @max. */
int cli_u64(const char *opt, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
            struct gad_diag *d) GAD_MUST_CHECK;

/* A number from @min to @max. */
int cli_real(const char *opt, const char *text, double min, double max, double *ret,
             struct gad_diag *d) GAD_MUST_CHECK;

/* A share above 0 and below 1. */
int cli_share(const char *opt, const char *text, double *ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Bytes up to @max: digits, then K, M, G or nothing. */
int cli_size(const char *opt, const char *text, uint64_t max, uint64_t *ret,
             struct gad_diag *d) GAD_MUST_CHECK;

/* Index of the value among n names; the message lists them all and names the nearest. */
int cli_choice(const char *opt, const char *text, const char *const *names, size_t n, size_t *ret,
               struct gad_diag *d) GAD_MUST_CHECK;
