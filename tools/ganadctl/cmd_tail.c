/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "proto/ganad.pb-c.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/client.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/reason.h"
#include "tools/ganadctl/tail_filter.h"

enum { TEXT = 256 };

struct tail {
    const struct ctl *ctl;
    bool json, colour;
    uint64_t count; /* events still to show; UINT64_MAX: until the end */
    struct tail_filter filter;
};

/* A scalar of an alert as text that is safe for a terminal; "-" if it is not there. */
static const char *scalar(const json_t *o, const char *key, char text[static TEXT])
{
    const json_t *v = json_object_get(o, key);

    if (json_is_string(v))
        gad_text_escape(text, TEXT, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        (void)snprintf(text, TEXT, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(text, TEXT, "%.6g", json_real_value(v));
    else
        (void)snprintf(text, TEXT, "-");
    return text;
}

static void print_reasons(const json_t *list)
{
    char name[TEXT], value[TEXT], expected[TEXT], text[REASON_TEXT];
    const json_t *r;
    size_t i;

    json_array_foreach(list, i, r)
    {
        reason_text(scalar(r, "name", name), scalar(r, "value", value),
                    scalar(r, "expected", expected), json_number_value(json_object_get(r, "share")),
                    text);
        printf("%s%s", i == 0 ? "  " : ", ", text);
    }
}

static void print_connection(const json_t *alert)
{
    const json_t *f = json_object_get(alert, "features");
    char a[TEXT], b[TEXT], c[TEXT];

    if (json_object_get(alert, "src_ip")) {
        printf("  %s:%s", scalar(alert, "src_ip", a), scalar(alert, "src_port", b));
        printf(" > %s:%s", scalar(alert, "dest_ip", a), scalar(alert, "dest_port", b));
    }
    printf("  %s/%s %s", scalar(f, "protocol_type", a), scalar(f, "service", b),
           scalar(f, "flag", c));
}

static void print_repeats(const json_t *rollup)
{
    json_int_t n = json_integer_value(json_object_get(rollup, "count"));

    if (n > 1)
        printf("  (%lld connections)", (long long)n);
}

/* Red is for what is rarest. */
static const char *colour_of(const json_t *alert)
{
    json_int_t severity = json_integer_value(json_object_get(alert, "severity"));
    return severity <= 1 ? "\033[1;31m" : severity == 2 ? "\033[1;33m" : "\033[1m";
}

static void print_model(const json_t *event)
{
    char when[TEXT], name[TEXT], action[TEXT], sha[TEXT];
    const char *model = scalar(event, "model", name);

    printf("%s  MODEL  %s %s", scalar(event, "timestamp", when), *model ? model : "configuration",
           scalar(event, "action", action));
    if (json_object_get(event, "model_sha256"))
        printf(": %.16s", scalar(event, "model_sha256", sha));
    if (json_object_get(event, "previous_sha256"))
        printf(" instead of %.16s", scalar(event, "previous_sha256", sha));
    if (json_object_get(event, "reason"))
        printf(": %s", scalar(event, "reason", sha));
    putchar('\n');
}

/* One line an event; one that has not the shape of the feed is shown as it is. */
static void print_event(const struct tail *t, const json_t *event, const char *text)
{
    char when[TEXT], score[TEXT], threshold[TEXT], p[TEXT], model[TEXT], lost[TEXT];
    const char *type = json_string_value(json_object_get(event, "event_type"));

    if (type && strcmp(type, "loss") == 0) {
        printf("%s alerts were lost here: this tail was too slow\n", scalar(event, "lost", lost));
    } else if (type && strcmp(type, "alert") == 0) {
        printf("%s  %sANOMALY%s  score %s (threshold %s), p %s, %s",
               scalar(event, "timestamp", when), t->colour ? colour_of(event) : "",
               t->colour ? "\033[0m" : "", scalar(event, "score", score),
               scalar(event, "threshold", threshold), scalar(event, "p_value", p),
               scalar(event, "model", model));
        print_connection(event);
        print_reasons(json_object_get(event, "top_features"));
        print_repeats(json_object_get(event, "rollup"));
        putchar('\n');
    } else if (type && strcmp(type, "model") == 0) {
        print_model(event);
    } else if (type && strcmp(type, "heartbeat") == 0) {
        printf("%s  HEARTBEAT  %s: up %s s, %s records, %s alerts\n",
               scalar(event, "timestamp", when), scalar(event, "host", model),
               scalar(event, "uptime", score), scalar(event, "records", p),
               scalar(event, "alerts", lost));
    } else {
        char line[4096];
        gad_text_escape(line, sizeof(line), text, strlen(text));
        puts(line);
    }
}

static int take_event(struct client *c, struct tail *t, const struct gad_frame *f,
                      struct gad_diag *d)
{
    if (f->kind == GANAD__V1__KIND__ERROR_REPLY)
        return client_error(c, f, d);
    if (f->kind != GANAD__V1__KIND__EVENT)
        return gad_fail(d, GAD_EFORMAT, "%s: a frame of kind %u, expected an event", c->address,
                        f->kind);
    Ganad__V1__Event *e = ganad__v1__event__unpack(NULL, f->len, f->p);
    if (!e)
        return gad_fail(d, GAD_EFORMAT, "%s: an event that cannot be read", c->address);
    json_t *event = json_loads(e->json, JSON_REJECT_DUPLICATES, NULL);
    if (tail_filter_wants(&t->filter, event)) {
        t->count -= t->count != UINT64_MAX;
        if (t->json)
            puts(e->json);
        else
            print_event(t, event, e->json);
    }
    const char *type = json_string_value(json_object_get(event, "event_type"));
    if (type && strcmp(type, "model") == 0)
        tail_filter_model_changed(&t->filter, t->ctl);
    json_decref(event);
    ganad__v1__event__free_unpacked(e, NULL);
    return 0;
}

static int follow(struct client *c, struct tail *t, struct gad_diag *d)
{
    Ganad__V1__ControlRequest m;
    struct gad_frame f;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__TAIL;
    int err = client_queue(c, GANAD__V1__KIND__CONTROL_REQUEST, &m.base, d);
    while (!err && t->count > 0) {
        err = client_next(c, &f, d);
        if (err == GAD_MORE) {
            if (fflush(stdout) != 0)
                return gad_fail(d, -errno, "cannot write the output: %s", gad_strerror(-errno));
            err = client_move(c, NULL, 0, -1, d);
        } else if (!err) {
            err = take_event(c, t, &f, d);
        }
    }
    return err;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"count", required_argument, NULL, 'n'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"severity", required_argument, NULL, 'l'},
                                          {"host", required_argument, NULL, 'H'},
                                          {"model", required_argument, NULL, 'm'},
                                          {NULL, 0, NULL, 0}};
    struct tail t = {
        .count = UINT64_MAX, .filter = {.severity = 3}, .colour = show_is_terminal(STDOUT_FILENO)};
    struct client client = CLIENT_INIT;
    struct gad_diag d = {0};
    int c, code;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jn:al:H:m:", longs, NULL)) != -1) {
        if (c == 'J')
            t.json = true;
        else if (c == 'a')
            t.filter.all = true;
        else if (c == 'm')
            t.filter.model = optarg;
        else if ((c == 'H' && tail_filter_host(&t.filter, optarg, &d) != 0) ||
                 (c == 'l' && tail_filter_severity(&t.filter, optarg, &d) != 0))
            return ctl_usage(&ctl_tail, "%s", d.text);
        else if (c == 'n' && gad_text_u64(optarg, strlen(optarg), UINT64_MAX - 1, &t.count) != 0)
            return ctl_usage(&ctl_tail, "--count '%s': a whole number", optarg);
        else if (!strchr("nlH", c) && ctl_option(ctl, &ctl_tail, c, optarg, &code) != CTL_OK)
            return code;
    }
    if (argc != optind)
        return ctl_usage(&ctl_tail, "tail takes no '%s'", argv[optind]);

    code = t.filter.model ? tail_filter_model(&t.filter, ctl) : CTL_OK;
    if (code != CTL_OK)
        return code;
    int err = client_open(&client, ctl_control_socket(ctl), &d);
    if (err)
        return ctl_unreachable(ctl, err, &d, false);
    err = follow(&client, &t, &d);
    if (err)
        ctl_say("%s", d.text);
    if (err == GAD_ECLOSED)
        fprintf(stderr,
                "ganadd has stopped, or restarts: tail does not connect again. What it raised "
                "meanwhile is in its outputs and its spool.\n");
    client_close(&client);
    return err ? CTL_ERROR : CTL_OK;
}

const struct ctl_command ctl_tail = {
    .name = "tail",
    .usage = "[--json] [--count N] [--all] [--severity LEVEL] [--host NETWORK] [--model NAME]",
    .summary = "alerts as they are raised, until interrupted",
    .help =
        "  -J, --json             each event as an output of format json gets it, one object a "
        "line\n"
        "  -n, --count N          end after N events\n"
        "  -a, --all              heartbeats and counters too\n"
        "  -l, --severity low|medium|high\n"
        "                         alerts that are at least that\n"
        "  -H, --host NETWORK     alerts from or to an address, or a network such as 10.0.0.0/8\n"
        "  -m, --model NAME       alerts of that model, by its name in the configuration or in "
        "alerts\n",
    .run = run,
};
