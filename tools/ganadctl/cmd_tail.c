/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/suppress/rule.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/client.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/event_row.h"
#include "tools/ganadctl/status.h"

enum { ALIVE_MS = 5000 };

/* --- which events are shown: what can match no event is refused before the first --- */

struct tail_filter {
    bool all;                /* heartbeats and counters too */
    int severity;            /* the lowest, 1 high to 3 low */
    struct gad_network host; /* of either end; family 0: any */
    const char *model;       /* NULL: any; its name in the configuration or in alerts */
    char sha256
        [2]
        [65]; /* with the name in the configuration: of its checkpoint, and of the previous one */
};

static int set_host(struct tail_filter *f, const char *text, struct gad_diag *d)
{
    int err = gad_network_parse(text, &f->host);

    if (err == GAD_EINVAL)
        return gad_fail(d, err, "--host: '%s' has bits set after its prefix, as in 10.0.0.1/8",
                        text);
    if (err != 0)
        return gad_fail(d, err,
                        "--host: '%s' is not an address or a network, such as 192.0.2.7, "
                        "10.0.0.0/8 or 2001:db8::/32",
                        text);
    return 0;
}

static int set_severity(struct tail_filter *f, const char *name, struct gad_diag *d)
{
    static const char *const names[] = {"high", "medium", "low"};
    size_t i = 0;

    int err = cli_choice("--severity", name, names, 3, &i, d);
    f->severity = (int)i + 1;
    return err;
}

/* Stores the checkpoints of the model. Returns false if neither the configuration nor an alert has
 * this name. */
static bool find(struct tail_filter *f, const Ganad__V1__StatusReply *s)
{
    bool is_alert_name = false;

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        if (strcmp(m->name, f->model) == 0) {
            (void)snprintf(f->sha256[0], sizeof(f->sha256[0]), "%s", m->sha256);
            (void)snprintf(f->sha256[1], sizeof(f->sha256[1]), "%s", m->previous_sha256);
            return true;
        }
        is_alert_name = is_alert_name || strcmp(m->alert_name, f->model) == 0;
    }
    return is_alert_name;
}

/* Asks ganadd for the model of that name. Returns an exit code. */
static int find_model(struct tail_filter *f)
{
    Ganad__V1__StatusReply *s = NULL;
    char list[STATUS_MODELS];

    int code = status_get(&s);
    if (code != CLI_OK)
        return code;
    if (!find(f, s)) {
        status_models(s, list);
        code = cli_usage(&command_tail, "--model: ganadd has no model '%s'; it has %s", f->model,
                         list);
    }
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

/* Updates the checkpoints of the model; nothing changes if ganadd does not answer. */
static void model_changed(struct tail_filter *f)
{
    Ganad__V1__StatusReply *s = NULL;
    struct gad_diag d = {""};

    if (!*f->sha256[0] || status_ask(&s, &d) != 0)
        return;
    (void)find(f, s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
}

static bool has_text(const json_t *o, const char *key, const char *want)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s && strcmp(s, want) == 0;
}

static bool is_in(const struct gad_network *n, const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    struct gad_network one;

    return text && gad_network_parse(text, &one) == 0 && gad_network_holds(n, one.family, one.addr);
}

static bool is_model(const struct tail_filter *f, const json_t *event)
{
    if (!*f->sha256[0])
        return has_text(event, "model", f->model);
    return has_text(event, "model_sha256", f->sha256[0]) ||
           has_text(event, "model_sha256", f->sha256[1]);
}

/* Returns true for an event to show. One without the shape of the feed always is. */
static bool wants(const struct tail_filter *f, const json_t *event)
{
    const json_t *severity = json_object_get(event, "severity");

    if (has_text(event, "event_type", "heartbeat") || has_text(event, "event_type", "stats"))
        return f->all;
    if (!has_text(event, "event_type", "alert"))
        return true;
    return (!json_is_integer(severity) || json_integer_value(severity) <= f->severity) &&
           (!f->model || is_model(f, event)) &&
           (f->host.family == 0 || is_in(&f->host, event, "src_ip") ||
            is_in(&f->host, event, "dest_ip"));
}

/* --- events for people --- */

struct tail {
    bool json, colour;
    size_t width;   /* 0: rows are not cut */
    uint64_t count; /* events still to show; UINT64_MAX: until interrupted */
    struct row_day day;
    struct tail_filter filter;
};

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
        return gad_fail(d, GAD_EFORMAT, "%s: an unreadable event", c->address);
    json_t *event = json_loads(e->json, JSON_REJECT_DUPLICATES, NULL);
    if (wants(&t->filter, event)) {
        t->count -= t->count != UINT64_MAX;
        if (t->json)
            puts(e->json);
        else
            row_print(&t->day, event, e->json, t->width, t->colour);
    }
    const char *type = json_string_value(json_object_get(event, "event_type"));
    if (type && strcmp(type, "model") == 0)
        model_changed(&t->filter);
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
                return gad_fail(d, -errno, "cannot write to the standard output: %s",
                                gad_strerror(-errno));
            err = client_move(c, NULL, 0, ALIVE_MS, d);
            if (err == -ETIMEDOUT) /* the request again: ganadd ends a tail that is silent */
                err = client_queue(c, GANAD__V1__KIND__CONTROL_REQUEST, &m.base, d);
        } else if (!err) {
            err = take_event(c, t, &f, d);
        }
    }
    return err;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"count", required_argument, NULL, 'n'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"severity", required_argument, NULL, 'l'},
                                          {"host", required_argument, NULL, 'H'},
                                          {"model", required_argument, NULL, 'm'},
                                          {NULL, 0, NULL, 0}};
    struct tail t = {.count = UINT64_MAX,
                     .filter = {.severity = 3},
                     .colour = show_is_terminal(STDOUT_FILENO),
                     .width = row_width()};
    struct client client = CLIENT_INIT;
    struct gad_diag d = {0};
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jn:al:H:m:", longs, NULL)) != -1) {
        if (c == 'J')
            t.json = true;
        else if (c == 'a')
            t.filter.all = true;
        else if (c == 'm')
            t.filter.model = optarg;
        else if ((c == 'H' && set_host(&t.filter, optarg, &d) != 0) ||
                 (c == 'l' && set_severity(&t.filter, optarg, &d) != 0) ||
                 (c == 'n' && cli_u64("--count", optarg, 0, UINT64_MAX - 1, &t.count, &d) != 0))
            return cli_usage(self, "%s", d.text);
        else if (!strchr("nlH", c) && ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    if (argc > optind)
        return cli_usage(self, "takes no '%s'", argv[optind]);

    int code = t.filter.model ? find_model(&t.filter) : CLI_OK;
    if (code != CLI_OK)
        return code;
    int err = client_open(&client, ctl_control_socket(), &d);
    if (err)
        return ctl_unreachable(err, &d, false);
    err = follow(&client, &t, &d);
    if (err)
        cli_say("%s", d.text);
    if (err == GAD_ECLOSED)
        fprintf(
            stderr,
            "ganadd has stopped or restarts; tail does not reconnect. Alerts raised meanwhile are "
            "in its outputs and its spool.\n");
    client_close(&client);
    return err ? CLI_FAILED : CLI_OK;
}

const struct cli_command command_tail = {
    .name = "tail",
    .usage = "[--json] [--count N] [--all] [--severity LEVEL] [--host NETWORK] [--model NAME]",
    .summary = "show alerts as they are raised, until interrupted",
    .help =
        "  -J, --json             each event as in an output of format json, one object per line\n"
        "  -n, --count N          end after N events\n"
        "  -a, --all              heartbeats and counters too\n"
        "  -l, --severity low|medium|high\n"
        "                         only alerts of at least this severity\n"
        "  -H, --host NETWORK     only alerts from or to an address, or a network: 10.0.0.0/8\n"
        "  -m, --model NAME       only alerts of this model, by its name in the configuration or\n"
        "                         in alerts\n",
    .run = run,
};
