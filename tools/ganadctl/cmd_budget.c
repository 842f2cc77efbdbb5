/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

typedef Ganad__V1__StatusReply__Model model_row;
typedef Ganad__V1__StatusReply__Budget budget_row;
typedef Ganad__V1__StatusReply__BudgetRate rate_row;

enum { TIME_TEXT = 32 };

static double share(const rate_row *r)
{
    return r && r->n > 0 ? (double)r->k / (double)r->n : 0;
}

/* @time: with the time of day */
static const char *utc(int64_t ns, bool time, char text[static TIME_TEXT])
{
    time_t t = (time_t)(ns / 1000000000);
    struct tm tm;

    if (ns == 0 || !gmtime_r(&t, &tm))
        (void)snprintf(text, TIME_TEXT, "-");
    else if (time)
        (void)strftime(text, TIME_TEXT, "%Y-%m-%d %H:%M", &tm);
    else
        (void)strftime(text, TIME_TEXT, "%Y-%m-%d", &tm);
    return text;
}

static void print_rate(const char *what, const rate_row *r, double budget)
{
    char n[2][SHOW_TEXT], apart[SHOW_TEXT];

    printf("  %-17s %12s %9s %9s  %9.4f %8.4f .. %.4f%s\n", what, show_count(r->n, n[0]),
           show_count(r->k, n[1]), show_count(r->apart, apart), 100 * share(r), 100 * r->low,
           100 * r->high,
           r->n == 0          ? ""
           : r->low > budget  ? "  over"
           : r->high < budget ? "  below"
                              : "");
}

static void print_threshold(const model_row *m, const char *name)
{
    const budget_row *b = m->budget;
    char when[TIME_TEXT];

    printf("  threshold %.6g, calibrated %.6g: the budget / %.3g in p-value, at most / %.3g",
           (double)m->threshold, (double)b->calibrated, b->factor, b->most);
    if (b->since_ns > 0)
        printf(", since %s UTC", utc(b->since_ns, true, when));
    printf("\n");
    bool is_same = !(b->proposal < m->threshold) && !(b->proposal > m->threshold);
    if (is_same)
        printf("  recent records propose no other threshold\n");
    else if (b->adapt || !b->may_change)
        printf("  recent records propose %.6g, the budget / %.3g: %s\n", (double)b->proposal,
               b->proposal_factor,
               b->may_change ? "[budget] adapt changes it after this hour"
                             : "a day of records after the last change");
    else
        printf("  recent records propose %.6g, the budget / %.3g: 'ganadctl budget adapt %s'\n",
               (double)b->proposal, b->proposal_factor, name);
}

static void print_rates(const model_row *m, bool all)
{
    const budget_row *b = m->budget;
    char when[TIME_TEXT];

    printf("  %-17s %12s %9s %9s  %9s %s\n", "UTC", "RECORDS", "FALSE", "APART", "RATE %",
           "INTERVAL %");
    for (size_t i = 0; all && i < b->n_whole_day; i++)
        print_rate(utc(b->whole_day[i]->begin_ns, false, when), b->whole_day[i], m->fpr_budget);
    for (size_t i = 0; all && i < b->n_hour; i++)
        print_rate(utc(b->hour[i]->begin_ns, true, when), b->hour[i], m->fpr_budget);
    print_rate("last 24 hours", b->day, m->fpr_budget);
    if (b->verdict->n > 0)
        print_rate("for the verdict", b->verdict, m->fpr_budget);
    else
        printf("  too few records for a verdict: [budget] after and least\n");
}

static void print_model(const model_row *m, bool all)
{
    char name[CTL_TEXT], when[TIME_TEXT];

    ctl_safe(m->name, name);
    if (!m->budget) {
        printf("%s: a configured threshold has no budget\n", name);
        return;
    }
    printf("%s: budget %.4g %%: %s", name, 100 * m->fpr_budget,
           m->budget->over              ? "EXCEEDED"
           : m->budget->verdict->n == 0 ? "no verdict yet"
                                        : "kept");
    if (m->budget->over)
        printf(" since %s UTC", utc(m->budget->over_since_ns, true, when));
    printf("%s\n", m->role && m->role->shadow ? " (a shadow)" : "");
    print_threshold(m, name);
    print_rates(m, all);
}

static json_t *rate_json(const rate_row *r)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "begin",
                     (json_int_t)(r->begin_ns / 1000000000), "records", (json_int_t)r->n,
                     "false_alarms", (json_int_t)r->k, "apart", (json_int_t)r->apart, "rate",
                     share(r), "low", r->low, "high", r->high, "spread", r->spread);
}

static json_t *rates_json(rate_row *const *list, size_t n)
{
    json_t *to = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(to, rate_json(list[i]));
    return to;
}

static json_t *model_json(const model_row *m)
{
    const budget_row *b = m->budget;

    if (!b)
        return json_pack("{s:s, s:n}", "name", m->name, "fpr_budget");
    return json_pack(
        "{s:s, s:f, s:b, s:I, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:b, s:b, s:f, s:f, s:o, s:o, "
        "s:o, s:o}",
        "name", m->name, "fpr_budget", m->fpr_budget, "over", (int)b->over, "over_since",
        (json_int_t)(b->over_since_ns / 1000000000), "threshold", (double)m->threshold,
        "calibrated", (double)b->calibrated, "factor", b->factor, "proposal", (double)b->proposal,
        "proposal_factor", b->proposal_factor, "since", (json_int_t)(b->since_ns / 1000000000),
        "changed", (json_int_t)(b->changed_ns / 1000000000), "adapt", (int)b->adapt, "may_change",
        (int)b->may_change, "step", b->step, "most", b->most, "verdict", rate_json(b->verdict),
        "day", rate_json(b->day), "hours", rates_json(b->hour, b->n_hour), "days",
        rates_json(b->whole_day, b->n_whole_day));
}

static int print_json(model_row *const *list, size_t n)
{
    json_t *models = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(models, model_json(list[i]));
    json_t *o = json_pack("{s:o}", "models", models);
    int err = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) : -1;
    json_decref(o);
    putchar('\n');
    return err == 0 ? CLI_OK : CLI_FAILED;
}

/* Shows the models of this name; "": all. Returns the exit code. */
static int show(const Ganad__V1__StatusReply *s, const char *name, bool json, bool all)
{
    model_row *list[64];
    char names[STATUS_MODELS];
    size_t n = 0;

    for (size_t i = 0; i < s->n_model && n < 64; i++)
        if (*name == '\0' || strcmp(s->model[i]->name, name) == 0)
            list[n++] = s->model[i];
    if (n == 0 && *name != '\0') {
        status_models(s, names);
        cli_say("no model of this name is in use; in use: %s", names);
        return CLI_FAILED;
    }
    if (json)
        return print_json(list, n);
    for (size_t i = 0; i < n; i++)
        print_model(list[i], all);
    return CLI_OK;
}

static int change(Ganad__V1__ControlRequest__Command command, const char *name, bool json)
{
    Ganad__V1__ControlRequest m;
    Ganad__V1__StatusReply *s = NULL;

    ganad__v1__control_request__init(&m);
    m.command = command;
    m.model = (char *)(uintptr_t)name;
    int code = ctl_get(&m, GANAD__V1__KIND__STATUS_REPLY, &ganad__v1__status_reply__descriptor, &s);
    if (code != CLI_OK)
        return code;
    code = show(s, name, json, false);
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"json", no_argument, NULL, 'J'}, {NULL, 0, NULL, 0}};
    Ganad__V1__StatusReply *s = NULL;
    bool json = false;
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            json = true;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    const char *verb = optind < argc ? argv[optind] : "show";
    const char *name = optind + 1 < argc ? argv[optind + 1] : "";
    bool changes = strcmp(verb, "adapt") == 0 || strcmp(verb, "reset") == 0;
    bool shows = strcmp(verb, "show") == 0 || strcmp(verb, "propose") == 0;
    if (!changes && !shows)
        return cli_usage(self, "not show, propose, adapt or reset: '%s'", verb);
    if (optind + 2 < argc || (changes && *name == '\0'))
        return cli_usage(self, "%s takes %s model", verb, changes ? "one" : "at most one");
    if (changes)
        return change(*verb == 'a' ? GANAD__V1__CONTROL_REQUEST__COMMAND__BUDGET_ADAPT
                                   : GANAD__V1__CONTROL_REQUEST__COMMAND__BUDGET_RESET,
                      name, json);
    int code = status_get(&s);
    if (code != CLI_OK)
        return code;
    code = show(s, name, json, *verb == 's');
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

const struct cli_command command_budget = {
    .name = "budget",
    .usage = "[-J] [show | propose] [MODEL] | adapt MODEL | reset MODEL",
    .summary = "show whether false alarms keep the budget, and change a threshold accordingly",
    .help = "show     rates by day and hour, with their intervals (the default)\n"
            "propose  the threshold that recent records call for\n"
            "adapt    changes the threshold to it\n"
            "reset    puts the calibrated threshold back, and begins the counts again\n"
            "\n"
            "  -J, --json   one object with the key models\n",
    .run = run,
};
