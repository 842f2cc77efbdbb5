/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/compare.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/reload.h"
#include "tools/ganadctl/sandbox.h"
#include "tools/ganadctl/status.h"

enum { TEXT = 1024 };

static const char *safe(const char *s, char text[static TEXT])
{
    gad_text_escape(text, TEXT, s, strlen(s));
    return text;
}

/* What the line of a model has no room for. */
static void print_role(const Ganad__V1__StatusReply__Model *m)
{
    char text[TEXT], scored[SHOW_TEXT], n[SHOW_TEXT], is[SHOW_TEXT];

    if (!m->role)
        return;
    if (*m->role->networks)
        printf("%-16s networks: %s\n", "", safe(m->role->networks, text));
    if (m->role->shadow)
        printf("%-16s shadow: %s scored, %s anomalous, %s with the other verdict\n", "",
               show_count(m->scored, scored), show_count(m->anomalous, is),
               show_count(m->role->disagreed, n));
}

static void print(const Ganad__V1__StatusReply *s)
{
    char name[TEXT], kind[TEXT], sha[TEXT], file[TEXT], since[GAD_TIME_TEXT];

    printf("%-16s %-10s %-16s %11s %-20s  %s\n", "MODEL", "KIND", "SHA256", "THRESHOLD", "SINCE",
           "FILE");
    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        gad_time_text((struct gad_time){m->loaded_ns}, since);
        printf("%-16s %-10s %-16.16s %11.6g %-.19sZ  %s\n", safe(m->name, name),
               safe(m->kind, kind), safe(m->sha256, sha), (double)m->threshold, since,
               safe(m->file, file));
        if (*m->signed_by)
            printf("%-16s signed by %s\n", "", safe(m->signed_by, name));
        if (*m->previous_sha256)
            printf("%-16s %-10s %-16.16s %33s %s\n", "", "before:", safe(m->previous_sha256, sha),
                   "", safe(m->previous_file, file));
        print_role(m);
    }
}

static int print_json(const Ganad__V1__StatusReply *s)
{
    json_t *all = json_array();

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        char since[GAD_TIME_TEXT];
        gad_time_text((struct gad_time){m->loaded_ns}, since);
        (void)json_array_append_new(
            all, json_pack("{s:s s:s s:s s:s s:s s:f s:f s:s s:I s:I s:I s:s s:s s:s s:s s:b s:I}",
                           "name", m->name, "alert_name", m->alert_name, "kind", m->kind, "sha256",
                           m->sha256, "file", m->file, "threshold", (double)m->threshold,
                           "fpr_budget", m->fpr_budget, "loaded", since, "scored",
                           (json_int_t)m->scored, "anomalous", (json_int_t)m->anomalous, "unscored",
                           (json_int_t)m->unscored, "previous_sha256", m->previous_sha256,
                           "previous_file", m->previous_file, "signed_by", m->signed_by, "networks",
                           m->role ? m->role->networks : "", "shadow", m->role && m->role->shadow,
                           "disagreed", (json_int_t)(m->role ? m->role->disagreed : 0)));
    }
    bool ok = json_dumpf(all, stdout, JSON_COMPACT) == 0;
    json_decref(all);
    printf("\n");
    return ok ? CTL_OK : CTL_ERROR;
}

static int list(const struct ctl *ctl, bool json)
{
    Ganad__V1__StatusReply *s = NULL;

    int code = status_get(ctl, &s);
    if (code != CTL_OK)
        return code;
    if (json)
        code = print_json(s);
    else
        print(s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

/* The daemon has a working directory of its own. */
static int load(const struct ctl *ctl, char *model, const char *file, bool json)
{
    char path[PATH_MAX];
    Ganad__V1__ControlRequest m;
    struct gad_diag d = {0};

    if (!realpath(file, path)) {
        ctl_say("%s: %s", file, gad_strerror(-errno));
        return CTL_ERROR;
    }
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_LOAD;
    m.model = model;
    m.file = path;
    int code = reload_run(ctl, &m, json, &d);
    if (code == CTL_ERROR)
        sandbox_hint(path, d.text);
    if (code == CTL_OK && !json)
        printf("until the next reload or restart, unless the configuration says so, too\n");
    return code;
}

/* What is wrong with the words behind the command: argv[0] is the first, if there is one. */
static int wrong_words(char **argv)
{
    static const char *const names[] = {"compare", "list", "load", "rollback"};
    static const char *const usage[] = {
        "compare takes A B FILE: two checkpoints and a file of records", "list takes no more words",
        "load takes MODEL FILE: a model's name and a checkpoint",
        "rollback takes MODEL: a model's name"};
    enum { N = sizeof(names) / sizeof(names[0]) };

    for (size_t i = 0; i < N; i++)
        if (strcmp(argv[0], names[i]) == 0)
            return ctl_usage(&ctl_model, "model %s", usage[i]);
    int near = gad_text_nearest(argv[0], names, N);
    return ctl_usage(&ctl_model, "model takes list, load, rollback or compare, not '%s'%s%s%s",
                     argv[0], near < 0 ? "" : "; did you mean '", near < 0 ? "" : names[near],
                     near < 0 ? "" : "'?");
}

static int rollback(const struct ctl *ctl, char *model, bool json)
{
    Ganad__V1__ControlRequest m;
    struct gad_diag d = {0};

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_ROLLBACK;
    m.model = model;
    return reload_run(ctl, &m, json, &d);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    enum { OPT_FPR = 256 };
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"fpr-budget", required_argument, NULL, OPT_FPR},
                                          {NULL, 0, NULL, 0}};
    double fpr = -1;
    bool json = false;
    int c, code;

    while ((c = option_next(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            json = true;
        else if (c == OPT_FPR &&
                 (gad_text_real(optarg, strlen(optarg), &fpr) != 0 || fpr <= 0 || fpr >= 1))
            return ctl_usage(&ctl_model, "--fpr-budget '%s': a number between 0 and 1", optarg);
        else if (c != OPT_FPR && ctl_option(ctl, &ctl_model, c, optarg, &code) != CTL_OK)
            return code;
    }
    argc -= optind;
    argv += optind;
    if (argc == 4 && strcmp(argv[0], "compare") == 0)
        return compare_run(
            &(struct compare){{argv[1], argv[2]}, argv[3], fpr > 0 ? fpr : 0.001, json});
    if (fpr > 0)
        return ctl_usage(&ctl_model, "--fpr-budget is for compare");
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return list(ctl, json);
    if (argc == 3 && strcmp(argv[0], "load") == 0)
        return load(ctl, argv[1], argv[2], json);
    if (argc == 2 && strcmp(argv[0], "rollback") == 0)
        return rollback(ctl, argv[1], json);
    return wrong_words(argv);
}

const struct ctl_command ctl_model = {
    .name = "model",
    .usage = "[-J] [list | load MODEL FILE | rollback MODEL | compare A B FILE]",
    .summary = "the models in use; another checkpoint for one of them, while ganadd runs",
    .help = "  list                  which checkpoints are used, since when, and what was before\n"
            "  load MODEL FILE       the checkpoint FILE for MODEL, until the next reload or\n"
            "                        restart; it is checked first, and refused if it is bad\n"
            "  rollback MODEL        what it had before\n"
            "  compare A B FILE      two checkpoints on a file of records, without ganadd\n"
            "\n"
            "  --fpr-budget F        compare: of normal records a share F may be called\n"
            "                        anomalous; by default 0.001\n"
            "\n"
            "  -J, --json            one JSON value\n",
    .run = run,
};
