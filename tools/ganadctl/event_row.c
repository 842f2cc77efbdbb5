/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/event_row.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "tools/ganadctl/ctl.h"

enum {
    LINE = 4096,
    WIDTH_DEFAULT = 120,
    WIDTH_MIN = 40,
    ENDS = 160,
    STATE_COLUMNS = 16, /* severity and state, each of 6 and 2 spaces */
    SENTENCE_MIN = 20,
    DOTS = 4, /* "... " */

};

size_t row_width(void)
{
    struct winsize w = {0};

    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return WIDTH_DEFAULT;
    return w.ws_col < WIDTH_MIN ? WIDTH_MIN : w.ws_col;
}

const char *row_scalar(const json_t *o, const char *key, char text[static ROW_TEXT])
{
    const json_t *v = json_object_get(o, key);

    if (json_is_string(v))
        gad_text_escape(text, ROW_TEXT, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        (void)snprintf(text, ROW_TEXT, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(text, ROW_TEXT, "%.6g", json_real_value(v));
    else if (json_is_boolean(v))
        (void)snprintf(text, ROW_TEXT, "%s", json_is_true(v) ? "yes" : "no");
    else
        (void)snprintf(text, ROW_TEXT, "-");
    return text;
}

void row_date(const char *time, char date[static 11], char clock[static 9])
{
    bool is_time = strlen(time) >= 19 && time[10] == 'T';

    (void)snprintf(date, 11, "%.10s", is_time ? time : "");
    (void)snprintf(clock, 9, "%.8s", is_time ? time + 11 : "");
}

const char *row_severity(const json_t *alert)
{
    json_int_t severity = json_integer_value(json_object_get(alert, "severity"));
    return severity == 1 ? "high" : severity == 2 ? "medium" : "low";
}

const char *row_colour(const json_t *alert)
{
    json_int_t severity = json_integer_value(json_object_get(alert, "severity"));
    return severity <= 1 ? "\033[1;31m" : severity == 2 ? "\033[1;33m" : "\033[1m";
}

/* --- the sentence --- */

/* @port: NULL: without it. */
static void add_end(struct gad_buf *b, const json_t *alert, const char *ip, const char *port)
{
    char text[ROW_TEXT];
    json_int_t n = port ? json_integer_value(json_object_get(alert, port)) : 0;
    bool is_6 = strchr(row_scalar(alert, ip, text), ':') != NULL && n > 0;

    gad_buf_printf(b, "%s%s%s", is_6 ? "[" : "", text, is_6 ? "]" : "");
    if (n > 0)
        gad_buf_printf(b, ":%lld", (long long)n);
}

/* "192.0.2.4:51873 > 198.51.100.7:80", without ports that are 0; "": no addresses. */
static void ends_of(const json_t *alert, bool with_ports, char text[static ENDS])
{
    struct gad_buf b = GAD_BUF_INIT(ENDS - 1);

    if (json_object_get(alert, "src_ip")) {
        add_end(&b, alert, "src_ip", with_ports ? "src_port" : NULL);
        gad_buf_printf(&b, " > ");
        add_end(&b, alert, "dest_ip", with_ports ? "dest_port" : NULL);
    }
    (void)snprintf(text, ENDS, "%.*s", b.bad ? 0 : (int)b.len, b.p ? (const char *)b.p : "");
    gad_buf_deinit(&b);
}

static void add_reasons(struct gad_buf *b, const json_t *list)
{
    char name[ROW_TEXT], value[ROW_TEXT], expected[ROW_TEXT], text[CTL_REASON];
    const json_t *r;
    size_t i;

    json_array_foreach(list, i, r)
    {
        ctl_reason(row_scalar(r, "name", name), row_scalar(r, "value", value),
                   row_scalar(r, "expected", expected),
                   json_number_value(json_object_get(r, "share")), text);
        gad_buf_printf(b, "%s%s", i == 0 ? "; " : ", ", text);
    }
}

/* Whether the first @n bytes of a text no longer have a word that the text has. */
static bool loses(const char *text, size_t n, const char *word)
{
    const char *at = *word ? strstr(text, word) : NULL;

    return at && at + strlen(word) > text + n;
}

/* Bytes of the first @columns columns of UTF-8. */
static size_t bytes_of(const char *text, size_t columns)
{
    size_t n = 0;

    for (; text[n]; n++)
        if ((text[n] & 0xc0) != 0x80 && columns-- == 0)
            break;
    return n;
}

static void print_cut(const json_t *alert, const char *text, size_t width)
{
    char ends[ENDS], src[ROW_TEXT], dst[ROW_TEXT];
    size_t n = bytes_of(text, width > 3 ? width - 3 : 0);

    ends_of(alert, true, ends);
    if (strlen(ends) + DOTS >= width)
        ends_of(alert, false, ends);
    bool is_kept = !*ends || (!loses(text, n, row_scalar(alert, "src_ip", src)) &&
                              !loses(text, n, row_scalar(alert, "dest_ip", dst)));
    size_t room = strlen(ends) + DOTS;
    if (!is_kept && room < width)
        printf("%.*s... %s", (int)bytes_of(text, width - room), text, ends);
    else
        printf("%.*s...", (int)n, text);
}

void row_sentence(const json_t *alert, size_t width, bool with_reasons)
{
    char line[LINE];
    const char *s = json_string_value(json_object_get(alert, "sentence"));
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(LINE - 1);

    gad_text_escape(line, sizeof(line), s ? s : "-", s ? strlen(s) : 1);
    size_t len = strlen(line);
    gad_buf_printf(&b, "%s", line);
    if (with_reasons)
        add_reasons(&b, json_object_get(alert, "top_features"));
    if (!b.bad)
        (void)snprintf(line, sizeof(line), "%.*s", (int)b.len, (const char *)b.p);
    if (width == 0 || bytes_of(line, width) == strlen(line))
        printf("%s", line);
    else if (bytes_of(line, width) >= len) /* all of the sentence, and a part of the reasons */
        printf("%.*s...", (int)bytes_of(line, width - 3 > len ? width - 3 : len), line);
    else
        print_cut(alert, line, width);
}

/* --- rows --- */

/* Columns that are left; 0: without a limit. */
static size_t room_of(size_t used, size_t width)
{
    return width == 0 ? 0 : width > used + SENTENCE_MIN ? width - used : SENTENCE_MIN;
}

static void print_alert(const json_t *event, size_t used, size_t width, bool colour)
{
    char state[ROW_TEXT];
    const json_t *incident = json_object_get(event, "incident");

    row_scalar(incident, "state", state);
    printf("%s%-6s%s  %-6.6s  ", colour ? row_colour(event) : "", row_severity(event),
           colour ? "\033[0m" : "", incident ? state : "alert");
    row_sentence(event, room_of(used + STATE_COLUMNS, width), width == 0 || width >= ROW_WIDE);
}

/* Returns the columns of the time. */
static size_t print_time(struct row_day *day, const json_t *event, size_t width)
{
    char when[ROW_TEXT], date[11], clock[9];

    row_date(row_scalar(event, "timestamp", when), date, clock);
    if (width == 0 || !*date)
        return (size_t)printf("%s  ", when);
    if (strcmp(date, day->date) != 0)
        printf("-- %s, times in UTC --\n", date);
    memcpy(day->date, date, sizeof(date));
    return (size_t)printf("%s  ", clock);
}

void row_print(struct row_day *day, const json_t *event, const char *text, size_t width,
               bool colour)
{
    char lost[ROW_TEXT], line[LINE];
    const char *type = json_string_value(json_object_get(event, "event_type"));

    if (type && strcmp(type, "loss") == 0) {
        printf("%s alerts were lost here: this tail read too slowly\n",
               row_scalar(event, "lost", lost));
        return;
    }
    bool is_alert = type && strcmp(type, "alert") == 0;
    if (!is_alert && !json_object_get(event, "sentence")) {
        gad_text_escape(line, sizeof(line), text, strlen(text));
        puts(line);
        return;
    }
    size_t used = print_time(day, event, width);
    if (is_alert) {
        print_alert(event, used, width, colour);
    } else {
        printf("%-14.14s  ", type ? type : "-");
        row_sentence(event, room_of(used + STATE_COLUMNS, width), false);
    }
    putchar('\n');
}
