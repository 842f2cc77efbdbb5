/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options that say how packets of a capture are read, as extract and score have them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/decode.h"

struct gad_diag;
struct gad_extractor_options;

/* Zero: the defaults, but for what capture_options_init() sets. */
struct capture_options {
    const char *given; /* the first of them that was given, for messages; or NULL */
    const char *filter;
    char *services; /* all of --service with commas between, or NULL; owned */
    enum gad_checksums checksums;
    unsigned tunnels, tunnel_kinds;
    bool by_vlan;
    size_t max_flows;        /* 0: the default */
    uint64_t inspect_memory; /* UINT64_MAX: the default */
    uint16_t seed;           /* of the Community ID */
};

enum {
    CAPTURE_OPTION_FIRST = 1024, /* of getopt's values; whoever has more options begins elsewhere */
    CAPTURE_FILTER = CAPTURE_OPTION_FIRST,
    CAPTURE_SERVICE,
    CAPTURE_CHECKSUMS,
    CAPTURE_TUNNELS,
    CAPTURE_TUNNEL_KINDS,
    CAPTURE_BY_VLAN,
    CAPTURE_MAX_FLOWS,
    CAPTURE_INSPECT_MEMORY,
    CAPTURE_SEED,
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
    {"inspect-memory", required_argument, NULL, CAPTURE_INSPECT_MEMORY},                             \
    {"seed", required_argument, NULL, CAPTURE_SEED}
/* clang-format on */

#define CAPTURE_HELP_OPTIONS                                                                       \
    "  --filter EXPRESSION      only packets that it takes, in the language of pcap-filter(7)\n"   \
    "  --service MAP            ports that KDD99 has no name for: 'tcp/8080 = http'; may be "      \
    "repeated\n"                                                                                   \
    "  --checksums ignore|verify|auto\n"                                                           \
    "                           ignore (default); verify: drop packets with a wrong one; auto: "   \
    "verify\n"                                                                                     \
    "                           unless the first 1000 show that the sender's card made them\n"     \
    "  --tunnels N              how deep tunnels are opened, 0 to 8 (0)\n"                         \
    "  --tunnel-kinds LIST      which, of gre,ipip,vxlan,geneve,gtp,teredo,ayiya,"                 \
    "\n                           erspan or all (all but erspan)\n"                                \
    "  --by-vlan                the same addresses in different VLANs are different connections\n" \
    "  --max-flows N            most connections at a time; beyond it the oldest are cut short\n"  \
    "  --seed N                 of the Community ID, 0 to 65535 (0)\n"                             \
    "  --inspect-memory SIZE    for looking into connections, as in 8M; 0: nobody looks (8M)\n"

void capture_options_init(struct capture_options *o);
void capture_options_deinit(struct capture_options *o);

/* An option from CAPTURE_OPTION_FIRST on. 0, or an error that names it. */
int capture_option_take(struct capture_options *o, int c, const char *arg,
                        struct gad_diag *d) GAD_MUST_CHECK;

/* @x borrows from @o. */
void capture_options_apply(const struct capture_options *o, struct gad_extractor_options *x);

/* A whole number from @min to @max. */
int option_number(const char *option, const char *arg, uint64_t min, uint64_t max, uint64_t *ret,
                  struct gad_diag *d) GAD_MUST_CHECK;
