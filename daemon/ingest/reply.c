/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/reply.h"

#include <math.h>
#include <string.h>

#include "daemon/ingest/arena.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/record/reason.h"
#include "lib/wire/frame.h"
#include "models/detector.h"
#include "proto/ganad.pb-c.h"

/* ProtobufCBinaryData and strings are not const, but packing only reads them. */
static uint8_t *unconst(const void *p)
{
    return (uint8_t *)(uintptr_t)p;
}

static int add_frame(uint8_t kind, const ProtobufCMessage *m, struct gad_buf *out)
{
    size_t len = protobuf_c_message_get_packed_size(m);

    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, kind, len);
    out->len += protobuf_c_message_pack(m, out->p + out->len);
    return 0;
}

int reply_error(uint64_t id, int code, const char *text, struct gad_buf *out)
{
    Ganad__V1__ErrorReply m;

    ganad__v1__error_reply__init(&m);
    m.id = id;
    m.code = (Ganad__V1__ErrorReply__Code)code;
    m.message = (char *)unconst(text);
    return add_frame(GANAD__V1__KIND__ERROR_REPLY, &m.base, out);
}

struct reason_text {
    char value[GAD_VALUE_TEXT], expected[GAD_VALUE_TEXT];
};

/* The top features of one record; NULL if the scratch memory is exhausted. */
static Ganad__V1__Explanation *explain(const struct job *j, size_t i, struct arena *scratch)
{
    const struct gad_reason *reason = &j->reason[i * j->stride];
    Ganad__V1__Explanation *e = arena_alloc(scratch, sizeof(*e));
    Ganad__V1__Reason **list = arena_alloc(scratch, j->top * sizeof(Ganad__V1__Reason *));
    Ganad__V1__Reason *m = arena_alloc(scratch, j->top * sizeof(*m));
    struct reason_text *text = arena_alloc(scratch, j->top * sizeof(*text));

    if (!e || !list || !m || !text)
        return NULL;
    ganad__v1__explanation__init(e);
    if (i >= job_n_scored(j))
        return e;
    for (uint32_t k = 0; k < j->top && gad_reason_says(&reason[k]); k++) {
        ganad__v1__reason__init(&m[k]);
        gad_value_text(reason[k].column, reason[k].value, text[k].value);
        gad_value_text(reason[k].column, reason[k].expected, text[k].expected);
        m[k].feature = (char *)unconst(gad_columns[reason[k].column].name);
        m[k].value = text[k].value;
        m[k].expected = text[k].expected;
        m[k].share = (float)reason[k].share;
        list[e->n_reason++] = &m[k];
    }
    e->reason = list;
    return e;
}

static int add_explanations(const struct job *j, struct arena *scratch, Ganad__V1__ScoreReply *m)
{
    m->explanation = arena_alloc(scratch, j->n * sizeof(Ganad__V1__Explanation *));
    if (!m->explanation)
        return GAD_ENOMEM;
    m->n_explanation = j->n;
    for (size_t i = 0; i < j->n; i++) {
        m->explanation[i] = explain(j, i, scratch);
        if (!m->explanation[i])
            return GAD_ENOMEM;
    }
    return 0;
}

/* Marks the records that were not scored, with NaN instead of a score. */
static int mark_unscored(const struct job *j, struct arena *scratch, Ganad__V1__ScoreReply *m)
{
    m->unscored = (ProtobufCBinaryData){j->n, arena_alloc(scratch, j->n)};
    if (!m->unscored.data)
        return GAD_ENOMEM;
    memset(m->unscored.data, 0, job_n_scored(j));
    for (size_t i = job_n_scored(j); i < j->n; i++) {
        j->score[i] = j->p_value[i] = NAN;
        j->anomalous[i] = 0;
        m->unscored.data[i] = 1;
    }
    return 0;
}

/* The model of each record, if the records went to several models. */
static int add_parts(const struct job *j, struct arena *scratch, Ganad__V1__ScoreReply *m)
{
    Ganad__V1__ScoreReply__By *by = arena_alloc(scratch, j->n_parts * sizeof(*by));

    m->by = arena_alloc(scratch, j->n_parts * sizeof(Ganad__V1__ScoreReply__By *));
    if (!by || !m->by)
        return GAD_ENOMEM;
    for (; m->n_by < j->n_parts; m->n_by++) {
        const struct model *from = j->part[m->n_by];
        Ganad__V1__ScoreReply__By *to = &by[m->n_by];
        ganad__v1__score_reply__by__init(to);
        to->model = (char *)unconst(gad_detector_name(from->detector));
        to->model_sha256 = (ProtobufCBinaryData){32, unconst(gad_detector_sha256(from->detector))};
        to->threshold = from->threshold;
        m->by[m->n_by] = to;
    }
    m->by_which = (ProtobufCBinaryData){j->n, j->part_of};
    return 0;
}

int reply_job(const struct job *j, struct arena *scratch, struct gad_buf *out)
{
    Ganad__V1__ScoreReply m;

    if (j->error)
        return reply_error(j->id, j->error, j->text, out);
    ganad__v1__score_reply__init(&m);
    m.id = j->id;
    m.model = (char *)unconst(gad_detector_name(j->model->detector));
    m.model_sha256 = (ProtobufCBinaryData){32, unconst(gad_detector_sha256(j->model->detector))};
    m.threshold = j->model->threshold;
    m.n_score = m.n_p_value = j->n;
    m.score = j->score;
    m.p_value = j->p_value;
    m.anomalous = (ProtobufCBinaryData){j->n, j->anomalous};
    arena_reset(scratch);
    int r = j->n_unscored > 0 ? mark_unscored(j, scratch, &m) : 0;
    if (r == 0 && j->n_parts > 0)
        r = add_parts(j, scratch, &m);
    if (r == 0 && j->top > 0)
        r = add_explanations(j, scratch, &m);
    if (r != 0)
        return r;
    return add_frame(GANAD__V1__KIND__SCORE_REPLY, &m.base, out);
}
