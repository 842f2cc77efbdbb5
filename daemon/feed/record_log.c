/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/record_log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/disk.h"
#include "daemon/feed/lines.h"
#include "daemon/log.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/dataset/record_text.h"
#include "lib/flow/conn.h"
#include "lib/record/community_id.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum {
    QUEUE_MAX = 1 << 20, /* bytes */
    /* that the reader of a capture file waits for a disk that does not answer */
    PATIENCE_NS = 1000000000,
};

struct record_log {
    const struct config_records *records;
    struct gad_record_form form;
    struct gad_buf head; /* of a new file, with a NUL */
    struct gad_buf line;
    struct lines *out;
    struct gad_community_id *id; /* NULL: not written */
    record_log_wants_fn *wants;
    void *arg;
    uint64_t left_behind; /* rotated files that had another form */
};

/* Plain records have the form of KDD99's files, which have no head. */
static bool has_head(const struct gad_record_form *f)
{
    return !f->ndjson && (f->with_connection || f->with_score);
}

static struct gad_record_form form_of(const struct config_records *c)
{
    return (struct gad_record_form){.ndjson = strcmp(c->format, "ndjson") == 0,
                                    .with_connection = c->connection,
                                    .with_source = c->connection,
                                    .with_score = c->score};
}

/* Whether a file begins as the records that are written now. A short file may have only a part of
 * the head. */
static bool begins_as_ours(const struct record_log *t, const char *p, size_t len)
{
    size_t head = t->head.len - 1;

    if (t->form.ndjson)
        return p[0] == '{';
    if (head > 0)
        return memcmp(p, t->head.p, len < head ? len : head) == 0;
    return p[0] >= '0' && p[0] <= '9';
}

/* Rotates a file whose records have another form, because a file has one form. lines_new() reports
 * a file that cannot be read. */
static void leave_other_form(struct record_log *t)
{
    char p[GAD_RECORD_LINE_MAX];
    int fd = open(t->records->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    ssize_t len = read(fd, p, sizeof(p));
    (void)close(fd);
    if (len <= 0 || begins_as_ours(t, p, (size_t)len))
        return;
    log_notice("records", "'%s' has records in another form and is moved away", t->records->file);
    t->left_behind += disk_rotate(t->records->file, t->records->files);
}

int record_log_new(struct event_base *base, const struct record_log_options *o,
                   struct record_log **ret, struct gad_diag *d)
{
    const struct config_records *c = o->records;

    *ret = NULL;
    if (!*c->file)
        return 0;
    gad_cleanup(record_log_freep) struct record_log *t = gad_calloc(1, sizeof(*t));
    if (!t)
        return gad_fail(d, GAD_ENOMEM, "records: no memory");
    t->records = c;
    t->wants = o->wants;
    t->arg = o->arg;
    t->form = form_of(c);
    t->head = t->line = GAD_BUF_INIT(GAD_RECORD_LINE_MAX);
    if (has_head(&t->form))
        gad_record_text_head(&t->head, &t->form);
    gad_buf_add(&t->head, "", 1);
    if (t->head.bad || !gad_buf_room(&t->line, GAD_RECORD_LINE_MAX))
        return gad_fail(d, GAD_ENOMEM, "records: no memory");
    leave_other_form(t);
    int r =
        t->form.with_connection ? gad_community_id_new((uint16_t)c->community_id_seed, &t->id) : 0;
    if (r != 0)
        return gad_fail(d, r, "records: %s", gad_strerror(r));
    const struct lines_options lines = {.path = c->file,
                                        .head = (const char *)t->head.p,
                                        .queue_max = QUEUE_MAX,
                                        .size_max = c->file_size,
                                        .files = c->files,
                                        .base = base,
                                        .all_dropped = o->lost};
    r = lines_new(&lines, &t->out, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&t);
    return 0;
}

void record_log_free(struct record_log *t)
{
    if (!t)
        return;
    lines_free(t->out);
    gad_community_id_free(t->id);
    gad_buf_deinit(&t->head);
    gad_buf_deinit(&t->line);
    gad_free(t);
}

void record_log_add(struct record_log *t, const struct job *j)
{
    if (!t || j->error || (j->client && !t->records->clients))
        return;
    for (size_t i = 0; i < j->n; i++) {
        if (j->rec[i].notes & GAD_NOTE_INTERIM)
            continue; /* the log, which trains models, has each connection once */
        if (t->wants && !t->wants(t->arg, &j->rec[i]))
            continue;
        struct gad_record_about about = {.model = gad_detector_name(job_model(j, i)->detector),
                                         .is_scored = i < job_n_scored(j)};
        if (j->origin) {
            about.decided = j->origin[i].decided;
            about.times_known = true;
            about.source = j->origin[i].source;
        }
        if (about.is_scored) {
            about.score = j->score[i];
            about.p_value = j->p_value[i];
            about.is_anomalous = j->anomalous[i];
        }
        struct gad_record rec = j->rec[i];
        if (t->id)
            gad_record_identify(t->id, &rec);
        t->line.len = 0;
        gad_record_text(&t->line, &t->form, &rec, &about);
        gad_assert(!t->line.bad); /* a unit test writes the longest */
        lines_add(t->out, t->line.p, t->line.len);
    }
}

void record_log_flush(struct record_log *t)
{
    if (t && t->out)
        lines_flush(t->out);
}

bool record_log_is_flushed(struct record_log *t)
{
    return !t || !t->out || lines_is_flushed(t->out);
}

bool record_log_has_room(struct record_log *t)
{
    return !t || lines_has_room(t->out, (struct gad_time){PATIENCE_NS});
}

int record_log_start(struct record_log *t)
{
    return t ? lines_start(t->out) : 0;
}

void record_log_reopen(struct record_log *t)
{
    if (t)
        lines_reopen(t->out);
}

bool record_log_state(const struct record_log *t, struct record_log_state *ret)
{
    if (!t)
        return false;
    const struct lines *o = t->out;
    *ret = (struct record_log_state){.file = o->o.path,
                                     .format = t->records->format,
                                     .state = o->failed || o->stuck ? "failed" : "open",
                                     .error = o->error ? gad_strerror(o->error) : "",
                                     .written = o->n_sent,
                                     .bytes = o->bytes,
                                     .lost = o->n_dropped,
                                     .queued = gad_buf_left(&o->queue),
                                     .rotations = t->left_behind + o->rotations,
                                     .reopened = o->reopened,
                                     .deleted = o->deleted};
    return true;
}
