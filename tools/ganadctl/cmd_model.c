/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/time.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/compare.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/reload.h"
#include "tools/ganadctl/status.h"

/* Networks and shadow: the line of a model has no column for them. */
static void print_role(const Ganad__V1__StatusReply__Model *m)
{
    char text[CTL_TEXT], scored[SHOW_TEXT], n[SHOW_TEXT], is[SHOW_TEXT];

    if (!m->role)
        return;
    if (*m->role->networks)
        printf("%-16s networks: %s\n", "", ctl_safe(m->role->networks, text));
    if (m->role->shadow)
        printf("%-16s shadow: %s scored, %s anomalous, %s with the other verdict\n", "",
               show_count(m->scored, scored), show_count(m->anomalous, is),
               show_count(m->role->disagreed, n));
}

static void print(const Ganad__V1__StatusReply *s)
{
    char name[CTL_TEXT], kind[CTL_TEXT], sha[CTL_TEXT], file[CTL_TEXT], since[GAD_TIME_TEXT];

    printf("%-16s %-10s %-16s %11s %-20s  %s\n", "MODEL", "KIND", "SHA256", "THRESHOLD", "SINCE",
           "FILE");
    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        gad_time_text((struct gad_time){m->loaded_ns}, since);
        printf("%-16s %-10s %-16.16s %11.6g %-.19sZ  %s\n", ctl_safe(m->name, name),
               ctl_safe(m->kind, kind), ctl_safe(m->sha256, sha), (double)m->threshold, since,
               ctl_safe(m->file, file));
        if (*m->signed_by)
            printf("%-16s signed by %s\n", "", ctl_safe(m->signed_by, name));
        if (*m->previous_sha256)
            printf("%-16s %-10s %-16.16s %33s %s\n", "",
                   "before:", ctl_safe(m->previous_sha256, sha), "",
                   ctl_safe(m->previous_file, file));
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
    return ok ? CLI_OK : CLI_FAILED;
}

static int list(bool json)
{
    Ganad__V1__StatusReply *s = NULL;

    int code = status_get(&s);
    if (code != CLI_OK)
        return code;
    if (json)
        code = print_json(s);
    else
        print(s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

/* --- load, rollback, compare --- */

/* Directories that the systemd unit of the package hides from ganadd. */
static const struct {
    const char *directory, *setting;
} hidden[] = {
    {"/home/", "ProtectHome=yes"},     {"/root/", "ProtectHome=yes"},
    {"/run/user/", "ProtectHome=yes"}, {"/tmp/", "PrivateTmp=yes"},
    {"/var/tmp/", "PrivateTmp=yes"},
};

/* Prints why ganadd could not open a file that exists. @path: absolute, without symbolic links;
 * @why: the error of ganadd. Prints nothing unless ganadd did not find the file or had no
 * permission to read it. */
static void explain_hidden(const char *path, const char *why)
{
    const char *at = strstr(why, path), *setting = NULL;

    if (!at || at[strlen(path)] != ':') /* the error is about another file, such as a signature */
        return;
    bool is_absent = strstr(at, gad_strerror(-ENOENT)) != NULL;
    if (!is_absent && !strstr(at, gad_strerror(-EACCES)))
        return;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (strncmp(path, hidden[i].directory, strlen(hidden[i].directory)) == 0)
            setting = hidden[i].setting;
    fprintf(stderr, "The file exists, but ganadd, which opens it, ");
    if (!is_absent)
        fprintf(stderr, "has no permission to read it as its user%s%s.\n",
                setting ? ", or its unit hides it: " : "", setting ? setting : "");
    else if (setting)
        fprintf(stderr, "does not see it: its unit has %s.\n", setting);
    else
        fprintf(stderr, "sees another file system: a sandbox or a container.\n");
    fprintf(stderr,
            "Put it where ganadd can read it, such as /var/lib/ganad, and load it from "
            "there:\n  install -o ganad -g ganad -m 640 '%s' /var/lib/ganad/\n",
            path);
}

/* Sends an absolute path: ganadd has another working directory. */
static int load(char *model, const char *file, bool json)
{
    char path[PATH_MAX];
    Ganad__V1__ControlRequest m;
    struct gad_diag d = {0};

    if (!realpath(file, path)) {
        cli_say("%s: %s", file, gad_strerror(-errno));
        return CLI_FAILED;
    }
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_LOAD;
    m.model = model;
    m.file = path;
    int code = reload_run(&m, json, &d);
    if (code == CLI_FAILED)
        explain_hidden(path, d.text);
    if (code == CLI_OK && !json)
        printf("until the next reload or restart, unless the configuration names it, too\n");
    return code;
}

/* Reports what is wrong with the words after the command. */
static int wrong_words(char **argv)
{
    static const char *const names[] = {"compare", "list", "load", "rollback"};
    static const char *const usage[] = {
        "compare takes A B FILE: two checkpoints and a file of records",
        "list takes no further words",
        "load takes MODEL FILE: the name of a model and a checkpoint",
        "rollback takes MODEL: the name of a model"};
    enum { N = sizeof(names) / sizeof(names[0]) };
    char hint[CLI_HINT];

    for (size_t i = 0; i < N; i++)
        if (strcmp(argv[0], names[i]) == 0)
            return cli_usage(&command_model, "%s", usage[i]);
    return cli_usage(&command_model, "takes list, load, rollback or compare, not '%s'%s", argv[0],
                     cli_hint(argv[0], names, N, hint));
}

static int rollback(char *model, bool json)
{
    Ganad__V1__ControlRequest m;
    struct gad_diag d = {0};

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_ROLLBACK;
    m.model = model;
    return reload_run(&m, json, &d);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    enum { OPT_FPR = 256 };
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"fpr-budget", required_argument, NULL, OPT_FPR},
                                          {NULL, 0, NULL, 0}};
    struct gad_diag d = {""};
    double fpr = -1;
    bool json = false;
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            json = true;
        else if (c == OPT_FPR && cli_share("--fpr-budget", optarg, &fpr, &d) != 0)
            return cli_usage(self, "%s", d.text);
        else if (c != OPT_FPR && ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    argc -= optind;
    argv += optind;
    if (argc == 4 && strcmp(argv[0], "compare") == 0)
        return compare_run(
            &(struct compare){{argv[1], argv[2]}, argv[3], fpr > 0 ? fpr : 0.001, json});
    if (fpr > 0)
        return cli_usage(self, "--fpr-budget is for compare");
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return list(json);
    if (argc == 3 && strcmp(argv[0], "load") == 0)
        return load(argv[1], argv[2], json);
    if (argc == 2 && strcmp(argv[0], "rollback") == 0)
        return rollback(argv[1], json);
    return wrong_words(argv);
}

const struct cli_command command_model = {
    .name = "model",
    .usage = "[-J] [list | load MODEL FILE | rollback MODEL | compare A B FILE]",
    .summary = "show the models in use; replace the checkpoint of one while ganadd runs",
    .help = "  list                  the checkpoints in use, since when, and the previous ones\n"
            "  load MODEL FILE       use the checkpoint FILE for MODEL, until the next reload or\n"
            "                        restart; ganadd checks it first, and refuses an invalid one\n"
            "  rollback MODEL        use its previous checkpoint again\n"
            "  compare A B FILE      two checkpoints on a file of records, without ganadd\n"
            "\n"
            "  --fpr-budget F        compare: the false-positive rate that sets both thresholds;\n"
            "                        by default 0.001\n"
            "\n"
            "  -J, --json            one JSON value\n",
    .run = run,
};
