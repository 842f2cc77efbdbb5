/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "daemon/config/config.h"
#include "daemon/evidence/evidence.h"
#include "daemon/ingest/capture_parts.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"

enum {
    TURN_MS = 100,        /* longest time between checks of the clock */
    KERNEL_MS = 1000,     /* the kernel holds frames back for less than this */
    RETRY_MS = 1000,      /* between attempts to reopen an interface */
    COUNTERS_MS = 500,    /* between reads of the kernel's counters */
    LINK_RETRY_MS = 5000, /* until a link state that the rate limit suppressed is logged */
};

#define MS INT64_C(1000000)

static struct gad_time later(struct gad_time t, int64_t ns)
{
    return (struct gad_time){t.ns + ns};
}

static void read_interface(struct capture *c)
{
    struct gad_diag d = {""};
    uint64_t before = gad_decoder_stats(c->decoder)->frames;

    if (gad_source_read(c->source, CAPTURE_FRAMES, capture_on_frame, c, &d) < 0) {
        log_warn("capture", "%s: %s; retrying", c->config->name, d.text);
        c->why = -ENODEV;
        c->stats.is_gone = true;
        c->retry = later(gad_time_monotonic(), RETRY_MS * MS);
    }
    if (gad_decoder_stats(c->decoder)->frames != before)
        c->last_seen = gad_time_monotonic();
}

/* Logs each reason once: a long absence would fill the log. */
static void log_why(struct capture *c, int why, const struct gad_diag *d)
{
    char more[LOG_LIMIT_TEXT];

    if (why != c->why && log_limit_allows(&c->link_limit, gad_time_monotonic(), more))
        log_warn("capture", "%s: %s; retrying%s", c->config->name, d->text, more);
    c->why = why;
}

static void reopen(struct capture *c)
{
    struct gad_time now = gad_time_monotonic();
    struct gad_diag d = {""};

    if (now.ns < c->retry.ns)
        return;
    int r = gad_source_reopen(c->source, &d);
    if (r != 0) {
        c->retry = later(now, RETRY_MS * MS);
        log_why(c, r, &d);
        return;
    }
    c->why = 0;
    c->stats.is_gone = false;
    c->logged_link = GAD_LINK_UP;
    log_notice("capture", "%s: capturing on '%s'%s", c->config->name, c->config->interface,
               c->has_begun ? " again" : "");
    c->has_begun = true;
    c->asked.ns = 0; /* check the link state at once */
}

static bool is_bad_link(enum gad_link link)
{
    return link == GAD_LINK_DOWN || link == GAD_LINK_NO_CARRIER;
}

/*
 * Logs each change once, or later if the rate limit forbids it now, so that the last logged state
 * is true. While an interface is missing, that has been logged already.
 */
static void log_link(struct capture *c, struct gad_time now)
{
    enum gad_link is = c->stats.link, said = c->logged_link;
    bool is_bad = is_bad_link(is), is_news = is_bad || (is == GAD_LINK_UP && is_bad_link(said));
    char more[LOG_LIMIT_TEXT];

    if (c->stats.is_gone || is == said || !is_news || now.ns < c->link_retry.ns)
        return;
    if (!log_limit_allows(&c->link_limit, now, more)) {
        c->link_retry = later(now, LINK_RETRY_MS * MS);
        return;
    }
    c->logged_link = is;
    if (is_bad)
        log_warn("capture", "%s: link of '%s': %s%s", c->config->name, c->config->interface,
                 gad_link_name(c->stats.link), more);
    else
        log_notice("capture", "%s: link of '%s': up again%s", c->config->name, c->config->interface,
                   more);
}

/*
 * A socket stays bound to its interface when that is renamed. Another interface can have the name
 * now, or none.
 */
static void check_replaced(struct capture *c)
{
    const struct gad_diag d = {"the interface was renamed, replaced or removed"};

    if (c->stats.is_gone || !gad_source_is_replaced(c->source))
        return;
    c->stats.is_gone = true;
    c->retry.ns = 0;
    log_why(c, -ENODEV, &d);
}

static void check_link(struct capture *c, struct gad_time now)
{
    enum gad_link was = c->stats.link;

    check_replaced(c);
    c->stats.link = gad_interface_link(c->config->interface);
    if (c->stats.link != was && was != GAD_LINK_UNKNOWN)
        c->stats.link_changes++;
    log_link(c, now);
}

void capture_interface_count(struct capture *c)
{
    struct gad_time now = gad_time_monotonic();
    struct gad_source_stats s;

    if (!c->is_ending && gad_time_sub(now, c->asked).ns < COUNTERS_MS * MS)
        return;
    check_link(c, now);
    gad_source_stats(c->source, &s);
    c->stats.counts.kernel_dropped = s.dropped;
    c->stats.counts.interface_dropped = s.interface_dropped;
    c->stats.reopened = s.reopened;
    c->asked = now;
}

/* Advances packet time while no packets arrive. */
static void advance(struct capture *c)
{
    struct gad_time silent = gad_time_sub(gad_time_monotonic(), c->last_seen);
    struct gad_time now = later(c->last_packet, silent.ns - KERNEL_MS * MS);

    if (now.ns <= c->reached.ns)
        return;
    gad_decoder_advance(c->decoder, now, capture_on_packet, c);
    gad_flow_advance(c->flows, now, capture_on_conn, c);
    c->reached = now;
}

void capture_interface_watch(struct capture *c)
{
    c->last_packet = gad_time_wall();
    c->last_seen = gad_time_monotonic();
    c->has_begun = !c->stats.is_gone;
    while (!thread_must_stop(&c->thread)) {
        struct pollfd p[] = {{.fd = gad_source_fd(c->source), .events = POLLIN},
                             {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN}};
        evidence_source_release(c->evidence);
        (void)poll(p, 2, TURN_MS);
        evidence_source_hold(c->evidence);
        gad_ring_disarm_items(c->emptied);
        if (c->stats.is_gone)
            reopen(c);
        else
            read_interface(c);
        advance(c);
        bool is_time = gad_time_sub(gad_time_monotonic(), c->sent).ns >= TURN_MS * MS;
        if (is_time && capture_batch_of(c, false))
            capture_send(c);
    }
}

void capture_interface_empty(struct capture *c)
{
    uint64_t before;

    do {
        before = gad_decoder_stats(c->decoder)->frames;
        if (!c->stats.is_gone)
            read_interface(c);
    } while (gad_decoder_stats(c->decoder)->frames != before && !atomic_load(&c->leave));
}
