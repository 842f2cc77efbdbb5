/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration: refused with a reason that names the place, or accepted. The dump
 * of an accepted one is accepted, too, and its dump is the same except for the places of the
 * values. The same bytes while an allocation fails: refused with a reason, or accepted.
 */

#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "tests/fuzz/failing.h"

enum { INPUT_MAX = 64 << 10, DUMP_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Value texts in order; their places differ. */
static void add_values(const char *dump, struct gad_buf *out)
{
    for (const char *line = dump; *line;) {
        size_t len = strcspn(line, "\n");
        const char *end = line;
        for (const char *p = line; p + 1 < line + len; p++)
            if (p[0] == ' ' && p[1] == ';')
                end = p;
        gad_buf_add(out, line, end > line ? (size_t)(end - line) : len);
        gad_buf_add(out, "\n", 1);
        line += len + (line[len] == '\n');
    }
}

static void dump(const struct config *c, struct gad_buf *text, struct gad_buf *values)
{
    config_dump(c, text);
    gad_buf_add(text, "", 1);
    if (text->bad)
        abort();
    add_values((const char *)text->p, values);
}

static void without_memory(const uint8_t *data, size_t size)
{
    struct config *c = NULL;
    struct gad_diag d = {""};

    failing_begin(data, size);
    int r = config_parse("f", (const char *)data, size, &c, &d);
    failing_end();
    if ((r == 0) != (c != NULL) || (r != 0 && !d.text[0]))
        abort();
    config_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *c = NULL, *again = NULL;
    struct gad_diag d = {""};
    struct gad_buf one = GAD_BUF_INIT(DUMP_MAX), two = GAD_BUF_INIT(DUMP_MAX);
    struct gad_buf v1 = GAD_BUF_INIT(DUMP_MAX), v2 = GAD_BUF_INIT(DUMP_MAX);

    if (size > INPUT_MAX)
        return 0;
    without_memory(data, size);
    if (config_parse("f", (const char *)data, size, &c, &d) != 0) {
        if (strncmp(d.text, "f:", 2) != 0)
            abort();
        return 0;
    }
    dump(c, &one, &v1);
    if (config_parse("f", (const char *)one.p, one.len - 1, &again, &d) != 0)
        abort();
    dump(again, &two, &v2);
    if (v1.len != v2.len || memcmp(v1.p, v2.p, v1.len) != 0)
        abort();
    config_free(c);
    config_free(again);
    gad_buf_deinit(&one);
    gad_buf_deinit(&two);
    gad_buf_deinit(&v1);
    gad_buf_deinit(&v2);
    return 0;
}
