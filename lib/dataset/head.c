/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/head.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/dataset/foreign.h"
#include "lib/record/column.h"

bool gad_head_is_one(const char *line)
{
    size_t len = strlen(gad_columns[0].name);
    return strncmp(line, gad_columns[0].name, len) == 0 && line[len] == ',';
}

static int find(const struct gad_head *h, const char *name)
{
    for (int c = 0; c < h->n_columns; c++)
        if (strcmp(h->name[c], name) == 0)
            return c;
    return -1;
}

static int add_name(struct gad_head *h, const char *at, size_t len, struct gad_diag *d)
{
    char text[64];
    int c = h->n_columns;

    gad_text_escape(text, sizeof(text), at, len);
    if (c == GAD_HEAD_COLUMNS_MAX)
        return gad_fail(d, GAD_ELIMIT, "head: more than %d columns", GAD_HEAD_COLUMNS_MAX);
    for (size_t i = 0; i < len; i++)
        if (at[i] <= 0x20 || at[i] >= 0x7f) {
            const char *why = gad_foreign_byte(at[i]);
            return gad_fail(d, GAD_EFORMAT, "head: column %d: byte 0x%02x%s%s", c + 1,
                            (unsigned)(unsigned char)at[i], why ? ": " : "", why ? why : "");
        }
    if (len == 0 || len >= GAD_HEAD_NAME)
        return gad_fail(d, GAD_EFORMAT, "head: column %d: not a name of 1 to %d bytes: '%s'", c + 1,
                        GAD_HEAD_NAME - 1, text);
    memcpy(h->name[c], at, len);
    h->name[c][len] = '\0';
    if (c < GAD_N_COLUMNS && strcmp(h->name[c], gad_columns[c].name) != 0)
        return gad_fail(d, GAD_EFORMAT, "head: column %d is '%s', but should be '%s'", c + 1, text,
                        gad_columns[c].name);
    if (find(h, h->name[c]) >= 0)
        return gad_fail(d, GAD_EFORMAT, "head: column %d: '%s' is there twice", c + 1, text);
    h->n_columns++;
    return 0;
}

static int find_label(const struct gad_head *h)
{
    static const char *const labels[] = {"label",      "labels",      "class",  "attack",
                                         "attack_cat", "attack_type", "target", "outcome"};

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        for (int c = GAD_N_COLUMNS; c < h->n_columns; c++)
            if (gad_text_casecmp(h->name[c], labels[i]) == 0)
                return c;
    return -1;
}

int gad_head_parse(const char *line, const char *end, struct gad_head *ret, struct gad_diag *d)
{
    /* Windows and files go by the time a connection is decided. */
    static const char *const times[] = {"decided", "end", "start"};
    struct gad_head h = {.n_columns = 0, .time = -1};

    if (end > line && end[-1] == '\r')
        end--;
    for (const char *at = line;; at++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        int r = add_name(&h, at, (size_t)((comma ? comma : end) - at), d);
        if (r != 0)
            return r;
        if (!comma)
            break;
        at = comma;
    }
    if (h.n_columns < GAD_N_COLUMNS)
        return gad_fail(d, GAD_EFORMAT, "head: %d columns, fewer than the %d of a record",
                        h.n_columns, GAD_N_COLUMNS);
    h.label = find_label(&h);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]) && h.time < 0; i++)
        h.time = find(&h, times[i]);
    *ret = h;
    return 0;
}

bool gad_head_is_passed_over(const struct gad_head *h, int column)
{
    static const char *const ours[] = {"src_ip", "src_port", "dest_ip",      "dest_port", "start",
                                       "end",    "decided",  "community_id", "source",    "model",
                                       "score",  "p_value",  "anomalous"};

    if (column < GAD_N_COLUMNS || column == h->label || column == h->time)
        return false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (strcmp(h->name[column], ours[i]) == 0)
            return false;
    return true;
}

bool gad_head_is_same(const struct gad_head *a, const struct gad_head *b)
{
    if (a->n_columns != b->n_columns)
        return false;
    for (int c = 0; c < a->n_columns; c++)
        if (strcmp(a->name[c], b->name[c]) != 0)
            return false;
    return true;
}
