/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/words.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t count_words(const char *s)
{
    size_t n = 0;

    for (bool in_word = false; *s; s++) {
        n += *s != ' ' && !in_word;
        in_word = *s != ' ';
    }
    return n;
}

void gad_words_add(struct gad_words *w, const char *form, ...)
{
    size_t left = sizeof(w->text) - w->len;
    va_list list;

    va_start(list, form);
    int more = vsnprintf(w->text + w->len, left, form, list);
    va_end(list);
    size_t n = count_words(w->text);
    if (more < 0 || (size_t)more >= left || n > GAD_SENTENCE_WORDS) {
        w->text[w->len] = '\0';
        return;
    }
    w->len += (size_t)more;
    w->n = n;
}

const char *gad_shown_count(uint64_t n, char text[static GAD_SHOWN_TEXT])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), k = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[k++] = ',';
        text[k++] = digits[i];
    }
    text[k] = '\0';
    return text;
}

const char *gad_shown_distinct(const struct gad_distinct *d, const char *one,
                               char text[static GAD_SHOWN_TEXT])
{
    char n[GAD_SHOWN_TEXT];

    gad_shown_count(d->n, n);
    if (d->is_estimate)
        (void)snprintf(text, GAD_SHOWN_TEXT, "%.28s %ss (estimated, +-%.0f %%)", n, one,
                       100 * GAD_DISTINCT_ERROR);
    else
        (void)snprintf(text, GAD_SHOWN_TEXT, "%.28s %s%s", n, one, d->n == 1 ? "" : "s");
    return text;
}

/* Two digits before the unit changes: "1.2 GB", "12 GB", "340 MB". */
const char *gad_shown_bytes(double n, char text[static GAD_SHOWN_TEXT])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t k = 0;

    for (; k + 1 < sizeof(units) / sizeof(units[0]) && rint(n) >= 1000; k++)
        n /= 1000;
    int decimals = k > 0 && n < 9.95 && rint(n * 10) != 10 * rint(n) ? 1 : 0;
    const char *unit = k == 0 && rint(n) == 1 ? "byte" : units[k];
    (void)snprintf(text, GAD_SHOWN_TEXT, "%.*f %s", decimals, n, unit);
    return text;
}

/* A unit is used from two of it on. */
const char *gad_shown_span(struct gad_time t, char text[static GAD_SHOWN_TEXT])
{
    static const struct {
        double seconds;
        const char *unit;
    } rows[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    double s = gad_time_seconds(t);
    size_t k = 0;

    while (k < 3 && s < 2 * rows[k].seconds)
        k++;
    if (s < 1)
        (void)snprintf(text, GAD_SHOWN_TEXT, "less than 1 s");
    else
        (void)snprintf(text, GAD_SHOWN_TEXT, "%.0f %s", floor(s / rows[k].seconds), rows[k].unit);
    return text;
}

const char *gad_shown_address(uint8_t family, const uint8_t address[static 16],
                              char text[static GAD_SHOWN_TEXT])
{
    *text = '\0';
    (void)inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, GAD_SHOWN_TEXT);
    return text;
}
