/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

enum { BAR = 40 };

#define BAR_PSI 0.5 /* the index that fills a bar */

typedef Ganad__V1__StatusReply__Drift drift_row;

static int most_first(const void *pa, const void *pb)
{
    const drift_row *const *a = pa, *const *b = pb;
    return ((*a)->psi < (*b)->psi) - ((*a)->psi > (*b)->psi);
}

static void print_model(const Ganad__V1__StatusReply__Model *m)
{
    char name[CTL_TEXT], feature[CTL_TEXT];
    bool colour = show_is_terminal(STDOUT_FILENO);

    ctl_safe(m->name, name);
    if (m->n_drift == 0) {
        printf("%s: unknown: its checkpoint has no reference, or ganadd has counted fewer records "
               "than [drift] window, at most [drift] rate per second\n",
               name);
        return;
    }
    printf("%-28s %8s  (model %s)\n", "FEATURE", "PSI", name);
    for (size_t i = 0; i < m->n_drift; i++) {
        const drift_row *d = m->drift[i];
        int len = d->psi >= BAR_PSI ? BAR : (int)(d->psi / BAR_PSI * BAR + 0.5);
        ctl_safe(d->feature, feature);
        printf("%-28s %8.4f  %s%.*s%s%s\n", feature, d->psi,
               colour && d->drifting ? "\033[31m" : "", len,
               "########################################", d->drifting ? " drifting" : "",
               colour && d->drifting ? "\033[0m" : "");
    }
}

static json_t *features(const Ganad__V1__StatusReply__Model *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->n_drift; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:f, s:b}", "feature",
                                                    m->drift[i]->feature, "psi", m->drift[i]->psi,
                                                    "drifting", (int)m->drift[i]->drifting));
    return list;
}

static int print_json(const Ganad__V1__StatusReply *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_model; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", s->model[i]->name,
                                                    "sha256", s->model[i]->sha256, "features",
                                                    features(s->model[i])));
    json_t *o = json_pack("{s:o}", "models", list);
    int err = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) : -1;
    json_decref(o);
    putchar('\n');
    return err;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    Ganad__V1__StatusReply *s = NULL;
    bool json = false;

    if (ctl_only_json(self, argc, argv, &json) != CLI_OK)
        return CLI_USAGE;
    int code = status_get(&s);
    if (code != CLI_OK)
        return code;
    for (size_t i = 0; i < s->n_model; i++)
        if (s->model[i]->n_drift > 0)
            qsort(s->model[i]->drift, s->model[i]->n_drift, sizeof(*s->model[i]->drift),
                  most_first);
    for (size_t i = 0; !json && i < s->n_model; i++)
        print_model(s->model[i]);
    code = json && print_json(s) != 0 ? CLI_FAILED : CLI_OK;
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

const struct cli_command command_drift = {
    .name = "drift",
    .usage = "[--json]",
    .summary = "show how far records are from those that the models were trained on",
    .help = "  -J, --json   one object with the key models: each with name, sha256 and features,\n"
            "               most drift first; each feature with feature, psi and drifting\n",
    .run = run,
};
