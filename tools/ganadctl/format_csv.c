/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4180 with LF. Nine digits bring back every bit of a float32. */

#include <string.h>

#include "tools/ganadctl/score.h"

static void head(struct gad_buf *out, const struct score_look *look)
{
    gad_buf_printf(out, "line,score,p_value,anomalous,threshold,model,model_sha256%s\n",
                   look->top > 0 ? ",top_features" : "");
}

/* Inside quotes; what could end the field, the line or a part of a reason becomes a space. */
static void part(struct gad_buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        gad_buf_add(out, c < 0x20 || c == 0x7f || strchr("\"=;/", c) ? " " : s, 1);
    }
}

static void row(struct gad_buf *out, const struct score_look *look, const struct score_result *r)
{
    gad_buf_printf(out, "%llu,", (unsigned long long)r->item->line);
    if (r->unscored)
        gad_buf_printf(out, ",,");
    else
        gad_buf_printf(out, "%.9g,%.9g,%d", (double)r->score, (double)r->p_value, r->anomalous);
    gad_buf_printf(out, ",%.9g,\"", (double)r->threshold);
    part(out, r->model);
    gad_buf_printf(out, "\",%s", r->sha256);
    if (look->top > 0) {
        gad_buf_add(out, ",\"", 2);
        for (size_t i = 0; i < r->n_reasons; i++) {
            part(out, r->reason[i].feature);
            gad_buf_add(out, "=", 1);
            part(out, r->reason[i].value);
            gad_buf_add(out, "/", 1);
            part(out, r->reason[i].expected);
            gad_buf_printf(out, "/%.9g%s", (double)r->reason[i].share,
                           i + 1 < r->n_reasons ? ";" : "");
        }
        gad_buf_add(out, "\"", 1);
    }
    gad_buf_add(out, "\n", 1);
}

const struct score_format score_format_csv = {.name = "csv", .head = head, .row = row};
