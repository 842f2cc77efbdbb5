/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/decode.h"

#include <math.h>
#include <string.h>

#include "daemon/ingest/reply.h"
#include "daemon/score/models.h"
#include "lib/base/mem.h"
#include "lib/record/record.h"
#include "lib/wire/frame.h"
#include "models/detector.h"
#include "proto/ganad.pb-c.h"
#include "tests/unit/daemon/decode_bench.h"
#include "tests/unit/test.h"

/* A request with one record, to be spoiled by the caller. */
struct one {
    Ganad__V1__ScoreRequest m;
    Ganad__V1__ScoreOptions o;
    Ganad__V1__Record r, *list[1];
    Ganad__V1__Connection c;
};

static struct one one;

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void fresh(void)
{
    memset(&one, 0, sizeof(one));
    ganad__v1__score_request__init(&one.m);
    ganad__v1__score_options__init(&one.o);
    ganad__v1__record__init(&one.r);
    ganad__v1__connection__init(&one.c);
    one.list[0] = &one.r;
    one.m.id = 77;
    one.m.n_record = 1;
    one.m.record = one.list;
    one.m.options = &one.o;
    one.r.protocol_type = text("tcp");
    one.r.service = text("http");
    one.r.flag = text("SF");
}

static void spoiled(enum decode_result how, int code, const char *why)
{
    pack(&one.m.base);
    refused(how, GANAD__V1__KIND__SCORE_REQUEST, code, why);
}

static void fields_of_the_message_are_the_columns(void **state)
{
    (void)state;
    assert_int_equal(ganad__v1__record__descriptor.n_fields, GAD_N_COLUMNS + 1);
    for (unsigned c = 0; c < GAD_N_COLUMNS; c++) {
        const ProtobufCFieldDescriptor *f = &ganad__v1__record__descriptor.fields[c];
        assert_string_equal(f->name, gad_columns[c].name);
        assert_int_equal(f->id, c + 1);
        assert_true((f->type == PROTOBUF_C_TYPE_STRING) == (gad_columns[c].kind == GAD_KIND_NAME));
    }
}

static void each_number_arrives_in_its_column(void **state)
{
    (void)state;
    for (unsigned c = 0; c < GAD_N_COLUMNS; c++) {
        const ProtobufCFieldDescriptor *f = &ganad__v1__record__descriptor.fields[c];
        fresh();
        char *at = (char *)&one.r + f->offset;
        if (f->type == PROTOBUF_C_TYPE_FLOAT)
            memcpy(at, &(float){0.25f}, sizeof(float));
        else if (f->type == PROTOBUF_C_TYPE_UINT32)
            memcpy(at, &(uint32_t){1}, sizeof(uint32_t));
        else if (f->type == PROTOBUF_C_TYPE_UINT64)
            memcpy(at, &(uint64_t){1}, sizeof(uint64_t));
        pack(&one.m.base);
        struct job *j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
        assert_int_equal(j->n, 1);
        assert_int_equal(j->id, 77);
        for (unsigned k = 0; k < GAD_N_COLUMNS; k++) {
            double want = k != c ? 0 : gad_columns[c].kind == GAD_KIND_RATE ? 0.25 : 1;
            if (gad_columns[k].kind != GAD_KIND_NAME)
                assert_true(j->rec[0].v[k] == want);
        }
        assert_string_equal(gad_name_text(GAD_PROTOCOL_TYPE, (int)j->rec[0].v[GAD_PROTOCOL_TYPE]),
                            "tcp");
        assert_string_equal(gad_name_text(GAD_SERVICE, (int)j->rec[0].v[GAD_SERVICE]), "http");
        assert_string_equal(gad_name_text(GAD_FLAG, (int)j->rec[0].v[GAD_FLAG]), "SF");
        job_put(bench.pool, j);
    }
}

static void names_that_are_in_no_list_are_unknown_and_not_wrong(void **state)
{
    (void)state;
    fresh();
    one.r.service = text("gopher-over-avian-carriers");
    one.r.flag = text("");
    pack(&one.m.base);
    struct job *j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
    assert_true(j->rec[0].v[GAD_SERVICE] == GAD_NAME_UNKNOWN);
    assert_true(j->rec[0].v[GAD_FLAG] == GAD_NAME_UNKNOWN);
    job_put(bench.pool, j);
}

static void a_connection_arrives_whole(void **state)
{
    (void)state;
    uint8_t src[16] = {0x20, 1}, dst[16] = {0x20, 2};

    fresh();
    one.r.connection = &one.c;
    one.c.src_ip = (ProtobufCBinaryData){16, src};
    one.c.dst_ip = (ProtobufCBinaryData){16, dst};
    one.c.src_port = 65535;
    one.c.dst_port = 53;
    one.c.ip_proto = 255;
    one.c.start_ns = 1;
    one.c.end_ns = -2;
    one.c.community_id = text("1:wCb3OG7yAFWelaUydu0D+125CLM=");
    one.c.notes = 63;
    pack(&one.m.base);
    struct job *j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
    const struct gad_record *r = &j->rec[0];
    assert_int_equal(r->tuple.family, 6);
    assert_memory_equal(r->tuple.src, src, 16);
    assert_memory_equal(r->tuple.dst, dst, 16);
    assert_int_equal(r->tuple.src_port, 65535);
    assert_int_equal(r->tuple.dst_port, 53);
    assert_int_equal(r->tuple.proto, 255);
    assert_int_equal(r->start.ns, 1);
    assert_int_equal(r->end.ns, -2);
    assert_string_equal(r->community_id, "1:wCb3OG7yAFWelaUydu0D+125CLM=");
    assert_int_equal(r->notes, 63);
    job_put(bench.pool, j);
}

static void a_connection_that_cannot_be_is_refused(void **state)
{
    (void)state;
    uint8_t ip[17] = {0};
    int bad = GANAD__V1__ERROR_REPLY__CODE__BAD_RECORD;

    fresh();
    one.r.connection = &one.c;
    one.c.src_ip = (ProtobufCBinaryData){5, ip};
    one.c.dst_ip = (ProtobufCBinaryData){5, ip};
    spoiled(DECODE_REFUSED, bad,
            "record 0: connection has addresses that are not both 4 or both 16 bytes");
    one.c.src_ip.len = 4;
    one.c.dst_ip.len = 16;
    spoiled(DECODE_REFUSED, bad,
            "record 0: connection has addresses that are not both 4 or both 16 bytes");
    one.c.dst_ip.len = 4;
    one.c.dst_port = 65536;
    spoiled(DECODE_REFUSED, bad, "record 0: connection has a port above 65535");
    one.c.dst_port = 0;
    one.c.ip_proto = 256;
    spoiled(DECODE_REFUSED, bad, "record 0: connection has an IP protocol above 255");
    one.c.ip_proto = 6;
    one.c.community_id = text("1:\"quoted\"");
    spoiled(DECODE_REFUSED, bad, "record 0: connection has an invalid community_id");
    one.c.community_id = text("1:4567890123456789012345678901234"); /* one too long */
    spoiled(DECODE_REFUSED, bad, "record 0: connection has an invalid community_id");
    one.c.community_id = text("");
    one.c.notes = 64;
    spoiled(DECODE_REFUSED, bad, "record 0: connection has unknown notes");
}

static void values_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    int bad = GANAD__V1__ERROR_REPLY__CODE__BAD_RECORD;

    fresh();
    one.r.serror_rate = 1.5f;
    spoiled(DECODE_REFUSED, bad, "record 0: column 'serror_rate': 1.5 is out of range");
    one.r.serror_rate = NAN;
    spoiled(DECODE_REFUSED, bad, "record 0: column 'serror_rate': nan is out of range");
    one.r.serror_rate = 0;
    one.r.land = 2;
    spoiled(DECODE_REFUSED, bad, "record 0: column 'land': 2 is out of range");
    one.r.land = 0;
    one.r.src_bytes = UINT64_MAX;
    spoiled(DECODE_REFUSED, bad, "record 0: column 'src_bytes': 1.84467441e+19 is out of range");
}

static void options_choose_the_model_and_the_reasons(void **state)
{
    (void)state;
    struct job *j;

    fresh();
    one.m.options = NULL;
    pack(&one.m.base);
    j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
    assert_ptr_equal(j->model, bench.models->model[0]);
    assert_true(j->may_alert);
    assert_int_equal(j->top, 0);
    assert_int_equal(j->stride, 5); /* the model's top_features, for alerts */
    job_put(bench.pool, j);

    one.m.options = &one.o;
    one.o.model = text("two");
    one.o.top = 3;
    pack(&one.m.base);
    j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
    assert_ptr_equal(j->model, bench.models->model[1]);
    assert_int_equal(j->top, 3);
    assert_int_equal(j->stride, 7);
    job_put(bench.pool, j);

    one.o.model = text("fake-b"); /* the checkpoint's own name */
    one.o.top = 41;
    one.o.no_alert = 1;
    pack(&one.m.base);
    j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
    assert_ptr_equal(j->model, bench.models->model[1]);
    assert_false(j->may_alert);
    assert_int_equal(j->stride, 41);
    job_put(bench.pool, j);

    one.o.model = text("three\n");
    spoiled(DECODE_REFUSED, GANAD__V1__ERROR_REPLY__CODE__UNKNOWN_MODEL,
            "no model 'three\\x0a' is loaded");
    one.o.model = text("");
    one.o.top = 42;
    spoiled(DECODE_FATAL, GANAD__V1__ERROR_REPLY__CODE__BAD_MESSAGE,
            "options.top is 42, the limit is 41");
}

static void every_truncation_is_refused_or_a_shorter_message(void **state)
{
    (void)state;
    uint8_t ip[4] = {1, 2, 3, 4};

    fresh();
    one.r.connection = &one.c;
    one.c.src_ip = one.c.dst_ip = (ProtobufCBinaryData){4, ip};
    one.r.count = 300;
    one.r.serror_rate = 0.5f;
    pack(&one.m.base);
    size_t whole = bench.bytes.len;
    for (size_t len = 0; len < whole; len++) {
        struct job *j = job_get(bench.pool);
        uint8_t *copy = gad_calloc(len + 1, 1);
        assert_non_null(copy);
        memcpy(copy, bench.bytes.p, len);
        const struct gad_frame f = {GANAD__V1__KIND__SCORE_REQUEST, copy, len};
        if (decode_request(&bench.decoder, &f, j) == DECODE_OK)
            assert_true(j->n == 0); /* the record is the last field: half of it is no message */
        gad_free(copy);
        job_put(bench.pool, j);
    }
}

static void an_answer_has_scores_and_reasons(void **state)
{
    (void)state;
    struct arena scratch;
    struct gad_buf out = GAD_BUF_INIT(65536);

    fresh();
    one.o.top = 2;
    pack(&one.m.base);
    struct job *j = decoded(DECODE_OK, GANAD__V1__KIND__SCORE_REQUEST);
    j->is_done = true; /* we are the scorer */
    j->score[0] = 1.5f;
    j->p_value[0] = 0.25f;
    j->anomalous[0] = 1;
    j->reason[0] = (struct gad_reason){GAD_SERVICE, j->rec[0].v[GAD_SERVICE], 0, 0.75};
    j->reason[1] = (struct gad_reason){GAD_COUNT, 511, 9.5, 0.25};
    assert_int_equal(arena_init(&scratch, 65536), 0);
    assert_int_equal(reply_job(j, &scratch, &out), 0);
    assert_int_equal(out.p[4], GANAD__V1__KIND__SCORE_REPLY);
    Ganad__V1__ScoreReply *m = ganad__v1__score_reply__unpack(NULL, out.len - 5, out.p + 5);
    assert_non_null(m);
    assert_int_equal(m->id, 77);
    assert_string_equal(m->model, "fake-a");
    assert_int_equal(m->model_sha256.len, 32);
    assert_true(m->threshold == 1000);
    assert_int_equal(m->n_score, 1);
    assert_true(m->score[0] == 1.5f && m->p_value[0] == 0.25f && m->anomalous.data[0] == 1);
    assert_int_equal(m->n_explanation, 1);
    assert_int_equal(m->explanation[0]->n_reason, 2);
    assert_string_equal(m->explanation[0]->reason[0]->feature, "service");
    assert_string_equal(m->explanation[0]->reason[0]->value, "http");
    assert_string_equal(m->explanation[0]->reason[1]->expected, "9.5");
    assert_true(m->explanation[0]->reason[1]->share == 0.25f);
    ganad__v1__score_reply__free_unpacked(m, NULL);

    arena_deinit(&scratch); /* one that is used up is an error, and nothing is added */
    assert_int_equal(arena_init(&scratch, 64), 0);
    size_t len = out.len;
    assert_int_equal(reply_job(j, &scratch, &out), GAD_ENOMEM);
    assert_int_equal(out.len, len);
    arena_deinit(&scratch);
    gad_buf_deinit(&out);
    job_put(bench.pool, j);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, bench_make, bench_unmake)
    const struct CMUnitTest tests[] = {
        WITH(fields_of_the_message_are_the_columns),
        WITH(each_number_arrives_in_its_column),
        WITH(names_that_are_in_no_list_are_unknown_and_not_wrong),
        WITH(a_connection_arrives_whole),
        WITH(a_connection_that_cannot_be_is_refused),
        WITH(values_out_of_range_are_refused_by_name),
        WITH(options_choose_the_model_and_the_reasons),
        WITH(every_truncation_is_refused_or_a_shorter_message),
        WITH(an_answer_has_scores_and_reasons),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
