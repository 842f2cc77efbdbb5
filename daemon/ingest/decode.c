/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/ingest/arena.h"
#include "daemon/ingest/assign.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/record/notes.h"
#include "lib/record/record.h"
#include "lib/wire/frame.h"
#include "models/detector.h"
#include "proto/ganad.pb-c.h"

#define ERROR_CODE(name) GANAD__V1__ERROR_REPLY__CODE__##name

enum {
    N_TEXT_COLUMNS = 3, /* after the first numeric column; the other numeric columns follow them */
    N_NUMBER_COLUMNS = GAD_N_COLUMNS - N_TEXT_COLUMNS,
    SHOWN_MAX = 48, /* bytes of a foreign string that an error text shows */
};

static enum decode_result refuse(struct job *j, enum decode_result how, int code, const char *fmt,
                                 ...) __attribute__((__format__(__printf__, 4, 5)));

static enum decode_result refuse(struct job *j, enum decode_result how, int code, const char *fmt,
                                 ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(j->text, sizeof(j->text), fmt, ap);
    va_end(ap);
    j->error = code;
    j->n = 0;
    return how;
}

static const ProtobufCFieldDescriptor *field_of(enum gad_column c)
{
    return &ganad__v1__record__descriptor
                .fields[c]; /* field c + 1 is column c; a unit test compares the names */
}

static double number_of(const Ganad__V1__Record *m, const ProtobufCFieldDescriptor *f)
{
    const char *at = (const char *)m + f->offset;
    uint64_t u64;
    uint32_t u32;
    float f32;

    switch (f->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&f32, at, sizeof(f32));
        return (double)f32;
    case PROTOBUF_C_TYPE_UINT64:
        memcpy(&u64, at, sizeof(u64));
        return (double)u64;
    default:
        memcpy(&u32, at, sizeof(u32));
        return u32;
    }
}

static void take_features(const Ganad__V1__Record *m, struct gad_record *rec)
{
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++)
        if (gad_columns[c].kind != GAD_KIND_NAME)
            rec->v[c] = number_of(m, field_of(c));
    rec->v[GAD_PROTOCOL_TYPE] =
        gad_name_number(GAD_PROTOCOL_TYPE, m->protocol_type, strlen(m->protocol_type));
    rec->v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, m->service, strlen(m->service));
    rec->v[GAD_FLAG] = gad_name_number(GAD_FLAG, m->flag, strlen(m->flag));
}

/* Base64 and the version digits. Any other community_id could not be quoted unescaped. */
static bool is_community_id(const char *s)
{
    static const char bytes[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=:";
    size_t len = strlen(s);
    return len < GAD_COMMUNITY_ID_TEXT && strspn(s, bytes) == len;
}

/* Returns NULL, or what is wrong with it. */
static const char *take_connection(const Ganad__V1__Connection *m, struct gad_record *rec)
{
    size_t len = m->src_ip.len;

    if ((len != 0 && len != 4 && len != 16) || m->dst_ip.len != len)
        return "addresses that are not both 4 or both 16 bytes";
    if (m->src_port > UINT16_MAX || m->dst_port > UINT16_MAX)
        return "a port above 65535";
    if (m->ip_proto > UINT8_MAX)
        return "an IP protocol above 255";
    if (!is_community_id(m->community_id))
        return "an invalid community_id";
    if (m->notes > GAD_NOTES_ALL)
        return "unknown notes";
    struct gad_tuple *t = &rec->tuple;
    t->family = len == 0 ? 0 : len == 4 ? 4 : 6;
    t->proto = (uint8_t)m->ip_proto;
    t->src_port = (uint16_t)m->src_port;
    t->dst_port = (uint16_t)m->dst_port;
    if (len > 0) {
        memcpy(t->src, m->src_ip.data, len);
        memcpy(t->dst, m->dst_ip.data, len);
    }
    rec->start = (struct gad_time){m->start_ns};
    rec->end = (struct gad_time){m->end_ns};
    rec->notes = (uint8_t)m->notes;
    rec->src_packets = m->src_packets;
    rec->dst_packets = m->dst_packets;
    memcpy(rec->community_id, m->community_id, strlen(m->community_id) + 1);
    return NULL;
}

/* Checks the filled-in records, and assigns models to them. */
static enum decode_result finish(const struct decoder *dec, struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        int c = gad_record_check(&j->rec[i]);
        if (c >= 0)
            return refuse(j, DECODE_REFUSED, ERROR_CODE(BAD_RECORD),
                          "record %zu: column '%s': %.9g is out of range", i, gad_columns[c].name,
                          j->rec[i].v[c]);
    }
    assign_models(dec->models, j);
    return DECODE_OK;
}

/* Checks the limits, finds the model, and reserves memory for n records. */
static enum decode_result prepare(const struct decoder *dec, struct job *j, uint64_t id, size_t n,
                                  const Ganad__V1__ScoreOptions *o)
{
    char shown[SHOWN_MAX];

    j->id = id;
    if (n > JOB_RECORDS_MAX)
        return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE), "%zu records, the limit is %d", n,
                      JOB_RECORDS_MAX);
    j->top = o ? o->top : 0;
    j->may_alert = !o || !o->no_alert;
    if (j->top > GAD_N_COLUMNS)
        return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE),
                      "options.top is %u, the limit is %d", j->top, GAD_N_COLUMNS);
    if (n * j->top > JOB_REASONS_MAX)
        return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE),
                      "%zu records with %u features each, the limit is %d features", n, j->top,
                      JOB_REASONS_MAX);
    j->model = models_find(dec->models, o ? o->model : "");
    if (!j->model) {
        gad_text_escape(shown, sizeof(shown), o ? o->model : "", o ? strlen(o->model) : 0);
        return refuse(j, DECODE_REFUSED, ERROR_CODE(UNKNOWN_MODEL), "no model '%s' is loaded",
                      shown);
    }
    (void)model_hold(j->model);
    j->may_alert = j->may_alert && !j->model->is_shadow;
    uint32_t stride = assign_begin(dec->models, j, o && *o->model);
    stride = j->may_alert && stride > j->top ? stride : j->top;
    if (job_reserve(dec->pool, j, n, stride) != 0)
        return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE), "no memory for %zu records", n);
    return DECODE_OK;
}

static enum decode_result cannot_unpack(const struct decoder *dec, struct job *j, const char *what)
{
    if (dec->arena->full)
        return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE),
                      "decoding this %s needs more than %zu bytes of memory", what,
                      dec->arena->cap);
    return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE), "not a %s message", what);
}

static enum decode_result decode_score(const struct decoder *dec, const struct gad_frame *f,
                                       struct job *j)
{
    const Ganad__V1__ScoreRequest *m =
        ganad__v1__score_request__unpack(&dec->arena->protobuf, f->len, f->p);
    if (!m)
        return cannot_unpack(dec, j, "ScoreRequest");

    enum decode_result r = prepare(dec, j, m->id, m->n_record, m->options);
    if (r != DECODE_OK)
        return r;
    for (size_t i = 0; i < j->n; i++) {
        struct gad_record *rec = &j->rec[i];
        memset(rec, 0, sizeof(*rec));
        take_features(m->record[i], rec);
        const char *why =
            m->record[i]->connection ? take_connection(m->record[i]->connection, rec) : NULL;
        if (why)
            return refuse(j, DECODE_REFUSED, ERROR_CODE(BAD_RECORD),
                          "record %zu: connection has %s", i, why);
    }
    return finish(dec, j);
}

/*
 * One numeric column: n contiguous values go to one field of n records. A float32 cannot hold 2^32
 * - 1, so the largest legal value can arrive rounded up.
 */
static void scatter(const float *from, size_t n, struct gad_record *rec, enum gad_column c)
{
    const double max = gad_columns[c].max, rounded = (double)(float)max;

    for (size_t i = 0; i < n; i++) {
        double v = (double)from[i];
        rec[i].v[c] = v == rounded ? max : v;
    }
}

static void scatter_names(const uint8_t *from, size_t n, struct gad_record *rec, enum gad_column c)
{
    for (size_t i = 0; i < n; i++)
        rec[i].v[c] = from[i] == UINT8_MAX ? GAD_NAME_UNKNOWN : from[i];
}

static enum decode_result decode_packed(const struct decoder *dec, const struct gad_frame *f,
                                        struct job *j)
{
    const Ganad__V1__PackedRequest *m =
        ganad__v1__packed_request__unpack(&dec->arena->protobuf, f->len, f->p);
    if (!m)
        return cannot_unpack(dec, j, "PackedRequest");

    enum decode_result r = prepare(dec, j, m->id, m->n, m->options);
    if (r != DECODE_OK)
        return r;
    size_t n = j->n;
    if (m->protocol_type.len != n || m->service.len != n || m->flag.len != n ||
        m->n_number != n * N_NUMBER_COLUMNS)
        return refuse(j, DECODE_FATAL, ERROR_CODE(BAD_MESSAGE),
                      "columns of %zu, %zu, %zu and %zu values do not make %zu records",
                      m->protocol_type.len, m->service.len, m->flag.len, m->n_number, n);
    if (n == 0)
        return DECODE_OK; /* the columns are empty and may be NULL */
    for (size_t i = 0; i < n; i++)
        memset(&j->rec[i].tuple, 0, sizeof(j->rec[i]) - offsetof(struct gad_record, tuple));
    scatter_names(m->protocol_type.data, n, j->rec, GAD_PROTOCOL_TYPE);
    scatter_names(m->service.data, n, j->rec, GAD_SERVICE);
    scatter_names(m->flag.data, n, j->rec, GAD_FLAG);
    scatter(m->number, n, j->rec, GAD_DURATION);
    for (enum gad_column c = GAD_FLAG + 1; c < GAD_N_COLUMNS; c++)
        scatter(m->number + n * (size_t)(c - N_TEXT_COLUMNS), n, j->rec, c);
    return finish(dec, j);
}

enum decode_result decode_request(const struct decoder *dec, const struct gad_frame *f,
                                  struct job *j)
{
    arena_reset(dec->arena);
    return f->kind == GANAD__V1__KIND__PACKED_REQUEST ? decode_packed(dec, f, j)
                                                      : decode_score(dec, f, j);
}
