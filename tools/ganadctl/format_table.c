/* SPDX-License-Identifier: Apache-2.0 */
/* For people: columns of fixed width, so that it can stream; reasons last, because they are long. */

#include <string.h>

#include "tools/ganadctl/reason.h"
#include "tools/ganadctl/score.h"

#define RED   "\033[1;31m"
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

static void head(struct gad_buf *out, const struct score_look *look)
{
    gad_buf_printf(out, "%s%8s  %-8s %11s %9s  %-5s %-11s %-6s%s%s\n", look->colour ? DIM : "",
                   "LINE", "VERDICT", "SCORE", "P-VALUE", "PROTO", "SERVICE", "FLAG",
                   look->top > 0 ? "  WHY" : "", look->colour ? PLAIN : "");
}

static void reason(struct gad_buf *out, const struct score_reason *r, const char *separator)
{
    char text[REASON_TEXT];

    reason_text(r->feature, r->value, r->expected, (double)r->share, text);
    gad_buf_printf(out, "%s%s", separator, text);
}

static void row(struct gad_buf *out, const struct score_look *look, const struct score_result *r)
{
    bool red = look->colour && r->anomalous;

    if (r->unscored) {
        gad_buf_printf(
            out, "%8llu  %-8s %11s %9s  %-5s %-11s %-6s\n", (unsigned long long)r->item->line,
            "unscored", "-", "-", gad_name_text(GAD_PROTOCOL_TYPE, r->item->protocol),
            gad_name_text(GAD_SERVICE, r->item->service), gad_name_text(GAD_FLAG, r->item->flag));
        return;
    }
    gad_buf_printf(
        out, "%8llu  %s%-8s%s %11.5g %9.3g  %-5s %-11s %-6s", (unsigned long long)r->item->line,
        red ? RED : "", r->anomalous ? "ANOMALY" : "normal", red ? PLAIN : "", (double)r->score,
        (double)r->p_value, gad_name_text(GAD_PROTOCOL_TYPE, r->item->protocol),
        gad_name_text(GAD_SERVICE, r->item->service), gad_name_text(GAD_FLAG, r->item->flag));
    for (size_t i = 0; r->anomalous && i < r->n_reasons; i++)
        reason(out, &r->reason[i], i == 0 ? "  " : ", ");
    gad_buf_add(out, "\n", 1);
}

const struct score_format score_format_table = {
    .name = "table", .top = 3, .head = head, .row = row};
