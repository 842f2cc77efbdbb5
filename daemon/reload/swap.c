/* SPDX-License-Identifier: Apache-2.0 */
/* New models in the place of those that run, and what has changed by it. */
#include <stdio.h>
#include <string.h>

#include "daemon/config/diff.h"
#include "daemon/feed/feed.h"
#include "daemon/log.h"
#include "daemon/reload/parts.h"
#include "models/detector.h"

static struct model *named(const struct models *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->model[i]->name, name) == 0)
            return m->model[i];
    return NULL;
}

static void add_change(struct reload_result *res, const struct model *was, const struct model *is)
{
    struct reload_change *c = &res->change[res->n++]; /* each name once: there is room */

    (void)snprintf(c->name, sizeof(c->name), "%s", is ? is->name : was->name);
    if (is)
        (void)snprintf(c->is, sizeof(c->is), "%s", gad_detector_sha256_hex(is->detector));
    if (was)
        (void)snprintf(c->was, sizeof(c->was), "%s", gad_detector_sha256_hex(was->detector));
    c->kind = !was                         ? RELOAD_NEW
              : !is                        ? RELOAD_GONE
              : strcmp(c->is, c->was) != 0 ? RELOAD_CHANGED
                                           : RELOAD_SAME;
}

static struct model **place_of_previous(struct reload *r, const char *name)
{
    struct model **blank = NULL;

    for (size_t i = 0; i < CONFIG_MODELS_MAX; i++) {
        if (r->previous[i] && strcmp(r->previous[i]->name, name) == 0)
            return &r->previous[i];
        if (!r->previous[i])
            blank = &r->previous[i];
    }
    return blank; /* one a configured model: there is room */
}

const struct config *reload_config(const struct reload *r)
{
    return r->now;
}

const struct model *reload_previous(const struct reload *r, const char *name)
{
    for (size_t i = 0; i < CONFIG_MODELS_MAX; i++)
        if (r->previous[i] && strcmp(r->previous[i]->name, name) == 0)
            return r->previous[i];
    return NULL;
}

/* @was has another checkpoint than the one in its place now. */
static void remember(struct reload *r, struct model *was)
{
    struct model **place = place_of_previous(r, was->name);

    gad_assert(place);
    struct model *older = *place;
    *place = model_hold(was);
    model_drop(older);
}

/* What is rolled back must be configured. */
static void forget_gone(struct reload *r)
{
    for (size_t i = 0; i < CONFIG_MODELS_MAX; i++) {
        if (r->previous[i] && !named(r->o.models, r->previous[i]->name)) {
            model_drop(r->previous[i]);
            r->previous[i] = NULL;
        }
    }
}

static void compare(struct reload *r, const struct models *old)
{
    const struct models *now = r->o.models;

    for (size_t i = 0; i < now->n; i++) {
        struct model *was = named(old, now->model[i]->name);
        add_change(&r->result, was, now->model[i]);
        if (r->result.change[r->result.n - 1].kind == RELOAD_CHANGED)
            remember(r, was);
    }
    for (size_t i = 0; i < old->n; i++)
        if (!named(now, old->model[i]->name))
            add_change(&r->result, old->model[i], NULL);
    forget_gone(r);
}

static void add_key(void *arg, const struct config_difference *c)
{
    struct reload_keys *keys = arg;

    if (keys->n++ >= RELOAD_KEYS_MAX)
        return;
    if (c->file)
        gad_buf_printf(&keys->text, "%s:%u: [%s] %s", c->file, c->line, c->section, c->key);
    else
        gad_buf_printf(&keys->text, "[%s] %s", c->section, c->key);
    gad_buf_add(&keys->text, "", 1);
}

static void add_keys(const struct config *a, const struct config *b, enum config_when when,
                     struct reload_keys *keys)
{
    config_diff(a, b, when, add_key, keys);
    if (keys->text.bad)
        keys->n = 0; /* no memory to tell: the log says less, too */
}

static void add_file(void *arg, bool is_applied, const char *text)
{
    struct reload_result *res = arg;
    struct reload_keys *keys = is_applied ? &res->applied : &res->restart;

    if (keys->n >= RELOAD_KEYS_MAX || keys->text.bad)
        return;
    gad_buf_add(&keys->text, text, strlen(text) + 1);
    keys->n = keys->text.bad ? 0 : keys->n + 1;
}

static void put_all(struct reload *r)
{
    struct reload_work *w = &r->work;
    int err = r->o.configure ? r->o.configure(r->o.arg, w->config) : 0;

    if (err != 0) {
        r->result.error = gad_fail(&r->result.why, err, "no memory");
        return;
    }
    models_keep(r->o.models, w->models);
    models_swap(r->o.models, w->models);
    compare(r, w->models); /* the old ones now */
    add_keys(r->now, w->config, CONFIG_AT_ONCE, &r->result.applied);
    add_keys(r->o.config, w->config, CONFIG_AT_RESTART, &r->result.restart);
    if (r->o.feed)
        feed_renewal_put(r->o.feed, add_file, &r->result);
    log_set_level(w->config->ganadd.log_level);
    if (r->now != r->o.config)
        config_free((struct config *)(uintptr_t)r->now);
    r->now = gad_steal(&w->config);
}

/* @is in the place of the one of its name. Takes it over, unless the result says that it does not go with the others. */
static bool put_one(struct reload *r, struct model *is)
{
    struct models set = *r->o.models;
    struct model *was = named(&set, is->name);

    gad_assert(was); /* it is configured */
    for (size_t i = 0; i < set.n; i++)
        set.model[i] = set.model[i] == was ? is : set.model[i];
    r->result.error = models_check(&set, &r->result.why);
    if (r->result.error != 0)
        return false;
    models_swap(r->o.models, &set);
    add_change(&r->result, was, is);
    if (r->result.change[0].kind == RELOAD_CHANGED)
        remember(r, was);
    model_drop(was);
    return true;
}

void reload_put(struct reload *r)
{
    if (r->work.file) {
        put_all(r);
        return;
    }
    if (put_one(r, r->work.models->model[0]))
        r->work.models->n = 0;
}

void reload_put_back(struct reload *r, const char *name)
{
    struct model **place = place_of_previous(r, name);

    if (!place || !*place) {
        r->result.error =
            gad_fail(&r->result.why, GAD_EUNKNOWN, "model '%s' has had no other checkpoint", name);
        return;
    }
    if (r->now->trust.require_signature && *(*place)->signed_by == '\0') {
        r->result.error =
            gad_fail(&r->result.why, GAD_EINVAL,
                     "model '%s': nobody who is trusted had signed %s when it was loaded, and "
                     "[trust] require_signature asks for it",
                     name, (*place)->file);
        return;
    }
    struct model *is = gad_steal(place);
    if (!put_one(r, is))
        *place = is;
}
