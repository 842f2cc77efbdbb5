/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a spool directory, also while a ganadd uses it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/event/event.h"
#include "lib/event/format.h"
#include "lib/spool/inspect.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

#define SPOOL_DIRECTORY "/var/lib/ganad/spool"

enum { LINE = 64 << 10 };

struct look {
    bool json, events, colour;
    uint64_t segment; /* 0: all */
    const struct gad_format *format;
    struct gad_buf line;
    uint64_t n_bad; /* events that could not be read */
};

static const char *age_text(struct gad_time then, char text[static SHOW_TEXT])
{
    struct gad_time age = gad_time_sub(gad_time_wall(), then);
    return then.ns == 0 ? "-" : show_duration(gad_time_seconds(age), text);
}

/* The time of the event with that number, or of the next one that exists; 0 if none does. */
static struct gad_time time_of(const char *directory, uint64_t seq, uint64_t end)
{
    struct gad_spool_reader *r = NULL;
    struct gad_spool_item item = {0};
    struct gad_time t = {0};

    if (gad_spool_reader_open(directory, seq, &r, NULL) != 0)
        return t;
    while (gad_spool_reader_next(r, end, &item) == 0)
        if (item.p) {
            t = item.time;
            break;
        }
    gad_spool_reader_close(r);
    return t;
}

static void print_view(const char *directory, const struct gad_spool_view *v, bool colour)
{
    const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
    static const char *const sync[] = {"always", "interval", "never"};
    char n[4][SHOW_TEXT], name[CTL_TEXT];

    printf("%s: %s in %zu files, the next event is %s; sync %s, %s\n", directory,
           show_bytes(v->bytes, n[0]), v->n_segments, show_count(v->next, n[1]),
           v->slots_whole ? sync[v->sync] : "unknown",
           v->clean ? "closed cleanly" : "in use, or not closed cleanly");
    printf("events ever %s, not written %s, deleted for the quota %s, damaged %s, failed writes "
           "%" PRIu64 "\n",
           show_count(v->totals.committed, n[0]), show_count(v->totals.dropped, n[1]),
           show_bytes(v->totals.evicted_bytes, n[2]), show_bytes(v->totals.damaged, n[3]),
           v->totals.failures);
    if (v->slots_whole < 2)
        printf("of the two copies of its state %u %s intact\n", v->slots_whole,
               v->slots_whole == 1 ? "is" : "are");
    printf("\n%s%-24s %14s %14s %12s %16s%s\n", bold, "OUTPUT", "NEXT", "WAITING", "LOST",
           "OLDEST WAITS", plain);
    for (size_t i = 0; i < GAD_SPOOL_CURSORS; i++) {
        const struct gad_spool_cursor *c = &v->cursor[i];
        if (!*c->name)
            continue;
        const struct gad_spool_share share = gad_spool_view_share(v, i);
        char age[SHOW_TEXT];
        ctl_safe(c->name, name);
        printf("%-24s %14s %14s %12s %16s\n", name, show_count(c->next, n[0]),
               show_count(share.waiting, n[1]), show_count(c->lost + share.lost, n[2]),
               share.waiting ? age_text(time_of(directory, c->next, v->next), age) : "-");
    }
    printf("\n%s%-24s %14s%s\n", bold, "SEGMENT", "BYTES", plain);
    for (size_t i = 0; i < v->n_segments; i++)
        printf("%-24" PRIu64 " %14s\n", v->segment[i].first, show_count(v->segment[i].bytes, n[0]));
}

static int print_json(const char *directory, const struct gad_spool_view *v)
{
    json_t *cursors = json_array(), *segments = json_array();

    for (size_t i = 0; i < GAD_SPOOL_CURSORS; i++) {
        const struct gad_spool_cursor *c = &v->cursor[i];
        if (!*c->name)
            continue;
        const struct gad_spool_share share = gad_spool_view_share(v, i);
        struct gad_time t =
            share.waiting ? time_of(directory, c->next, v->next) : (struct gad_time){0};
        json_t *o = json_pack("{s:s, s:I, s:I, s:I}", "name", c->name, "next", (json_int_t)c->next,
                              "waiting", (json_int_t)share.waiting, "lost",
                              (json_int_t)c->lost + (json_int_t)share.lost);
        (void)json_object_set_new(
            o, "oldest_age",
            t.ns ? json_real(gad_time_seconds(gad_time_sub(gad_time_wall(), t))) : json_null());
        (void)json_array_append_new(cursors, o);
    }
    for (size_t i = 0; i < v->n_segments; i++)
        (void)json_array_append_new(segments, json_pack("{s:I, s:I}", "first",
                                                        (json_int_t)v->segment[i].first, "bytes",
                                                        (json_int_t)v->segment[i].bytes));
    json_t *o = json_pack(
        "{s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "folder", directory, "bytes",
        (json_int_t)v->bytes, "next", (json_int_t)v->next, "clean", (int)v->clean, "committed",
        (json_int_t)v->totals.committed, "dropped", (json_int_t)v->totals.dropped, "evicted_bytes",
        (json_int_t)v->totals.evicted_bytes, "damaged", (json_int_t)v->totals.damaged, "failures",
        (json_int_t)v->totals.failures, "outputs", cursors, "segments", segments);
    int err = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) : -1;
    putchar('\n');
    json_decref(o);
    return err;
}

/* --- events --- */

static int print_event(void *arg, const struct gad_spool_item *item)
{
    struct look *l = arg;
    static struct gad_event e;
    const struct gad_format_options o = {
        .pid = 0, .enterprise = 32473, .facility = 16, .max = LINE, .version = GANAD_VERSION};
    struct gad_diag d = {""};

    l->line.pos = l->line.len = 0;
    if (gad_event_unpack(item->kind, item->seq, item->p, item->len, &e, &d) != 0 ||
        gad_format_write(l->format, &e, &o, &l->line) != 0) {
        cli_say("event %" PRIu64 ": %s", item->seq,
                *d.text ? d.text : "cannot be written in this format");
        l->n_bad++;
        return 0;
    }
    gad_buf_add(&l->line, "\n", 1);
    return fwrite(l->line.p, 1, l->line.len, stdout) == l->line.len ? 0 : -EIO;
}

static int print_events(struct look *l, const char *directory, const struct gad_spool_view *v)
{
    struct gad_diag d = {""};
    bool found = l->segment == 0;

    l->line = GAD_BUF_INIT((size_t)2 * LINE);
    for (size_t i = 0; i < v->n_segments; i++) {
        struct gad_spool_content content;
        if (l->segment != 0 && v->segment[i].first != l->segment)
            continue;
        found = true;
        int r = gad_spool_look(directory, v->segment[i].first, print_event, l, &content, &d);
        if (r != 0) {
            cli_say("%s", *d.text ? d.text : gad_strerror(r));
            return CLI_FAILED;
        }
        if (content.damaged > 0)
            cli_say("segment %" PRIu64 ": %" PRIu64 " bytes are not an event", v->segment[i].first,
                    content.damaged);
    }
    gad_buf_deinit(&l->line);
    if (!found)
        cli_say("no segment %" PRIu64, l->segment);
    return found && l->n_bad == 0 && fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

static int inspect(struct look *l, const char *directory)
{
    struct gad_spool_view v;
    struct gad_diag d = {""};

    int code = gad_spool_view(directory, &v, &d);
    if (code != 0) {
        cli_say("%s", d.text);
        if (code == -ENOENT || code == -ENOTDIR)
            fprintf(stderr, "The key directory in [spool] of ganadd.conf names the spool: see "
                            "'ganadctl config'.\n");
        if (code == -EACCES)
            fprintf(stderr, "Only ganadd can read its spool: run ganadctl as root, or as the user "
                            "of ganadd.\n");
        return CLI_FAILED;
    }
    if (v.slots_whole == 0 && v.n_segments == 0) {
        cli_say(
            "%s: not a spool: it has neither an intact state nor a segment; the key directory in "
            "[spool] of ganadd.conf names one",
            directory);
        gad_spool_view_deinit(&v);
        return CLI_FAILED;
    }
    if (l->events)
        code = print_events(l, directory, &v);
    else if (!l->json)
        print_view(directory, &v, l->colour);
    else if (print_json(directory, &v) != 0)
        code = CLI_FAILED;
    gad_spool_view_deinit(&v);
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"events", no_argument, NULL, 'e'},
                                          {"segment", required_argument, NULL, 'g'},
                                          {"format", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    struct look l = {.format = gad_format_find("json"), .colour = show_is_terminal(STDOUT_FILENO)};
    struct gad_diag d = {""};
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jeg:f:", longs, NULL)) != -1) {
        if (c == 'J')
            l.json = true;
        else if (c == 'e')
            l.events = true;
        else if (c == 'g' && (l.events = true) &&
                 cli_u64("--segment", optarg, 1, UINT64_MAX, &l.segment, &d) != 0)
            return cli_usage(self, "%s", d.text);
        else if (c == 'f' && (l.events = true) && !(l.format = gad_format_find(optarg)))
            return cli_usage(self,
                             "--format: '%s' is not one of json, eve, ecs, ocsf, cef, leef, "
                             "syslog, journal",
                             optarg);
        else if (c != 'g' && c != 'f' && ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    if (argc > optind + 1)
        return cli_usage(self, "takes one directory, not '%s' too", argv[optind + 1]);
    return inspect(&l, optind < argc ? argv[optind] : SPOOL_DIRECTORY);
}

const struct cli_command command_spool = {
    .name = "spool",
    .usage = "[--json] [--events] [--segment N] [--format NAME] [DIRECTORY]",
    .summary = "show what a spool holds, and the position of each output",
    .help =
        "  -J, --json            one object with folder, bytes, next, clean, committed, dropped,\n"
        "                        evicted_bytes, damaged, failures, outputs, segments\n"
        "  -e, --events          print the events in it\n"
        "  -g, --segment N       only those of one segment\n"
        "  -f, --format json|eve|ecs|ocsf|cef|leef|syslog|journal\n"
        "                        the format of the events\n"
        "  DIRECTORY             by default " SPOOL_DIRECTORY "\n",
    .run = run,
};
