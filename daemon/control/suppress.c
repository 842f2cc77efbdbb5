/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/suppress.h"

#include <string.h>

#include "daemon/alert/suppressor.h"
#include "daemon/ingest/reply.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/record/record.h"
#include "lib/suppress/list.h"
#include "lib/wire/frame.h"

enum { RULES = 100 /* rules of one answer */, TEXT = GAD_RULE_TEXT + 256 };

/* A message and everything that it points to. */
struct answer {
    Ganad__V1__SuppressReply m;
    Ganad__V1__SuppressReply__Rule rule[RULES], *list[RULES];
    struct gad_buf text[RULES];
};

bool control_suppress_is(const Ganad__V1__ControlRequest *m)
{
    return m->command >= GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_ADD &&
           m->command <= GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_TEST;
}

static int add_rule(struct answer *a, const struct gad_suppressed *from)
{
    size_t i = a->m.n_rule;
    Ganad__V1__SuppressReply__Rule *to = &a->rule[i];

    a->text[i] = GAD_BUF_INIT(TEXT);
    gad_rule_write(&from->rule, &a->text[i]);
    gad_buf_add(&a->text[i], "", 1);
    a->m.n_rule++;
    ganad__v1__suppress_reply__rule__init(to);
    to->id = from->id;
    to->rule = (char *)a->text[i].p;
    to->created_ns = from->created.ns;
    to->hits = from->hits;
    to->last_hit_ns = from->last_hit.ns;
    to->expires_ns = from->rule.expires.ns;
    a->list[i] = to;
    return a->text[i].bad ? GAD_ENOMEM : 0;
}

static int list(const struct gad_suppress *s, uint64_t from, struct answer *a)
{
    const struct gad_suppressed *one;

    a->m.n_all = gad_suppress_count(s);
    while ((one = gad_suppress_from(s, from)) != NULL) {
        if (a->m.n_rule == RULES) {
            a->m.next = one->id;
            return 0;
        }
        if (add_rule(a, one) != 0)
            return GAD_ENOMEM;
        from = one->id + 1;
    }
    return 0;
}

static bool set_end(uint8_t *to, const ProtobufCBinaryData *from, uint8_t family)
{
    if (from->len == 0)
        return true;
    if (from->len != (family == 4 ? 4 : 16))
        return false;
    memcpy(to, from->data, from->len);
    return true;
}

/* The record to test. Ports imply a connection: it is IPv4 unless an address says otherwise. */
static int record_of(const Ganad__V1__SuppressTest *t, struct gad_record *r, struct gad_diag *d)
{
    const struct gad_column_info *c = &gad_columns[GAD_SERVICE];
    size_t len = t->src_ip.len ? t->src_ip.len : t->dst_ip.len;

    memset(r, 0, sizeof(*r));
    bool has_more = t->src_port != 0 || t->dst_port != 0 || t->ip_proto != 0;
    r->tuple.family = len == 4 || (len == 0 && has_more) ? 4 : len == 16 ? 6 : 0;
    r->tuple.proto = (uint8_t)t->ip_proto;
    r->tuple.src_port = (uint16_t)t->src_port;
    r->tuple.dst_port = (uint16_t)t->dst_port;
    if (t->src_port > 65535 || t->dst_port > 65535 || t->ip_proto > 255 ||
        (len != 0 && r->tuple.family == 0) || !set_end(r->tuple.src, &t->src_ip, r->tuple.family) ||
        !set_end(r->tuple.dst, &t->dst_ip, r->tuple.family))
        return gad_fail(d, GAD_EINVAL, "an invalid address, port or protocol");
    r->v[GAD_SERVICE] = GAD_NAME_UNKNOWN;
    for (size_t i = 0; i < c->n_names; i++)
        if (strcmp(c->names[i], t->service) == 0)
            r->v[GAD_SERVICE] = (double)i;
    return *t->service && r->v[GAD_SERVICE] < 0
               ? gad_fail(d, GAD_EUNKNOWN, "service '%s': not a service of KDD99", t->service)
               : 0;
}

static int test(const struct gad_suppress *s, const Ganad__V1__SuppressTest *t, struct answer *a,
                struct gad_diag *d)
{
    struct gad_record rec;
    uint64_t id[RULES];

    if (!t)
        return gad_fail(d, GAD_EINVAL, "no record to test");
    int r = record_of(t, &rec, d);
    if (r != 0)
        return r;
    a->m.n_all = gad_suppress_test(s, &rec, t->model, (float)t->score, gad_time_wall(), id, RULES);
    for (size_t i = 0; i < a->m.n_all && i < RULES; i++)
        if (add_rule(a, gad_suppress_from(s, id[i])) != 0)
            return gad_fail(d, GAD_ENOMEM, "no memory");
    return 0;
}

static int answer_command(struct suppressor *s, const Ganad__V1__ControlRequest *m,
                          struct answer *a, struct gad_diag *d)
{
    uint64_t id;
    int r = 0;

    switch (m->command) {
    case GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_ADD:
        r = suppressor_add(s, m->rule, strlen(m->rule), &id, d);
        return r != 0 ? r : add_rule(a, gad_suppress_from(suppressor_list(s), id));
    case GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_REMOVE:
        return suppressor_remove(s, m->id, d);
    case GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_LIST:
        return list(suppressor_list(s), m->id, a);
    default:
        return test(suppressor_list(s), m->test, a, d);
    }
}

static int pack(const struct answer *a, struct gad_buf *out)
{
    size_t len = ganad__v1__suppress_reply__get_packed_size(&a->m);

    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__SUPPRESS_REPLY, len);
    out->len += ganad__v1__suppress_reply__pack(&a->m, out->p + out->len);
    return 0;
}

int control_suppress(struct suppressor *s, const Ganad__V1__ControlRequest *m, struct gad_buf *out)
{
    gad_cleanup(gad_freep) struct answer *a = gad_calloc(1, sizeof(*a));
    struct gad_diag d = {"no memory"};

    if (!a)
        return GAD_ENOMEM;
    ganad__v1__suppress_reply__init(&a->m);
    a->m.rule = a->list;
    int r = s ? answer_command(s, m, a, &d) : gad_fail(&d, GAD_EINVAL, "rules are not available");
    r = r == 0 ? pack(a, out) : reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED, d.text, out);
    for (size_t i = 0; i < a->m.n_rule; i++)
        gad_buf_deinit(&a->text[i]);
    return r;
}
