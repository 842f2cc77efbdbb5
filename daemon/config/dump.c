/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/config/diff.h"
#include "daemon/config/keys.h"
#include "daemon/config/section.h"
#include "lib/base/buf.h"

struct walk {
    const char *section, *name;
    const struct config_value *start, *now;
    const char *unused; /* a key that another key overrides */
    config_entry_fn *fn;
    void *arg;
};

static void walk_section(const struct walk *w)
{
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *k = &config_keys[i];
        if (strcmp(k->section, w->section) != 0)
            continue;
        const struct config_value *v =
            config_key_when(k) == CONFIG_AT_ONCE ? &w->now[i] : &w->start[i];
        const char *fallback = k->fallback ? k->fallback : "";
        w->fn(w->arg, &(struct config_entry){
                          .section = w->section,
                          .name = w->name,
                          .key = k->name,
                          .text = v->file ? v->text : fallback,
                          .file = v->file,
                          .line = v->line,
                          .is_unused = strcmp(k->name, w->unused) == 0,
                      });
    }
}

void config_walk(const struct config *start, const struct config *now, config_entry_fn *fn,
                 void *arg)
{
    for (size_t i = 0; i < config_n_keys; i++) {
        const char *section = config_keys[i].section;
        if (!section_is_named(section) &&
            (i == 0 || strcmp(section, config_keys[i - 1].section) != 0))
            walk_section(&(struct walk){section, "", start->value, now->value, "", fn, arg});
    }
    for (size_t i = 0; i < start->n_captures; i++) {
        const struct config_capture *c = &start->capture[i];
        walk_section(&(struct walk){"capture", c->name, c->value, c->value, "", fn, arg});
    }
    for (size_t i = 0; i < start->n_outputs; i++) {
        const struct config_output *o = &start->output[i];
        walk_section(&(struct walk){"output", o->name, o->value, o->value, "", fn, arg});
    }
    for (size_t i = 0; i < now->n_clients; i++) {
        const struct config_client *s = &now->client[i];
        walk_section(&(struct walk){"client", s->name, s->value, s->value, "", fn, arg});
    }
    for (size_t i = 0; i < now->n_models; i++) {
        const struct config_model *m = &now->model[i];
        const char *unused = isnan(m->threshold) ? "" : "fpr_budget";
        walk_section(&(struct walk){"model", m->name, m->value, m->value, unused, fn, arg});
    }
}

struct dump {
    struct gad_buf *out;
    const char *section, *name; /* of the previous line */
};

/* Writes "[section]" at the start of a section, and one line per key: "key = value ; source". */
static void dump(void *arg, const struct config_entry *e)
{
    struct dump *d = arg;

    if (!d->section || strcmp(d->section, e->section) != 0 || strcmp(d->name, e->name) != 0)
        gad_buf_printf(d->out, "[%s%s%s]\n", e->section, *e->name ? " " : "", e->name);
    d->section = e->section;
    d->name = e->name;
    if (e->is_unused)
        gad_buf_printf(d->out, "; not used: ");
    if (e->file)
        gad_buf_printf(d->out, "%s = %s ; %s:%u\n", e->key, e->text, e->file, e->line);
    else
        gad_buf_printf(d->out, "%s = %s ; default\n", e->key, e->text);
}

void config_dump(const struct config *c, struct gad_buf *out)
{
    struct dump d = {.out = out};

    config_walk(c, c, dump, &d);
}
