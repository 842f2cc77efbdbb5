/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/tap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/feed/lines.h"
#include "daemon/ingest/job.h"
#include "daemon/log.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/dataset/record_text.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum { QUEUE_MAX = 1 << 20 };

struct tap {
    const struct config *config;
    struct gad_record_form form;
    struct gad_buf head; /* of a new file, with a NUL */
    struct gad_buf line;
    struct lines *out;
    uint64_t old_len;   /* of the file as it was opened */
    uint64_t old_bytes; /* written by then */
    uint64_t rotations;
};

/* Plain records are as KDD99's, which have no head. */
static bool has_head(const struct gad_record_form *f)
{
    return !f->ndjson && (f->with_connection || f->with_score);
}

static struct gad_record_form form_of(const struct config *c)
{
    return (struct gad_record_form){.ndjson = strcmp(c->records.format, "ndjson") == 0,
                                    .with_connection = c->records.connection,
                                    .with_source = c->records.connection,
                                    .with_score = c->records.score};
}

/* Would the bytes that a file begins with be what we write there? A short file may have a part of it. */
static bool begins_as_ours(const struct tap *t, const char *p, size_t len)
{
    size_t head = t->head.len - 1;

    if (t->form.ndjson)
        return p[0] == '{';
    if (head > 0)
        return memcmp(p, t->head.p, len < head ? len : head) == 0;
    return p[0] >= '0' && p[0] <= '9';
}

/* A file in another form is moved away, for a file is of one form. What cannot be read is lines_new()'s to tell. */
static void leave_other_form(struct tap *t)
{
    char p[GAD_RECORD_LINE_MAX];
    int fd = open(t->config->records.file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    ssize_t len = read(fd, p, sizeof(p));
    (void)close(fd);
    if (len <= 0 || begins_as_ours(t, p, (size_t)len))
        return;
    log_notice("records", "'%s' has records in another form and is moved away",
               t->config->records.file);
    t->rotations += lines_rotate(t->config->records.file, t->config->records.files);
}

static void look_at_len(struct tap *t)
{
    struct stat st;

    t->old_bytes = t->out->bytes;
    t->old_len = t->out->fd >= 0 && fstat(t->out->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Of the file, with what is queued for it. */
static uint64_t len_now(const struct tap *t)
{
    return t->old_len + (t->out->bytes - t->old_bytes) + gad_buf_left(&t->out->queue);
}

int tap_new(struct event_base *base, const struct config *c, struct stats *st, struct tap **ret,
            struct gad_diag *d)
{
    *ret = NULL;
    if (!*c->records.file)
        return 0;
    gad_cleanup(tap_freep) struct tap *t = gad_calloc(1, sizeof(*t));
    if (!t)
        return gad_fail(d, GAD_ENOMEM, "records: no memory");
    t->config = c;
    t->form = form_of(c);
    t->head = t->line = GAD_BUF_INIT(GAD_RECORD_LINE_MAX);
    if (has_head(&t->form))
        gad_record_text_head(&t->head, &t->form);
    gad_buf_add(&t->head, "", 1);
    if (t->head.bad || !gad_buf_room(&t->line, GAD_RECORD_LINE_MAX))
        return gad_fail(d, GAD_ENOMEM, "records: no memory");
    leave_other_form(t);
    int r = lines_new(c->records.file, (const char *)t->head.p, QUEUE_MAX, base, &st->records_lost,
                      &t->out, d);
    if (r != 0)
        return r;
    look_at_len(t);
    *ret = gad_steal(&t);
    return 0;
}

void tap_free(struct tap *t)
{
    if (!t)
        return;
    tap_flush(t);
    lines_free(t->out);
    gad_buf_deinit(&t->head);
    gad_buf_deinit(&t->line);
    gad_free(t);
}

/* A file that cannot be moved away is left to grow, and it is tried again when as much has come to it once more. */
static void rotate(struct tap *t)
{
    if (lines_rotate(t->config->records.file, t->config->records.files)) {
        t->rotations++;
        tap_reopen(t);
    } else {
        t->old_len = 0;
        t->old_bytes = t->out->bytes;
    }
}

static void add_line(struct tap *t)
{
    const struct gad_buf *line = &t->line;

    if (len_now(t) > 0 && len_now(t) + line->len > t->config->records.file_size) {
        lines_flush(t->out);
        /* While the disk is full what is there stays: a file of nothing would push one with records out. */
        if (!t->out->failed && len_now(t) > strlen(t->out->head))
            rotate(t);
    }
    lines_add(t->out, line->p, line->len);
}

void tap_add(struct tap *t, const struct job *j)
{
    if (!t || j->error || (j->client && !t->config->records.clients))
        return;
    for (size_t i = 0; i < j->n; i++) {
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
        t->line.len = 0;
        gad_record_text(&t->line, &t->form, &j->rec[i], &about);
        gad_assert(!t->line.bad); /* a unit test writes the longest */
        add_line(t);
    }
}

void tap_flush(struct tap *t)
{
    if (t && t->out)
        lines_flush(t->out);
}

void tap_reopen(struct tap *t)
{
    if (!t)
        return;
    lines_reopen(t->out);
    look_at_len(t);
}

bool tap_state(const struct tap *t, struct tap_state *ret)
{
    if (!t)
        return false;
    const struct lines *o = t->out;
    *ret = (struct tap_state){.file = o->path,
                              .format = t->config->records.format,
                              .state = o->failed ? "failed" : "open",
                              .error = o->error ? gad_strerror(o->error) : "",
                              .written = o->n_sent,
                              .bytes = o->bytes,
                              .lost = o->n_dropped,
                              .queued = gad_buf_left(&o->queue),
                              .rotations = t->rotations};
    return true;
}
