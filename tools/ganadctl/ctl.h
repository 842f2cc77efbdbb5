/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands of ganadctl share: their names, options and sockets, requests to ganadd, and
 * texts of a table. */

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/diag.h"
#include "proto/ganad.pb-c.h"
#include "tools/common/cli.h"
#include "tools/ganadctl/client_tls.h"

extern const struct cli_command command_budget, command_config, command_drift, command_evidence,
    command_feedback, command_incidents, command_model, command_reload, command_reopen,
    command_score, command_spool, command_stats, command_status, command_suppress, command_tail;

/* --- options --- */

/* The option that every command takes. */
#define CTL_OPTIONS "s:"
#define CTL_LONG_OPTIONS                                                                           \
    {                                                                                              \
        "socket", required_argument, NULL, 's'                                                     \
    }

/* Returns CLI_OK, or CLI_USAGE after pointing to --help: @c is unknown, and getopt() said so. */
int ctl_option(const struct cli_command *self, int c, const char *arg);

/* All options of a command that takes --json and no argument. Returns CLI_OK, or CLI_USAGE after a
 * message. */
int ctl_only_json(const struct cli_command *self, int argc, char **argv, bool *ret_json);

/* Where cli_main() stores -s before the command. */
const char **ctl_socket_option(void);

/* --- sockets and requests --- */

/* The value of -s, else of the environment, else the default. */
const char *ctl_scoring_socket(void);
const char *ctl_control_socket(void);

/* The option of the files of TLS, of a command that takes them: CTL_TLS_LONG_OPTIONS. */
enum { CTL_TLS_FIRST = 512, CTL_TLS_LAST = CTL_TLS_FIRST + 3 };
#define CTL_TLS_LONG_OPTIONS                                                                       \
    {"ca", required_argument, NULL, CTL_TLS_FIRST},                                                \
        {"certificate", required_argument, NULL, CTL_TLS_FIRST + 1},                               \
        {"key", required_argument, NULL, CTL_TLS_FIRST + 2},                                       \
    {                                                                                              \
        "server-name", required_argument, NULL, CTL_TLS_LAST                                       \
    }
/* @c: CTL_TLS_FIRST to CTL_TLS_LAST; @arg is kept. */
void ctl_tls_option(int c, const char *arg);
/* The options, else the environment. */
struct client_tls_choice ctl_tls_choice(void);

/* Prints why a connect failed and what can be done. Returns the exit code. */
int ctl_unreachable(int err, const struct gad_diag *d, bool scoring);

/**
 * ctl_ask() - one request to the control socket
 * @want:        kind of the frame that answers; @type: of the message in it
 * @ret:         a pointer to the message, which the caller frees
 * @ret_reached: false if the connect failed
 * Return: 0 or an error.
 */
int ctl_ask(const Ganad__V1__ControlRequest *m, uint8_t want,
            const ProtobufCMessageDescriptor *type, void *ret, bool *ret_reached,
            struct gad_diag *d) GAD_MUST_CHECK;

/* As ctl_ask(), and prints why it failed. Returns an exit code. */
int ctl_get(const Ganad__V1__ControlRequest *m, uint8_t want,
            const ProtobufCMessageDescriptor *type, void *ret) GAD_MUST_CHECK;

/* --- texts --- */

enum { CTL_TEXT = 2048, CTL_REASON = 256 };

/* Foreign text, escaped for a terminal and truncated to fit. Returns @text. */
const char *ctl_safe(const char *s, char text[static CTL_TEXT]);

/**
 * ctl_reason() - one feature's contribution to a score: "count 511 (expected 2.1) 8%"
 *
 * The texts are foreign and are escaped; the result is always NUL-terminated.
 */
void ctl_reason(const char *feature, const char *value, const char *expected, double share,
                char text[static CTL_REASON]);
