/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/net/unread.h"

const char *show_count(uint64_t n, char text[static SHOW_TEXT])
{
    char plain[SHOW_TEXT];
    int len = snprintf(plain, sizeof(plain), "%" PRIu64, n); /* 20 digits at most, 26 with commas */
    char *to = text;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return text;
}

const char *show_duration(double seconds, char text[static SHOW_TEXT])
{
    uint64_t s = seconds > 0 ? (uint64_t)(seconds + 0.5) : 0;

    if (seconds < 59.5)
        (void)snprintf(text, SHOW_TEXT, "%.*f s", seconds < 10 ? 2 : 0, seconds);
    else if (s < 3600)
        (void)snprintf(text, SHOW_TEXT, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(text, SHOW_TEXT, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
    else
        (void)snprintf(text, SHOW_TEXT, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    return text;
}

const char *show_clock(double seconds, char text[static SHOW_TEXT])
{
    unsigned s = seconds < 0.0 ? 0 : seconds > 3.6e6 ? 3600000 : (unsigned)(seconds + 0.5);

    if (s < 60)
        (void)snprintf(text, SHOW_TEXT, "%u s", s);
    else if (s < 3600)
        (void)snprintf(text, SHOW_TEXT, "%u:%02u", s / 60, s % 60);
    else
        (void)snprintf(text, SHOW_TEXT, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    return text;
}

const char *show_bytes(uint64_t n, char text[static SHOW_TEXT])
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)n;
    size_t i = 0;

    for (; v >= 1024 && i + 1 < sizeof(unit) / sizeof(unit[0]); i++)
        v /= 1024;
    (void)snprintf(text, SHOW_TEXT, "%.*f %s", i > 0 && v < 100 ? 1 : 0, v, unit[i]);
    return text;
}

bool show_is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

/* Shows the commonest items of one kind and the sum of its others. Returns what goes before the
 * next one. */
static const char *show_kind(FILE *f, bool is_ip, const char *before,
                             const struct gad_unread_item *item, size_t n)
{
    char name[SHOW_TEXT], count[SHOW_TEXT];
    uint64_t other = 0;
    size_t shown = 0;

    for (size_t i = 0; i < n; i++) {
        const struct gad_unread_item *u = &item[i];
        if (u->is_ip != is_ip)
            continue;
        if (u->is_other || shown++ >= GAD_UNREAD_SHOWN) {
            other += u->count;
            continue;
        }
        gad_text_escape(name, sizeof(name), u->name, strlen(u->name));
        (void)fprintf(f, is_ip ? "%sIP protocol %u" : "%sEtherType 0x%04x", before, u->number);
        (void)fprintf(f, "%s%s %s", *name ? " " : "", name, show_count(u->count, count));
        before = ", ";
    }
    if (other == 0)
        return before;
    (void)fprintf(f, "%sother %s %s", before, is_ip ? "IP protocols" : "EtherTypes",
                  show_count(other, count));
    return ", ";
}

void show_unread(FILE *f, const char *first, const struct gad_unread_item *item, size_t n)
{
    const char *before = show_kind(f, false, first, item, n);

    before = show_kind(f, true, before, item, n);
    if (before != first)
        (void)fprintf(f, "\n");
}
