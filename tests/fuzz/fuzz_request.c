/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes from a scoring client: frames within their limits are decoded into jobs of a small
 * pool, and answered. A job always has legal records within the limits, or an error with a text.
 * The arena and the pool stay within their sizes, and the answer is a frame. In a second round an
 * allocation fails: then a job or an answer may be missing, and the other properties hold. The
 * detector belongs to the tests.
 */

#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/ingest/arena.h"
#include "daemon/ingest/decode.h"
#include "daemon/ingest/reply.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/base/buf.h"
#include "lib/record/record.h"
#include "lib/wire/frame.h"
#include "models/detector.h"
#include "proto/ganad.pb-c.h"
#include "tests/fuzz/failing.h"

enum { PACKED_MAX = 1 << 20, ARENA = 1 << 20, POOL = 4 << 20, OUT_MAX = 8 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct models *models;
static struct job_pool *pool;
static struct arena arena, scratch;

static void set_up(void)
{
    static const char conf[] =
        "[model m]\ncheckpoint = /m\n[model n]\ncheckpoint = /n\nthreshold = 1\n";
    static struct config *config;

    if (config)
        return;
    if (config_parse("c", conf, sizeof(conf) - 1, &config, NULL) != 0 ||
        models_load(config, &models, NULL) != 0 || job_pool_new(POOL, &pool) != 0 ||
        arena_init(&arena, ARENA) != 0 || arena_init(&scratch, 4 << 20) != 0)
        abort();
}

static size_t cap(uint8_t kind, const void *arg)
{
    (void)arg;
    return kind == GANAD__V1__KIND__SCORE_REQUEST    ? SCORE_FRAME_MAX
           : kind == GANAD__V1__KIND__PACKED_REQUEST ? PACKED_MAX
                                                     : 0;
}

/* As the scorer does, with minimal work. */
static void score(struct job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        if (gad_record_check(&j->rec[i]) >= 0 || j->rec[i].community_id[GAD_COMMUNITY_ID_TEXT - 1])
            abort();
        j->score[i] = (float)i;
        j->p_value[i] = 1;
        j->anomalous[i] = i % 2;
        for (size_t k = 0; k < j->stride; k++)
            j->reason[i * j->stride + k] =
                (struct gad_reason){(enum gad_column)k, j->rec[i].v[k], 0, 1};
    }
}

/* False: out of memory, which is legal only if an allocation fails. */
static bool take(const struct gad_frame *f, struct gad_buf *out)
{
    const struct decoder dec = {&arena, pool, models};
    struct job *j = job_get(pool);
    size_t before = out->len;

    if (!j)
        return false;
    enum decode_result r = decode_request(&dec, f, j);
    if (arena.used > ARENA || j->n > JOB_RECORDS_MAX || j->n * j->top > JOB_REASONS_MAX)
        abort();
    if ((r == DECODE_OK) != (j->error == 0) || (r != DECODE_OK && (j->n != 0 || !j->text[0])))
        abort();
    score(j);
    bool answered = reply_job(j, &scratch, out) == 0;
    if (answered && out->len < before + GAD_FRAME_HEAD)
        abort();
    job_put(pool, j);
    return answered;
}

static void take_all(const uint8_t *data, size_t size, bool fails)
{
    struct gad_buf out = GAD_BUF_INIT(OUT_MAX);
    struct gad_frame f;
    size_t used;

    while (gad_frame_next(data, size, cap, NULL, &f, &used) == 0) {
        bool answered = take(&f, &out);
        if (!answered && !fails)
            abort();
        if (!answered || out.len > OUT_MAX / 2)
            gad_buf_deinit(&out);
        data += used;
        size -= used;
    }
    gad_buf_deinit(&out);
    if (job_pool_in_use(pool) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    set_up();
    take_all(data, size, false);
    failing_begin(data, size);
    take_all(data, size, true);
    failing_end();
    return 0;
}
