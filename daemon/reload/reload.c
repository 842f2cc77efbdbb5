/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload/reload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/diff.h"
#include "daemon/feed/feed.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/score/models.h"
#include "daemon/thread.h"
#include "daemon/watch.h"
#include "models/detector.h"

struct watch;

TAILQ_HEAD(reload_asks, reload_ask);

/* The worker thread's input and result. */
struct reload_work {
    const char *file; /* of the configuration; NULL: one model only */
    struct config_model one;
    struct config_trust trust;
    char checkpoint[4096];         /* the new checkpoint */
    struct model *back;            /* held: a rollback to this one, which is proved again */
    struct checkpoint_proof proof; /* of it */
    int error;
    struct gad_diag why;
    struct config *config;
    struct models *models;
};

struct reload {
    struct reload_options o;
    /* the configuration that the models come from; owned if it is not o.config */
    const struct config *now;
    struct model *previous[CONFIG_MODELS_MAX]; /* held; NULL: none */
    struct reload_asks waiting, served;        /* served: by the current work */
    struct reload_ask signalled;
    struct reload_work work;
    struct reload_result result;
    struct thread thread;
    int fd; /* posted when the worker is done */
    struct watch *done, *begin;
};

/* --- replacing the running models, and what that changes --- */

static struct model *named(const struct models *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->model[i]->name, name) == 0)
            return m->model[i];
    return NULL;
}

static void add_change(struct reload_result *res, const struct model *was, const struct model *is)
{
    struct reload_change *c = &res->change[res->n++]; /* fits: each name occurs once */

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
    return blank; /* fits: one for each configured model */
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

/* Keeps @was for a rollback: its replacement has another checkpoint. */
static void remember(struct reload *r, struct model *was)
{
    struct model **place = place_of_previous(r, was->name);

    gad_assert(place);
    struct model *older = *place;
    *place = model_hold(was);
    model_drop(older);
}

/*
 * Drops previous models that are not configured any more: only a configured model can be rolled
 * back.
 */
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
        keys->n = 0; /* no memory: the log lists no keys, either */
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
    compare(r, w->models); /* w->models has the old ones now */
    add_keys(r->now, w->config, CONFIG_AT_ONCE, &r->result.applied);
    add_keys(r->o.config, w->config, CONFIG_AT_RESTART, &r->result.restart);
    if (r->o.feed)
        feed_renewal_put(r->o.feed, add_file, &r->result);
    log_set_level(w->config->ganadd.log_level);
    if (r->now != r->o.config)
        config_free((struct config *)(uintptr_t)r->now);
    r->now = gad_steal(&w->config);
}

/*
 * Replaces the model that has the name of @is. Takes ownership of @is, unless result.error is set:
 * @is does not fit the other models.
 */
static bool put_one(struct reload *r, struct model *is)
{
    struct models set = *r->o.models;
    struct model *was = named(&set, is->name);

    gad_assert(was);
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

/* Puts the previous model of this name back. */
static void put_back(struct reload *r, const char *name)
{
    struct model **place = place_of_previous(r, name);

    gad_assert(place && *place); /* one reload at a time: it is still there */
    struct model *is = gad_steal(place);
    r->result.error = model_set_proof(is, &r->work.proof, &r->result.why);
    is->is_bound = checkpoint_is_bound(&r->work.one, &r->work.trust);
    if (r->result.error != 0 || !put_one(r, is))
        *place = is;
}

/* Replaces the running models by those of r->work. */
static void put(struct reload *r)
{
    if (r->work.file)
        put_all(r);
    else if (r->work.back)
        put_back(r, r->work.back->name);
    else if (put_one(r, r->work.models->model[0]))
        r->work.models->n = 0;
    if (r->result.error == 0)
        models_note_versions(r->o.models, &r->now->trust);
}

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

static void prove_back(struct reload_work *w)
{
    w->proof = w->back->proof;
    w->error = checkpoint_prove_again(w->back->file, &w->one, &w->trust, &w->proof, &w->why);
    if (w->error != 0)
        gad_diag_prefix(&w->why, "model '%s'", w->one.name);
}

static void work(void *arg)
{
    struct reload *r = arg;

    if (r->work.file)
        load_all(&r->work, r->o.feed);
    else if (r->work.back)
        prove_back(&r->work);
    else
        load_one(&r->work);
    thread_event_post(r->fd);
}

static void clear_work(struct reload *r)
{
    models_free(r->work.models);
    model_drop(r->work.back);
    config_free(r->work.config);
    r->work = (struct reload_work){0};
}

/* --- the result --- */

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
    log_notice("reload", "%s: applied", line);
}

static void log_restart(const char *line)
{
    log_warn("reload", "%s: takes effect at a restart", line);
}

static void log_result(const struct reload_result *res)
{
    if (res->error != 0) {
        log_error("reload", "reload failed, keeping the running configuration: %s", res->why.text);
        return;
    }
    for (size_t i = 0; i < res->n; i++) {
        const struct reload_change *c = &res->change[i];
        if (c->kind == RELOAD_SAME)
            log_info("reload", "model '%s': unchanged", c->name);
        else if (c->kind == RELOAD_CHANGED)
            log_notice("reload", "model '%s': %.16s instead of %.16s", c->name, c->is, c->was);
        else
            log_notice("reload", "model '%s': %s", c->name,
                       c->kind == RELOAD_NEW ? "added" : "removed");
    }
    log_keys(&res->applied, log_applied);
    log_keys(&res->restart, log_restart);
}

static void report_served(struct reload *r)
{
    struct reload_ask *ask;

    log_result(&r->result);
    if (r->o.done)
        r->o.done(r->o.arg, &r->result);
    while ((ask = TAILQ_FIRST(&r->served)) != NULL) {
        TAILQ_REMOVE(&r->served, ask, next);
        ask->is_waiting = false;
        if (ask->done)
            ask->done(ask->arg, &r->result);
    }
    if (!TAILQ_EMPTY(&r->waiting))
        watch_soon(r->begin);
}

/* --- one reload at a time --- */

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

/*
 * Moves the first waiting request to the served ones. If it is for all models, moves the others for
 * all models with it.
 */
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

static bool begin_back(struct reload *r, const char *name)
{
    struct model **place = place_of_previous(r, name);

    if (!place || !*place) {
        r->result.error =
            gad_fail(&r->result.why, GAD_EUNKNOWN, "model '%s' has no previous checkpoint", name);
        return false;
    }
    r->work.back = model_hold(*place);
    return true;
}

/* Returns false if there is nothing to wait for. */
static bool begin_one(struct reload *r, const struct reload_ask *ask)
{
    const struct config_model *c = configured(r, ask->model);

    if (!c) {
        r->result.error =
            gad_fail(&r->result.why, GAD_EUNKNOWN, "no model '%s' is configured", ask->model);
        return false;
    }
    r->work.one = *c;
    r->work.trust = r->now->trust;
    if (!ask->file)
        return begin_back(r, ask->model);
    if (ask->file[0] != '/' || strlen(ask->file) >= sizeof(r->work.checkpoint)) {
        r->result.error = gad_fail(&r->result.why, GAD_EINVAL,
                                   "'%s': not an absolute path, or too long", ask->file);
        return false;
    }
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
        r->result.error = gad_fail(&r->result.why, GAD_ENOMEM, "cannot start a thread to load it");
        end_work(r);
        waits = false;
    }
    if (!waits)
        report_served(r);
}

static void begin_event(void *arg)
{
    begin(arg);
}

static void join(struct reload *r)
{
    thread_join(&r->thread);
    thread_event_clear(r->fd);
}

static void done_event(void *arg)
{
    struct reload *r = arg;

    join(r);
    if (r->work.error != 0) {
        r->result.error = r->work.error;
        r->result.why = r->work.why;
    } else {
        put(r);
    }
    end_work(r);
    report_served(r);
}

void reload_ask(struct reload *r, struct reload_ask *ask)
{
    ask->is_waiting = true;
    TAILQ_INSERT_TAIL(&r->waiting, ask, next);
    watch_soon(r->begin);
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
            return; /* that reload has not started yet: it serves both */
    }
    reload_forget(r,
                  &r->signalled); /* a reload that is running may have missed the latest change */
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
    r->begin = watch_timer(o->base, begin_event, r);
    r->done = r->fd < 0 ? NULL : watch_reader(o->base, r->fd, done_event, r);
    if (!r->begin || !r->done)
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
    watch_free(r->begin);
    watch_free(r->done);
    if (r->fd >= 0)
        (void)close(r->fd);
    gad_free(r);
}
