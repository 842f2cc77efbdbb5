/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the frame ring costs: packets to connections, with it and without it, in turn on one core.
 *
 *     bench_frames FILE [ROUNDS [MIB]]   the medians of ROUNDS (9) passes each; a ring of MIB (64)
 *
 * It reads the capture into memory first. With each connection it also compares the length of its
 * chain with its packets, in a pass that is not timed. No fragments may be in the capture for that.
 */

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/net/frame_ring.h"
#include "lib/net/source.h"

enum { ROUNDS_MAX = 99 };

struct kept {
    struct gad_time time;
    size_t at;
    uint32_t caplen, len;
};

static struct kept *frames;
static uint8_t *bytes;
static size_t n_frames, n_bytes, frames_room, bytes_room;
static int link_type;
static void *memory; /* of the ring; its pages are in use, as after the first minutes */

struct pass {
    struct gad_source *source;
    struct gad_decoder *decoder;
    struct gad_flow_table *table;
    struct gad_frame_ring *ring;
    uint64_t n, whole, partial, wrong;
};

static void keep(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    const struct pass *p = arg;

    link_type = gad_source_link_type(p->source);
    if (n_frames == frames_room)
        frames = realloc(frames, (frames_room = frames_room * 2 + 1024) * sizeof(*frames));
    if (n_bytes + caplen > bytes_room)
        bytes = realloc(bytes, bytes_room = (bytes_room + caplen) * 2);
    if (!frames || !bytes)
        exit(1);
    memcpy(bytes + n_bytes, frame, caplen);
    frames[n_frames++] = (struct kept){time, n_bytes, (uint32_t)caplen, (uint32_t)len};
    n_bytes += caplen;
}

static void count(void *arg, const struct gad_conn *c)
{
    struct pass *p = arg;
    (void)c;

    p->n++;
}

static void check(void *arg, const struct gad_conn *c)
{
    struct pass *p = arg;
    struct gad_stored_frame f = {.before = c->frames};
    uint64_t n = 0;

    while (f.before != 0 && gad_frame_ring_read(p->ring, f.before, &f))
        n += !f.is_moved;
    bool is_whole = f.before == 0 && n == c->src_packets + c->dst_packets;
    p->n++;
    p->whole += is_whole;
    p->partial += f.before != 0;
    p->wrong += f.before == 0 && !is_whole;
}

static gad_conn_fn *emit = count;

static void on_packet(void *arg, const struct gad_packet *p)
{
    struct pass *pass = arg;

    gad_flow_packet(pass->table, p, emit, pass);
}

/* Returns seconds. */
static double run(size_t ring_bytes, struct pass *ret)
{
    struct gad_flow_options flow = gad_flow_defaults();
    struct gad_decoder_options decoder = {.tunnels = GAD_TUNNELS_DEPTH,
                                          .tunnel_kinds = GAD_TUNNELS_HOSTS};
    const struct gad_frame_ring_options o = {.memory = memory,
                                             .bytes = ring_bytes,
                                             .snaplen = 65535,
                                             .connection_max =
                                                 emit == check ? UINT32_MAX : 1 << 20};
    struct pass p = {0};

    if (ring_bytes > 0 && gad_frame_ring_new(&o, &p.ring) != 0)
        exit(1);
    flow.ring = decoder.ring = p.ring;
    if (gad_decoder_new(&decoder, &p.decoder) != 0 || gad_flow_table_new(&flow, &p.table) != 0)
        exit(1);
    struct timespec begun, ended;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun); /* others may share the core */
    for (size_t i = 0; i < n_frames; i++) {
        gad_decoder_number(p.decoder, i + 1);
        gad_decode(p.decoder, link_type, frames[i].time, bytes + frames[i].at, frames[i].caplen,
                   frames[i].len, on_packet, &p);
    }
    gad_decoder_flush(p.decoder, on_packet, &p);
    gad_flow_flush(p.table, emit, &p);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    double took =
        (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
    gad_flow_table_free(p.table);
    gad_decoder_free(p.decoder);
    gad_frame_ring_free(p.ring);
    *ret = p;
    return took;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    uint64_t rounds = 9, mib = 64;
    double off[ROUNDS_MAX], on[ROUNDS_MAX];
    struct gad_diag d = {""};
    struct pass p = {0};
    cpu_set_t one;

    if ((argc > 2 && gad_text_u64(argv[2], strlen(argv[2]), ROUNDS_MAX, &rounds) != 0) ||
        (argc > 3 && gad_text_u64(argv[3], strlen(argv[3]), 1 << 16, &mib) != 0))
        return 2;
    size_t ring = (size_t)mib << 20;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (argc < 2 || rounds < 1 || sched_setaffinity(0, sizeof(one), &one) ||
        gad_source_open_file(argv[1], NULL, &p.source, &d) != 0) {
        fprintf(stderr, "bench_frames: %s\n", argc < 2 ? "no FILE" : d.text);
        return 1;
    }
    while (gad_source_read(p.source, 512, keep, &p, &d) == GAD_MORE)
        ;
    gad_source_close(p.source);
    memory = malloc(ring);
    if (!memory)
        return 1;
    memset(memory, 1, ring);
    for (size_t i = 0; i < rounds; i++) {
        off[i] = run(0, &p);
        on[i] = run(ring, &p);
    }
    qsort(off, rounds, sizeof(*off), by_size);
    qsort(on, rounds, sizeof(*on), by_size);
    emit = check;
    (void)run(ring, &p);
    printf("%zu packets, %" PRIu64 " connections; chains: %" PRIu64 " whole, %" PRIu64
           " overwritten, %" PRIu64 " wrong\n",
           n_frames, p.n, p.whole, p.partial, p.wrong);
    printf("without the ring %.1f ns a packet, with it %.1f: %+.1f %%\n",
           off[rounds / 2] * 1e9 / (double)n_frames, on[rounds / 2] * 1e9 / (double)n_frames,
           (on[rounds / 2] / off[rounds / 2] - 1) * 100);
    return p.wrong > 0;
}
