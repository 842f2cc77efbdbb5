/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/text.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/score.h"

/* --- table: columns of fixed width, so that it can stream; the long reasons last --- */

#define RED   "\033[1;31m"
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

static void table_head(struct gad_buf *out, const struct score_look *look)
{
    gad_buf_printf(out, "%s%8s  %-8s %11s %9s  %-5s %-11s %-6s%s%s\n", look->colour ? DIM : "",
                   "LINE", "VERDICT", "SCORE", "P-VALUE", "PROTO", "SERVICE", "FLAG",
                   look->top > 0 ? "  WHY" : "", look->colour ? PLAIN : "");
}

static void table_reason(struct gad_buf *out, const struct score_reason *r, const char *separator)
{
    char text[CTL_REASON];

    ctl_reason(r->feature, r->value, r->expected, (double)r->share, text);
    gad_buf_printf(out, "%s%s", separator, text);
}

static void table_row(struct gad_buf *out, const struct score_look *look,
                      const struct score_result *r)
{
    bool red = look->colour && r->anomalous;
    char p[24];

    if (r->unscored) {
        gad_buf_printf(
            out, "%8llu  %-8s %11s %9s  %-5s %-11s %-6s\n", (unsigned long long)r->item->line,
            "unscored", "-", "-", gad_name_text(GAD_PROTOCOL_TYPE, r->item->protocol),
            gad_name_text(GAD_SERVICE, r->item->service), gad_name_text(GAD_FLAG, r->item->flag));
        return;
    }
    (void)snprintf(p, sizeof(p), "%s%.3g", r->extrapolated ? "~" : "", (double)r->p_value);
    gad_buf_printf(
        out, "%8llu  %s%-8s%s %11.5g %9s  %-5s %-11s %-6s", (unsigned long long)r->item->line,
        red ? RED : "", r->anomalous ? "ANOMALY" : "normal", red ? PLAIN : "", (double)r->score, p,
        gad_name_text(GAD_PROTOCOL_TYPE, r->item->protocol),
        gad_name_text(GAD_SERVICE, r->item->service), gad_name_text(GAD_FLAG, r->item->flag));
    for (size_t i = 0; r->anomalous && i < r->n_reasons; i++)
        table_reason(out, &r->reason[i], i == 0 ? "  " : ", ");
    gad_buf_add(out, "\n", 1);
}

const struct score_format score_format_table = {
    .name = "table", .top = 3, .head = table_head, .row = table_row};

/* --- csv: RFC 4180 with LF; nine digits restore every bit of a float32 --- */

static void csv_head(struct gad_buf *out, const struct score_look *look)
{
    gad_buf_printf(out, "line,score,p_value,anomalous,threshold,model,model_sha256%s\n",
                   look->top > 0 ? ",top_features" : "");
}

/* Text inside quotes: a character that could end the field, the line or a part of a reason becomes
 * a space. */
static void csv_part(struct gad_buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        gad_buf_add(out, c < 0x20 || c == 0x7f || strchr("\"=;/", c) ? " " : s, 1);
    }
}

static void csv_row(struct gad_buf *out, const struct score_look *look,
                    const struct score_result *r)
{
    gad_buf_printf(out, "%llu,", (unsigned long long)r->item->line);
    if (r->unscored)
        gad_buf_printf(out, ",,");
    else
        gad_buf_printf(out, "%.9g,%.9g,%d", (double)r->score, (double)r->p_value, r->anomalous);
    gad_buf_printf(out, ",%.9g,\"", (double)r->threshold);
    csv_part(out, r->model);
    gad_buf_printf(out, "\",%s", r->sha256);
    if (look->top > 0) {
        gad_buf_add(out, ",\"", 2);
        for (size_t i = 0; i < r->n_reasons; i++) {
            csv_part(out, r->reason[i].feature);
            gad_buf_add(out, "=", 1);
            csv_part(out, r->reason[i].value);
            gad_buf_add(out, "/", 1);
            csv_part(out, r->reason[i].expected);
            gad_buf_printf(out, "/%.9g%s", (double)r->reason[i].share,
                           i + 1 < r->n_reasons ? ";" : "");
        }
        gad_buf_add(out, "\"", 1);
    }
    gad_buf_add(out, "\n", 1);
}

const struct score_format score_format_csv = {.name = "csv", .head = csv_head, .row = csv_row};

/* --- json: one object per line, with the keys of the alert feed where they mean the same --- */

/* A number if the column is one, so that a reader can compare. */
static json_t *json_value(const char *s)
{
    size_t len = strlen(s);
    uint64_t whole;
    double real;

    if (gad_text_u64(s, len, INT64_MAX, &whole) == 0)
        return json_integer((json_int_t)whole);
    return gad_text_decimal(s, len, &real) == 0 ? json_real(real) : json_string(s);
}

static json_t *json_reasons(const struct score_result *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n_reasons; i++) {
        json_t *o = json_object();
        (void)json_object_set_new(o, "name", json_string(r->reason[i].feature));
        (void)json_object_set_new(o, "value", json_value(r->reason[i].value));
        (void)json_object_set_new(o, "expected", json_value(r->reason[i].expected));
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

static void json_row(struct gad_buf *out, const struct score_look *look,
                     const struct score_result *r)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "line", json_integer((json_int_t)r->item->line));
    (void)json_object_set_new(o, "score", r->unscored ? json_null() : json_real((double)r->score));
    (void)json_object_set_new(o, "p_value",
                              r->unscored ? json_null() : json_real((double)r->p_value));
    if (r->extrapolated)
        (void)json_object_set_new(o, "p_extrapolated", json_true());
    (void)json_object_set_new(o, "anomalous",
                              r->unscored ? json_null() : json_boolean(r->anomalous));
    (void)json_object_set_new(o, "threshold", json_real((double)r->threshold));
    (void)json_object_set_new(o, "model", json_string(r->model));
    (void)json_object_set_new(o, "model_sha256", json_string(r->sha256));
    if (look->top > 0)
        (void)json_object_set_new(o, "top_features", json_reasons(r));
    /* Nine digits restore every bit of a float32. A missing object or key means no memory: the line
     * would be wrong. */
    if (json_object_size(o) != (look->top > 0 ? 8u : 7u) + (r->extrapolated ? 1u : 0u) ||
        json_dump_callback(o, append, out, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
        out->bad = true;
    gad_buf_add(out, "\n", 1);
    json_decref(o);
}

const struct score_format score_format_json = {.name = "json", .row = json_row};
