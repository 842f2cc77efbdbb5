/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels that are protocols of IP: GRE (RFC 1701, 2784, 2890, with PPTP's RFC 2637), IP in IP (RFC 2003, 4213,
 * 2473), ERSPAN I, II and III (draft-foschiano-erspan-03). And the names of all kinds.
 */
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/net/walk.h"

enum {
    PROTO_IPIP = 4,
    PROTO_IP6 = 41,
    PROTO_GRE = 47,
    ETHER_TYPE_MIN = 0x600, /* below, it would be taken for a length */
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 */
    GRE_VERSION = 0x0007,
    GRE_PPTP = 0x880b,
    GRE_ERSPAN_2 = 0x88be, /* and I, without a sequence number */
    GRE_ERSPAN_3 = 0x22eb,
};

static const char *const kind_names[] = {"gre",    "ipip",  "vxlan",  "geneve", "gtp",
                                         "teredo", "ayiya", "erspan", "all"};
enum { N_KINDS = 8, N_NAMES = 9, NAME_LEN = 15 };

/* One name, (len) bytes. */
static int read_kind(const char *name, size_t len, unsigned *kinds, struct gad_diag *d)
{
    char shown[NAME_LEN + 1];

    for (size_t i = 0; i < N_NAMES; i++)
        if (strlen(kind_names[i]) == len && memcmp(kind_names[i], name, len) == 0) {
            *kinds |= i < N_KINDS ? 1U << i : GAD_TUNNELS_ALL;
            return 0;
        }
    if (len == 0)
        return gad_fail(d, GAD_EFORMAT, "the name of a tunnel is missing");
    gad_text_escape(shown, sizeof(shown), name, len);
    int near = gad_text_nearest(shown, kind_names, N_NAMES);
    return gad_fail(d, GAD_EUNKNOWN, "'%s' is no tunnel that is opened here%s%s%s", shown,
                    near < 0 ? ": gre, ipip, vxlan, geneve, gtp, teredo, ayiya, erspan"
                             : "; did you mean '",
                    near < 0 ? "" : kind_names[near], near < 0 ? "" : "'?");
}

int gad_tunnel_kinds(const char *text, unsigned *ret, struct gad_diag *d)
{
    unsigned kinds = 0;

    for (const char *p = text;;) {
        size_t len = strcspn(p, ","), lead = strspn(p, " \t"), end = len;
        while (end > lead && (p[end - 1] == ' ' || p[end - 1] == '\t'))
            end--;
        int r = read_kind(p + lead, end > lead ? end - lead : 0, &kinds, d);
        if (r != 0)
            return r;
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    *ret = kinds;
    return 0;
}

bool gad_net_opens(const struct gad_walk *w, unsigned kinds)
{
    return w->dec->opt.tunnels > 0 && (w->dec->opt.tunnel_kinds & kinds) != 0;
}

bool gad_net_enter_tunnel(struct gad_walk *w)
{
    if (w->p.tunnels >= w->dec->opt.tunnels)
        return false;
    w->p.tunnels++;
    return true;
}

enum gad_net_fate gad_net_tunnelled(struct gad_walk *w, uint16_t type)
{
    return type >= ETHER_TYPE_MIN ? gad_net_ether_type(w, type) : GAD_NET_NOT_IP;
}

static enum gad_net_fate erspan(struct gad_walk *w, uint16_t type, bool has_sequence)
{
    if (type == GRE_ERSPAN_2 && !has_sequence) /* type I has no header */
        return gad_net_ethernet(w);

    uint8_t version = gad_cursor_u8(&w->c) >> 4;
    if (type == GRE_ERSPAN_2) {
        gad_cursor_skip(&w->c, 7);
    } else {
        gad_cursor_skip(&w->c, 10);
        bool has_subheader = (gad_cursor_u8(&w->c) & 1) != 0;
        gad_cursor_skip(&w->c, has_subheader ? 8 : 0);
    }
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_TUNNEL_HEADER);
    if (version != (type == GRE_ERSPAN_2 ? 1 : 2))
        return GAD_NET_TUNNEL_HEADER;
    return gad_net_ethernet(w);
}

enum gad_net_fate gad_net_gre(struct gad_walk *w)
{
    uint16_t flags = gad_cursor_u16be(&w->c);
    uint16_t type = gad_cursor_u16be(&w->c);
    bool is_pptp = (flags & GRE_VERSION) == 1;
    bool is_erspan = type == GRE_ERSPAN_2 || type == GRE_ERSPAN_3;

    if (!w->c.bad && !gad_net_opens(w, is_erspan ? GAD_TUNNEL_ERSPAN : GAD_TUNNEL_GRE))
        return GAD_NET_OTHER_PROTOCOL;
    gad_cursor_skip(&w->c, flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0);
    size_t len = gad_walk_left(w);
    if (is_pptp) /* its key is a length and the number of a call */
        len = gad_cursor_u16be(&w->c);
    gad_cursor_skip(&w->c, is_pptp ? 2 : flags & GRE_KEY ? 4 : 0);
    gad_cursor_skip(&w->c, flags & GRE_SEQUENCE ? 4 : 0);
    gad_cursor_skip(&w->c, is_pptp && (flags & GRE_ACK) ? 4 : 0);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_TUNNEL_HEADER);
    if ((flags & GRE_VERSION) > 1 || (flags & GRE_ROUTING) || is_pptp != (type == GRE_PPTP))
        return GAD_NET_TUNNEL_HEADER;
    if (is_pptp)
        return gad_walk_trim(w, len) ? gad_net_ppp(w) : GAD_NET_TUNNEL_HEADER;
    if (is_erspan)
        return erspan(w, type, (flags & GRE_SEQUENCE) != 0);
    return gad_net_tunnelled(w, type);
}

bool gad_net_is_tunnel(const struct gad_walk *w, uint8_t proto)
{
    if (proto == PROTO_GRE)
        return gad_net_opens(w, GAD_TUNNEL_GRE | GAD_TUNNEL_ERSPAN);
    return (proto == PROTO_IPIP || proto == PROTO_IP6) && gad_net_opens(w, GAD_TUNNEL_IPIP);
}

enum gad_net_fate gad_net_tunnel(struct gad_walk *w, uint8_t proto)
{
    if (!gad_net_enter_tunnel(w))
        return GAD_NET_TUNNEL_DEEP;
    if (proto == PROTO_GRE)
        return gad_net_gre(w);
    return proto == PROTO_IPIP ? gad_net_ip4(w) : gad_net_ip6(w);
}
