/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/text.h"
#include "tools/ganadctl/ctl.h"

enum { TEXT = 4096 }; /* a value can be a list of many networks */

typedef Ganad__V1__ConfigReply__Value value_message;

/* Where the values are shown. */
struct sink {
    json_t *list; /* NULL: they are printed */
    char section[TEXT], name[TEXT];
};

static const char *safe(const char *s, char text[static TEXT])
{
    gad_text_escape(text, TEXT, s, strlen(s));
    return text;
}

/* In the format of ganadd --dump-config. */
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

/* A path that is not UTF-8 is escaped: JSON cannot represent it. */
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

/* Shows one page of values from number @from on; *ret_next: the number after it, 0 at the end. An
 * exit code. */
static int show_page(uint64_t from, uint64_t *reloads, struct sink *to, uint64_t *ret_next)
{
    Ganad__V1__ControlRequest m;
    Ganad__V1__ConfigReply *r = NULL;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__CONFIG;
    m.id = from;
    int code = ctl_get(&m, GANAD__V1__KIND__CONFIG_REPLY, &ganad__v1__config_reply__descriptor, &r);
    if (code != CLI_OK)
        return code;
    bool moved = from > 0 && r->reloads != *reloads;
    if (moved)
        cli_say("ganadd reloaded its configuration meanwhile: ask again");
    else if (r->next > 0 && r->next <= from)
        cli_say("%s: an unreadable answer", ctl_control_socket());
    else
        for (size_t i = 0; i < r->n_value; i++)
            put(to, r->value[i]);
    if (moved || (r->next > 0 && r->next <= from))
        code = CLI_FAILED;
    *reloads = r->reloads;
    *ret_next = r->next;
    ganad__v1__config_reply__free_unpacked(r, NULL);
    return code;
}

static int show(bool json)
{
    static struct sink to;
    uint64_t next = 0, reloads = 0;
    int code;

    if (json)
        to.list = json_array();
    do {
        code = show_page(next, &reloads, &to, &next);
    } while (code == CLI_OK && next > 0);
    if (code == CLI_OK && json) {
        if (json_dumpf(to.list, stdout, JSON_COMPACT) != 0)
            code = cli_failed(GAD_ENOMEM, NULL);
        printf("\n");
    }
    json_decref(to.list);
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    bool json = false;

    if (ctl_only_json(self, argc, argv, &json) != CLI_OK)
        return CLI_USAGE;
    return show(json);
}

const struct cli_command command_config = {
    .name = "config",
    .usage = "[--json]",
    .summary = "print the configuration in use, and where each value was set",
    .help = "  -J, --json   a list of objects with the keys section, name, key, value, file, line "
            "and used\n",
    .run = run,
};
