/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "daemon/ingest/capture_parts.h"
#include "lib/base/ring.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"

struct capture_batch *capture_batch_of(struct capture *c, bool waits)
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

    c->stats.packets = net->frames;
    c->stats.bytes = net->bytes;
    c->stats.refused = gad_net_refused(net);
    c->stats.flows = flow.flows;
    c->stats.conns = flow.ended;
    c->stats.evicted = flow.evicted;
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
    gad_assert(pushed); /* the ring holds all batches there are */
}

void capture_on_conn(void *arg, const struct gad_conn *conn)
{
    struct capture *c = arg;
    struct capture_batch *b = capture_batch_of(c, !c->is_live || c->is_ending);

    if (!b) {
        c->stats.lost++;
        return;
    }
    b->conn[b->n++] = *conn;
    if (b->n == CAPTURE_BATCH)
        capture_send(c);
}

/* Behind the packet's connections: they may be from before it, and not from before what was reached. */
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

    c->last_packet = time;
    gad_decode(c->decoder, gad_source_link_type(c->source), time, frame, caplen, len,
               capture_on_packet, c);
}

void capture_run(void *arg)
{
    struct capture *c = arg;
    int r = 0;

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
}
