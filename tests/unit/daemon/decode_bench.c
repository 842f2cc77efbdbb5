/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/daemon/decode_bench.h"

#include <string.h>

#include "daemon/config/config.h"
#include "daemon/score/models.h"
#include "lib/base/mem.h"
#include "lib/wire/frame.h"
#include "tests/unit/test.h"

enum { BYTES_MAX = 2 << 20 };

struct bench bench;

int bench_make(void **state)
{
    static const char conf[] =
        "[model one]\ncheckpoint = /a\n[model two]\ncheckpoint = /b\ntop_features = 7\n";
    (void)state;
    memset(&bench, 0, sizeof(bench));
    bench.bytes = GAD_BUF_INIT(BYTES_MAX);
    if (config_parse("t", conf, sizeof(conf) - 1, &bench.config, NULL) != 0 ||
        models_load(bench.config, &bench.models, NULL) != 0 ||
        job_pool_new(8 << 20, &bench.pool) != 0 || arena_init(&bench.arena, ARENA) != 0)
        return -1;
    bench.decoder = (struct decoder){&bench.arena, bench.pool, bench.models};
    return 0;
}

int bench_unmake(void **state)
{
    (void)state;
    job_pool_free(bench.pool);
    models_free(bench.models);
    config_free(bench.config);
    arena_deinit(&bench.arena);
    gad_buf_deinit(&bench.bytes);
    return 0;
}

struct job *decoded(enum decode_result want, uint8_t kind)
{
    struct job *j = job_get(bench.pool);
    /* In memory of its own size, so that a read behind it is seen. */
    uint8_t *copy = gad_calloc(bench.bytes.len + 1, 1);
    assert_non_null(j);
    assert_non_null(copy);
    if (bench.bytes.len > 0)
        memcpy(copy, bench.bytes.p, bench.bytes.len);
    const struct gad_frame f = {kind, copy, bench.bytes.len};
    enum decode_result r = decode_request(&bench.decoder, &f, j);
    gad_free(copy);
    if (r != want)
        fail_msg("decode_request() gave %d, not %d: %s", r, want, j->text);
    return j;
}

void pack(const ProtobufCMessage *m)
{
    bench.bytes.len = bench.bytes.pos = 0;
    size_t len = protobuf_c_message_get_packed_size(m);
    assert_non_null(gad_buf_room(&bench.bytes, len ? len : 1));
    bench.bytes.len = protobuf_c_message_pack(m, bench.bytes.p);
}

void refused(enum decode_result how, uint8_t kind, int code, const char *why)
{
    struct job *j = decoded(how, kind);
    assert_int_equal(j->error, code);
    assert_int_equal(j->n, 0);
    assert_string_equal(j->text, why);
    job_put(bench.pool, j);
}
