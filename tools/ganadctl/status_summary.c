/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "tools/common/show.h"
#include "tools/ganadctl/event_row.h"
#include "tools/ganadctl/status.h"

/* Rows of each part: with their heads and other rows 24 in all. */
enum { WARNINGS = 4, CAPTURES = 3, OUTPUTS = 3, MODELS = 2, LINE = 1024 };

/* Prints a row, cut to the terminal. */
static void __attribute__((__format__(__printf__, 1, 2))) row(const char *fmt, ...)
{
    char line[LINE];
    size_t width = row_width();
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (width > 0 && strlen(line) > width)
        printf("%.*s...\n", (int)width - 3, line);
    else
        puts(line);
}

static void print_more(size_t n, size_t shown, const char *what)
{
    if (n > shown)
        row("(%zu more %s: ganadctl status --all)", n - shown, what);
}

static uint64_t counter(const Ganad__V1__StatusReply *s, const char *name)
{
    for (size_t i = 0; i < s->n_counter; i++)
        if (strcmp(s->counter[i]->name, name) == 0)
            return s->counter[i]->value;
    return 0;
}

static void print_warnings(const Ganad__V1__StatusReply *s)
{
    char text[CTL_TEXT];

    for (size_t i = 0; i < s->n_warning && i < WARNINGS; i++)
        row("! %s", ctl_safe(s->warning[i], text));
    print_more(s->n_warning, WARNINGS, "warnings");
}

static void print_lately(const Ganad__V1__StatusReply *s)
{
    const Ganad__V1__StatusReply__Lately *l = s->lately;
    char n[4][SHOW_TEXT];

    if (l && l->seconds > 0) {
        double share = l->records > 0 ? 100.0 * (double)l->anomalous / (double)l->records : 0;
        row("records    %.1f a second, %.3g %% anomalous in the last %s; %s since the start",
            (double)l->records / l->seconds, share, show_duration(l->seconds, n[0]),
            show_count(counter(s, "records_scored"), n[1]));
    } else {
        row("records    %s since the start", show_count(counter(s, "records_scored"), n[1]));
    }
    row("alerts     %s high, %s medium, %s low; %s open incidents: ganadctl incidents --open",
        show_count(counter(s, "alerts_high"), n[0]), show_count(counter(s, "alerts_medium"), n[1]),
        show_count(counter(s, "alerts_low"), n[2]), show_count(counter(s, "incidents"), n[3]));
    row("in none    %s anomalous records suppressed by rules, %s bystanders, %s beyond alerts.rate",
        show_count(counter(s, "alerts_suppressed"), n[0]),
        show_count(counter(s, "alerts_bystanders"), n[1]),
        show_count(counter(s, "alerts_limited"), n[2]));
}

static void print_captures(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], state[CTL_TEXT], target[CTL_TEXT], n[3][SHOW_TEXT];

    if (s->n_source == 0)
        row("no capture: only scoring clients send records. To capture packets, add [capture NAME] "
            "with interface = ... to the configuration, and restart ganadd.");
    else
        row("%-16s %-11s %14s %14s %14s  %s", "CAPTURE", "STATE", "PACKETS", "DROPPED", "RECORDS",
            "FROM");
    for (size_t i = 0; i < s->n_source && i < CAPTURES; i++) {
        const Ganad__V1__StatusReply__Source *o = s->source[i];
        bool is_down = *o->link && strcmp(o->link, "up") != 0;
        row("%-16s %-11s %14s %14s %14s  %s", ctl_safe(o->name, name),
            ctl_safe(is_down ? o->link : o->state, state), show_count(o->packets, n[0]),
            show_count(o->kernel_dropped + o->interface_dropped + o->lost, n[1]),
            show_count(o->records, n[2]), ctl_safe(o->target, target));
    }
    print_more(s->n_source, CAPTURES, "captures");
}

static void print_outputs(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], state[CTL_TEXT], target[CTL_TEXT], n[4][SHOW_TEXT];

    if (s->n_output > 0)
        row("%-16s %-11s %14s %14s %14s  %s", "OUTPUT", "STATE", "SENT", "WAITING", "LOST", "TO");
    for (size_t i = 0; i < s->n_output && i < OUTPUTS; i++) {
        const Ganad__V1__StatusReply__Output *o = s->output[i];
        row("%-16s %-11s %14s %14s %14s  %s", ctl_safe(o->name, name), ctl_safe(o->state, state),
            show_count(o->sent, n[0]), show_count(o->waiting, n[1]), show_count(o->lost, n[2]),
            ctl_safe(o->target, target));
    }
    print_more(s->n_output, OUTPUTS, "outputs");
    if (s->spool)
        row("spool      %s, %s events so far, of them %s not written to the disk",
            show_bytes(s->spool->bytes, n[0]),
            show_count(s->spool->committed + s->spool->dropped, n[2]),
            show_count(s->spool->dropped, n[3]));
}

/* False alarms against the budgets, in one row: ganadctl budget has the rest. */
static void print_rates(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], text[LINE] = "";

    for (size_t i = 0; i < s->n_model && i < MODELS; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        const Ganad__V1__StatusReply__Budget *b = m->budget;
        const Ganad__V1__StatusReply__BudgetRate *r = !b                                ? NULL
                                                      : b->verdict && b->verdict->n > 0 ? b->verdict
                                                                                        : b->day;
        size_t len = strlen(text);
        if (r && r->n > 0)
            (void)snprintf(text + len, sizeof(text) - len, "%s%s %.3g %% of %.3g %%%s",
                           len > 0 ? "; " : "", ctl_safe(m->name, name),
                           100 * (double)r->k / (double)r->n, 100 * m->fpr_budget,
                           b->over         ? ", EXCEEDED"
                           : b->factor > 1 ? ", adapted"
                                           : "");
    }
    if (*text)
        row("budget     false alarms: %s", text);
}

static void print_models(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], kind[CTL_TEXT], n[2][SHOW_TEXT], drift[64];

    if (s->n_model > 0)
        row("%-16s %-11s %14s %14s %14s  %s", "MODEL", "KIND", "SCORED", "ANOMALOUS", "THRESHOLD",
            "DRIFT");
    for (size_t i = 0; i < s->n_model && i < MODELS; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        size_t n_drifting = 0;
        for (size_t k = 0; k < m->n_drift; k++)
            n_drifting += m->drift[k]->drifting ? 1 : 0;
        (void)snprintf(drift, sizeof(drift), "%zu of %zu columns", n_drifting, m->n_drift);
        row("%-16s %-11s %14s %14s %14.6g  %s", ctl_safe(m->name, name), ctl_safe(m->kind, kind),
            show_count(m->scored, n[0]), show_count(m->anomalous, n[1]), (double)m->threshold,
            m->n_drift > 0 ? drift : "not measured yet");
    }
    print_more(s->n_model, MODELS, "models");
    print_rates(s);
}

void status_summary(const Ganad__V1__StatusReply *s)
{
    char version[CTL_TEXT], file[CTL_TEXT], n[SHOW_TEXT];

    print_warnings(s);
    row("ganadd %s, pid %u, up %s, configuration %s", ctl_safe(s->version, version), s->pid,
        show_duration(s->uptime, n), ctl_safe(s->config_file, file));
    print_lately(s);
    print_captures(s);
    print_outputs(s);
    print_models(s);
    if (s->records && *s->records->error)
        row("the file of records: %s", ctl_safe(s->records->error, file));
}
