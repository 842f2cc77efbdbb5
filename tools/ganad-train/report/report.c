/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "tools/common/option.h"
#include "tools/ganad-train/cli.h"

/* Of the page, whose contents are thinned or limited and far smaller. */
enum { PAGE_MAX = 16 << 20 };

struct options {
    struct report_options o;
    char *json; /* owned default of o.json */
};

static void options_deinit(struct options *p)
{
    measure_options_deinit(&p->o.measure);
    gad_free(p->json);
}

static int parse_one(struct options *p, int c, const char *arg, struct gad_diag *d)
{
    switch (c) {
    case 'o':
        p->o.out = arg;
        return 0;
    case 'j':
        p->o.json = arg;
        return 0;
    case 'n':
        p->o.title = arg;
        return 0;
    case 't':
        p->o.date = arg;
        return 0;
    default:
        return measure_option(&p->o.measure, c, arg, d);
    }
}

static bool ends_in(const char *s, const char *end)
{
    size_t len = strlen(s), n = strlen(end);
    return len > n && strcmp(s + len - n, end) == 0;
}

/* "report.html" and "report.htm" have "report.json" beside them, "report" as well. */
static int name_json(struct options *p)
{
    const char *out = p->o.out;
    size_t len = strlen(out) - (ends_in(out, ".html") ? 5 : ends_in(out, ".htm") ? 4 : 0);
    static const char end[] = ".json";

    p->json = gad_calloc(1, len + sizeof(end));
    if (!p->json)
        return GAD_ENOMEM;
    memcpy(p->json, out, len);
    memcpy(p->json + len, end, sizeof(end));
    p->o.json = p->json;
    return 0;
}

static bool is_text(const char *s)
{
    json_t *j = json_string(s); /* accepts only UTF-8 */
    json_decref(j);
    return j != NULL;
}

static int check(const struct cli_command *self, struct options *p)
{
    const struct report_options *o = &p->o;

    if (!o->measure.checkpoint)
        return cli_usage(self, "give a checkpoint first, then records with --data");
    if (o->measure.data.n == 0)
        return cli_usage(self, "give records with --data");
    if (!o->out || !o->out[0])
        return cli_usage(self, "name the page with --out");
    if (!is_text(o->title) || !is_text(o->date))
        return cli_usage(self, "--name and --date are text in UTF-8");
    if (!o->json && name_json(p) != 0)
        return cli_failed(GAD_ENOMEM, NULL);
    if (strcmp(o->out, o->json) == 0)
        return cli_usage(self, "the page and the JSON are two files: '%s'", o->out);
    return CLI_OK;
}

static int parse(const struct cli_command *self, int argc, char **argv, struct options *p)
{
    static const struct option options[] = {MEASURE_LONG_OPTIONS,
                                            {"out", required_argument, NULL, 'o'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"date", required_argument, NULL, 't'},
                                            {0}};
    struct gad_diag d = {0};
    int err = 0;

    for (int c; err == 0 && (c = option_next(argc, argv, "-o:", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self); /* getopt said why */
        err = parse_one(p, c, optarg, &d);
    }
    for (int i = optind; err == 0 && i < argc; i++)
        err = measure_option(&p->o.measure, 1, argv[i], &d);
    if (err == 0)
        err = measure_options_check(&p->o.measure, &d);
    if (err != 0)
        return cli_usage(self, "%s", d.text[0] ? d.text : gad_strerror(err));
    return check(self, p);
}

static int write_both(const struct report *r, struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf page = GAD_BUF_INIT(PAGE_MAX),
                                               json = GAD_BUF_INIT(PAGE_MAX);
    json_t *j = report_json(r);

    char *text = j ? json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(j);
    if (text)
        gad_buf_printf(&json, "%s\n", text);
    json_free_t give_back;
    json_get_alloc_funcs(NULL, &give_back);
    give_back(text);
    report_page(r, &page);
    if (!text || page.bad || json.bad)
        return gad_fail(d, GAD_ENOMEM, "no memory for the report");

    const struct gad_file_content files[] = {{r->o->json, json.p, json.len},
                                             {r->o->out, page.p, page.len}};
    return gad_file_write_set(2, files, d);
}

static int make(struct report_options *o, struct gad_diag *d)
{
    gad_cleanup(report_deinit) struct report r = {.o = o};

    int err = measure_load(&o->measure, &r.m, d);
    if (err != 0)
        return err;
    for (size_t i = 0; i < MEASURE_WARNINGS && r.m.warning[i].text[0]; i++)
        cli_say("warning: %s", r.m.warning[i].text);
    if (!o->title[0])
        o->title = r.m.c->name;
    err = measure_run(&o->measure, &r.m, d);
    if (err == 0)
        err = report_make(&r);
    if (err == 0)
        err = write_both(&r, d);
    if (err == 0)
        (void)printf("%s\n%s\n", o->out, o->json);
    return err;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    gad_cleanup(options_deinit) struct options p = {
        .o = {.measure = MEASURE_OPTIONS_INIT, .title = "", .date = ""}};
    struct gad_diag d = {0};

    int code = parse(self, argc, argv, &p);
    if (code != CLI_OK)
        return code;
    int err = make(&p.o, &d);
    return err != 0 ? cli_failed(err, &d) : cli_flushed();
}

const struct cli_command command_report = {
    .name = "report",
    .summary = "measure a checkpoint on records and write a page with charts",
    .help =
        "Usage: ganad-train report CHECKPOINT --data FILE... --out FILE [OPTION...]\n\n"
        "Scores records as 'eval' does and writes one self-contained HTML page: key figures,\n"
        "curves, detection by class, thresholds by budget, scores, feature contributions and the\n"
        "course of training. Beside it the same is written as JSON. Without labels the figures\n"
        "that need them are left out, and the page says so. The same input gives the same\n"
        "bytes.\n\n"
        "  --data FILE...             KDD99 or NSL-KDD records; may be repeated\n"
        "  -o, --out FILE             the page\n"
        "  --json FILE                the figures as JSON; default the page's name with .json in\n"
        "                             place of .html\n"
        "  --protocol NAME            normal, normal-unique, survey: test on the half of the rows\n"
        "                             that 'fit' did not train on, as eval. Without: all rows\n"
        "                             test\n"
        "  --fpr X                    false-positive budget of the threshold, default 0.01\n"
        "  --rows N                   test on at most N rows, evenly spread; for anogan, whose\n"
        "                             every score is a search\n"
        "  --name TEXT                title of the page, default the checkpoint's name\n"
        "  --date TEXT                noted on the page\n"
        "  --normal NAME              the label of normal records, in place of 'normal' and\n"
        "                             'benign'; may be repeated\n"
        "  --skip-bad                 skip and count bad lines instead of stopping at the first\n\n"
        "The JSON has all keys of 'eval --json', and budgets, history, importance, histogram and\n"
        "curve. Both files are replaced atomically when both are complete.\n",
    .run = run,
};
