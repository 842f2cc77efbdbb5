/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/capture_options.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/flow/table.h"
#include "lib/record/extractor.h"
#include "lib/record/service.h"
#include "tools/common/cli.h"

/* As in ganadd.conf; seconds. */
enum {
    INSPECT_MAX = 1 << 30, /* bytes of either kind */
    INTERIM_MAX = 86400,
    UDP_ANSWERED_MAX = 60,
    TIMEOUT_MAX = 86400
};

static const char *const names[] = {
    "--filter",        "--service",       "--checksums",      "--tunnels",  "--tunnel-kinds",
    "--by-vlan",       "--max-flows",     "--inspect-memory", "--seed",     "--vxlan-ports",
    "--geneve-ports",  "--gtp-ports",     "--recursive",      "--interim",  "--udp-answered",
    "--tcp-idle",      "--tcp-half-open", "--tcp-close",      "--udp-idle", "--linger",
    "--inspect-bytes", "--detect"};

void capture_options_init(struct capture_options *o)
{
    *o = (struct capture_options){.inspect_memory = UINT64_MAX,
                                  .inspect_bytes = UINT64_MAX,
                                  .udp_answered = UINT64_MAX,
                                  .tunnels = GAD_TUNNELS_DEPTH};
}

void capture_options_deinit(struct capture_options *o)
{
    gad_free(o->services);
    o->services = NULL;
}

/* Parses the map here, so that the message names the option. */
static int add_services(struct capture_options *o, const char *arg, struct gad_diag *d)
{
    gad_cleanup(gad_services_freep) struct gad_services *trial = NULL;
    size_t old = o->services ? strlen(o->services) + 1 : 0, len = strlen(arg);

    int r = gad_services_new(&trial);
    if (r == 0)
        r = gad_services_map(trial, arg, d);
    if (r != 0) {
        gad_diag_prefix(d, "--service");
        return r;
    }
    char *all = gad_realloc_array(o->services, old + len + 1, 1);
    if (!all)
        return GAD_ENOMEM;
    if (old > 0)
        all[old - 1] = ',';
    memcpy(all + old, arg, len + 1);
    o->services = all;
    return 0;
}

static int take_ports(const char *name, const char *arg, struct gad_tunnel_ports *ports,
                      struct gad_diag *d)
{
    int r = gad_tunnel_ports(arg, ports, d);

    if (r != 0)
        gad_diag_prefix(d, "%s", name);
    return r;
}

int capture_option_take(struct capture_options *o, int c, const char *arg, struct gad_diag *d)
{
    static const char *const checksums[] = {[GAD_CHECKSUMS_IGNORE] = "ignore",
                                            [GAD_CHECKSUMS_VERIFY] = "verify",
                                            [GAD_CHECKSUMS_AUTO] = "auto"};
    static const char *const detect[] = {"by_port", "by_content"};
    const char *name = names[c - CAPTURE_OPTION_FIRST];
    size_t choice = 0;
    uint64_t n = 0;
    int r = 0;

    if (!o->given)
        o->given = name;
    switch (c) {
    case CAPTURE_FILTER:
        o->filter = arg;
        break;
    case CAPTURE_SERVICE:
        return add_services(o, arg, d);
    case CAPTURE_CHECKSUMS:
        r = cli_choice(name, arg, checksums, sizeof(checksums) / sizeof(checksums[0]), &choice, d);
        o->checksums = (enum gad_checksums)choice;
        break;
    case CAPTURE_TUNNELS:
        r = cli_u64(name, arg, 0, GAD_TUNNELS_MAX, &n, d);
        o->tunnels = (unsigned)n;
        o->tunnels_given = true;
        break;
    case CAPTURE_TUNNEL_KINDS:
        r = gad_tunnel_kinds(arg, &o->tunnel_kinds, d);
        if (r != 0)
            gad_diag_prefix(d, "%s", name);
        break;
    case CAPTURE_VXLAN_PORTS:
        return take_ports(name, arg, &o->vxlan_ports, d);
    case CAPTURE_GENEVE_PORTS:
        return take_ports(name, arg, &o->geneve_ports, d);
    case CAPTURE_GTP_PORTS:
        return take_ports(name, arg, &o->gtp_ports, d);
    case CAPTURE_BY_VLAN:
        o->by_vlan = true;
        break;
    case CAPTURE_RECURSIVE:
        o->recursive = true;
        break;
    case CAPTURE_MAX_FLOWS:
        r = cli_u64(name, arg, 1, GAD_FLOWS_MAX, &n, d);
        o->max_flows = (size_t)n;
        break;
    case CAPTURE_DETECT:
        r = cli_choice(name, arg, detect, sizeof(detect) / sizeof(detect[0]), &choice, d);
        o->by_content = choice == 1;
        break;
    case CAPTURE_SEED:
        r = cli_u64(name, arg, 0, UINT16_MAX, &n, d);
        o->seed = (uint16_t)n;
        break;
    case CAPTURE_INTERIM:
        return cli_u64(name, arg, 0, INTERIM_MAX, &o->interim, d);
    case CAPTURE_UDP_ANSWERED:
        return cli_u64(name, arg, 0, UDP_ANSWERED_MAX, &o->udp_answered, d);
    case CAPTURE_TCP_IDLE:
    case CAPTURE_TCP_HALF_OPEN:
    case CAPTURE_TCP_CLOSE:
    case CAPTURE_UDP_IDLE:
    case CAPTURE_LINGER:
        return cli_u64(name, arg, 1, TIMEOUT_MAX, &o->timeout[c - CAPTURE_TCP_IDLE], d);
    case CAPTURE_INSPECT_BYTES:
        return cli_size(name, arg, INSPECT_MAX, &o->inspect_bytes, d);
    default:
        return cli_size(name, arg, INSPECT_MAX, &o->inspect_memory, d);
    }
    return r;
}

static void apply_timeouts(const uint64_t from[static CAPTURE_TIMEOUTS],
                           struct gad_flow_timeouts *to)
{
    struct gad_time *const field[CAPTURE_TIMEOUTS] = {&to->tcp_idle, &to->tcp_attempt,
                                                      &to->tcp_close, &to->udp_idle, &to->linger};

    for (size_t i = 0; i < CAPTURE_TIMEOUTS; i++)
        if (from[i] > 0)
            field[i]->ns = (int64_t)from[i] * 1000000000;
}

void capture_options_apply(const struct capture_options *o, struct gad_extractor_options *x)
{
    x->filter = o->filter;
    x->services = o->services;
    x->community_seed = o->seed;
    x->decoder.checksums = o->checksums;
    x->decoder.tunnels = o->tunnels;
    x->decoder.tunnel_kinds = o->tunnel_kinds;
    if (o->tunnel_kinds == 0 && !o->tunnels_given)
        x->decoder.tunnel_kinds = GAD_TUNNELS_HOSTS;
    x->decoder.vxlan_ports = o->vxlan_ports;
    x->decoder.geneve_ports = o->geneve_ports;
    x->decoder.gtp_ports = o->gtp_ports;
    x->flow.by_content = o->by_content;
    x->decoder.by_vlan = x->flow.by_vlan = o->by_vlan;
    if (o->max_flows > 0)
        x->flow.max_flows = o->max_flows;
    if (o->inspect_memory != UINT64_MAX)
        x->flow.inspect_memory = (size_t)o->inspect_memory;
    x->flow.interim.ns = (int64_t)o->interim * 1000000000;
    if (o->udp_answered != UINT64_MAX)
        x->flow.timeouts.udp_answered.ns = (int64_t)o->udp_answered * 1000000000;
    apply_timeouts(o->timeout, &x->flow.timeouts);
    if (o->inspect_bytes != UINT64_MAX)
        x->flow.inspect_bytes = o->inspect_bytes;
}
