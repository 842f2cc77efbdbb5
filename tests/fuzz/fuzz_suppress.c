/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a rule, and as a file of rules: refused, or the same after writing and reading them.
 * While an allocation fails they are accepted or refused.
 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/record/record.h"
#include "lib/suppress/list.h"
#include "tests/fuzz/failing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

static void as_rule(const char *text, size_t len)
{
    struct gad_rule r, back;
    struct gad_buf b = GAD_BUF_INIT(GAD_RULE_TEXT), again = GAD_BUF_INIT(GAD_RULE_TEXT);

    if (gad_rule_parse(text, len, (struct gad_time){INT64_C(1795442709000000000)}, &r, NULL) != 0)
        return;
    gad_rule_write(&r, &b);
    require(!b.bad && gad_rule_parse((char *)b.p, b.len, (struct gad_time){0}, &back, NULL) == 0);
    require(gad_rule_same(&r, &back) && r.expires.ns == back.expires.ns &&
            strcmp(r.comment, back.comment) == 0);
    gad_rule_write(&back, &again);
    require(again.len == b.len && memcmp(again.p, b.p, b.len) == 0);
    gad_buf_deinit(&b);
    gad_buf_deinit(&again);
}

static void as_file(const char *text, size_t len)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *s = NULL, *back = NULL;
    const struct gad_record rec = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    struct gad_buf b = GAD_BUF_INIT(GAD_SUPPRESS_FILE_MAX);
    uint64_t first[1] = {0};

    if (gad_suppress_new(&s) != 0 || gad_suppress_new(&back) != 0)
        return;
    if (gad_suppress_read(s, text, len, NULL) != 0)
        return;
    gad_suppress_write(s, &b);
    require(!b.bad && gad_suppress_read(back, (char *)b.p, b.len, NULL) == 0);
    require(gad_suppress_count(back) == gad_suppress_count(s));
    size_t n = gad_suppress_test(s, &rec, "m", 5.0f, (struct gad_time){1}, first, 1);
    require(gad_suppress_match(s, &rec, "m", 5.0f, (struct gad_time){1}) == (n ? first[0] : 0));
    gad_buf_deinit(&b);
}

static void without_memory(const uint8_t *data, size_t size)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *s = NULL;
    struct gad_buf b = GAD_BUF_INIT(GAD_SUPPRESS_FILE_MAX);

    if (gad_suppress_new(&s) != 0)
        return;
    failing_begin(data, size);
    int r = gad_suppress_read(s, (const char *)data, size, NULL);
    if (r == 0)
        gad_suppress_write(s, &b);
    failing_end();
    require(r != 0 || b.bad || b.len > 0);
    gad_buf_deinit(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    without_memory(data, size);
    as_rule((const char *)data, size);
    as_file((const char *)data, size);
    return 0;
}
