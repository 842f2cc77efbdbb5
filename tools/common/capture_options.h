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

/* capture_options_init() sets the defaults. */
struct capture_options {
    const char *given; /* the first option that was given, for messages; or NULL */
    const char *filter;
    char *services; /* all values of --service, separated by commas, or NULL; owned */
    enum gad_checksums checksums;
    unsigned tunnels, tunnel_kinds;
    bool by_vlan, by_content;
    size_t max_flows;        /* 0: the default */
    uint64_t inspect_memory; /* UINT64_MAX: the default */
    uint16_t seed;           /* of the Community ID */
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
    {"detect", required_argument, NULL, CAPTURE_DETECT}
/* clang-format on */

#define CAPTURE_HELP_OPTIONS                                                                       \
    "  --filter EXPRESSION      only packets that match it, in the language of pcap-filter(7)\n"   \
    "  --service MAP            name a service that KDD99 does not have: 'tcp/8080 = http';\n"     \
    "                           can be repeated\n"                                                 \
    "  --checksums ignore|verify|auto\n"                                                           \
    "                           ignore (default); verify: drop packets with a wrong checksum;\n"   \
    "                           auto: verify unless the first 1000 packets show that the\n"        \
    "                           sender's network card computed them\n"                             \
    "  --tunnels N              nested tunnels to decapsulate, 0 to 8 (0)\n"                       \
    "  --tunnel-kinds LIST      which of gre,ipip,vxlan,geneve,gtp,teredo,ayiya,\n"                \
    "                           erspan or all (all but erspan)\n"                                  \
    "  --by-vlan                the same addresses in different VLANs are different connections\n" \
    "  --max-flows N            connections tracked at once; beyond that the tracker evicts the\n" \
    "                           oldest unanswered attempt, else the one closest to its timeout\n"  \
    "  --seed N                 of the Community ID, 0 to 65535 (0)\n"                             \
    "  --inspect-memory SIZE    for payload inspection, such as 8M; 0 disables it (8M)\n"          \
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
