/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/learn/learning.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "daemon/feed/record_log.h"
#include "daemon/learn/thin.h"
#include "daemon/log.h"
#include "daemon/reload/reload.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/base/fields.h"
#include "lib/record/record.h"

enum {
    FILES = 7, /* rotated ones */
    LOOK_S = 10,
    SAVE_S = 600,
    SAVE_RECORDS = 1000, /* or after that many, at the next look */
    SAY_S = 86400,
    SLOTS_PER_DAY = 144,
    SURPLUS = 4, /* times the wanted records are kept in the wanted days */
    QUOTA_MIN = 64,
};

#define BUDGET 0.001

/* What a file was when it was last looked at. */
struct seen {
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct learning {
    struct learning_options o;
    struct reload *reload;
    char directory[PATH_MAX - 32];
    char file[PATH_MAX]; /* of the records */
    struct config_records records;
    struct record_log *log;
    struct thin thin;
    struct gad_fields progress;
    uint64_t recorded, left_out, saved;
    struct gad_time first, last; /* packet times of records */
    struct seen model;
    struct watch *look, *save, *say;
};

static void path_of(const struct learning *l, const char *name, char path[static PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/%s", l->directory, name);
}

static struct seen look_at(const struct learning *l)
{
    char path[PATH_MAX];
    struct stat st;

    path_of(l, "learned.ckpt", path);
    if (stat(path, &st) != 0)
        return (struct seen){0};
    return (struct seen){st.st_ino, st.st_size, st.st_mtim};
}

static bool is_same(const struct seen *a, const struct seen *b)
{
    return a->ino == b->ino && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static void on_save(void *arg)
{
    struct learning *l = arg;
    const struct config *c = l->o.config;
    struct gad_fields *f = &l->progress;
    double budget = models_find(l->o.models, "")->fpr_budget; /* 0: it has a threshold instead */
    char path[PATH_MAX];
    struct gad_diag d = {""};

    l->saved = l->recorded;
    gad_fields_set(f, "recorded", "%" PRIu64, l->recorded);
    gad_fields_set(f, "left_out", "%" PRIu64, l->left_out);
    gad_fields_set(f, "first_ns", "%" PRId64, l->first.ns);
    gad_fields_set(f, "last_ns", "%" PRId64, l->last.ns);
    gad_fields_set(f, "days", "%" PRIu64, c->learning.days);
    gad_fields_set(f, "records", "%" PRIu64, c->learning.records);
    gad_fields_set(f, "budget", "%g", budget > 0 ? budget : BUDGET);
    path_of(l, "progress", path);
    if (gad_fields_write(path, f, &d) != 0)
        log_error("learn", "%s", d.text);
}

/* Whether the trainer replaced the model; much that was recorded is saved early. */
static void on_look(void *arg)
{
    struct learning *l = arg;
    struct seen now = look_at(l);

    if (l->recorded - l->saved >= SAVE_RECORDS)
        on_save(l);
    if (now.ino == 0 || is_same(&now, &l->model))
        return;
    l->model = now;
    log_notice("learn", "there is a new model, '%s/learned.ckpt': reloading", l->directory);
    reload_all(l->reload);
}

static void on_say(void *arg)
{
    char text[LEARNING_TEXT];

    learning_text(arg, text);
    if (*text)
        log_notice("learn", "%s", text);
}

/* A missing or damaged file means that nothing was recorded: the records themselves count when the
 * trainer reads them. */
static void read_progress(struct learning *l)
{
    char path[PATH_MAX];
    struct gad_fields f;
    struct gad_diag d = {""};

    path_of(l, "progress", path);
    int r = gad_fields_read(path, &f, &d);
    if (r != 0) {
        if (r != -ENOENT)
            log_warn("learn", "%s; counting from now", d.text);
        return;
    }
    l->recorded = gad_fields_u64(&f, "recorded", UINT64_MAX, 0);
    l->saved = l->recorded;
    l->left_out = gad_fields_u64(&f, "left_out", UINT64_MAX, 0);
    l->first.ns = (int64_t)gad_fields_u64(&f, "first_ns", INT64_MAX, 0);
    l->last.ns = (int64_t)gad_fields_u64(&f, "last_ns", INT64_MAX, 0);
}

static bool wants(void *arg, const struct gad_record *rec)
{
    struct learning *l = arg;

    if (rec->end.ns <= 0) { /* a training splits by time */
        l->o.stats->learn_untimed++;
        return false;
    }
    if (!thin_takes(&l->thin, rec->end)) {
        l->left_out++;
        l->o.stats->learn_left_out++;
        return false;
    }
    l->recorded++;
    l->o.stats->learn_records++;
    if (l->first.ns == 0 || rec->end.ns < l->first.ns)
        l->first = rec->end;
    if (rec->end.ns > l->last.ns)
        l->last = rec->end;
    return true;
}

static int open_records(struct learning *l, struct gad_diag *d)
{
    const struct config *c = l->o.config;

    path_of(l, "records.csv", l->file);
    l->records = (struct config_records){.file = l->file,
                                         .format = "csv",
                                         .connection = true,
                                         .clients = true,
                                         .community_id_seed = c->records.community_id_seed,
                                         .file_size = c->learning.size / (FILES + 1),
                                         .files = FILES};
    const struct record_log_options o = {
        .records = &l->records, .lost = &l->o.stats->learn_lost, .wants = wants, .arg = l};
    uint64_t quota = SURPLUS * c->learning.records / (c->learning.days * SLOTS_PER_DAY);
    l->thin.quota = quota > QUOTA_MIN ? quota : QUOTA_MIN;
    return record_log_new(l->o.base, &o, &l->log, d);
}

static int make_directory(struct learning *l, struct gad_diag *d)
{
    const char *name = l->o.config->learning.directory;

    if (strlen(name) >= sizeof(l->directory))
        return gad_fail(d, GAD_ELIMIT, "[learning] directory: the path is too long");
    (void)snprintf(l->directory, sizeof(l->directory), "%s", name);
    if (mkdir(name, 0700) != 0 && errno != EEXIST)
        return gad_fail(d, -errno, "[learning] directory: cannot make '%s': %s", name,
                        strerror(errno));
    return 0;
}

int learning_new(const struct learning_options *o, struct learning **ret, struct gad_diag *d)
{
    const struct model *m = models_find(o->models, "");

    *ret = NULL;
    if (strcmp(o->config->learning.mode, "off") == 0)
        return 0;
    if (o->config->trust.require_signature || o->config->trust.bind) {
        log_notice("learn", "[trust] demands signatures, which a learned model does not have: "
                            "[learning] has no effect");
        return 0;
    }
    if (!m->is_demonstration && !m->is_learned) {
        log_notice("learn", "model '%s' is your own: [learning] records and learns nothing",
                   m->name);
        return 0;
    }
    gad_cleanup(learning_freep) struct learning *l = gad_calloc(1, sizeof(*l));
    if (!l)
        return gad_fail(d, GAD_ENOMEM, "learning: no memory");
    l->o = *o;
    int r = make_directory(l, d);
    if (r == 0) {
        read_progress(l);
        r = open_records(l, d);
    }
    if (r != 0)
        return r;
    l->model = look_at(l);
    *ret = gad_steal(&l);
    return 0;
}

int learning_start(struct learning *l, struct reload *reload)
{
    if (!l)
        return 0;
    l->reload = reload;
    l->look = watch_ticker(l->o.base, (struct gad_time){LOOK_S * INT64_C(1000000000)}, on_look, l);
    l->save = watch_ticker(l->o.base, (struct gad_time){SAVE_S * INT64_C(1000000000)}, on_save, l);
    l->say = watch_ticker(l->o.base, (struct gad_time){SAY_S * INT64_C(1000000000)}, on_say, l);
    if (!l->look || !l->save || !l->say)
        return GAD_ENOMEM;
    on_save(l);
    on_say(l);
    return record_log_start(l->log);
}

void learning_free(struct learning *l)
{
    if (!l)
        return;
    if (l->save)
        on_save(l);
    watch_free(l->look);
    watch_free(l->save);
    watch_free(l->say);
    record_log_free(l->log);
    gad_free(l);
}

void learning_add(struct learning *l, const struct job *j)
{
    if (l)
        record_log_add(l->log, j);
}

void learning_flush(struct learning *l)
{
    if (l)
        record_log_flush(l->log);
}

bool learning_is_flushed(struct learning *l)
{
    return !l || record_log_is_flushed(l->log);
}

bool learning_has_room(struct learning *l)
{
    return !l || record_log_has_room(l->log);
}

void learning_reopen(struct learning *l)
{
    if (l)
        record_log_reopen(l->log);
}

/* What the trainer said of its last attempt, after a space; "" before the first one. */
static void last_attempt(const struct learning *l, char text[static LEARNING_TEXT])
{
    char path[PATH_MAX];
    struct gad_fields f;

    text[0] = '\0';
    path_of(l, "status", path);
    if (gad_fields_read(path, &f, NULL) == 0 && strcmp(gad_fields_get(&f, "state"), "failed") == 0)
        (void)snprintf(text, LEARNING_TEXT, " The last training failed: %.60s",
                       gad_fields_get(&f, "text"));
}

void learning_text(const struct learning *l, char text[static LEARNING_TEXT])
{
    const struct model *m = l ? models_find(l->o.models, "") : NULL;
    char attempt[LEARNING_TEXT];

    text[0] = '\0';
    if (!m || !m->is_withheld)
        return;
    double days = (double)(l->last.ns - l->first.ns) / 86400e9;
    const struct config *c = l->o.config;
    last_attempt(l, attempt);
    (void)snprintf(text, LEARNING_TEXT,
                   "learning this network, no alerts until then: %" PRIu64 " records over %.1f "
                   "days; %" PRIu64 " days or %" PRIu64 " records are enough.%.90s",
                   l->recorded, days, c->learning.days, c->learning.records, attempt);
}
