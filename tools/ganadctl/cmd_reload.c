/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/reload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tools/ganadctl/ctl.h"

static void print_change(const Ganad__V1__ReloadReply__Change *c)
{
    char name[CTL_TEXT], what[CTL_TEXT], is[CTL_TEXT], was[CTL_TEXT];

    printf("%-16s %-8s %.16s", ctl_safe(c->model, name), ctl_safe(c->what, what),
           ctl_safe(*c->sha256 ? c->sha256 : c->previous_sha256, is));
    if (strcmp(c->what, "changed") == 0)
        printf("  instead of %.16s", ctl_safe(c->previous_sha256, was));
    printf("\n");
}

static void print(const Ganad__V1__ReloadReply *r)
{
    char line[CTL_TEXT];

    for (size_t i = 0; i < r->n_change; i++)
        print_change(r->change[i]);
    if (r->n_applied > 0)
        printf("changed, and applied:\n");
    for (size_t i = 0; i < r->n_applied; i++)
        printf("  %s\n", ctl_safe(r->applied[i], line));
    if (r->n_restart > 0)
        printf("changed, and takes effect at a restart:\n");
    for (size_t i = 0; i < r->n_restart; i++)
        printf("  %s\n", ctl_safe(r->restart[i], line));
    if (r->n_all > r->n_restart)
        printf("  and %" PRIu64 " more\n", (uint64_t)(r->n_all - r->n_restart));
}

static int print_json(const Ganad__V1__ReloadReply *r)
{
    json_t *all = json_object(), *models = json_array(), *restart = json_array(),
           *applied = json_array();

    for (size_t i = 0; i < r->n_change; i++) {
        const Ganad__V1__ReloadReply__Change *c = r->change[i];
        (void)json_array_append_new(models, json_pack("{s:s s:s s:s s:s}", "model", c->model,
                                                      "what", c->what, "sha256", c->sha256,
                                                      "previous_sha256", c->previous_sha256));
    }
    for (size_t i = 0; i < r->n_applied; i++)
        (void)json_array_append_new(applied, json_string(r->applied[i]));
    for (size_t i = 0; i < r->n_restart; i++)
        (void)json_array_append_new(restart, json_string(r->restart[i]));
    (void)json_object_set_new(all, "models", models);
    (void)json_object_set_new(all, "applied", applied);
    (void)json_object_set_new(all, "restart", restart);
    (void)json_object_set_new(all, "n_restart", json_integer((json_int_t)r->n_all));
    bool ok = json_dumpf(all, stdout, JSON_COMPACT) == 0;
    json_decref(all);
    printf("\n");
    return ok ? CLI_OK : CLI_FAILED;
}

int reload_run(const Ganad__V1__ControlRequest *m, bool json, struct gad_diag *d)
{
    Ganad__V1__ReloadReply *r = NULL;
    int code = CLI_OK;
    bool reached;

    int err = ctl_ask(m, GANAD__V1__KIND__RELOAD_REPLY, &ganad__v1__reload_reply__descriptor, &r,
                      &reached, d);
    if (err && !reached)
        return ctl_unreachable(err, d, false);
    if (err) {
        cli_say("reload failed, keeping the running configuration: %s", d->text);
        return CLI_FAILED;
    }
    if (json)
        code = print_json(r);
    else
        print(r);
    ganad__v1__reload_reply__free_unpacked(r, NULL);
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    Ganad__V1__ControlRequest m;
    struct gad_diag d = {""};
    bool json = false;

    if (ctl_only_json(self, argc, argv, &json) != CLI_OK)
        return CLI_USAGE;
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__RELOAD;
    return reload_run(&m, json, &d);
}

const struct cli_command command_reload = {
    .name = "reload",
    .usage = "[-J]",
    .summary = "make ganadd read its configuration and all models again, without losing a record",
    .help =
        "ganadd applies changes of models, of the sections trust and drift, of the keys rollup,\n"
        "rollup_keys, rate, heartbeat and stats in [alerts], of [budget] but state, of log_level\n"
        "and stop_timeout, and\n"
        "renewed certificates of outputs. Other changed keys are listed; they require a restart.\n"
        "On any error nothing changes, and the exit status is 1.\n"
        "\n"
        "  -J, --json            one JSON object\n",
    .run = run,
};
