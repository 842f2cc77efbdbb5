/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "proto/ganad.pb-c.h"
#include "tools/ganadctl/client.h"
#include "tools/ganadctl/ctl.h"

enum { TEXT = 4096 };

typedef Ganad__V1__ConfigReply__Value value_message;

/* Where the values go. */
struct sink {
    json_t *list; /* NULL: they are printed */
    char section[TEXT], name[TEXT];
};

static const char *safe(const char *s, char text[static TEXT])
{
    gad_text_escape(text, TEXT, s, strlen(s));
    return text;
}

/* As ganadd --dump-config has it. */
static void print_value(struct sink *to, const value_message *v)
{
    char section[TEXT], name[TEXT], text[TEXT];

    safe(v->section, section);
    safe(v->name, name);
    if (strcmp(section, to->section) != 0 || strcmp(name, to->name) != 0)
        printf("[%s%s%s]\n", section, *name ? " " : "", name);
    (void)snprintf(to->section, sizeof(to->section), "%s", section);
    (void)snprintf(to->name, sizeof(to->name), "%s", name);
    printf("%s%s = ", v->unused ? "; not used: " : "", safe(v->key, text));
    printf("%s ; ", safe(v->value, text));
    if (*v->file)
        printf("%s:%u\n", safe(v->file, text), v->line);
    else
        printf("default\n");
}

/* A path may be no UTF-8, which JSON has no way to say. */
static json_t *text_of(const char *s)
{
    char text[TEXT];
    json_t *j = json_string(s);

    return j ? j : json_string(safe(s, text));
}

static void put(struct sink *to, const value_message *v)
{
    if (!to->list) {
        print_value(to, v);
        return;
    }
    bool is_default = *v->file == '\0';
    json_t *file = is_default ? json_null() : text_of(v->file);
    json_t *line = is_default ? json_null() : json_integer((json_int_t)v->line);
    (void)json_array_append_new(
        to->list,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "section", text_of(v->section), "name",
                  *v->name ? text_of(v->name) : json_null(), "key", text_of(v->key), "value",
                  text_of(v->value), "file", file, "line", line, "used", !v->unused));
}

/* One answer; *ret_next is where the next begins, or 0. */
static int take(struct client *c, uint64_t from, uint64_t *reloads, struct sink *to,
                uint64_t *ret_next, struct gad_diag *d)
{
    Ganad__V1__ControlRequest m;
    struct gad_frame f;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__CONFIG;
    m.id = from;
    int err = client_ask(c, GANAD__V1__KIND__CONTROL_REQUEST, &m.base,
                         GANAD__V1__KIND__CONFIG_REPLY, &f, d);
    if (err)
        return err;
    Ganad__V1__ConfigReply *r = ganad__v1__config_reply__unpack(NULL, f.len, f.p);
    if (!r || (r->next > 0 && r->next <= from))
        err = gad_fail(d, GAD_EFORMAT, "%s: a configuration that cannot be read", c->address);
    else if (from > 0 && r->reloads != *reloads)
        err = gad_fail(d, GAD_EINVAL, "the configuration was read anew meanwhile: ask again");
    for (size_t i = 0; !err && i < r->n_value; i++)
        put(to, r->value[i]);
    if (!err) {
        *reloads = r->reloads;
        *ret_next = r->next;
    }
    ganad__v1__config_reply__free_unpacked(r, NULL);
    return err;
}

static int show(const struct ctl *ctl, bool json)
{
    static struct sink to;
    struct client c = CLIENT_INIT;
    struct gad_diag d = {0};
    uint64_t next = 0, reloads = 0;

    int err = client_open(&c, ctl_control_socket(ctl), &d);
    if (err)
        return ctl_unreachable(ctl, err, &d, false);
    if (json)
        to.list = json_array();
    do {
        err = take(&c, next, &reloads, &to, &next, &d);
    } while (!err && next > 0);
    client_close(&c);
    if (!err && json) {
        if (json_dumpf(to.list, stdout, JSON_COMPACT) != 0)
            err = gad_fail(&d, GAD_ENOMEM, "cannot write the values");
        printf("\n");
    }
    json_decref(to.list);
    if (err)
        ctl_say("%s", d.text);
    return err ? CTL_ERROR : CTL_OK;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    bool json = false;
    int code;

    if (ctl_only_json(ctl, &ctl_config, argc, argv, &json, &code) != CTL_OK)
        return code;
    return show(ctl, json);
}

const struct ctl_command ctl_config = {
    .name = "config",
    .usage = "[--json]",
    .summary = "the configuration that ganadd uses, and where each value comes from",
    .help = "  -J, --json   a list of objects with the keys section, name, key, value, file, line "
            "and used\n",
    .run = run,
};
