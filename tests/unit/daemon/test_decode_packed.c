/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/decode.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/record/record.h"
#include "lib/wire/frame.h"
#include "proto/ganad.pb-c.h"
#include "tests/unit/daemon/decode_bench.h"
#include "tests/unit/test.h"

/* n packed records; the column c of record i is (c + i) % 2, names 0 .. n. */
struct packed {
    Ganad__V1__PackedRequest m;
    Ganad__V1__ScoreOptions o;
    uint8_t *names;
    float *number;
};

static struct packed packed_of(size_t n)
{
    struct packed p = {.names = gad_calloc(n + 1, 1),
                       .number = gad_calloc(N_NUMBERS * n + 1, sizeof(float))};

    assert_non_null(p.names);
    assert_non_null(p.number);
    ganad__v1__packed_request__init(&p.m);
    ganad__v1__score_options__init(&p.o);
    for (size_t i = 0; i < n; i++)
        p.names[i] = (uint8_t)(i % 4 == 3 ? 255 : i % 3);
    for (size_t k = 0; k < N_NUMBERS * n; k++)
        p.number[k] = (float)((k / n + k % n) % 2);
    p.m.id = 5;
    p.m.n = (uint32_t)n;
    p.m.protocol_type = p.m.service = p.m.flag = (ProtobufCBinaryData){n, p.names};
    p.m.n_number = N_NUMBERS * n;
    p.m.number = p.number;
    return p;
}

static void packed_free(struct packed *p)
{
    gad_free(p->names);
    gad_free(p->number);
}

static void packed_columns_arrive_in_their_records(void **state)
{
    (void)state;
    struct packed p = packed_of(9);

    pack(&p.m.base);
    struct job *j = decoded(DECODE_OK, GANAD__V1__KIND__PACKED_REQUEST);
    assert_int_equal(j->n, 9);
    assert_int_equal(j->id, 5);
    for (size_t i = 0; i < 9; i++) {
        size_t number = 0;
        for (size_t c = 0; c < GAD_N_COLUMNS; c++) {
            if (gad_columns[c].kind == GAD_KIND_NAME)
                assert_true(j->rec[i].v[c] == (i % 4 == 3 ? GAD_NAME_UNKNOWN : (double)(i % 3)));
            else
                assert_true(j->rec[i].v[c] == (double)((number++ + i) % 2));
        }
        assert_int_equal(number, N_NUMBERS);
        assert_int_equal(j->rec[i].tuple.family, 0);
        assert_int_equal(j->rec[i].start.ns, 0);
        assert_string_equal(j->rec[i].community_id, "");
    }
    job_put(bench.pool, j);
    packed_free(&p);
}

static void packed_lengths_must_agree(void **state)
{
    (void)state;
    int bad = GANAD__V1__ERROR_REPLY__CODE__BAD_MESSAGE;
    uint8_t kind = GANAD__V1__KIND__PACKED_REQUEST;
    struct packed p = packed_of(3);

    p.m.n = 4;
    pack(&p.m.base);
    refused(DECODE_FATAL, kind, bad, "columns of 3, 3, 3 and 114 values do not make 4 records");
    p.m.n = 3;
    p.m.service.len = 2;
    pack(&p.m.base);
    refused(DECODE_FATAL, kind, bad, "columns of 3, 2, 3 and 114 values do not make 3 records");
    p.m.service.len = 3;
    p.m.n_number--;
    pack(&p.m.base);
    refused(DECODE_FATAL, kind, bad, "columns of 3, 3, 3 and 113 values do not make 3 records");
    p.m.n = UINT32_MAX;
    pack(&p.m.base);
    refused(DECODE_FATAL, kind, bad, "4294967295 records, the limit is 8192");
    p.m.n = 3;
    p.m.n_number++;
    p.names[1] = 200; /* neither a name nor 255 */
    pack(&p.m.base);
    refused(DECODE_REFUSED, kind, GANAD__V1__ERROR_REPLY__CODE__BAD_RECORD,
            "record 1: column 'protocol_type': 200 is out of range");
    packed_free(&p);
}

static void limits_hold_at_one_more(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint32_t top;
        enum decode_result want;
    } rows[] = {
        {JOB_RECORDS_MAX, 0, DECODE_OK},     {JOB_RECORDS_MAX + 1, 0, DECODE_FATAL},
        {JOB_REASONS_MAX / 4, 4, DECODE_OK}, {JOB_REASONS_MAX / 4 + 1, 4, DECODE_FATAL},
        {JOB_RECORDS_MAX, 2, DECODE_OK},     {0, 41, DECODE_OK},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct packed p = packed_of(rows[i].n);
        p.m.options = &p.o;
        p.o.top = rows[i].top;
        pack(&p.m.base);
        struct job *j = decoded(rows[i].want, GANAD__V1__KIND__PACKED_REQUEST);
        assert_int_equal(j->n, rows[i].want == DECODE_OK ? rows[i].n : 0);
        job_put(bench.pool, j);
        packed_free(&p);
    }
}

/* Two bytes each on the wire, some hundred in memory: the budget ends it. */
static void empty_sub_messages_cannot_take_memory(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag, kind;
    } rows[] = {{0x1a, GANAD__V1__KIND__SCORE_REQUEST}, /* record */
                {0x12, GANAD__V1__KIND__SCORE_REQUEST}, /* options, again and again */
                {0x12, GANAD__V1__KIND__PACKED_REQUEST},
                {0x7a, GANAD__V1__KIND__PACKED_REQUEST}}; /* a field that we do not know */

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench.bytes.len = bench.bytes.pos = 0;
        assert_non_null(gad_buf_room(&bench.bytes, PACKED_MAX));
        for (size_t k = 0; k < PACKED_MAX / 2; k++) {
            bench.bytes.p[2 * k] = rows[i].tag;
            bench.bytes.p[2 * k + 1] = 0;
        }
        bench.bytes.len = PACKED_MAX;
        refused(DECODE_FATAL, rows[i].kind, GANAD__V1__ERROR_REPLY__CODE__BAD_MESSAGE,
                rows[i].kind == GANAD__V1__KIND__SCORE_REQUEST
                    ? "decoding this ScoreRequest needs more than 4194304 bytes of memory"
                    : "decoding this PackedRequest needs more than 4194304 bytes of memory");
        assert_true(bench.arena.used <= ARENA);
    }
}

static void when_jobs_use_their_memory_the_pool_is_empty(void **state)
{
    (void)state;
    struct job *held[8];
    size_t n = 0;
    struct packed p = packed_of(JOB_RECORDS_MAX);

    p.m.options = &p.o;
    p.o.no_alert = 1;
    pack(&p.m.base);
    while (!job_pool_is_empty(bench.pool) && n < 8)
        held[n++] = decoded(DECODE_OK, GANAD__V1__KIND__PACKED_REQUEST);
    assert_int_equal(n, 3); /* 8 MiB of 3.4 MiB each: the third crosses the line */
    assert_null(job_get(bench.pool));
    job_put(bench.pool, held[--n]);
    assert_false(job_pool_is_empty(bench.pool));
    while (n > 0)
        job_put(bench.pool, held[--n]);
    assert_int_equal(job_pool_in_use(bench.pool), 0);
    packed_free(&p);
}

/* Small arrays stay with their jobs for the next request; large ones would add up over all jobs. */
static void free_jobs_keep_little(void **state)
{
    (void)state;
    static struct job *job[JOBS_MAX];
    size_t kept = 0, n = 0;

    for (; !job_pool_is_empty(bench.pool); n++) {
        job[n] = job_get(bench.pool);
        assert_int_equal(job_reserve(bench.pool, job[n], n < 1 ? JOB_RECORDS_MAX : 8, 2), 0);
    }
    assert_true(n > 50 && n < JOBS_MAX); /* bytes ran out, not jobs */
    assert_null(job_get(bench.pool));
    for (size_t i = 0; i < n; i++)
        job_put(bench.pool, job[i]);
    for (size_t i = 0; i < n; i++)
        kept += job[i]->n_room * sizeof(struct gad_record);
    assert_true(kept > 0 && kept <= 2 << 20); /* a quarter of the pool's 8 MiB */
    assert_int_equal(job[0]->n_room, 0);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, bench_make, bench_unmake)
    const struct CMUnitTest tests[] = {
        WITH(packed_columns_arrive_in_their_records),
        WITH(packed_lengths_must_agree),
        WITH(limits_hold_at_one_more),
        WITH(empty_sub_messages_cannot_take_memory),
        WITH(free_jobs_keep_little),
        WITH(when_jobs_use_their_memory_the_pool_is_empty),
    };
    return cmocka_run_group_tests_name("decode_packed", tests, NULL, NULL);
}
