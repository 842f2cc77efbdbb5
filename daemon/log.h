/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The log: one line per message on the standard error. Under systemd it is "<4>capture: ...", where
 * the prefix is the level; otherwise the line starts with the time and the level. The token names
 * the module. Bytes from outside are escaped, so that a peer cannot forge a line.
 *
 * error: the operation failed; warn: it continues; notice: a state changed; info; debug.
 *
 * Thread: any.
 */

#include <stdarg.h>
#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/*
 * Logs lines of this level ("error", "warn", ...) and of more important ones. The default is
 * notice.
 */
void log_set_level(const char *name);

/* Whether a line of this level is logged. For callers whose arguments are expensive to compute. */
bool log_is_on(enum log_level level);

void log_line(enum log_level level, const char *token, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));

#define log_error(token, ...)  log_line(LOG_LEVEL_ERROR, token, __VA_ARGS__)
#define log_warn(token, ...)   log_line(LOG_LEVEL_WARN, token, __VA_ARGS__)
#define log_notice(token, ...) log_line(LOG_LEVEL_NOTICE, token, __VA_ARGS__)
#define log_info(token, ...)   log_line(LOG_LEVEL_INFO, token, __VA_ARGS__)
#define log_debug(token, ...)  log_line(LOG_LEVEL_DEBUG, token, __VA_ARGS__)
