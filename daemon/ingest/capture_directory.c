/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "daemon/config/config.h"
#include "daemon/ingest/capture_parts.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/net/directory.h"

#define MS INT64_C(1000000)

int capture_directory_open(struct capture *c, struct gad_diag *d)
{
    const struct config_capture *o = c->config;
    const struct gad_directory_options opt = {
        .watch = o->watch, .settle_ns = o->settle.ns, .delete_done = o->delete_done};

    return gad_directory_open(o->directory, &opt, &c->directory, d);
}

/* One file, as the next part of the capture that the folder is. What is wrong with it is its own affair. */
static void read_one(struct capture *c, const char *path)
{
    struct gad_diag d = {""};

    int r = capture_file_open(c, path, &d);
    if (r == 0)
        r = capture_source_read(c, &d);
    gad_source_close(c->source);
    c->source = NULL;
    if (r == GAD_MORE)
        return; /* told to stop in the middle of it */
    if (d.text[0])
        log_warn("capture", "%s: %s%s", c->config->name, d.text, r < 0 ? "; going on without" : "");
    if (r < 0) {
        c->stats.files_broken++;
        return;
    }
    c->stats.files++;
    if (gad_directory_done(c->directory, &d) != 0)
        log_warn("capture", "%s: %s", c->config->name, d.text);
}

/* What is known so far, to the main loop. */
static void tell(struct capture *c)
{
    if (capture_batch_of(c, true))
        capture_send(c);
}

/* Nobody knows when more will come: what is not over ends as at the end of a file, and nobody waits for us. */
static void give_up_waiting(struct capture *c)
{
    gad_decoder_flush(c->decoder, capture_on_packet, c);
    gad_flow_flush(c->flows, capture_on_conn, c);
    c->stats.is_idle = true;
    tell(c);
}

/* Until it is time to look again, or to stop. */
static void wait_for_files(struct capture *c, struct gad_time since)
{
    struct pollfd p = {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN};
    int64_t left = c->config->poll.ns;

    if (!c->stats.is_idle) {
        int64_t patience = c->config->patience.ns - gad_time_sub(gad_time_monotonic(), since).ns;
        if (patience <= 0)
            give_up_waiting(c);
        else if (patience < left)
            left = patience;
    }
    gad_ring_disarm_items(c->emptied);
    if (!thread_must_stop(&c->thread)) /* who sets it from here on, wakes us */
        (void)poll(&p, 1, (int)((left + MS - 1) / MS));
}

/* The state between files, told when it changes. */
static void set_state(struct capture *c, bool is_waiting, bool is_gone)
{
    bool has_conns = c->batch && c->batch->n > 0;
    bool changes = c->stats.is_waiting != is_waiting || c->stats.is_gone != is_gone;

    c->stats.is_waiting = is_waiting;
    c->stats.is_gone = is_gone;
    if (changes || has_conns)
        tell(c);
}

/* One look at a watched folder. */
static void look(struct capture *c, struct gad_time *since)
{
    const char *name = c->config->name, *path = NULL;
    struct gad_diag d = {""};

    int r = gad_directory_next(c->directory, gad_time_wall(), &path, &d);
    if (r < 0 && !c->stats.is_gone)
        log_warn("capture", "%s: %s; trying again", name, d.text);
    else if (r >= 0 && c->stats.is_gone)
        log_notice("capture", "%s: reading '%s' again", name, c->config->directory);
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
        r = gad_directory_next(c->directory, gad_time_wall(), &path, &d);
        if (r == 0)
            read_one(c, path);
    }
    if (r == GAD_END && c->stats.files == 0)
        r = gad_fail(&d, GAD_EFORMAT, "%s: no capture in it", c->config->directory);
    if (r < 0)
        log_error("capture", "%s: %s", c->config->name, d.text);
    return r < 0 ? r : 0;
}

int capture_directory_read(struct capture *c)
{
    struct gad_time since = gad_time_monotonic(); /* there has been nothing to read */

    if (!c->config->watch)
        return read_once(c);
    while (!thread_must_stop(&c->thread))
        look(c, &since);
    return 0;
}
