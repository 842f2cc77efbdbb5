/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options of extract and score that say how packets of a capture are read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/decode.h"

struct gad_diag;
struct gad_extractor_options;

enum { CAPTURE_TIMEOUTS = 5 };

/* capture_options_init() sets the defaults. */
struct capture_options {
    const char *given; /* the first option that was given, for messages; or NULL */
    const char *filter;
    char *services; /* all values of --service, separated by commas, or NULL; owned */
    enum gad_checksums checksums;
    unsigned tunnels, tunnel_kinds; /* 0 kinds: none were named */
    bool tunnels_given;
    struct gad_tunnel_ports vxlan_ports, geneve_ports, gtp_ports;
    bool by_vlan, recursive, by_content;
    size_t max_flows;        /* 0: the default */
    uint64_t inspect_memory; /* UINT64_MAX: the default */
    uint64_t inspect_bytes;  /* the same */
    uint16_t seed;           /* of the Community ID */
    uint64_t interim;        /* seconds; 0: none */
    uint64_t udp_answered;   /* seconds; UINT64_MAX: the default */
    /* seconds, from CAPTURE_TCP_IDLE to CAPTURE_LINGER; 0: the default */
    uint64_t timeout[CAPTURE_TIMEOUTS];
};

enum {
    CAPTURE_OPTION_FIRST = 1024, /* values for getopt(); a command's other options are below */
    CAPTURE_FILTER = CAPTURE_OPTION_FIRST,
    CAPTURE_SERVICE,
    CAPTURE_CHECKSUMS,
    CAPTURE_TUNNELS,
    CAPTURE_TUNNEL_KINDS,
    CAPTURE_BY_VLAN,
    CAPTURE_MAX_FLOWS,
    CAPTURE_INSPECT_MEMORY,
    CAPTURE_SEED,
    CAPTURE_VXLAN_PORTS,
    CAPTURE_GENEVE_PORTS,
    CAPTURE_GTP_PORTS,
    CAPTURE_RECURSIVE,
    CAPTURE_INTERIM,
    CAPTURE_UDP_ANSWERED,
    CAPTURE_TCP_IDLE,
    CAPTURE_TCP_HALF_OPEN,
    CAPTURE_TCP_CLOSE,
    CAPTURE_UDP_IDLE,
    CAPTURE_LINGER,
    CAPTURE_INSPECT_BYTES,
    CAPTURE_DETECT,
};

/* clang-format off */
#define CAPTURE_LONG_OPTIONS                                                                       \
    {"filter", required_argument, NULL, CAPTURE_FILTER},                                           \
    {"service", required_argument, NULL, CAPTURE_SERVICE},                                         \
    {"checksums", required_argument, NULL, CAPTURE_CHECKSUMS},                                     \
    {"tunnels", required_argument, NULL, CAPTURE_TUNNELS},                                         \
    {"tunnel-kinds", required_argument, NULL, CAPTURE_TUNNEL_KINDS},                               \
    {"by-vlan", no_argument, NULL, CAPTURE_BY_VLAN},                                               \
    {"max-flows", required_argument, NULL, CAPTURE_MAX_FLOWS},                                     \
    {"inspect-memory", required_argument, NULL, CAPTURE_INSPECT_MEMORY},                           \
    {"seed", required_argument, NULL, CAPTURE_SEED},                                               \
    {"vxlan-ports", required_argument, NULL, CAPTURE_VXLAN_PORTS},                                 \
    {"geneve-ports", required_argument, NULL, CAPTURE_GENEVE_PORTS},                               \
    {"gtp-ports", required_argument, NULL, CAPTURE_GTP_PORTS}, \
    {"recursive", no_argument, NULL, CAPTURE_RECURSIVE}, \
    {"interim", required_argument, NULL, CAPTURE_INTERIM},                                         \
    {"udp-answered", required_argument, NULL, CAPTURE_UDP_ANSWERED}, \
    {"tcp-idle", required_argument, NULL, CAPTURE_TCP_IDLE},                                       \
    {"tcp-half-open", required_argument, NULL, CAPTURE_TCP_HALF_OPEN},                             \
    {"tcp-close", required_argument, NULL, CAPTURE_TCP_CLOSE},                                     \
    {"udp-idle", required_argument, NULL, CAPTURE_UDP_IDLE}, \
    {"linger", required_argument, NULL, CAPTURE_LINGER}, \
    {"inspect-bytes", required_argument, NULL, CAPTURE_INSPECT_BYTES}, \
    {"detect", required_argument, NULL, CAPTURE_DETECT}
/* clang-format on */

#define CAPTURE_HELP_OPTIONS                                                                       \
    "  --filter EXPRESSION      only packets that match it, in the language of pcap-filter(7)\n"   \
    "  --service MAP            name a service that KDD99 does not have: 'tcp/8080 = http';\n"     \
    "                           can be repeated\n"                                                 \
    "  --checksums ignore|verify|auto\n"                                                           \
    "                           ignore (default); verify: drop packets with a wrong checksum;\n"   \
    "                           auto: verify where checksum offload does not explain it\n"         \
    "  --tunnels N              nested tunnels to decapsulate, 0 to 8 (2)\n"                       \
    "  --tunnel-kinds LIST      which of gre,ipip,vxlan,geneve,gtp,teredo,ayiya,erspan,\n"         \
    "                           l2tp,tzsp,mpls,etherip or all (gre,ipip,vxlan,geneve;\n"           \
    "                           with --tunnels: all but erspan)\n"                                 \
    "  --vxlan-ports LIST       their UDP ports, such as 4789,8472 (4789)\n"                       \
    "  --geneve-ports LIST      (6081)\n"                                                          \
    "  --gtp-ports LIST         (2152)\n"                                                          \
    "  --by-vlan                the same addresses in different VLANs are different connections\n" \
    "  --max-flows N            connections tracked at once; beyond that the tracker evicts the\n" \
    "                           oldest unanswered attempt, else the one closest to its timeout\n"  \
    "  --tcp-idle SECONDS       until a TCP connection without a packet ends (300)\n"              \
    "  --tcp-half-open SECONDS  until one whose SYN has no answer ends (5)\n"                      \
    "  --tcp-close SECONDS      until one that is closed or reset ends (5)\n"                      \
    "  --udp-idle SECONDS       until a UDP exchange without a packet ends (60)\n"                 \
    "  --linger SECONDS         until late packets of an ended TCP one begin another (120)\n"      \
    "  --seed N                 of the Community ID, 0 to 65535 (0)\n"                             \
    "  --recursive              of a directory, also the files of the directories in it\n"         \
    "  --interim SECONDS        also give records of connections that have lasted this long,\n"    \
    "                           up to 86400; 0: none (0)\n"                                        \
    "  --udp-answered SECONDS   until a UDP exchange that has its answer ends, up to 60;\n"        \
    "                           0: as others, after 60 s (2)\n"                                    \
    "  --inspect-memory SIZE    for payload inspection, such as 8M; 0 disables it (8M)\n"          \
    "  --inspect-bytes SIZE     payload of a connection to inspect, again every 10 s (1M)\n"       \
    "  --detect by_port|by_content\n"                                                              \
    "                           name connections by their port (default), or on a port without "   \
    "a\n"                                                                                          \
    "                           name by their first bytes\n"

void capture_options_init(struct capture_options *o);
void capture_options_deinit(struct capture_options *o);

/* Applies option @c, from CAPTURE_OPTION_FIRST on. Returns 0, or an error with @d naming the
 * option. */
int capture_option_take(struct capture_options *o, int c, const char *arg,
                        struct gad_diag *d) GAD_MUST_CHECK;

/* Sets the extractor's options. @x borrows from @o. */
void capture_options_apply(const struct capture_options *o, struct gad_extractor_options *x);
