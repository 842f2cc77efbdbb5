/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line of the file of verdicts, and as the file: refused, or the same bytes after
 * writing. While an allocation fails they are accepted or refused.
 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/feedback/list.h"
#include "tests/fuzz/failing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

static void bad(void *arg, unsigned line, const char *why)
{
    size_t *n = arg;

    require(line > 1 && *why);
    (*n)++;
}

static void as_line(const char *text, size_t len)
{
    struct gad_buf b = GAD_BUF_INIT(2 * GAD_VERDICT_LINE_MAX);
    const struct gad_record rec = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    struct gad_verdict v;
    uint64_t of;

    if (gad_verdict_parse(text, len, &v, &of, NULL) != 0)
        return;
    if (of == 0)
        gad_verdict_write(&v, &b);
    else
        gad_verdict_write_undo(&v.undone, of, &b);
    require(!b.bad && b.len == len + 1 && memcmp(b.p, text, len) == 0 && b.p[len] == '\n');
    require(of != 0 || gad_verdict_check_comment(v.comment, NULL) == 0);
    (void)gad_verdict_meets(&v, &rec, true, v.first);
    (void)gad_verdict_meets(&v, &rec, false, v.first);
    gad_buf_deinit(&b);
}

static void as_file(const char *text, size_t len)
{
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = NULL;
    struct gad_verdict_mark m = {0};
    size_t n = 0, standing = 0;

    if (gad_feedback_new(&f) != 0)
        return;
    if (gad_feedback_read(f, text, len, bad, &n, NULL) != 0)
        return;
    for (size_t i = 0; i < gad_feedback_count(f); i++) {
        const struct gad_verdict *v = gad_feedback_at(f, i);
        standing += v->undone.id == 0;
        m.id = gad_feedback_next(f);
        require(m.id > v->by.id);
        struct gad_verdict again = *v;
        again.by.id = m.id;
        require(v->undone.id != 0 || gad_feedback_check(f, &again, NULL) != 0);
    }
    for (size_t i = 0; i < gad_feedback_count(f); i++, m.id++)
        standing -= gad_feedback_undo(f, gad_feedback_at(f, i)->by.id, &m, NULL) == 0;
    require(standing == 0);
}

static void without_memory(const uint8_t *data, size_t size)
{
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = NULL;
    size_t n = 0;

    if (gad_feedback_new(&f) != 0)
        return;
    failing_begin(data, size);
    int r = gad_feedback_read(f, (const char *)data, size, bad, &n, NULL);
    failing_end();
    require(r == 0 || r == GAD_EFORMAT || r == GAD_ENOMEM || r == GAD_ELIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    without_memory(data, size);
    as_line((const char *)data, size);
    as_file((const char *)data, size);
    return 0;
}
