/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What ganadd has to say, one line each on stderr: "<4>sink: ..." under systemd, which takes the level from
 * the prefix, else with the time. The token names the room that speaks. Bytes that came from outside are
 * escaped, so that nobody can write a line of ours.
 *
 * error: gave up; warn: went on; notice: a change of state; info; debug.
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

/* The least important lines that are logged: "error", ... as in the configuration; until then: notice. */
void log_set_level(const char *name);

/* Would such a line be logged? For what costs something to find out. */
bool log_is_on(enum log_level level);

void log_line(enum log_level level, const char *token, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));

#define log_error(token, ...)  log_line(LOG_LEVEL_ERROR, token, __VA_ARGS__)
#define log_warn(token, ...)   log_line(LOG_LEVEL_WARN, token, __VA_ARGS__)
#define log_notice(token, ...) log_line(LOG_LEVEL_NOTICE, token, __VA_ARGS__)
#define log_info(token, ...)   log_line(LOG_LEVEL_INFO, token, __VA_ARGS__)
#define log_debug(token, ...)  log_line(LOG_LEVEL_DEBUG, token, __VA_ARGS__)
