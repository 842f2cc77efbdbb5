/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/status.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/net/unread.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

/* --- requests --- */

static void request(Ganad__V1__ControlRequest *m, Ganad__V1__ControlRequest__Command command)
{
    ganad__v1__control_request__init(m);
    m->command = command;
}

int status_command(Ganad__V1__ControlRequest__Command command, Ganad__V1__StatusReply **ret)
{
    Ganad__V1__ControlRequest m;

    request(&m, command);
    return ctl_get(&m, GANAD__V1__KIND__STATUS_REPLY, &ganad__v1__status_reply__descriptor, ret);
}

int status_get(Ganad__V1__StatusReply **ret)
{
    return status_command(GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS, ret);
}

int status_ask(Ganad__V1__StatusReply **ret, struct gad_diag *d)
{
    Ganad__V1__ControlRequest m;
    bool reached;

    request(&m, GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS);
    return ctl_ask(&m, GANAD__V1__KIND__STATUS_REPLY, &ganad__v1__status_reply__descriptor, ret,
                   &reached, d);
}

int status_version(char *text, size_t len, struct gad_diag *d)
{
    Ganad__V1__StatusReply *s = NULL;

    int err = status_ask(&s, d);
    if (err)
        return err;
    gad_text_escape(text, len, s->version, strlen(s->version));
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return 0;
}

void status_models(const Ganad__V1__StatusReply *s, char text[static STATUS_MODELS])
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(STATUS_MODELS - 1);
    char name[256], in_alerts[256];

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        gad_text_escape(name, sizeof(name), m->name, strlen(m->name));
        gad_text_escape(in_alerts, sizeof(in_alerts), m->alert_name, strlen(m->alert_name));
        gad_buf_printf(&b, "%s'%s'", i > 0 ? ", " : "", name);
        if (strcmp(name, in_alerts) != 0)
            gad_buf_printf(&b, " (in alerts '%s')", in_alerts);
    }
    (void)snprintf(text, STATUS_MODELS, "%.*s", b.p ? (int)b.len : 4,
                   b.p ? (const char *)b.p : "none");
}

/* --- for people --- */

static void print_models(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], kind[CTL_TEXT], sha[CTL_TEXT], file[CTL_TEXT], n[SHOW_TEXT],
        bad[SHOW_TEXT];

    printf("\n%-16s %-10s %-16s %11s %9s %14s %14s  %s\n", "MODEL", "KIND", "SHA256", "THRESHOLD",
           "BUDGET", "SCORED", "ANOMALOUS", "FILE");
    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        printf("%-16s %-10s %-16.16s %11.6g %9.4g %14s %14s  %s\n", ctl_safe(m->name, name),
               ctl_safe(m->kind, kind), ctl_safe(m->sha256, sha), (double)m->threshold,
               m->fpr_budget, show_count(m->scored, n), show_count(m->anomalous, bad),
               ctl_safe(m->file, file));
    }
}

/* One line for each model that searches. */
static void print_budgets(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], n[SHOW_TEXT];

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        if (m->search_rate > 0)
            printf("%s: %u steps per search, %g searches per second, %s records unscored\n",
                   ctl_safe(m->name, name), m->steps, m->search_rate, show_count(m->unscored, n));
    }
}

static uint64_t counter(const Ganad__V1__StatusReply *s, const char *name)
{
    for (size_t i = 0; i < s->n_counter; i++)
        if (strcmp(s->counter[i]->name, name) == 0)
            return s->counter[i]->value;
    return 0;
}

static void print_memo(const Ganad__V1__StatusReply *s)
{
    uint64_t hits = counter(s, "memo_hits"), all = hits + counter(s, "memo_misses");
    char n[SHOW_TEXT];

    if (hits > 0)
        printf("memo: %.1f %% of %s scores were known from an equal record\n",
               100.0 * (double)hits / (double)all, show_count(all, n));
}

static void print_outputs(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], target[CTL_TEXT], state[CTL_TEXT], n[4][SHOW_TEXT];

    printf("\n%-16s %-11s %14s %14s %12s %14s  %s\n", "OUTPUT", "STATE", "SENT", "AGAIN", "LOST",
           "WAITING", "TO");
    for (size_t i = 0; i < s->n_output; i++) {
        const Ganad__V1__StatusReply__Output *o = s->output[i];
        printf("%-16s %-11s %14s %14s %12s %14s  %s %s\n", ctl_safe(o->name, name),
               ctl_safe(o->state, state), show_count(o->sent, n[0]), show_count(o->replayed, n[1]),
               show_count(o->lost, n[2]), show_count(o->waiting, n[3]), o->type,
               ctl_safe(o->target, target));
    }
    for (size_t i = 0; i < s->n_output; i++) {
        const Ganad__V1__StatusReply__Output *o = s->output[i];
        if (*o->address && strcmp(o->address, o->target) != 0)
            printf("%s is connected to %s\n", ctl_safe(o->name, name), ctl_safe(o->address, state));
        if (o->deleted > 0)
            printf("%s, number of times its file was deleted: %s\n", ctl_safe(o->name, name),
                   show_count(o->deleted, n[0]));
        if (*o->error)
            printf("%s, the last failure: %s\n", ctl_safe(o->name, name),
                   ctl_safe(o->error, state));
        if (o->lost_at_most > 0)
            printf("%s, LOST is an upper limit: %s of these are possibly unused numbers\n",
                   ctl_safe(o->name, name), show_count(o->lost_at_most, n[0]));
    }
}

static void print_spool(const Ganad__V1__StatusReply__Spool *p)
{
    char text[CTL_TEXT], n[4][SHOW_TEXT];

    printf("\nspool %s: %s in %s file%s, ", ctl_safe(p->folder, text), show_bytes(p->bytes, n[0]),
           show_count(p->segments, n[1]), p->segments == 1 ? "" : "s");
    if (p->end > p->oldest)
        printf("events %s to %s", show_count(p->oldest, n[2]), show_count(p->end - 1, n[3]));
    else
        printf("no event");
    if (p->dropped > 0)
        printf("; %s not written to the disk", show_count(p->dropped, n[0]));
    printf("\n");
    if (p->mended > 0)
        printf(
            "spool: files deleted or replaced by another program: repaired %s, segments lost %s\n",
            show_count(p->mended, n[0]), show_count(p->removed, n[1]));
    if (*p->error)
        printf("spool: cannot write now: %s\n", ctl_safe(p->error, text));
}

static void print_records(const Ganad__V1__StatusReply__Records *r)
{
    char state[CTL_TEXT], format[CTL_TEXT], file[CTL_TEXT], n[5][SHOW_TEXT];

    printf("\n%-8s %-11s %14s %10s %14s %10s %8s  %s\n", "RECORDS", "STATE", "WRITTEN", "BYTES",
           "LOST", "QUEUED", "ROTATED", "FILE");
    printf("%-8s %-11s %14s %10s %14s %10s %8s  %s\n", ctl_safe(r->format, format),
           ctl_safe(r->state, state), show_count(r->written, n[0]), show_bytes(r->bytes, n[1]),
           show_count(r->lost, n[2]), show_bytes(r->queued, n[3]), show_count(r->rotations, n[4]),
           ctl_safe(r->file, file));
    if (r->deleted > 0)
        printf("number of times the file of records was deleted: %s\n",
               show_count(r->deleted, n[0]));
    if (*r->error)
        printf("the last failure of the file of records: %s\n", ctl_safe(r->error, state));
}

static void print_clients(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], n[6][SHOW_TEXT];

    printf("\n%-24s %11s %12s %10s %14s %14s %12s\n", "CLIENT", "CONNECTIONS", "ACCEPTED",
           "REFUSED", "REQUESTS", "RECORDS", "WAITS");
    for (size_t i = 0; i < s->n_client; i++) {
        const Ganad__V1__StatusReply__Client *c = s->client[i];
        printf("%-24s %11s %12s %10s %14s %14s %12s\n", ctl_safe(c->name, name),
               show_count(c->connections, n[0]), show_count(c->accepted, n[1]),
               show_count(c->refused, n[2]), show_count(c->requests, n[3]),
               show_count(c->records, n[4]), show_count(c->waits, n[5]));
    }
}

static void print_sources(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], state[CTL_TEXT], target[CTL_TEXT], n[6][SHOW_TEXT];

    printf("\n%-16s %-8s %14s %10s %14s %14s %12s %14s  %s\n", "SOURCE", "STATE", "PACKETS",
           "BYTES", "DROPPED", "REFUSED", "FLOWS", "RECORDS", "TARGET");
    for (size_t i = 0; i < s->n_source; i++) {
        const Ganad__V1__StatusReply__Source *o = s->source[i];
        printf("%-16s %-8s %14s %10s %14s %14s %12s %14s  %s\n", ctl_safe(o->name, name),
               ctl_safe(o->state, state), show_count(o->packets, n[0]), show_bytes(o->bytes, n[1]),
               show_count(o->kernel_dropped + o->interface_dropped, n[2]),
               show_count(o->refused, n[3]), show_count(o->flows, n[4]),
               show_count(o->records, n[5]), ctl_safe(o->target, target));
    }
}

/* One line for each source that lost something or was reopened. */
static void print_losses(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], n[5][SHOW_TEXT];

    for (size_t i = 0; i < s->n_source; i++) {
        const Ganad__V1__StatusReply__Source *o = s->source[i];
        if (o->kernel_dropped + o->interface_dropped + o->evicted + o->lost + o->reopened > 0)
            printf("%s: dropped by the kernel %s, by the interface %s; connections evicted %s, "
                   "lost %s; interface reopened %s times\n",
                   ctl_safe(o->name, name), show_count(o->kernel_dropped, n[0]),
                   show_count(o->interface_dropped, n[1]), show_count(o->evicted, n[2]),
                   show_count(o->lost, n[3]), show_count(o->reopened, n[4]));
    }
}

/* One line for each interface whose link is down, or was. */
static void print_links(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], link[CTL_TEXT], n[SHOW_TEXT];

    for (size_t i = 0; i < s->n_source; i++) {
        const Ganad__V1__StatusReply__Source *o = s->source[i];
        if (*o->link && (o->link_changes > 0 || strcmp(o->link, "up") != 0))
            printf("%s: link %s, changed %s times\n", ctl_safe(o->name, name),
                   ctl_safe(o->link, link), show_count(o->link_changes, n));
    }
}

/* One line for each source that is a directory: what has been read of it. */
static void print_files(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], n[2][SHOW_TEXT];

    for (size_t i = 0; i < s->n_source; i++) {
        const Ganad__V1__StatusReply__Source *o = s->source[i];
        if (o->files + o->files_broken > 0)
            printf("%s: files read %s, broken %s\n", ctl_safe(o->name, name),
                   show_count(o->files, n[0]), show_count(o->files_broken, n[1]));
    }
}

static void print_counters(Ganad__V1__StatusReply__Counter *const *c, size_t n, const char *source)
{
    char name[CTL_TEXT], value[SHOW_TEXT];

    if (n > 0)
        printf("\n%-32s %18s%s%s\n", "COUNTER", "VALUE", *source ? "  " : "",
               ctl_safe(source, name));
    for (size_t i = 0; i < n; i++)
        if (!*source || c[i]->value > 0)
            printf("%-32s %18s\n", ctl_safe(c[i]->name, name), show_count(c[i]->value, value));
}

/* One line: the commonest numbers of what the decoder does not read. */
static void print_unread(const Ganad__V1__StatusReply__Source *s)
{
    struct gad_unread_item item[GAD_UNREAD_ITEMS] = {{0}};
    size_t n = s->n_unread < GAD_UNREAD_ITEMS ? s->n_unread : GAD_UNREAD_ITEMS;
    char name[CTL_TEXT], first[CTL_TEXT + 16];

    (void)snprintf(first, sizeof(first), "%s: not read: ", ctl_safe(s->name, name));
    for (size_t i = 0; i < n; i++) {
        const Ganad__V1__StatusReply__Unread *u = s->unread[i];
        item[i] = (struct gad_unread_item){.is_ip = strcmp(u->kind, "ip_protocol") == 0,
                                           .is_other = u->other,
                                           .number = (uint16_t)u->number,
                                           .name = u->name,
                                           .count = u->count};
    }
    show_unread(stdout, first, item, n);
}

static void print_status(const Ganad__V1__StatusReply *s)
{
    char text[CTL_TEXT], n[SHOW_TEXT];

    printf("ganadd %s, pid %u, up %s\n", ctl_safe(s->version, text), s->pid,
           show_duration(s->uptime, n));
    printf("configuration %s\n", ctl_safe(s->config_file, text));
    for (size_t i = 0; i < s->n_warning; i++)
        printf("! %s\n", ctl_safe(s->warning[i], text));
    if (s->n_model > 0)
        print_models(s);
    print_budgets(s);
    print_memo(s);
    if (s->n_output > 0)
        print_outputs(s);
    if (s->spool)
        print_spool(s->spool);
    if (s->records)
        print_records(s->records);
    if (s->n_client > 0)
        print_clients(s);
    if (s->n_source > 0)
        print_sources(s);
    else
        printf("\nno capture: only scoring clients send records. To capture packets, add "
               "[capture NAME] with interface = ... to %s or to a file in %s.d, and restart "
               "ganadd.\n",
               ctl_safe(s->config_file, text), text);
    print_losses(s);
    print_links(s);
    print_files(s);
    for (size_t i = 0; i < s->n_source; i++)
        print_unread(s->source[i]);
    print_counters(s->counter, s->n_counter, "");
    for (size_t i = 0; i < s->n_source; i++)
        print_counters(s->source[i]->counter, s->source[i]->n_counter, s->source[i]->name);
}

/* --- for machines --- */

static json_t *models(const Ganad__V1__StatusReply *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:I, s:I, s:I, s:f, s:I}", "name",
                            m->name, "kind", m->kind, "sha256", m->sha256, "file", m->file,
                            "fpr_budget", m->fpr_budget, "threshold", (double)m->threshold,
                            "scored", (json_int_t)m->scored, "anomalous", (json_int_t)m->anomalous,
                            "steps", (json_int_t)m->steps, "search_rate", m->search_rate,
                            "unscored", (json_int_t)m->unscored));
    }
    return list;
}

struct number {
    const char *name;
    uint64_t value;
};

static json_t *with_numbers(json_t *o, const struct number *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)json_object_set_new(o, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    return o;
}

static json_t *outputs(const Ganad__V1__StatusReply *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_output; i++) {
        const Ganad__V1__StatusReply__Output *o = s->output[i];
        const struct number numbers[] = {
            {"sent", o->sent},         {"bytes", o->bytes},
            {"replayed", o->replayed}, {"skipped", o->skipped},
            {"lost", o->lost},         {"connects", o->connects},
            {"next", o->next},         {"released", o->released},
            {"waiting", o->waiting},   {"lost_at_most", o->lost_at_most},
            {"reopened", o->reopened}, {"deleted", o->deleted},
        };
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", o->name, "type",
                                o->type, "target", o->target, "address", o->address, "format",
                                o->format, "state", o->state, "error", o->error);
        (void)json_array_append_new(
            list, with_numbers(one, numbers, sizeof(numbers) / sizeof(numbers[0])));
    }
    return list;
}

static json_t *spool(const Ganad__V1__StatusReply__Spool *p)
{
    if (!p)
        return json_null();
    const struct number numbers[] = {
        {"bytes", p->bytes},         {"segments", p->segments},
        {"oldest", p->oldest},       {"end", p->end},
        {"committed", p->committed}, {"dropped", p->dropped},
        {"failures", p->failures},   {"evicted_bytes", p->evicted_bytes},
        {"rolled_up", p->rolled_up}, {"mended", p->mended},
        {"removed", p->removed},
    };
    return with_numbers(json_pack("{s:s, s:s}", "folder", p->folder, "error", p->error), numbers,
                        sizeof(numbers) / sizeof(numbers[0]));
}

/* null without a file of records. */
static json_t *records(const Ganad__V1__StatusReply__Records *r)
{
    if (!r)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "file", r->file,
                     "format", r->format, "state", r->state, "error", r->error, "written",
                     (json_int_t)r->written, "bytes", (json_int_t)r->bytes, "lost",
                     (json_int_t)r->lost, "queued", (json_int_t)r->queued, "rotations",
                     (json_int_t)r->rotations, "reopened", (json_int_t)r->reopened, "deleted",
                     (json_int_t)r->deleted);
}

static json_t *counters(Ganad__V1__StatusReply__Counter *const *from, size_t n)
{
    json_t *o = json_object();

    for (size_t i = 0; i < n; i++)
        (void)json_object_set_new(o, from[i]->name, json_integer((json_int_t)from[i]->value));
    return o;
}

static json_t *unread(const Ganad__V1__StatusReply__Source *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_unread; i++) {
        const Ganad__V1__StatusReply__Unread *u = s->unread[i];
        json_t *number = u->other ? json_null() : json_integer((json_int_t)u->number);
        (void)json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:I}", "kind", u->kind,
                                                    "number", number, "name", u->name, "count",
                                                    (json_int_t)u->count));
    }
    return list;
}

static json_t *sources(const Ganad__V1__StatusReply *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_source; i++) {
        const Ganad__V1__StatusReply__Source *o = s->source[i];
        json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "name", o->name, "target", o->target,
                                "state", o->state, "link", o->link);
        const struct number numbers[] = {
            {"packets", o->packets},
            {"bytes", o->bytes},
            {"kernel_dropped", o->kernel_dropped},
            {"interface_dropped", o->interface_dropped},
            {"refused", o->refused},
            {"flows", o->flows},
            {"connections", o->connections},
            {"evicted", o->evicted},
            {"lost", o->lost},
            {"records", o->records},
            {"reopened", o->reopened},
            {"files", o->files},
            {"files_broken", o->files_broken},
            {"link_changes", o->link_changes},
        };
        if (one) {
            (void)json_object_set_new(one, "counters", counters(o->counter, o->n_counter));
            (void)json_object_set_new(one, "unread", unread(o));
        }
        (void)json_array_append_new(
            list, with_numbers(one, numbers, sizeof(numbers) / sizeof(numbers[0])));
    }
    return list;
}

static json_t *clients(const Ganad__V1__StatusReply *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_client; i++) {
        const Ganad__V1__StatusReply__Client *c = s->client[i];
        const struct number numbers[] = {
            {"connections", c->connections},
            {"accepted", c->accepted},
            {"refused", c->refused},
            {"requests", c->requests},
            {"records", c->records},
            {"in_flight", c->in_flight},
            {"waits", c->waits},
        };
        (void)json_array_append_new(list, with_numbers(json_pack("{s:s}", "name", c->name), numbers,
                                                       sizeof(numbers) / sizeof(numbers[0])));
    }
    return list;
}

static json_t *warnings(const Ganad__V1__StatusReply *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_warning; i++) {
        json_t *one = json_string(s->warning[i]);
        char text[CTL_TEXT];
        (void)json_array_append_new(list, one ? one : json_string(ctl_safe(s->warning[i], text)));
    }
    return list;
}

static json_t *lately(const Ganad__V1__StatusReply__Lately *l)
{
    if (!l)
        return json_null();
    return json_pack("{s:f, s:I, s:I, s:I}", "seconds", l->seconds, "records",
                     (json_int_t)l->records, "anomalous", (json_int_t)l->anomalous, "alerts",
                     (json_int_t)l->alerts);
}

static int print_json(const Ganad__V1__StatusReply *s)
{
    json_t *o = json_pack("{s:s, s:I, s:f, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                          "version", s->version, "pid", (json_int_t)s->pid, "uptime", s->uptime,
                          "config_file", s->config_file, "warnings", warnings(s), "lately",
                          lately(s->lately), "models", models(s), "outputs", outputs(s), "spool",
                          spool(s->spool), "records", records(s->records), "clients", clients(s),
                          "sources", sources(s), "counters", counters(s->counter, s->n_counter));
    int err = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) : -1;
    json_decref(o);
    putchar('\n');
    return err;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"all", no_argument, NULL, 'a'},
                                          {NULL, 0, NULL, 0}};
    Ganad__V1__StatusReply *s = NULL;
    bool json = false, all = false;
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Ja", longs, NULL)) != -1) {
        if (c == 'J')
            json = true;
        else if (c == 'a')
            all = true;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    if (argc > optind)
        return cli_usage(self, "takes no '%s'", argv[optind]);

    int code = status_get(&s);
    if (code != CLI_OK)
        return code;
    if (json && print_json(s) != 0)
        code = CLI_FAILED;
    else if (!json && all)
        print_status(s);
    else if (!json)
        status_summary(s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

const struct cli_command command_status = {
    .name = "status",
    .usage = "[--json] [--all]",
    .summary = "show warnings and what ganadd reads, finds and sends",
    .help =
        "  -J, --json   one object with the keys version, pid, uptime (s), config_file, warnings,\n"
        "               lately, models, outputs, spool, records (null without such a file),\n"
        "               clients, sources, counters\n"
        "  -a, --all    everything, also all counters\n",
    .run = run,
};
