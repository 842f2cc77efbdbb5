/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/suppress/rule.h"

#include <math.h>
#include <string.h>

#include "lib/record/record.h"

bool gad_network_holds(const struct gad_network *n, uint8_t family, const uint8_t addr[static 16])
{
    size_t whole = n->bits / 8;
    unsigned rest = n->bits % 8;

    if (family != n->family || memcmp(addr, n->addr, whole) != 0)
        return false;
    return rest == 0 || (addr[whole] & (0xff00 >> rest) & 0xff) == n->addr[whole];
}

static bool in_ports(const struct gad_ports *p, uint16_t port)
{
    return !p->is_set || (port >= p->first && port <= p->last);
}

bool gad_rule_meets(const struct gad_rule *r, const struct gad_record *rec, const char *model,
                    float score)
{
    const struct gad_tuple *t = &rec->tuple;

    if ((r->sport.is_set || r->dport.is_set || r->proto >= 0) && t->family == 0)
        return false;
    if (!in_ports(&r->sport, t->src_port) || !in_ports(&r->dport, t->dst_port) ||
        (r->proto >= 0 && r->proto != t->proto))
        return false;
    if ((r->src.family != 0 && !gad_network_holds(&r->src, t->family, t->src)) ||
        (r->dst.family != 0 && !gad_network_holds(&r->dst, t->family, t->dst)) ||
        (r->host.family != 0 && !gad_network_holds(&r->host, t->family, t->src) &&
         !gad_network_holds(&r->host, t->family, t->dst)))
        return false;
    return (r->service == GAD_RULE_ANY || r->service == (int)rec->v[GAD_SERVICE]) &&
           (isnan(r->score_below) || (double)score < r->score_below) &&
           (!*r->model || strcmp(r->model, model) == 0);
}

static bool same_network(const struct gad_network *a, const struct gad_network *b)
{
    return a->family == b->family && a->bits == b->bits &&
           memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static bool same_ports(const struct gad_ports *a, const struct gad_ports *b)
{
    return a->is_set == b->is_set && a->first == b->first && a->last == b->last;
}

static bool same_real(double a, double b)
{
    return isnan(a) ? isnan(b) : !(a < b) && !(a > b) && !isnan(b);
}

bool gad_rule_same(const struct gad_rule *a, const struct gad_rule *b)
{
    return same_network(&a->src, &b->src) && same_network(&a->dst, &b->dst) &&
           same_network(&a->host, &b->host) && same_ports(&a->sport, &b->sport) &&
           same_ports(&a->dport, &b->dport) && a->proto == b->proto && a->service == b->service &&
           same_real(a->score_below, b->score_below) && strcmp(a->model, b->model) == 0;
}
