/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "daemon/ingest/capture_parts.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"

/* Whoever writes into a pipe may be silent as long as he likes; we want to be stopped all the same. */
static bool wait_for_pipe(void *arg, int fd)
{
    struct capture *c = arg;
    struct pollfd p[] = {{.fd = fd, .events = POLLIN},
                         {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN}};

    if (poll(p, 1, 0) == 0 && c->batch && c->batch->n > 0)
        capture_send(c); /* what is known, before it gets old */
    for (;;) {
        gad_ring_disarm_items(c->emptied);
        if (thread_must_stop(&c->thread)) /* who sets it from here on, wakes us */
            return false;
        p[0].revents = 0;
        (void)poll(p, 2, -1);
        if (p[0].revents)
            return true;
    }
}

int capture_file_open(struct capture *c, const char *path, struct gad_diag *d)
{
    const struct gad_source_options opt = {
        .filter = c->config->filter, .wait = wait_for_pipe, .wait_arg = c};

    return gad_source_open_file(path, &opt, &c->source, d);
}

/* Who opens a pipe waits for its writer, and then for its first bytes. */
bool capture_file_waits(const char *path)
{
    struct stat st;

    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

int capture_source_read(struct capture *c, struct gad_diag *d)
{
    int r = GAD_MORE;

    while (r == GAD_MORE && !thread_must_stop(&c->thread)) {
        r = gad_source_read(c->source, CAPTURE_FRAMES, capture_on_frame, c, d);
        if (c->batch && c->batch->n > 0 && gad_ring_count(c->filled) == 0)
            capture_send(c); /* the main loop has nothing else to do */
    }
    return r;
}

int capture_file_read(struct capture *c)
{
    struct gad_diag d = {""};
    bool is_pipe = !c->source;

    int r = c->source ? 0 : capture_file_open(c, c->config->file, &d);
    if (r == 0)
        r = capture_source_read(c, &d);
    if (is_pipe && thread_must_stop(&c->thread))
        return 0; /* where it was cut off is our doing */
    if (r < 0)
        log_error("capture", "%s: %s", c->config->name, d.text);
    else if (d.text[0])
        log_warn("capture", "%s: %s", c->config->name, d.text);
    return r < 0 ? r : 0;
}
