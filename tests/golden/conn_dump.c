/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the connections of capture files, a line each: conn_dump [--verify-checksums] FILE...
 * Columns: file, start, duration, protocol, originator, its port, responder, its port, state, bytes
 * and packets each way, first to last packet, decided, ICMP type, ICMP code, wrong fragments,
 * urgent. Counters are on stderr.
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/net/source.h"

static const char *const states[GAD_N_CONN_STATES] = {
    "SF", "S0", "REJ", "RSTR", "RSTO", "SH", "S1", "S2", "RSTOS0", "S3", "OTH", "RSTRH", "SHR"};

struct run {
    const char *file;
    struct gad_source *source;
    struct gad_decoder *decoder;
    struct gad_flow_table *table;
};

static const char *proto_name(uint8_t proto)
{
    return proto == GAD_IP_TCP ? "tcp" : proto == GAD_IP_UDP ? "udp" : "icmp";
}

static void print(void *arg, const struct gad_conn *c)
{
    const struct run *r = arg;
    int family = c->tuple.family == 6 ? AF_INET6 : AF_INET;
    char src[INET6_ADDRSTRLEN] = "?", dst[INET6_ADDRSTRLEN] = "?";

    (void)inet_ntop(family, c->tuple.src, src, sizeof(src));
    (void)inet_ntop(family, c->tuple.dst, dst, sizeof(dst));
    printf("%s\t%" PRId64 ".%06" PRId64 "\t%.6f\t%s\t%s\t%u\t%s\t%u\t%s\t%" PRIu64 "\t%" PRIu64
           "\t%" PRIu64 "\t%" PRIu64 "\t%.6f\t%.6f\t%u\t%u\t%u\t%u\n",
           r->file, c->start.ns / 1000000000, c->start.ns / 1000 % 1000000,
           gad_time_seconds(c->duration), proto_name(c->tuple.proto), src, c->tuple.src_port, dst,
           c->tuple.dst_port, states[c->state], c->src_bytes, c->dst_bytes, c->src_packets,
           c->dst_packets, gad_time_seconds(gad_time_sub(c->end, c->start)),
           gad_time_seconds(c->decided), c->icmp_type, c->icmp_code, c->wrong_fragment, c->urgent);
}

static void on_packet(void *arg, const struct gad_packet *p)
{
    struct run *r = arg;

    gad_flow_packet(r->table, p, print, r);
}

static void on_frame(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen,
                     size_t len)
{
    struct run *r = arg;

    gad_decode(r->decoder, gad_source_link_type(r->source), time, frame, caplen, len, on_packet, r);
}

static int dump(struct run *r, enum gad_checksums checksums)
{
    gad_cleanup(gad_source_closep) struct gad_source *source = NULL;
    gad_cleanup(gad_decoder_freep) struct gad_decoder *decoder = NULL;
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *table = NULL;
    struct gad_flow_options options = gad_flow_defaults();
    struct gad_diag d = {0};

    int err = gad_source_open_file(r->file, NULL, &source, &d);
    if (err == 0)
        err = gad_decoder_new(&(struct gad_decoder_options){.checksums = checksums,
                                                            .tunnels = GAD_TUNNELS_MAX,
                                                            .tunnel_kinds = GAD_TUNNELS_ALL},
                              &decoder);
    if (err == 0)
        err = gad_flow_table_new(&options, &table);
    r->source = source;
    r->decoder = decoder;
    r->table = table;
    while (err == 0 && (err = gad_source_read(source, 1000, on_frame, r, &d)) == GAD_MORE)
        err = 0;
    if (table) {
        gad_decoder_flush(decoder, on_packet, r);
        gad_flow_flush(table, print, r);
        struct gad_flow_counters n = gad_flow_table_counters(table);
        fprintf(stderr,
                "%s: packets %" PRIu64 " bad sums %" PRIu64 " connections %" PRIu64
                " most at once %" PRIu64 " evicted %" PRIu64 " reused %" PRIu64
                " inspected %" PRIu64 " refused %" PRIu64 " cut %" PRIu64 " gap bytes %" PRIu64
                "\n",
                r->file, n.packets, n.bad_checksums, n.ended, n.flows_most, n.evicted, n.reused,
                n.inspected, n.inspect_refused, n.inspect_cut, n.gap_bytes);
    }
    return err == GAD_END ? 0 : err;
}

int main(int argc, char **argv)
{
    bool verify = argc > 1 && strcmp(argv[1], "--verify-checksums") == 0;
    int bad = 0;

    for (int i = verify ? 2 : 1; i < argc; i++) {
        struct run r = {.file = argv[i]};
        int err = dump(&r, verify ? GAD_CHECKSUMS_VERIFY : GAD_CHECKSUMS_IGNORE);
        if (err != 0)
            fprintf(stderr, "%s: %s\n", argv[i], gad_strerror(err));
        bad += err != 0;
    }
    return bad > 0;
}
