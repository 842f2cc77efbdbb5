/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/reload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "tools/ganadctl/client.h"
#include "tools/ganadctl/ctl.h"

enum { TEXT = 1024 };

static const char *safe(const char *s, char text[static TEXT])
{
    gad_text_escape(text, TEXT, s, strlen(s));
    return text;
}

static void print_change(const Ganad__V1__ReloadReply__Change *c)
{
    char name[TEXT], what[TEXT], is[TEXT], was[TEXT];

    printf("%-16s %-8s %.16s", safe(c->model, name), safe(c->what, what),
           safe(*c->sha256 ? c->sha256 : c->previous_sha256, is));
    if (strcmp(c->what, "changed") == 0)
        printf("  instead of %.16s", safe(c->previous_sha256, was));
    printf("\n");
}

static void print(const Ganad__V1__ReloadReply *r)
{
    char line[TEXT];

    for (size_t i = 0; i < r->n_change; i++)
        print_change(r->change[i]);
    if (r->n_applied > 0)
        printf("changed, and in use:\n");
    for (size_t i = 0; i < r->n_applied; i++)
        printf("  %s\n", safe(r->applied[i], line));
    if (r->n_restart > 0)
        printf("changed, and takes effect at a restart:\n");
    for (size_t i = 0; i < r->n_restart; i++)
        printf("  %s\n", safe(r->restart[i], line));
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
    return ok ? CTL_OK : CTL_ERROR;
}

int reload_run(const struct ctl *ctl, Ganad__V1__ControlRequest *m, bool json, struct gad_diag *d)
{
    struct client c = CLIENT_INIT;
    struct gad_frame f;
    Ganad__V1__ReloadReply *r = NULL;
    int code = CTL_ERROR;

    int err = client_open(&c, ctl_control_socket(ctl), d);
    if (err)
        return ctl_unreachable(ctl, err, d, false);
    err = client_ask(&c, GANAD__V1__KIND__CONTROL_REQUEST, &m->base, GANAD__V1__KIND__RELOAD_REPLY,
                     &f, d);
    if (!err)
        r = ganad__v1__reload_reply__unpack(NULL, f.len, f.p);
    if (!err && !r)
        (void)gad_fail(d, GAD_EFORMAT, "an answer that cannot be read");
    if (!r) {
        ctl_say("refused, what runs goes on: %s", d->text);
    } else if (json) {
        code = print_json(r);
    } else {
        print(r);
        code = CTL_OK;
    }
    ganad__v1__reload_reply__free_unpacked(r, NULL);
    client_close(&c);
    return code;
}
