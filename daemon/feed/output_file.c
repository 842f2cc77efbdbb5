/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output of type file. Its thread makes every call that may block (daemon/feed/disk.h), so that
 * no output waits for the disk of another. Events count as delivered once fdatasync has returned
 * and the file still had a name after it. So events that went into a deleted file are written again
 * into the new one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/feed/disk.h"
#include "daemon/feed/output_parts.h"
#include "daemon/log.h"
#include "lib/base/diag.h"

enum { HEAD_LEN = 512 }; /* bytes of a syslog head and the line end */

int output_file_new(struct output *o)
{
    const struct config_output *c = o->o.config;
    const struct disk_options options = {.path = c->to,
                                         .head = "",
                                         .longest = c->length + HEAD_LEN,
                                         .write_max = (size_t)4 * OUTPUT_BUFFER,
                                         .files = c->files};

    int r = disk_new(&options, &o->disk);
    o->memory.disk = o->disk;
    return r;
}

int output_start_thread(struct output *o)
{
    return o->disk ? disk_start(o->disk) : 0;
}

static void begin(struct output *o, unsigned tasks, size_t len)
{
    disk_begin(o->disk, tasks, o->buf.p + o->buf.pos, len);
}

static void next_task(struct output *o)
{
    if (o->state != OUTPUT_OPEN || o->disk_wants == 0 || !disk_is_idle(o->disk))
        return;
    if (o->unsynced) /* also after an earlier sync: this task may close the file */
        o->disk_wants |= DISK_SYNC;
    o->reopening = (o->disk_wants & DISK_OPEN) != 0;
    begin(o, o->disk_wants, 0);
    o->disk_wants = 0;
}

static void want(struct output *o, unsigned tasks)
{
    o->disk_wants |= tasks | DISK_LOOK;
    next_task(o);
}

void output_file_write(struct output *o)
{
    uint64_t most = o->o.config->file_size, size = o->file_bytes - o->file_from;
    size_t first = o->message[o->head].len;

    next_task(o); /* first, so that writes do not postpone a sync */
    if (!disk_is_idle(o->disk) || *o->disk_failed.text)
        return;
    if (most > 0 && size > 0 && size + first > most)
        begin(o, DISK_SYNC | DISK_LOOK | DISK_ROTATE, 0);
    else
        begin(o, DISK_WRITE, output_next_write(o));
}

/* --- results --- */

static void report_change(struct output *o, enum disk_change change)
{
    const struct config_output *c = o->o.config;

    if (change == DISK_MOVED) {
        log_notice("feed", "output '%s': '%s' was moved away or replaced, and is reopened", c->name,
                   c->to);
        return;
    }
    o->now.deleted++;
    log_warn("feed",
             "output '%s': '%s' was deleted: it is created again, with the events from %" PRIu64
             " on, which were not confirmed to be on disk",
             c->name, c->to, o->window.released);
}

static void report_opened(struct output *o, const struct disk_result *r)
{
    const struct config_output *c = o->o.config;

    if (r->rotated) {
        log_info("feed", "output '%s': '%s' was renamed to '%s.1', a new file is begun", c->name,
                 c->to, c->to);
    } else {
        o->now.reopened++;
        log_info("feed", "output '%s': '%s' is reopened", c->name, c->to);
    }
    o->file_from = 0;
}

static void answers(struct output *o)
{
    if (o->stalled)
        log_notice("feed", "output '%s': its file system answers again", o->o.config->name);
    o->stalled = o->reopening = false;
}

static int take_result(struct output *o, const struct disk_result *r, struct gad_diag *d)
{
    answers(o);
    if (o->state != OUTPUT_OPEN) /* the output failed in between, and will reopen the file */
        return 0;
    o->file_bytes = r->size;
    if (o->file_from > r->size) /* it was truncated */
        o->file_from = 0;
    if (r->written > 0) {
        o->unsynced = true;
        output_took(o, r->written);
    }
    if (r->synced && o->unsynced)
        o->synced_some = true;
    o->unsynced = o->unsynced && !r->synced;
    if (r->change != DISK_SAME)
        report_change(o, r->change);
    if (r->change == DISK_DELETED)
        output_forget_unwritten(o);
    else if ((r->tasks & DISK_LOOK) != 0 && !o->unsynced)
        resend_window_all_arrived(&o->window);
    /* it grows, and rotation is retried after another file_size bytes */
    if ((r->tasks & DISK_ROTATE) != 0 && !r->opened)
        o->file_from = r->size;
    if (r->opened)
        report_opened(o, r);
    /* The disk is full: sync what it took before, so that those events need not be written
     * again. */
    if (r->error != 0 && r->tasks == DISK_WRITE && o->unsynced) {
        o->disk_failed = r->why;
        want(o, 0);
    } else if (r->error != 0 || *o->disk_failed.text) {
        return gad_fail(d, r->error != 0 ? r->error : -EIO, "%s",
                        *o->disk_failed.text ? o->disk_failed.text : r->why.text);
    }
    return 0;
}

int output_file_done(struct output *o, struct gad_diag *d)
{
    struct disk_result result;
    int r = disk_take(o->disk, &result) ? take_result(o, &result, d) : 0;

    if (r == 0)
        next_task(o);
    return r;
}

/* --- requests of the output --- */

void output_file_opened(struct output *o)
{
    o->file_bytes = disk_size(o->disk);
    o->file_from = 0;
    o->unsynced = o->synced_some = false;
    o->disk_failed.text[0] = '\0';
    o->disk_wants = 0;
    answers(o);
    log_info("feed", "output '%s': '%s' is open, %" PRIu64 " bytes", o->o.config->name,
             o->o.config->to, o->file_bytes);
}

void output_file_tick(struct output *o)
{
    int64_t busy = disk_busy(o->disk).ns;

    if (o->state == OUTPUT_OPEN)
        want(o, 0);
    if (o->stalled || busy <= o->o.config->stall_timeout.ns)
        return;
    o->stalled = true;
    (void)snprintf(o->now.error, sizeof(o->now.error), "its file system does not answer");
    log_warn("feed",
             "output '%s' (file %s): its file system has not answered for %.0f s; events wait in "
             "the spool",
             o->o.config->name, o->o.config->to, (double)busy / 1e9);
}

void output_file_reopen(struct output *o)
{
    want(o, DISK_OPEN);
}

bool output_file_is_reopening(const struct output *o)
{
    return o->state == OUTPUT_OPEN && (o->reopening || (o->disk_wants & DISK_OPEN) != 0);
}

bool output_file_is_safe(struct output *o)
{
    if (disk_is_idle(o->disk) && o->unsynced)
        want(o, 0);
    return disk_is_idle(o->disk) && !o->unsynced;
}
