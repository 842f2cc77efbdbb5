/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/request.h"

#include <string.h>

#include "lib/record/record.h"
#include "tools/ganadctl/client.h"

enum { N_NUMBERS = 38, NAME_UNKNOWN = 255 };

struct request {
    uint8_t name[3][REQUEST_PACKED_MAX];
    float number[N_NUMBERS * REQUEST_PACKED_MAX];
    Ganad__V1__Record record[REQUEST_RECORDS_MAX], *list[REQUEST_RECORDS_MAX];
    Ganad__V1__Connection connection[REQUEST_RECORDS_MAX];
};

struct request *request_new(void)
{
    return gad_calloc(1, sizeof(struct request));
}

void request_free(struct request *r)
{
    gad_free(r);
}

static bool has_connection(const struct gad_record *rec)
{
    return rec->tuple.family != 0 || rec->start.ns != 0 || rec->end.ns != 0 ||
           rec->community_id[0] != '\0';
}

bool request_has_connection(const struct gad_record *rec, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has_connection(&rec[i]))
            return true;
    return false;
}

/* --- packed --- */

static void pack(struct request *r, const struct gad_record *rec, size_t n)
{
    size_t name = 0, at = 0;

    for (int col = 0; col < GAD_N_COLUMNS; col++) {
        if (gad_columns[col].kind == GAD_KIND_NAME) {
            for (size_t i = 0; i < n; i++) {
                double v = rec[i].v[col];
                r->name[name][i] = v < 0 ? NAME_UNKNOWN : (uint8_t)v;
            }
            name++;
        } else {
            for (size_t i = 0; i < n; i++)
                r->number[at++] = (float)rec[i].v[col];
        }
    }
}

static int queue_packed(struct request *r, struct client *c, uint64_t id,
                        Ganad__V1__ScoreOptions *opt, const struct gad_record *rec, size_t n,
                        struct gad_diag *d)
{
    Ganad__V1__PackedRequest m = GANAD__V1__PACKED_REQUEST__INIT;

    gad_assert(n <= REQUEST_PACKED_MAX);
    pack(r, rec, n);
    m.id = id;
    m.options = opt;
    m.n = (uint32_t)n;
    m.protocol_type = (ProtobufCBinaryData){n, r->name[0]};
    m.service = (ProtobufCBinaryData){n, r->name[1]};
    m.flag = (ProtobufCBinaryData){n, r->name[2]};
    m.n_number = N_NUMBERS * n;
    m.number = r->number;
    return client_queue(c, GANAD__V1__KIND__PACKED_REQUEST, &m.base, d);
}

/* --- a message a record --- */

/* Field c + 1 of the message is column c. */
static void set_feature(Ganad__V1__Record *m, enum gad_column c, double v)
{
    const ProtobufCFieldDescriptor *f = &ganad__v1__record__descriptor.fields[c];
    char *at = (char *)m + f->offset;
    const char *name = v < 0 ? "" : gad_columns[c].names ? gad_columns[c].names[(size_t)v] : "";

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        memcpy(at, &name, sizeof(name));
        return;
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(at, &(float){(float)v}, sizeof(float));
        return;
    case PROTOBUF_C_TYPE_UINT64:
        memcpy(at, &(uint64_t){(uint64_t)v}, sizeof(uint64_t));
        return;
    default:
        memcpy(at, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
    }
}

static void set_connection(Ganad__V1__Connection *m, struct gad_record *rec)
{
    struct gad_tuple *t = &rec->tuple;
    size_t len = t->family == 0 ? 0 : t->family == 4 ? 4 : 16;

    ganad__v1__connection__init(m);
    m->src_ip = (ProtobufCBinaryData){len, t->src};
    m->dst_ip = (ProtobufCBinaryData){len, t->dst};
    m->src_port = t->src_port;
    m->dst_port = t->dst_port;
    m->ip_proto = t->proto;
    m->start_ns = rec->start.ns;
    m->end_ns = rec->end.ns;
    m->community_id = rec->community_id;
}

static int queue_records(struct request *r, struct client *c, uint64_t id,
                         Ganad__V1__ScoreOptions *opt, struct gad_record *rec, size_t n,
                         struct gad_diag *d)
{
    Ganad__V1__ScoreRequest m = GANAD__V1__SCORE_REQUEST__INIT;

    gad_assert(n <= REQUEST_RECORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        r->list[i] = &r->record[i];
        ganad__v1__record__init(r->list[i]);
        for (enum gad_column col = 0; col < GAD_N_COLUMNS; col++)
            set_feature(r->list[i], col, rec[i].v[col]);
        if (has_connection(&rec[i])) {
            set_connection(&r->connection[i], &rec[i]);
            r->list[i]->connection = &r->connection[i];
        }
    }
    m.id = id;
    m.options = opt;
    m.n_record = n;
    m.record = r->list;
    return client_queue(c, GANAD__V1__KIND__SCORE_REQUEST, &m.base, d);
}

int request_queue(struct request *r, struct client *c, uint64_t id, Ganad__V1__ScoreOptions *opt,
                  struct gad_record *rec, size_t n, bool connections, struct gad_diag *d)
{
    return connections ? queue_records(r, c, id, opt, rec, n, d)
                       : queue_packed(r, c, id, opt, rec, n, d);
}
