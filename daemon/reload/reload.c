/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload/reload.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/notify.h"
#include "daemon/feed/feed.h"
#include "daemon/log.h"
#include "daemon/reload/parts.h"

/* --- the worker --- */

static void load_all(struct reload_work *w, struct feed *feed)
{
    w->error = config_load(w->file, &w->config, &w->why);
    if (w->error == 0)
        w->error = config_check_input(w->config, &w->why);
    if (w->error == 0) {
        log_debug("reload", "%s is read, loading %zu models", w->file, w->config->n_models);
        w->error = models_load(w->config, &w->models, &w->why);
    }
    if (w->error == 0)
        log_debug("reload", "%zu models are loaded", w->models->n);
    if (w->error == 0 && feed)
        w->error = feed_renewal_read(feed, &w->why);
}

static void load_one(struct reload_work *w)
{
    w->models = gad_calloc(1, sizeof(*w->models));
    w->error = w->models
                   ? model_load(&w->one, &w->trust, w->checkpoint, &w->models->model[0], &w->why)
                   : gad_fail(&w->why, GAD_ENOMEM, "no memory");
    if (w->error == 0)
        w->models->n = 1;
}

static void work(void *arg)
{
    struct reload *r = arg;

    if (r->work.file)
        load_all(&r->work, r->o.feed);
    else
        load_one(&r->work);
    thread_event_post(r->fd);
}

static void clear_work(struct reload *r)
{
    models_free(r->work.models);
    config_free(r->work.config);
    r->work = (struct reload_work){0};
}

/* --- who is told --- */

static void clear_result(struct reload *r)
{
    gad_buf_deinit(&r->result.applied.text);
    gad_buf_deinit(&r->result.restart.text);
    r->result = (struct reload_result){.applied.text = GAD_BUF_INIT(1 << 20),
                                       .restart.text = GAD_BUF_INIT(1 << 20)};
}

static void log_keys(const struct reload_keys *keys, void (*log)(const char *line))
{
    const char *line = (const char *)keys->text.p;

    for (size_t i = 0; i < keys->n && i < RELOAD_KEYS_MAX; i++) {
        log(line);
        line += strlen(line) + 1;
    }
}

static void log_applied(const char *line)
{
    log_notice("reload", "%s: in use", line);
}

static void log_restart(const char *line)
{
    log_warn("reload", "%s: takes effect at a restart", line);
}

static void log_result(const struct reload_result *res)
{
    if (res->error != 0) {
        log_error("reload", "refused, what runs goes on: %s", res->why.text);
        return;
    }
    for (size_t i = 0; i < res->n; i++) {
        const struct reload_change *c = &res->change[i];
        if (c->kind == RELOAD_SAME)
            log_info("reload", "model '%s': the same", c->name);
        else if (c->kind == RELOAD_CHANGED)
            log_notice("reload", "model '%s': %.16s instead of %.16s", c->name, c->is, c->was);
        else
            log_notice("reload", "model '%s': %s", c->name, c->kind == RELOAD_NEW ? "new" : "gone");
    }
    log_keys(&res->applied, log_applied);
    log_keys(&res->restart, log_restart);
}

static void tell_served(struct reload *r)
{
    struct reload_ask *ask;

    log_result(&r->result);
    if (r->o.told)
        r->o.told(r->o.arg, &r->result);
    while ((ask = TAILQ_FIRST(&r->served)) != NULL) {
        TAILQ_REMOVE(&r->served, ask, next);
        ask->is_waiting = false;
        if (ask->done)
            ask->done(ask->arg, &r->result);
    }
    if (!TAILQ_EMPTY(&r->waiting))
        event_active(r->begin, 0, 0);
}

/* --- one after the other --- */

static int start_worker(struct reload *r)
{
    return thread_run(&r->thread, "ganadd-reload", work, r);
}

static void announce(bool begins)
{
    char state[64];

    (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)(gad_time_monotonic().ns / 1000));
    notify_state(begins ? state : "READY=1");
}

static void end_work(struct reload *r)
{
    if (r->work.file)
        announce(false);
    clear_work(r);
}

static const struct config_model *configured(const struct reload *r, const char *name)
{
    for (size_t i = 0; i < r->now->n_models; i++)
        if (strcmp(r->now->model[i].name, name) == 0)
            return &r->now->model[i];
    return NULL;
}

/* Moves the first of those who wait, and all who want the same, to the served ones. */
static struct reload_ask *take_next(struct reload *r)
{
    struct reload_ask *first = TAILQ_FIRST(&r->waiting), *ask, *next;

    if (!first)
        return NULL;
    for (ask = first; ask; ask = next) {
        next = TAILQ_NEXT(ask, next);
        if (ask != first && (first->model || ask->model))
            continue;
        TAILQ_REMOVE(&r->waiting, ask, next);
        TAILQ_INSERT_TAIL(&r->served, ask, next);
    }
    return first;
}

static void begin_all(struct reload *r)
{
    r->work.file = r->o.config->file;
    log_notice("reload", "reading %s", r->work.file);
    announce(true);
}

/* false: there is nothing to wait for. */
static bool begin_one(struct reload *r, const struct reload_ask *ask)
{
    const struct config_model *c = configured(r, ask->model);

    if (!c) {
        r->result.error =
            gad_fail(&r->result.why, GAD_EUNKNOWN, "no model '%s' is configured", ask->model);
        return false;
    }
    if (!ask->file) {
        reload_put_back(r, ask->model);
        return false;
    }
    if (ask->file[0] != '/' || strlen(ask->file) >= sizeof(r->work.checkpoint)) {
        r->result.error = gad_fail(&r->result.why, GAD_EINVAL,
                                   "'%s': not an absolute path, or too long", ask->file);
        return false;
    }
    r->work.one = *c;
    r->work.trust = r->now->trust;
    (void)snprintf(r->work.checkpoint, sizeof(r->work.checkpoint), "%s", ask->file);
    return true;
}

static void begin(struct reload *r)
{
    const struct reload_ask *ask = r->thread.runs ? NULL : take_next(r);

    if (!ask)
        return;
    clear_result(r);
    bool waits = true;
    r->result.how = !ask->model ? RELOAD_ALL : ask->file ? RELOAD_LOAD : RELOAD_BACK;
    (void)snprintf(r->result.asked, sizeof(r->result.asked), "%s", ask->model ? ask->model : "");
    if (ask->model)
        waits = begin_one(r, ask);
    else
        begin_all(r);
    if (waits && start_worker(r) != 0) {
        r->result.error = gad_fail(&r->result.why, GAD_ENOMEM, "no thread to load with");
        end_work(r);
        waits = false;
    }
    if (!waits)
        tell_served(r);
}

static void begin_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    begin(arg);
}

static void join(struct reload *r)
{
    thread_join(&r->thread);
    thread_event_clear(r->fd);
}

static void done_event(evutil_socket_t fd, short what, void *arg)
{
    struct reload *r = arg;
    (void)fd;
    (void)what;

    join(r);
    if (r->work.error != 0) {
        r->result.error = r->work.error;
        r->result.why = r->work.why;
    } else {
        reload_put(r);
    }
    end_work(r);
    tell_served(r);
}

void reload_ask(struct reload *r, struct reload_ask *ask)
{
    ask->is_waiting = true;
    TAILQ_INSERT_TAIL(&r->waiting, ask, next);
    event_active(r->begin, 0, 0);
}

void reload_forget(struct reload *r, struct reload_ask *ask)
{
    struct reload_ask *other;

    if (!ask->is_waiting)
        return;
    ask->is_waiting = false;
    TAILQ_FOREACH (other, &r->waiting, next) {
        if (other == ask) {
            TAILQ_REMOVE(&r->waiting, ask, next);
            return;
        }
    }
    TAILQ_REMOVE(&r->served, ask, next);
}

void reload_all(struct reload *r)
{
    struct reload_ask *other;

    TAILQ_FOREACH (other, &r->waiting, next) {
        if (other == &r->signalled)
            return; /* it has not begun: the one will do for both */
    }
    reload_forget(r,
                  &r->signalled); /* it is being served, maybe without what has changed just now */
    reload_ask(r, &r->signalled);
}

int reload_new(const struct reload_options *o, struct reload **ret, struct gad_diag *d)
{
    gad_cleanup(reload_freep) struct reload *r = gad_calloc(1, sizeof(*r));

    if (!r)
        return gad_fail(d, GAD_ENOMEM, "reload: no memory");
    r->o = *o;
    r->now = o->config;
    TAILQ_INIT(&r->waiting);
    TAILQ_INIT(&r->served);
    r->fd = thread_event_open();
    r->begin = event_new(o->base, -1, 0, begin_event, r);
    r->done = r->fd < 0 ? NULL : event_new(o->base, r->fd, EV_READ | EV_PERSIST, done_event, r);
    if (!r->begin || !r->done || event_add(r->done, NULL) != 0)
        return gad_fail(d, GAD_ENOMEM, "reload: no memory");
    *ret = gad_steal(&r);
    return 0;
}

void reload_free(struct reload *r)
{
    if (!r)
        return;
    if (r->thread.runs)
        join(r);
    clear_work(r);
    gad_buf_deinit(&r->result.applied.text);
    gad_buf_deinit(&r->result.restart.text);
    for (size_t i = 0; i < CONFIG_MODELS_MAX; i++)
        model_drop(r->previous[i]);
    if (r->now != r->o.config)
        config_free((struct config *)(uintptr_t)r->now);
    if (r->begin)
        event_free(r->begin);
    if (r->done)
        event_free(r->done);
    if (r->fd >= 0)
        (void)close(r->fd);
    gad_free(r);
}
