/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/capture.h"

#include <poll.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/config/config.h"
#include "daemon/evidence/evidence.h"
#include "daemon/ingest/capture_parts.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/net/directory.h"

struct capture_batch *capture_batch_of(struct capture *c, bool waits)
{
    struct pollfd p = {.fd = gad_ring_items_fd(c->emptied), .events = POLLIN};

    while (!c->batch && !(c->batch = gad_ring_pop(c->emptied))) {
        if (!waits || atomic_load(&c->leave))
            return NULL;
        evidence_source_release(c->evidence);
        if (!gad_ring_arm_items(c->emptied) && !atomic_load(&c->leave))
            (void)poll(&p, 1, -1);
        evidence_source_hold(c->evidence);
        gad_ring_disarm_items(c->emptied);
    }
    return c->batch;
}

static void count(struct capture *c)
{
    c->stats.counts.net = *gad_decoder_stats(c->decoder);
    c->stats.counts.flow = gad_flow_table_counters(c->flows);
    if (c->is_live)
        capture_interface_count(c);
}

void capture_send(struct capture *c)
{
    struct capture_batch *b = gad_steal(&c->batch);

    count(c);
    b->reached = c->reached;
    b->stats = c->stats;
    c->sent = gad_time_monotonic();
    bool pushed = gad_ring_push(c->filled, b);
    gad_assert(pushed); /* fits: the ring has a place for each batch */
}

void capture_on_conn(void *arg, const struct gad_conn *conn)
{
    struct capture *c = arg;
    struct capture_batch *b = capture_batch_of(c, !c->is_live || c->is_ending);

    if (!b) {
        c->stats.counts.lost++;
        return;
    }
    struct gad_conn *to = &b->conn[b->n++];
    *to = *conn;
    evidence_number_split(conn->packet, &to->file, &to->packet);
    if (b->n == CAPTURE_BATCH)
        capture_send(c);
}

/*
 * After the packet's connections: they can be older than it, but not older than `reached` before
 * it.
 */
void capture_on_packet(void *arg, const struct gad_packet *p)
{
    struct capture *c = arg;

    gad_flow_packet(c->flows, p, capture_on_conn, c);
    if (p->time.ns > c->reached.ns)
        c->reached = p->time;
}

void capture_on_frame(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen,
                      size_t len)
{
    struct capture *c = arg;

    gad_decoder_number(c->decoder,
                       evidence_source_number(c->evidence, gad_source_number(c->source)));
    gad_decode(c->decoder, gad_source_link_type(c->source), time, frame, caplen, len,
               capture_on_packet, c);
    c->last_packet = gad_decoder_time(c->decoder);
}

static void run(void *arg)
{
    struct capture *c = arg;
    int r = 0;

    evidence_source_hold(c->evidence);
    if (c->is_live)
        capture_interface_watch(c);
    else
        r = c->directory ? capture_directory_read(c) : capture_file_read(c);
    c->is_ending = true;
    if (c->is_live)
        capture_interface_empty(c);
    gad_decoder_flush(c->decoder, capture_on_packet, c);
    gad_flow_flush(c->flows, capture_on_conn, c);
    struct capture_batch *b = capture_batch_of(c, true);
    if (b) {
        b->is_last = true;
        b->is_broken = r != 0;
        capture_send(c);
    }
    evidence_source_release(c->evidence);
}

enum { JOIN_S = 2 };

static enum gad_checksums checksums_of(const char *name)
{
    if (strcmp(name, "verify") == 0)
        return GAD_CHECKSUMS_VERIFY;
    return strcmp(name, "auto") == 0 ? GAD_CHECKSUMS_AUTO : GAD_CHECKSUMS_IGNORE;
}

/* Decoder and flow table, each with random secrets: attackers choose the keys that they store. */
static int make_tables(struct capture *c, const struct gad_ports *ports, struct gad_diag *d)
{
    const struct config_capture *o = c->config;
    struct gad_decoder_options decoder = {.checksums = checksums_of(o->checksums),
                                          .tunnels = (unsigned)o->tunnels,
                                          .by_vlan = o->by_vlan};
    struct gad_flow_options flow = gad_flow_defaults();

    if (getrandom(&decoder.seed, sizeof(decoder.seed), 0) != (ssize_t)sizeof(decoder.seed) ||
        getrandom(flow.hash_key, sizeof(flow.hash_key), 0) != (ssize_t)sizeof(flow.hash_key))
        return gad_fail(d, -EIO, "capture '%s': no random numbers", o->name);
    flow.ports = ports;
    flow.ring = decoder.ring = evidence_source_ring(c->evidence);
    flow.max_flows = o->max_flows;
    flow.by_vlan = o->by_vlan;
    flow.inspect_memory = o->inspect_memory;
    flow.inspect_bytes = o->inspect_bytes;
    flow.timeouts.udp_answered = o->udp_answered;
    flow.interim = o->interim;
    flow.timeouts.tcp_idle = o->tcp_idle;
    flow.timeouts.tcp_attempt = o->tcp_half_open;
    flow.timeouts.tcp_close = o->tcp_close;
    flow.timeouts.udp_idle = o->udp_idle;
    flow.timeouts.linger = o->linger;
    flow.by_content = strcmp(o->detect, "by_content") == 0;
    int r = gad_tunnel_kinds(o->tunnel_kinds, &decoder.tunnel_kinds, d);
    if (r == 0)
        r = gad_tunnel_ports(o->vxlan_ports, &decoder.vxlan_ports, d);
    if (r == 0)
        r = gad_tunnel_ports(o->geneve_ports, &decoder.geneve_ports, d);
    if (r == 0)
        r = gad_tunnel_ports(o->gtp_ports, &decoder.gtp_ports, d);
    if (r == 0)
        r = gad_decoder_new(&decoder, &c->decoder);
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

static int open_interface(struct capture *c, struct gad_diag *d)
{
    const struct config_capture *o = c->config;
    const struct gad_source_options opt = {.filter = o->filter,
                                           .snaplen = (int)o->snaplen,
                                           .buffer = (int)o->buffer,
                                           .no_promiscuous = !o->promiscuous || c->is_check,
                                           .may_be_missing = true};

    return gad_source_open_live(o->interface, &opt, &c->source, d);
}

/* Returns GAD_MORE if the interface does not exist yet and is waited for. */
static int open_source(struct capture *c, struct gad_diag *d)
{
    const struct config_capture *o = c->config;

    if (c->is_live)
        return open_interface(c, d);
    if (*o->directory != '\0')
        return capture_directory_open(c, d);
    return capture_file_waits(o->file) ? 0 : capture_file_open(c, o->file, d);
}

static int open_or_wait(struct capture *c, struct gad_diag *d)
{
    struct gad_diag found = {""};
    int r = open_source(c, &found);

    if (r < 0)
        return gad_fail(d, r, "capture '%s': %s", c->config->name, found.text);
    if (found.text[0])
        log_warn("capture", "%s: %s%s", c->config->name, found.text,
                 r == GAD_MORE ? "; waiting for it" : "");
    c->stats.is_gone = r == GAD_MORE;
    if (c->is_live)
        c->stats.link = gad_interface_link(c->config->interface);
    c->logged_link = c->stats.link;
    if (r == GAD_MORE)
        c->why = c->stats.link == GAD_LINK_MISSING ? -ENODEV : -ENETDOWN;
    if (r == 0 && c->stats.link == GAD_LINK_NO_CARRIER)
        log_warn("capture", "%s: link of '%s': %s", c->config->name, c->config->interface,
                 gad_link_name(c->stats.link));
    return 0;
}

int capture_check(const struct config_capture *o, struct gad_diag *d)
{
    gad_cleanup(capture_freep) struct capture *c = gad_calloc(1, sizeof(*c));

    if (!c)
        return gad_fail(d, GAD_ENOMEM, "capture '%s': no memory", o->name);
    c->config = o;
    c->is_live = *o->interface != '\0';
    c->is_check = true;
    return open_or_wait(c, d);
}

int capture_open(const struct config_capture *o, const struct gad_ports *ports,
                 struct evidence *evidence, struct capture **ret, struct gad_diag *d)
{
    gad_cleanup(capture_freep) struct capture *c = gad_calloc(1, sizeof(*c));

    if (!c)
        return gad_fail(d, GAD_ENOMEM, "capture '%s': no memory", o->name);
    c->config = o;
    c->is_live = *o->interface != '\0';
    c->link_limit = log_limit_init(gad_time_monotonic());
    int r = evidence ? evidence_source_new(evidence, o, &c->evidence, d) : 0;
    if (r == 0)
        r = open_or_wait(c, d);
    if (r == 0)
        r = make_tables(c, ports, d);
    if (r == 0)
        r = make_batches(c, d);
    if (r == 0 && !c->stats.is_gone)
        log_info("capture", "%s: opened '%s'", o->name, capture_target(o));
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}

const struct capture_stats *capture_before_start(const struct capture *c)
{
    return &c->stats;
}

const char *capture_target(const struct config_capture *o)
{
    return *o->interface ? o->interface : *o->directory ? o->directory : o->file;
}

int capture_start(struct capture *c)
{
    return thread_run(&c->thread, "ganadd-capture", run, c);
}

void capture_stop(struct capture *c)
{
    thread_ask_stop(&c->thread);
    gad_ring_wake(c->emptied);
}

/* Returns false if the thread is blocked where it cannot be woken. */
static bool join(struct capture *c)
{
    if (!c->thread.runs)
        return true;
    atomic_store(&c->leave, true);
    capture_stop(c);
    if (thread_join_within(&c->thread, JOIN_S))
        return true;
    thread_detach(&c->thread);
    return false;
}

void capture_free(struct capture *c)
{
    if (!c || !join(c))
        return;
    gad_source_close(c->source);
    gad_directory_close(c->directory);
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
    /* A file's thread that waits for a batch fills several then. */
    void *item = b;
    size_t pushed = gad_ring_push_lazily(c->emptied, &item, 1, CAPTURE_BATCHES / 4);
    gad_assert(pushed == 1); /* fits: the ring has a place for each batch */
}

int capture_fd(const struct capture *c)
{
    return gad_ring_items_fd(c->filled);
}

void capture_woken(struct capture *c)
{
    gad_ring_disarm_items(c->filled);
}

bool capture_wait(struct capture *c)
{
    gad_ring_disarm_items(c->filled);
    return !gad_ring_arm_items(c->filled);
}
