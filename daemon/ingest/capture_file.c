/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/capture_parts.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "daemon/evidence/evidence.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/net/directory.h"

/* The writer of a pipe can be silent without limit; the thread has to stop all the same. */
static bool wait_for_pipe(void *arg, int fd)
{
    struct capture *c = arg;
    struct pollfd p[] = {{.fd = fd, .events = POLLIN},
                         {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN}};

    if (poll(p, 1, 0) == 0 && c->batch && c->batch->n > 0)
        capture_send(c); /* pass on what is known, before it gets old */
    do {
        gad_ring_disarm_items(c->emptied);
        if (thread_must_stop(&c->thread)) /* if it is set after this, the ring wakes the thread */
            return false;
        p[0].revents = 0;
        evidence_source_release(c->evidence);
        (void)poll(p, 2, -1);
        evidence_source_hold(c->evidence);
    } while (!p[0].revents);
    return true;
}

int capture_file_open(struct capture *c, const char *path, struct gad_diag *d)
{
    const struct gad_source_options opt = {
        .filter = c->config->filter, .wait = wait_for_pipe, .wait_arg = c};

    evidence_source_file(c->evidence, path);
    return gad_source_open_file(path, &opt, &c->source, d);
}

/* Opening a pipe waits for its writer, and reading for its first bytes. */
bool capture_file_waits(const char *path)
{
    struct stat st;

    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

/* Warns, once, of a filter that took nothing because of VLAN tags. */
static void hint(struct capture *c, const struct gad_source_stats *s)
{
    struct gad_diag d = {""};

    c->refused = c->has_taken ? (struct gad_filter_refused){.frames = 0} : c->refused;
    c->has_taken = c->has_taken || s->frames > 0;
    gad_filter_add(&c->refused, &s->refused);
    if (c->has_taken || c->has_hinted || !gad_filter_hint(c->config->filter, &c->refused, &d))
        return;
    c->has_hinted = true;
    log_warn("capture", "%s: %s", c->config->name, d.text);
}

/* Reads the source's frames. Returns GAD_END; GAD_MORE if the stop flag is set; a negative error.
 * With GAD_END @d can hold a warning; *ret_damaged: some of the file could not be read. */
static int read_source(struct capture *c, bool *ret_damaged, struct gad_diag *d)
{
    struct gad_source_stats s;
    int r = GAD_MORE;

    while (r == GAD_MORE && !thread_must_stop(&c->thread)) {
        r = gad_source_read(c->source, CAPTURE_FRAMES, capture_on_frame, c, d);
        evidence_source_release(c->evidence);
        evidence_source_hold(c->evidence);
        if (c->batch && c->batch->n > 0 && gad_ring_count(c->filled) == 0)
            capture_send(c); /* the main loop is idle */
    }
    gad_source_stats(c->source, &s);
    *ret_damaged = s.damaged;
    if (r == GAD_END)
        hint(c, &s);
    return r;
}

int capture_file_read(struct capture *c)
{
    struct gad_diag d = {""};
    bool is_pipe = !c->source, is_damaged = false;

    int r = c->source ? 0 : capture_file_open(c, c->config->file, &d);
    if (r == 0)
        r = read_source(c, &is_damaged, &d);
    if (is_pipe && thread_must_stop(&c->thread))
        return 0; /* the daemon itself stopped reading there */
    if (r < 0)
        log_error("capture", "%s: %s", c->config->name, d.text);
    else if (d.text[0])
        log_warn("capture", "%s: %s", c->config->name, d.text);
    return is_damaged ? GAD_EFORMAT : r < 0 ? r : 0;
}

#define MS INT64_C(1000000)

int capture_directory_open(struct capture *c, struct gad_diag *d)
{
    const struct config_capture *o = c->config;
    const struct gad_directory_options opt = {.watch = o->watch,
                                              .recursive = o->recursive,
                                              .settle_ns = o->settle.ns,
                                              .delete_done = o->delete_done};

    return gad_directory_open(o->directory, &opt, &c->directory, d);
}

/* Reads one file, as the next part of the capture. An error in it affects this file only. A damaged
 * file counts as broken and is not deleted. */
static void read_one(struct capture *c, const char *path)
{
    struct gad_diag d = {""};
    bool is_damaged = false;

    int r = capture_file_open(c, path, &d);
    if (r == 0)
        r = read_source(c, &is_damaged, &d);
    gad_source_close(c->source);
    c->source = NULL;
    if (r == GAD_MORE)
        return; /* stopped in the middle of it */
    if (d.text[0])
        log_warn("capture", "%s: %s%s", c->config->name, d.text, r < 0 ? "; skipping it" : "");
    c->has_damaged = c->has_damaged || is_damaged;
    if (r < 0 || is_damaged) {
        c->stats.files_broken++;
        return;
    }
    c->stats.files++;
    if (gad_directory_done(c->directory, &d) != 0)
        log_warn("capture", "%s: %s", c->config->name, d.text);
}

/* Passes to the main loop what is known so far. */
static void report(struct capture *c)
{
    if (capture_batch_of(c, true))
        capture_send(c);
}

/*
 * There may be no further files for long: open connections end as at the end of a file, and the
 * merge no longer waits for this capture.
 */
static void stop_waiting(struct capture *c)
{
    gad_decoder_flush(c->decoder, capture_on_packet, c);
    gad_flow_flush(c->flows, capture_on_conn, c);
    c->stats.is_idle = true;
    report(c);
}

/* Sleeps until the next poll, or until the thread has to stop. */
static void wait_for_files(struct capture *c, struct gad_time since)
{
    struct pollfd p = {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN};
    int64_t left = c->config->poll.ns;

    if (!c->stats.is_idle) {
        int64_t patience = c->config->patience.ns - gad_time_sub(gad_time_monotonic(), since).ns;
        if (patience <= 0)
            stop_waiting(c);
        else if (patience < left)
            left = patience;
    }
    gad_ring_disarm_items(c->emptied);
    evidence_source_release(c->evidence);
    if (!thread_must_stop(&c->thread)) /* if it is set after this, the ring wakes the thread */
        (void)poll(&p, 1, (int)((left + MS - 1) / MS));
    evidence_source_hold(c->evidence);
}

/* Sets the state between files, and reports changes. */
static void set_state(struct capture *c, bool is_waiting, bool is_gone)
{
    bool has_conns = c->batch && c->batch->n > 0;
    bool changes = c->stats.is_waiting != is_waiting || c->stats.is_gone != is_gone;

    c->stats.is_waiting = is_waiting;
    c->stats.is_gone = is_gone;
    if (changes || has_conns)
        report(c);
}

/* One poll of a watched directory. */
static void look(struct capture *c, struct gad_time *since)
{
    const char *name = c->config->name, *path = NULL;
    struct gad_diag d = {""};

    int r = gad_directory_next(c->directory, gad_time_wall(), &path, &d);
    if (r < 0 && !c->stats.is_gone)
        log_warn("capture", "%s: %s; retrying", name, d.text);
    else if (r >= 0 && c->stats.is_gone)
        log_notice("capture", "%s: reading '%s' again", name, c->config->directory);
    if (r >= 0 && d.text[0])
        log_warn("capture", "%s: %s", name, d.text);
    if (r == 0) {
        c->stats.is_idle = false;
        set_state(c, false, false);
        read_one(c, path);
        *since = gad_time_monotonic();
    } else {
        set_state(c, r > 0, r < 0);
        wait_for_files(c, *since);
    }
}

static int read_once(struct capture *c)
{
    const char *path = NULL;
    struct gad_diag d = {""};
    int r = 0;

    while (r == 0 && !thread_must_stop(&c->thread)) {
        d.text[0] = '\0';
        r = gad_directory_next(c->directory, gad_time_wall(), &path, &d);
        if (r >= 0 && d.text[0])
            log_warn("capture", "%s: %s", c->config->name, d.text);
        if (r == 0)
            read_one(c, path);
    }
    if (r == GAD_END && c->stats.files == 0 && !c->has_damaged)
        r = gad_fail(&d, GAD_EFORMAT, "%s: no capture file in it", c->config->directory);
    if (r < 0)
        log_error("capture", "%s: %s", c->config->name, d.text);
    return r < 0 ? r : c->has_damaged ? GAD_EFORMAT : 0;
}

int capture_directory_read(struct capture *c)
{
    struct gad_time since = gad_time_monotonic(); /* nothing has been read yet */

    if (!c->config->watch)
        return read_once(c);
    while (!thread_must_stop(&c->thread))
        look(c, &since);
    return 0;
}
