/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/time.h"

#include <stdio.h>
#include <time.h>

enum { NS = 1000000000 };

static struct gad_time now(clockid_t clock)
{
    struct timespec ts = {0};
    (void)clock_gettime(clock, &ts); /* cannot fail for the two clocks we name */
    return (struct gad_time){(int64_t)ts.tv_sec * NS + ts.tv_nsec};
}

struct gad_time gad_time_wall(void)
{
    return now(CLOCK_REALTIME);
}

struct gad_time gad_time_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

void gad_time_text(struct gad_time t, char text[static GAD_TIME_TEXT])
{
    int64_t s = t.ns / NS, ns = t.ns % NS;
    if (ns < 0) { /* C rounds towards zero; a calendar rounds down */
        ns += NS;
        s--;
    }
    time_t tt = (time_t)s;
    struct tm tm;
    if (!gmtime_r(&tt, &tm) || tm.tm_year < -900 || tm.tm_year > 8099) {
        (void)snprintf(text, GAD_TIME_TEXT, "invalid");
        return;
    }
    size_t n = strftime(text, GAD_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, GAD_TIME_TEXT - n, ".%06dZ", (int)(ns / 1000));
}

/* Reads the digits where the pattern has '0' as numbers, one for each run of them; all other
 * characters must be equal. */
static bool take(const char *s, const char *pattern, int *number)
{
    for (size_t i = 0, n = 0; pattern[i]; i++) {
        bool is_digit = s[i] >= '0' && s[i] <= '9';
        if (pattern[i] != '0' && s[i] != pattern[i])
            return false;
        if (pattern[i] != '0') {
            n++;
            continue;
        }
        if (!is_digit)
            return false;
        number[n] = 10 * number[n] + (s[i] - '0');
    }
    return true;
}

/* Adds the nanoseconds of ".5"; returns its length in bytes, 0 if there is no fraction. */
static size_t take_fraction(const char *s, size_t len, int64_t *ns)
{
    int64_t unit = NS / 10;
    size_t i = 1;

    if (len < 2 || s[0] != '.')
        return 0;
    for (; i < len && s[i] >= '0' && s[i] <= '9'; i++, unit /= 10)
        *ns += unit * (s[i] - '0');
    return i > 1 ? i : 0;
}

int gad_time_parse(const char *s, size_t len, struct gad_time *ret)
{
    enum { DATE = 19 /* bytes */, ZONE = 6 };
    int n[6] = {0}, zone[3] = {0};
    int64_t ns = 0;

    if (len <= DATE || !take(s, "0000-00-00T00:00:00", n))
        return GAD_EFORMAT;
    size_t at = DATE;
    at += take_fraction(s + at, len - at, &ns);
    char sign = at < len ? s[at] : '\0';
    bool is_utc = sign == 'Z' && len - at == 1;
    if (!is_utc && ((sign != '+' && sign != '-') || len - at != ZONE ||
                    !take(s + at + 1, "00:00", zone) || zone[0] > 23 || zone[1] > 59))
        return GAD_EFORMAT;
    struct tm tm = {.tm_year = n[0] - 1900,
                    .tm_mon = n[1] - 1,
                    .tm_mday = n[2],
                    .tm_hour = n[3],
                    .tm_min = n[4],
                    .tm_sec = n[5]};
    time_t t = timegm(&tm); /* timegm() turns the 31st of February into the 3rd of March */
    if (tm.tm_year != n[0] - 1900 || tm.tm_mon != n[1] - 1 || tm.tm_mday != n[2] ||
        tm.tm_hour != n[3] || tm.tm_min != n[4] || tm.tm_sec != n[5])
        return GAD_EFORMAT;
    t -= (time_t)(sign == '-' ? -60 : 60) * (60 * zone[0] + zone[1]);
    if (n[0] > 2261 || t < 0)
        return GAD_ELIMIT;
    *ret = (struct gad_time){(int64_t)t * NS + ns};
    return 0;
}
