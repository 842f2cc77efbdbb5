/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets through the flow table alone, in processor time: bench_flow [all | LOAD
 * [MILLION_PACKETS]]. syn: each packet begins a flow, 100,000 a second. full: the same with
 * 2,000,000 a second, so that the limit evicts one flow for each. few, many: data of 1,000 and of
 * 200,000 open connections. udp: a request and its answer.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/flow/table.h"

struct load {
    const char *name;
    int64_t step_ns;
    uint32_t n_flows; /* 0: no flow twice */
    uint8_t proto, flags;
};

static void count(void *arg, const struct gad_conn *c)
{
    *(uint64_t *)arg += c->src_packets + c->dst_packets;
}

static void put_address(uint8_t *address, uint32_t n)
{
    memcpy(address, &n, sizeof(n));
}

static void aim(struct gad_packet *p, const struct load *l, uint64_t i, struct gad_rng *rng)
{
    uint32_t flow = l->n_flows ? gad_rng_below(rng, l->n_flows)
                               : (uint32_t)i / (l->proto == GAD_IP_UDP ? 2 : 1);
    bool back = l->proto == GAD_IP_UDP && i % 2;

    put_address(back ? p->tuple.dst : p->tuple.src, flow * 2654435761U);
    put_address(back ? p->tuple.src : p->tuple.dst, 0x0a000001);
    p->tuple.src_port = back ? 53 : (uint16_t)(1024 + flow % 50000);
    p->tuple.dst_port = back ? (uint16_t)(1024 + flow % 50000) : 443;
    p->time.ns += l->step_ns;
    p->seq += 100;
}

static double cpu_seconds(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int run(const struct load *l, uint64_t n)
{
    struct gad_flow_options o = gad_flow_defaults();
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = NULL;
    struct gad_rng rng = gad_rng_init(1, 1);
    struct gad_packet p = {.time.ns = INT64_C(1780000000000000000),
                           .tuple = {.family = 4, .proto = l->proto},
                           .tcp_flags = l->flags,
                           .len = l->flags & GAD_TCP_SYN ? 0 : 100};
    uint64_t packets = 0;

    if (gad_flow_table_new(&o, &t) != 0)
        return 1;
    double start = cpu_seconds();
    for (uint64_t i = 0; i < n; i++) {
        aim(&p, l, i, &rng);
        gad_flow_packet(t, &p, count, &packets);
    }
    double seconds = cpu_seconds() - start;
    struct gad_flow_counters c = gad_flow_table_counters(t);
    gad_flow_flush(t, count, &packets);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%-5s %8.1f ns a packet, %9.0f packets/s, most flows %7" PRIu64 ", evicted %9" PRIu64
           ", peak RSS %ld KiB%s\n",
           l->name, seconds / (double)n * 1e9, (double)n / seconds, c.flows_most, c.evicted,
           usage.ru_maxrss, packets == n ? "" : ", PACKETS LOST");
    return packets != n;
}

int main(int argc, char **argv)
{
    static const struct load loads[] = {
        {"few", 1000, 1000, GAD_IP_TCP, GAD_TCP_ACK},    {"udp", 10000, 0, GAD_IP_UDP, 0},
        {"syn", 10000, 0, GAD_IP_TCP, GAD_TCP_SYN},      {"full", 500, 0, GAD_IP_TCP, GAD_TCP_SYN},
        {"many", 1000, 200000, GAD_IP_TCP, GAD_TCP_ACK},
    };
    uint64_t millions = 3;
    int bad = 0;

    if (argc > 2 && gad_text_u64(argv[2], strlen(argv[2]), 1000, &millions) != 0)
        return 2;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        if (argc < 2 || strcmp(argv[1], loads[i].name) == 0 || strcmp(argv[1], "all") == 0)
            bad += run(&loads[i], millions * 1000000);
    return bad != 0;
}
