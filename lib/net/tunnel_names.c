/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator writes about tunnels: names of kinds, and ports. */
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/net/decode.h"

static const char *const kind_names[] = {"gre",    "ipip",    "vxlan",  "geneve", "gtp",
                                         "teredo", "ayiya",   "erspan", "l2tp",   "tzsp",
                                         "mpls",   "etherip", "all"};
enum { N_KINDS = 12, N_NAMES = 13, NAME_LEN = 15 };

/* Parses one name of (len) bytes. */
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
    return gad_fail(d, GAD_EUNKNOWN, "'%s' is not a supported tunnel%s%s%s", shown,
                    near < 0 ? ": gre, ipip, vxlan, geneve, gtp, teredo, ayiya, erspan, l2tp, "
                               "tzsp, mpls, etherip"
                             : "; did you mean '",
                    near < 0 ? "" : kind_names[near], near < 0 ? "" : "'?");
}

/* Returns the next item of a list without the blanks around it, and its length; moves @text behind
 * its comma, or to NULL. */
static const char *next_item(const char **text, size_t *len)
{
    size_t end = strcspn(*text, ","), lead = strspn(*text, " \t");
    const char *item = *text + lead;

    *text = (*text)[end] == '\0' ? NULL : *text + end + 1;
    *len = end > lead ? end - lead : 0;
    while (*len > 0 && (item[*len - 1] == ' ' || item[*len - 1] == '\t'))
        (*len)--;
    return item;
}

int gad_tunnel_kinds(const char *text, unsigned *ret, struct gad_diag *d)
{
    unsigned kinds = 0;

    while (text) {
        size_t len;
        const char *item = next_item(&text, &len);
        int r = read_kind(item, len, &kinds, d);
        if (r != 0)
            return r;
    }
    *ret = kinds;
    return 0;
}

int gad_tunnel_ports(const char *text, struct gad_tunnel_ports *ret, struct gad_diag *d)
{
    struct gad_tunnel_ports ports = {.n = 0};

    while (text) {
        uint64_t n = 0;
        size_t len;
        const char *item = next_item(&text, &len);
        if (ports.n == GAD_TUNNEL_PORTS_MAX)
            return gad_fail(d, GAD_ELIMIT, "more than %d ports", GAD_TUNNEL_PORTS_MAX);
        if (gad_text_u64(item, len, UINT16_MAX, &n) != 0 || n == 0) {
            char shown[NAME_LEN + 1];
            gad_text_escape(shown, sizeof(shown), item, len);
            return gad_fail(d, GAD_EFORMAT, "'%s' is not a port, 1 to 65535", shown);
        }
        ports.port[ports.n++] = (uint16_t)n;
    }
    *ret = ports;
    return 0;
}
