/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/suppressor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/watch.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/suppress/list.h"

enum { SAVE_SECONDS = 60 };

struct suppressor {
    const char *path;
    struct gad_suppress *list;
    struct watch *tick;
    uint64_t saved_hits;
    bool unsaved; /* a rule was added or removed that the file does not show yet */
    bool failing; /* the failure to save was logged */
};

static int save(struct suppressor *s, struct gad_diag *d)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_SUPPRESS_FILE_MAX);

    if (!*s->path)
        return 0;
    gad_suppress_write(s->list, &b);
    int r = b.bad ? gad_fail(d, GAD_ENOMEM, "%s: no memory", s->path)
                  : gad_file_write_atomic(s->path, b.p, b.len, d);
    s->unsaved = s->unsaved || r != 0;
    if (r == 0) {
        s->saved_hits = gad_suppress_hits(s->list);
        s->unsaved = false;
    }
    gad_buf_deinit(&b);
    return r;
}

static bool must_save(const struct suppressor *s)
{
    return s->unsaved || s->saved_hits != gad_suppress_hits(s->list);
}

/* Saves without a client that could get the error: logs it. */
static void save_quietly(struct suppressor *s)
{
    struct gad_diag d = {""};
    int r = save(s, &d);

    if (r != 0 && !s->failing)
        log_warn("suppress", "%s", d.text);
    s->failing = r != 0;
}

static void tick_event(void *arg)
{
    struct suppressor *s = arg;

    size_t expired = gad_suppress_expire(s->list, gad_time_wall());
    if (expired > 0)
        log_notice("suppress", "%zu rules expired", expired);
    if (expired > 0 || must_save(s))
        save_quietly(s);
}

static int load(struct suppressor *s, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    size_t len;

    /* any other error is reported by the read below: an existing list must not be lost */
    if (!*s->path || (access(s->path, F_OK) != 0 && errno == ENOENT))
        return 0;
    int r = gad_file_read(s->path, GAD_SUPPRESS_FILE_MAX, &text, &len, d);
    if (r != 0)
        return r;
    if (len == 0)
        return gad_fail(
            d, GAD_EFORMAT,
            "%s: is empty, which is not a list of rules: delete it, and ganadd creates it "
            "with the first rule",
            s->path);
    r = gad_suppress_read(s->list, (const char *)text, len, d);
    if (r != 0)
        gad_diag_prefix(d, "%s", s->path);
    else
        log_info("suppress", "%zu rules in %s", gad_suppress_count(s->list), s->path);
    return r;
}

int suppressor_new(struct event_base *base, const char *path, struct suppressor **ret,
                   struct gad_diag *d)
{
    gad_cleanup(suppressor_freep) struct suppressor *s = gad_calloc(1, sizeof(*s));

    if (!s || gad_suppress_new(&s->list) != 0)
        return gad_fail(d, GAD_ENOMEM, "suppress: no memory");
    s->path = path;
    int r = load(s, d);
    if (r != 0)
        return r;
    s->tick =
        watch_ticker(base, (struct gad_time){SAVE_SECONDS * INT64_C(1000000000)}, tick_event, s);
    if (!s->tick)
        return gad_fail(d, GAD_ENOMEM, "suppress: no memory");
    *ret = gad_steal(&s);
    return 0;
}

/* The file is written under another name in its directory and then renamed. */
static void warn_if_not_saved(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[PATH_MAX];

    (void)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
                   slash ? path : ".");
    if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0)
        log_warn("check", "[alerts] suppress: rules cannot be saved in '%s': %s", dir,
                 gad_strerror(-errno));
}

int suppressor_check(const char *path, struct gad_diag *d)
{
    struct suppressor s = {.path = path};
    int r = gad_suppress_new(&s.list);

    if (r != 0)
        return gad_fail(d, r, "no memory");
    r = load(&s, d);
    gad_suppress_free(s.list);
    if (r == 0 && *path)
        warn_if_not_saved(path);
    return r;
}

void suppressor_free(struct suppressor *s)
{
    if (!s)
        return;
    if (s->tick && must_save(s))
        save_quietly(s);
    watch_free(s->tick);
    gad_suppress_free(s->list);
    gad_free(s);
}

uint64_t suppressor_match(struct suppressor *s, const struct gad_record *rec, const char *model,
                          float score)
{
    return s && gad_suppress_count(s->list) > 0
               ? gad_suppress_match(s->list, rec, model, score, gad_time_wall())
               : 0;
}

int suppressor_add(struct suppressor *s, const char *text, size_t len, uint64_t *ret_id,
                   struct gad_diag *d)
{
    struct gad_rule rule;
    struct gad_time now = gad_time_wall();

    int r = gad_rule_parse(text, len, now, &rule, d);
    if (r != 0)
        return r;
    (void)gad_suppress_expire(s->list, now);
    r = gad_suppress_add(s->list, &rule, now, ret_id, d);
    if (r != 0)
        return r;
    r = save(s, d);
    if (r != 0)
        (void)gad_suppress_remove(s->list, *ret_id);
    return r;
}

int suppressor_remove(struct suppressor *s, uint64_t id, struct gad_diag *d)
{
    if (!gad_suppress_remove(s->list, id))
        return gad_fail(d, GAD_EUNKNOWN, "no rule %llu", (unsigned long long)id);
    int r = save(s, d);
    if (r != 0)
        gad_diag_prefix(d, "rule %llu is removed, but the file still has it (retried every minute)",
                        (unsigned long long)id);
    return r;
}

const struct gad_suppress *suppressor_list(const struct suppressor *s)
{
    return s->list;
}
