/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/capture_options.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/flow/table.h"
#include "lib/record/extractor.h"
#include "lib/record/service.h"
#include "tools/common/cli.h"

enum { INSPECT_MEMORY_MAX = 1 << 30 }; /* as in ganadd.conf */

static const char *const names[] = {
    "--filter",  "--service",   "--checksums",      "--tunnels", "--tunnel-kinds",
    "--by-vlan", "--max-flows", "--inspect-memory", "--seed",    "--detect"};

void capture_options_init(struct capture_options *o)
{
    *o = (struct capture_options){.inspect_memory = UINT64_MAX};
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
        break;
    case CAPTURE_TUNNEL_KINDS:
        r = gad_tunnel_kinds(arg, &o->tunnel_kinds, d);
        if (r != 0)
            gad_diag_prefix(d, "%s", name);
        break;
    case CAPTURE_BY_VLAN:
        o->by_vlan = true;
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
    default:
        return cli_size(name, arg, INSPECT_MEMORY_MAX, &o->inspect_memory, d);
    }
    return r;
}

void capture_options_apply(const struct capture_options *o, struct gad_extractor_options *x)
{
    x->filter = o->filter;
    x->services = o->services;
    x->community_seed = o->seed;
    x->decoder.checksums = o->checksums;
    x->decoder.tunnels = o->tunnels;
    x->decoder.tunnel_kinds = o->tunnel_kinds;
    x->flow.by_content = o->by_content;
    x->decoder.by_vlan = x->flow.by_vlan = o->by_vlan;
    if (o->max_flows > 0)
        x->flow.max_flows = o->max_flows;
    if (o->inspect_memory != UINT64_MAX)
        x->flow.inspect_memory = (size_t)o->inspect_memory;
}
