/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/base/time.h"

enum { LINE_MAX_LEN = 1024 };

static _Atomic enum log_level loudest = LOG_LEVEL_NOTICE;

void log_set_level(const char *name)
{
    static const char *const names[] = {"error", "warn", "notice", "info", "debug"};

    for (int i = 0; i <= LOG_LEVEL_DEBUG; i++)
        if (strcmp(name, names[i]) == 0)
            loudest = (enum log_level)i;
}

/* <N> as in sd-daemon(3) for the journal; otherwise the time and the level as a word. */
static int head(char *line, size_t len, enum log_level level, const char *token)
{
    static const int syslog_level[] = {3, 4, 5, 6, 7};
    static const char *const word[] = {"error", "warning", "notice", "info", "debug"};
    char now[GAD_TIME_TEXT];

    if (getenv("JOURNAL_STREAM"))
        return snprintf(line, len, "<%d>%s: ", syslog_level[level], token);
    gad_time_text(gad_time_wall(), now);
    return snprintf(line, len, "%s %s: %s: ", now, word[level], token);
}

bool log_is_on(enum log_level level)
{
    return level <= loudest;
}

void log_line(enum log_level level, const char *token, const char *fmt, ...)
{
    char text[LINE_MAX_LEN], line[LINE_MAX_LEN * 2];
    va_list ap;

    if (level > loudest)
        return;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    int at = head(line, sizeof(line), level, token);
    if (n < 0 || at < 0)
        return;
    gad_text_escape(line + at, sizeof(line) - (size_t)at - 1, text, strlen(text));
    size_t len = strlen(line);
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len); /* one call, so that lines of two threads do not mix */
}
