/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/capture.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/config.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/net/source.h"

enum {
    FRAMES_AT_ONCE = 512,
    TURN_MS = 100,     /* an interface: longest without a look at the clock */
    KERNEL_MS = 1000,  /* what was not read by then is not held back by the kernel any more */
    RETRY_MS = 1000,   /* an interface that is gone */
    COUNTERS_MS = 500, /* of the kernel, asked so often */
    JOIN_S = 2,
};

#define MS INT64_C(1000000)

struct capture {
    const struct config_capture *config;
    bool is_live;
    struct gad_source *source;
    struct gad_decoder *decoder;
    struct gad_flow_table *flows;
    struct gad_ring *filled, *emptied;
    struct capture_batch *batches; /* (CAPTURE_BATCHES) */
    pthread_t thread;
    bool runs;
    _Atomic bool stop, leave; /* leave: at once, nobody takes batches any more */

    /* Thread: the capture's, from here on. */
    struct capture_batch *batch; /* being filled, or NULL */
    struct capture_stats stats;
    struct gad_time reached, last_packet; /* packet time */
    struct gad_time last_seen;            /* monotonic, of last_packet */
    struct gad_time sent, asked, retry;   /* monotonic */
    bool is_ending;
};

static struct gad_time later(struct gad_time t, int64_t ns)
{
    return (struct gad_time){t.ns + ns};
}

/* A batch to fill; NULL: none, or (leaving) nobody wants it. */
static struct capture_batch *batch_of(struct capture *c, bool waits)
{
    struct pollfd p = {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN};

    while (!c->batch && !(c->batch = gad_ring_pop(c->emptied))) {
        if (!waits || atomic_load(&c->leave))
            return NULL;
        if (!gad_ring_arm_items(c->emptied) && !atomic_load(&c->leave))
            (void)poll(&p, 1, -1);
        gad_ring_disarm_items(c->emptied);
    }
    return c->batch;
}

static void count(struct capture *c)
{
    struct gad_flow_counters flow = gad_flow_table_counters(c->flows);
    const struct gad_net_stats *net = gad_decoder_stats(c->decoder);
    struct gad_time now = gad_time_monotonic();

    c->stats.packets = net->frames;
    c->stats.bytes = net->bytes;
    c->stats.refused = gad_net_refused(net);
    c->stats.flows = flow.flows;
    c->stats.conns = flow.ended;
    c->stats.evicted = flow.evicted;
    if (c->is_live && (c->is_ending || gad_time_sub(now, c->asked).ns >= COUNTERS_MS * MS)) {
        struct gad_source_stats s;
        gad_source_stats(c->source, &s);
        c->stats.kernel_dropped = s.dropped;
        c->stats.interface_dropped = s.interface_dropped;
        c->stats.reopened = s.reopened;
        c->asked = now;
    }
}

static void send_batch(struct capture *c)
{
    struct capture_batch *b = gad_steal(&c->batch);

    count(c);
    b->reached = c->reached;
    b->stats = c->stats;
    c->sent = gad_time_monotonic();
    bool pushed = gad_ring_push(c->filled, b);
    gad_assert(pushed); /* the ring holds all batches there are */
}

static void on_conn(void *arg, const struct gad_conn *conn)
{
    struct capture *c = arg;
    struct capture_batch *b = batch_of(c, !c->is_live || c->is_ending);

    if (!b) {
        c->stats.lost++;
        return;
    }
    b->conn[b->n++] = *conn;
    if (b->n == CAPTURE_BATCH)
        send_batch(c);
}

/* Behind the packet's connections: they may be from before it, and not from before what was reached. */
static void on_packet(void *arg, const struct gad_packet *p)
{
    struct capture *c = arg;

    gad_flow_packet(c->flows, p, on_conn, c);
    if (p->time.ns > c->reached.ns)
        c->reached = p->time;
}

static void on_frame(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen,
                     size_t len)
{
    struct capture *c = arg;

    c->last_packet = time;
    gad_decode(c->decoder, gad_source_link_type(c->source), time, frame, caplen, len, on_packet, c);
}

/* 0: the end of a file that is fine, or was cut off. */
static int read_file(struct capture *c)
{
    struct gad_diag d = {""};
    int r = GAD_MORE;

    while (r == GAD_MORE && !atomic_load(&c->stop)) {
        r = gad_source_read(c->source, FRAMES_AT_ONCE, on_frame, c, &d);
        if (c->batch && c->batch->n > 0 && gad_ring_count(c->filled) == 0)
            send_batch(c); /* the main loop has nothing else to do */
    }
    if (r < 0)
        log_error("capture", "%s: %s", c->config->name, d.text);
    else if (d.text[0])
        log_warn("capture", "%s: %s", c->config->name, d.text);
    return r < 0 ? r : 0;
}

static void read_interface(struct capture *c)
{
    struct gad_diag d = {""};
    uint64_t before = gad_decoder_stats(c->decoder)->frames;

    if (gad_source_read(c->source, FRAMES_AT_ONCE, on_frame, c, &d) < 0) {
        log_warn("capture", "%s: %s; trying again", c->config->name, d.text);
        c->stats.is_gone = true;
        c->retry = later(gad_time_monotonic(), RETRY_MS * MS);
    }
    if (gad_decoder_stats(c->decoder)->frames != before)
        c->last_seen = gad_time_monotonic();
}

static void reopen(struct capture *c)
{
    struct gad_time now = gad_time_monotonic();

    if (now.ns < c->retry.ns)
        return;
    if (gad_source_reopen(c->source, NULL) != 0) {
        c->retry = later(now, RETRY_MS * MS);
        return;
    }
    c->stats.is_gone = false;
    log_notice("capture", "%s: capturing on '%s' again", c->config->name, c->config->interface);
}

/* Time passes where no packets do. */
static void advance(struct capture *c)
{
    struct gad_time silent = gad_time_sub(gad_time_monotonic(), c->last_seen);
    struct gad_time now = later(c->last_packet, silent.ns - KERNEL_MS * MS);

    if (now.ns <= c->reached.ns)
        return;
    gad_decoder_advance(c->decoder, now, on_packet, c);
    gad_flow_advance(c->flows, now, on_conn, c);
    c->reached = now;
}

static void watch_interface(struct capture *c)
{
    c->last_packet = gad_time_wall();
    c->last_seen = gad_time_monotonic();
    while (!atomic_load(&c->stop)) {
        struct pollfd p[] = {{.fd = gad_source_fd(c->source), .events = POLLIN},
                             {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN}};
        (void)poll(p, 2, TURN_MS);
        gad_ring_disarm_items(c->emptied);
        if (c->stats.is_gone)
            reopen(c);
        else
            read_interface(c);
        advance(c);
        bool is_time = gad_time_sub(gad_time_monotonic(), c->sent).ns >= TURN_MS * MS;
        if (is_time && batch_of(c, false))
            send_batch(c);
    }
}

/* What the kernel has already is part of what was captured. */
static void empty_interface(struct capture *c)
{
    uint64_t before;

    do {
        before = gad_decoder_stats(c->decoder)->frames;
        if (!c->stats.is_gone)
            read_interface(c);
    } while (gad_decoder_stats(c->decoder)->frames != before && !atomic_load(&c->leave));
}

static void *run(void *arg)
{
    struct capture *c = arg;
    int r = 0;

    if (c->is_live)
        watch_interface(c);
    else
        r = read_file(c);
    c->is_ending = true;
    if (c->is_live)
        empty_interface(c);
    gad_decoder_flush(c->decoder, on_packet, c);
    gad_flow_flush(c->flows, on_conn, c);
    struct capture_batch *b = batch_of(c, true);
    if (b) {
        b->is_last = true;
        b->is_broken = r != 0;
        send_batch(c);
    }
    return NULL;
}

static enum gad_checksums checksums_of(const char *name)
{
    if (strcmp(name, "verify") == 0)
        return GAD_CHECKSUMS_VERIFY;
    return strcmp(name, "auto") == 0 ? GAD_CHECKSUMS_AUTO : GAD_CHECKSUMS_IGNORE;
}

/* Decoder and flow table, with secrets of their own: strangers choose what they hold. */
static int make_tables(struct capture *c, struct gad_diag *d)
{
    const struct config_capture *o = c->config;
    struct gad_decoder_options decoder = {.checksums = checksums_of(o->checksums),
                                          .tunnels = (unsigned)o->tunnels};
    struct gad_flow_options flow = gad_flow_defaults();

    if (getrandom(&decoder.seed, sizeof(decoder.seed), 0) != (ssize_t)sizeof(decoder.seed) ||
        getrandom(flow.hash_key, sizeof(flow.hash_key), 0) != (ssize_t)sizeof(flow.hash_key))
        return gad_fail(d, -EIO, "capture '%s': no random numbers", o->name);
    flow.max_flows = o->max_flows;
    flow.inspect_memory = o->inspect_memory;
    int r = gad_decoder_new(&decoder, &c->decoder);
    if (r == 0)
        r = gad_flow_table_new(&flow, &c->flows);
    return r == 0 ? 0 : gad_fail(d, r, "capture '%s': %s", o->name, gad_strerror(r));
}

static int make_batches(struct capture *c, struct gad_diag *d)
{
    c->batches = gad_calloc(CAPTURE_BATCHES, sizeof(*c->batches));
    int r = c->batches ? gad_ring_new(CAPTURE_BATCHES, &c->filled) : GAD_ENOMEM;
    if (r == 0)
        r = gad_ring_new(CAPTURE_BATCHES, &c->emptied);
    if (r != 0)
        return gad_fail(d, r, "capture '%s': %s", c->config->name, gad_strerror(r));
    for (size_t i = 0; i < CAPTURE_BATCHES; i++)
        (void)gad_ring_push(c->emptied, &c->batches[i]);
    return 0;
}

static int open_source(struct capture *c, struct gad_diag *d)
{
    const struct config_capture *o = c->config;
    const struct gad_source_options opt = {.filter = o->filter,
                                           .snaplen = (int)o->snaplen,
                                           .buffer = (int)o->buffer,
                                           .no_promiscuous = !o->promiscuous};
    struct gad_diag said = {""};

    int r = c->is_live ? gad_source_open_live(o->interface, &opt, &c->source, &said)
                       : gad_source_open_file(o->file, &opt, &c->source, &said);
    if (r != 0)
        return gad_fail(d, r, "capture '%s': %s", o->name, said.text);
    if (said.text[0])
        log_warn("capture", "%s: %s", o->name, said.text);
    return 0;
}

int capture_open(const struct config_capture *o, struct capture **ret, struct gad_diag *d)
{
    gad_cleanup(capture_freep) struct capture *c = gad_calloc(1, sizeof(*c));

    if (!c)
        return gad_fail(d, GAD_ENOMEM, "capture '%s': no memory", o->name);
    c->config = o;
    c->is_live = *o->interface != '\0';
    int r = open_source(c, d);
    if (r == 0)
        r = make_tables(c, d);
    if (r == 0)
        r = make_batches(c, d);
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}

int capture_start(struct capture *c)
{
    sigset_t all, old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main loop's */
    int r = pthread_create(&c->thread, NULL, run, c);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    c->runs = r == 0;
    if (c->runs)
        (void)pthread_setname_np(c->thread, "ganadd-capture");
    return -r;
}

void capture_stop(struct capture *c)
{
    atomic_store(&c->stop, true);
    gad_ring_wake(c->emptied);
}

/* False: it is stuck where nobody can wake it. */
static bool join(struct capture *c)
{
    struct timespec until;

    if (!c->runs)
        return true;
    atomic_store(&c->leave, true);
    capture_stop(c);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_S;
    if (pthread_timedjoin_np(c->thread, NULL, &until) == 0)
        return true;
    (void)pthread_detach(c->thread);
    return false;
}

void capture_free(struct capture *c)
{
    if (!c || !join(c))
        return;
    gad_source_close(c->source);
    gad_flow_table_free(c->flows);
    gad_decoder_free(c->decoder);
    gad_ring_free(c->filled);
    gad_ring_free(c->emptied);
    gad_free(c->batches);
    gad_free(c);
}

struct capture_batch *capture_take(struct capture *c)
{
    return gad_ring_pop(c->filled);
}

void capture_give_back(struct capture *c, struct capture_batch *b)
{
    b->n = 0;
    b->is_last = b->is_broken = false;
    bool pushed = gad_ring_push(c->emptied, b);
    gad_assert(pushed); /* the ring holds all batches there are */
}

int capture_fd(const struct capture *c)
{
    return gad_ring_items_fd(c->filled);
}

bool capture_wait(struct capture *c)
{
    gad_ring_disarm_items(c->filled);
    return !gad_ring_arm_items(c->filled);
}
