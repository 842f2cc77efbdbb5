/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines, with the keys of the alert feed where they mean the same. */

#include <string.h>

#include <jansson.h>

#include "lib/base/text.h"
#include "tools/ganadctl/score.h"

/* A number where the column is one, so that a reader can compare. */
static json_t *value(const char *s)
{
    size_t len = strlen(s);
    uint64_t whole;
    double real;

    if (gad_text_u64(s, len, INT64_MAX, &whole) == 0)
        return json_integer((json_int_t)whole);
    return gad_text_decimal(s, len, &real) == 0 ? json_real(real) : json_string(s);
}

static json_t *reasons(const struct score_result *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n_reasons; i++) {
        json_t *o = json_object();
        (void)json_object_set_new(o, "name", json_string(r->reason[i].feature));
        (void)json_object_set_new(o, "value", value(r->reason[i].value));
        (void)json_object_set_new(o, "expected", value(r->reason[i].expected));
        (void)json_object_set_new(o, "share", json_real((double)r->reason[i].share));
        (void)json_array_append_new(list, o);
    }
    return list;
}

static int append(const char *p, size_t len, void *out)
{
    gad_buf_add(out, p, len);
    return 0;
}

static void row(struct gad_buf *out, const struct score_look *look, const struct score_result *r)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "line", json_integer((json_int_t)r->item->line));
    (void)json_object_set_new(o, "score", r->unscored ? json_null() : json_real((double)r->score));
    (void)json_object_set_new(o, "p_value",
                              r->unscored ? json_null() : json_real((double)r->p_value));
    (void)json_object_set_new(o, "anomalous",
                              r->unscored ? json_null() : json_boolean(r->anomalous));
    (void)json_object_set_new(o, "threshold", json_real((double)r->threshold));
    (void)json_object_set_new(o, "model", json_string(r->model));
    (void)json_object_set_new(o, "model_sha256", json_string(r->sha256));
    if (look->top > 0)
        (void)json_object_set_new(o, "top_features", reasons(r));
    /* Nine digits bring back every bit of a float32. A missing object or key means no memory: the line would lie. */
    if (json_object_size(o) != (look->top > 0 ? 8u : 7u) ||
        json_dump_callback(o, append, out, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
        out->bad = true;
    gad_buf_add(out, "\n", 1);
    json_decref(o);
}

const struct score_format score_format_json = {.name = "json", .row = row};
