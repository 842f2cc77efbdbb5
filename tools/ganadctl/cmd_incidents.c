/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/text.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/event_row.h"

enum { LIST_MAX = 1024 /* entries; the daemon has fewer */ };

struct incidents {
    bool json, open, colour;
    size_t width;   /* 0: rows are not cut */
    const char *id; /* NULL: all */
    size_t n;       /* shown so far */
    json_t *list;   /* for --json */
    struct row_day day;
};

static const json_t *incident_of(const json_t *event)
{
    return json_object_get(event, "incident");
}

/* The id of the incident, else of the alert. */
static const char *id_of(const json_t *event)
{
    const json_t *i = incident_of(event);
    const char *id =
        json_string_value(i ? json_object_get(i, "id") : json_object_get(event, "event_id"));
    return id ? id : "-";
}

/* What follows the name of the sensor and the run: "i12". */
static const char *short_id(const char *id)
{
    const char *dash = strrchr(id, '-');
    return dash ? dash + 1 : id;
}

static bool is_open(const json_t *event)
{
    const char *state = json_string_value(json_object_get(incident_of(event), "state"));
    return state && strcmp(state, "closed") != 0;
}

static bool wants(const struct incidents *o, const json_t *event)
{
    if (o->id)
        return strcmp(o->id, id_of(event)) == 0 || strcmp(o->id, short_id(id_of(event))) == 0;
    return !o->open || is_open(event);
}

/* --- a row --- */

static uint64_t records_of(const json_t *event)
{
    const json_t *i = incident_of(event);
    const json_t *n = i ? json_object_get(i, "records")
                        : json_object_get(json_object_get(event, "rollup"), "count");
    return (uint64_t)json_integer_value(n);
}

/* Columns before the sentence. */
enum { HEAD = 6 + 8 + 8 + 6 + 6 + 9 + 6 * 2, SENTENCE_MIN = 20 };

static void print_heads(struct incidents *o, const char *date)
{
    if (o->n == 0)
        printf("%-6s  %-8s  %-8s  %-6s  %-6s  %9s  %s\n", "ID", "SINCE", "LAST", "SEV.", "STATE",
               "RECORDS", "WHAT");
    if (strcmp(date, o->day.date) != 0)
        printf("-- %s, times in UTC --\n", date);
    (void)snprintf(o->day.date, sizeof(o->day.date), "%s", date);
}

static void print_row(struct incidents *o, const json_t *event)
{
    char text[ROW_TEXT], state[ROW_TEXT], id[CTL_TEXT], records[SHOW_TEXT];
    char since_date[11], since[9], date[11], last[9];
    const json_t *i = incident_of(event);

    row_date(row_scalar(i ? i : event, i ? "first" : "timestamp", text), since_date, since);
    row_date(row_scalar(i ? i : event, i ? "last" : "timestamp", text), date, last);
    print_heads(o, date);
    printf("%-6.6s  %-8s  %-8s  ", ctl_safe(short_id(id_of(event)), id),
           strcmp(since_date, date) == 0 ? since : since_date + 5, last);
    printf("%s%-6s%s  %-6.6s  %9s  ", o->colour ? row_colour(event) : "", row_severity(event),
           o->colour ? "\033[0m" : "", i ? row_scalar(i, "state", state) : "alert",
           show_count(records_of(event), records));
    const char *says = json_string_value(json_object_get(event, "feedback"));
    if (says)
        printf(strcmp(says, "true") == 0 ? "[attack] " : "[expected] ");
    size_t room = o->width > HEAD + SENTENCE_MIN ? o->width - HEAD : SENTENCE_MIN;
    row_sentence(event, o->width == 0 ? 0 : room, o->width == 0 || o->width >= ROW_WIDE);
    putchar('\n');
}

/* --- all details --- */

static void print_value(const char *path, const json_t *v);

static void print_list(const char *path, const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        const char *key;
        const json_t *v;
        char text[ROW_TEXT];
        printf("%-28s ", path);
        json_object_foreach((json_t *)(uintptr_t)one, key, v)
            printf(" %s %s", key, row_scalar(one, key, text));
        putchar('\n');
    }
}

static void print_object(const char *path, const json_t *o)
{
    const char *key;
    const json_t *v;
    char name[ROW_TEXT];

    json_object_foreach((json_t *)(uintptr_t)o, key, v)
    {
        if (strcmp(key, "sentence") == 0 || strcmp(key, "schema") == 0)
            continue;
        (void)snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
        if (json_is_object(v))
            print_value(name, v);
        else if (json_is_array(v))
            print_list(name, v);
        else {
            char text[ROW_TEXT];
            printf("%-28s  %s\n", name, row_scalar(o, key, text));
        }
    }
}

/* Objects are at most three deep in an alert. */
static void print_value(const char *path, const json_t *v)
{
    if (strlen(path) < 64)
        print_object(path, v);
}

static void print_details(const struct incidents *o, const json_t *event)
{
    if (o->n > 0)
        putchar('\n');
    row_sentence(event, 0, false);
    printf("\n\n");
    print_object("", event);
}

/* --- requests --- */

static void put(struct incidents *o, const Ganad__V1__IncidentsReply__Entry *e)
{
    json_t *event = json_loads(e->event, JSON_REJECT_DUPLICATES, NULL);

    if (event && wants(o, event)) {
        if (o->json)
            (void)json_array_append(o->list, event);
        else if (o->id)
            print_details(o, event);
        else
            print_row(o, event);
        o->n++;
    }
    json_decref(event);
}

/* The entries after *change, which becomes that of the last. Returns an exit code. */
static int show_page(struct incidents *o, uint64_t *change, bool *ret_more)
{
    Ganad__V1__ControlRequest m;
    Ganad__V1__IncidentsReply *r = NULL;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__INCIDENTS;
    m.id = *change;
    int code =
        ctl_get(&m, GANAD__V1__KIND__INCIDENTS_REPLY, &ganad__v1__incidents_reply__descriptor, &r);
    if (code != CLI_OK)
        return code;
    for (size_t i = 0; i < r->n_entry; i++) {
        put(o, r->entry[i]);
        *change = r->entry[i]->change;
    }
    *ret_more = r->more && r->n_entry > 0;
    ganad__v1__incidents_reply__free_unpacked(r, NULL);
    return CLI_OK;
}

static int show(struct incidents *o)
{
    uint64_t change = 0;
    bool more = true;
    int code = CLI_OK;

    o->list = json_array();
    for (int i = 0; i < LIST_MAX && code == CLI_OK && more; i++)
        code = show_page(o, &change, &more);
    if (code == CLI_OK && o->json) {
        if (json_dumpf(o->list, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
            code = cli_failed(GAD_ENOMEM, NULL);
        putchar('\n');
    } else if (code == CLI_OK && o->n == 0) {
        if (o->id) {
            cli_say("no incident or alert '%s' is listed; ganadd lists the latest ones", o->id);
            code = CLI_FAILED;
        } else {
            printf("no %s\n", o->open ? "open incident" : "incident or alert yet");
        }
    }
    json_decref(o->list);
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"open", no_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    struct incidents o = {.colour = show_is_terminal(STDOUT_FILENO), .width = row_width()};
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jo", longs, NULL)) != -1) {
        if (c == 'J')
            o.json = true;
        else if (c == 'o')
            o.open = true;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    if (argc > optind + 1)
        return cli_usage(self, "takes one ID, not '%s'", argv[optind + 1]);
    o.id = argc > optind ? argv[optind] : NULL;
    return show(&o);
}

const struct cli_command command_incidents = {
    .name = "incidents",
    .usage = "[--json] [--open] [ID]",
    .summary = "show the latest incidents and alerts, or all details of one",
    .help = "  -J, --json   a list of the latest alert of each, as in an output of format json\n"
            "  -o, --open   only incidents that go on\n",
    .run = run,
};
