/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/feed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/feed/output.h"
#include "daemon/ingest/job.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/event/event.h"
#include "lib/event/formats.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum {
    OUTPUTS_MAX = 3,
    ALERT_MAX_BYTES = 8 << 10, /* an alert with 41 reasons is shorter */
    LINE_MAX_BYTES = 2 * ALERT_MAX_BYTES,
};

struct feed {
    char sensor[HOST_NAME_MAX + 1];
    uint64_t run, seq;
    struct stats *stats;
    size_t n_outputs;
    struct output *output[OUTPUTS_MAX];
    void (*tail)(void *arg, const char *json, size_t len);
    void *tail_arg;
    struct gad_buf line;
};

static int name_sensor(struct feed *f, const struct config *c)
{
    if (*c->ganadd.sensor)
        (void)snprintf(f->sensor, sizeof(f->sensor), "%s", c->ganadd.sensor);
    else if (gethostname(f->sensor, sizeof(f->sensor)) != 0)
        return -errno;
    f->sensor[sizeof(f->sensor) - 1] = '\0';
    return getrandom(&f->run, sizeof(f->run), 0) == (ssize_t)sizeof(f->run) ? 0 : -errno;
}

static int open_outputs(struct feed *f, struct event_base *base, const struct config *c,
                        struct gad_diag *d)
{
    const struct {
        bool wanted;
        const struct output_ops *ops;
        const char *target;
    } all[OUTPUTS_MAX] = {
        {c->alerts.to_stdout, &output_stdout, "-"},
        {*c->alerts.file != '\0', &output_file, c->alerts.file},
        {*c->alerts.unix_path != '\0', &output_unix, c->alerts.unix_path},
    };

    for (size_t i = 0; i < OUTPUTS_MAX; i++) {
        if (!all[i].wanted)
            continue;
        int r = output_new(all[i].ops, all[i].target, "", c->alerts.queue, base,
                           &f->stats->alerts_dropped, &f->output[f->n_outputs], d);
        if (r != 0)
            return r;
        f->n_outputs++;
    }
    return 0;
}

int feed_new(struct event_base *base, const struct config *c, struct stats *st, struct feed **ret,
             struct gad_diag *d)
{
    gad_cleanup(feed_freep) struct feed *f = gad_calloc(1, sizeof(*f));

    if (!f)
        return gad_fail(d, GAD_ENOMEM, "alerts: no memory");
    f->stats = st;
    f->line = GAD_BUF_INIT(LINE_MAX_BYTES);
    int r = name_sensor(f, c);
    if (r != 0)
        return gad_fail(d, r, "alerts: no name for this sensor: %s", gad_strerror(r));
    if (!gad_buf_room(&f->line, LINE_MAX_BYTES))
        return gad_fail(d, GAD_ENOMEM, "alerts: no memory");
    r = open_outputs(f, base, c, d);
    if (r == 0)
        *ret = gad_steal(&f);
    return r;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    for (size_t i = f->n_outputs; i-- > 0;)
        output_free(f->output[i]);
    gad_buf_deinit(&f->line);
    gad_free(f);
}

void feed_set_tail(struct feed *f, void (*tail)(void *arg, const char *json, size_t len), void *arg)
{
    f->tail = tail;
    f->tail_arg = arg;
}

/* Columns that have a part in the score; they are sorted by it. */
static size_t count_top(const struct gad_reason *top, size_t n)
{
    size_t i = 0;
    while (i < n && top[i].share > 0)
        i++;
    return i;
}

static void set_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

static void describe(struct gad_alert *a, const struct job *j, size_t i)
{
    const struct model *m = j->model;
    const struct gad_reason *top = j->stride > 0 ? &j->reason[i * j->stride] : NULL;

    a->record = j->rec[i];
    set_text(a->source, sizeof(a->source), j->origin ? j->origin[i].source : "");
    set_text(a->model, sizeof(a->model), gad_detector_name(m->detector));
    set_text(a->model_sha256, sizeof(a->model_sha256), gad_detector_sha256_hex(m->detector));
    a->score = j->score[i];
    a->threshold = m->threshold;
    a->p_value = (double)j->p_value[i];
    a->fpr_budget = m->fpr_budget;
    a->risk = gad_alert_risk(a->p_value, gad_detector_n_calibration(m->detector));
    a->severity = gad_alert_severity(a->risk);
    a->n_top = top ? count_top(top, m->top_features) : 0;
    memcpy(a->top, top, a->n_top * sizeof(*top));
    a->count = 1;
}

static void raise_alert(struct feed *f, const struct job *j, size_t i, struct gad_time wall)
{
    static const struct gad_format_options options = {.max = ALERT_MAX_BYTES};
    struct gad_event e = {.kind = GAD_EVENT_ALERT, .run = f->run, .seq = ++f->seq, .time = wall};

    f->stats->alerts++;
    if (f->n_outputs == 0 && !f->tail)
        return;
    set_text(e.sensor, sizeof(e.sensor), f->sensor);
    describe(&e.alert, j, i);
    e.alert.first = e.alert.last = wall;
    f->line.len = f->line.pos = 0;
    int r = gad_format_write(&gad_format_json, &e, &options, &f->line);
    gad_assert(r == 0); /* a unit test formats the longest */
    gad_buf_add(&f->line, "\n", 1);
    if (f->tail)
        f->tail(f->tail_arg, (const char *)f->line.p, f->line.len - 1);
    for (size_t k = 0; k < f->n_outputs; k++)
        output_add(f->output[k], f->line.p, f->line.len);
}

void feed_scored(struct feed *f, const struct job *j)
{
    if (!j->may_alert || j->n_anomalous == 0)
        return;
    struct gad_time wall = gad_time_wall();
    for (size_t i = 0; i < job_n_scored(j); i++)
        if (j->anomalous[i])
            raise_alert(f, j, i, wall);
}

void feed_flush(struct feed *f)
{
    for (size_t i = 0; i < f->n_outputs; i++)
        output_flush(f->output[i]);
}

void feed_reopen(struct feed *f)
{
    for (size_t i = 0; i < f->n_outputs; i++)
        output_reopen(f->output[i]);
}

bool feed_is_busy(const struct feed *f)
{
    for (size_t i = 0; i < f->n_outputs; i++)
        if (output_is_busy(f->output[i]))
            return true;
    return false;
}

size_t feed_room(const struct feed *f)
{
    size_t room = SIZE_MAX;

    for (size_t i = 0; i < f->n_outputs; i++) {
        const struct output *o = f->output[i];
        size_t left = gad_buf_left(&o->queue);
        size_t here = left < o->queue_max ? (o->queue_max - left) / ALERT_MAX_BYTES : 0;
        if (o->state == OUTPUT_OPEN && here < room)
            room = here;
    }
    return room;
}

const struct output *feed_output(const struct feed *f, size_t i)
{
    return i < f->n_outputs ? f->output[i] : NULL;
}
