/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/labels.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/table.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"

enum { LISTED = 6, TEXT_MAX = 400 }; /* labels in a message; its bytes */

/* Lists labels of one kind, those with most rows first. */
static void list(const struct gad_table *t, bool normal, bool all, char text[static TEXT_MAX])
{
    size_t n = gad_table_n_labels(t), left = 0, at = 0;
    bool taken[GAD_TABLE_LABELS_MAX] = {false};
    char count[SHOW_TEXT];

    for (size_t i = 0; i < n; i++)
        left += all || gad_table_label_is_normal(t, i) == normal;
    text[0] = '\0';
    for (size_t k = 0; k < LISTED && left > 0; k++, left--) {
        size_t most = n;
        for (size_t i = 0; i < n; i++)
            if (!taken[i] && (all || gad_table_label_is_normal(t, i) == normal) &&
                (most == n || gad_table_label_rows(t, i) > gad_table_label_rows(t, most)))
                most = i;
        taken[most] = true;
        at += (size_t)snprintf(text + at, TEXT_MAX - at, "%s'%s' (%s)", k > 0 ? ", " : "",
                               gad_table_label_name(t, most),
                               show_count(gad_table_label_rows(t, most), count));
    }
    if (left > 0)
        (void)snprintf(text + at, TEXT_MAX - at, " and %zu more", left);
}

static size_t count_normal(const struct gad_table *t)
{
    size_t n = 0;

    for (size_t i = 0; i < gad_table_n_labels(t); i++)
        n += gad_table_label_is_normal(t, i);
    return n;
}

int labels_check(const struct gad_table *t, const struct cli_list *normal, struct gad_diag *d)
{
    bool labelled = gad_table_is_labelled(t);
    char text[TEXT_MAX];

    for (size_t i = 0; !labelled && i < gad_table_n_labels(t); i++)
        if (gad_table_label_name(t, i)[0] != '\0')
            return gad_fail(d, GAD_EFORMAT,
                            "some rows have labels and some do not, and might be attacks: "
                            "give files of one kind");
    list(t, false, true, text);
    for (size_t i = 0; i < normal->n; i++) {
        if (!labelled)
            return gad_fail(d, GAD_EINVAL, "--normal '%s': the rows have no labels",
                            normal->item[i]);
        if (!gad_table_has_label(t, normal->item[i]))
            return gad_fail(d, GAD_EINVAL, "--normal '%.64s': no row has this label, but %s",
                            normal->item[i], text);
    }
    return 0;
}

bool labels_lack_normal(const struct gad_table *t, struct gad_diag *ret)
{
    char text[TEXT_MAX];

    if (!gad_table_is_labelled(t) || count_normal(t) > 0)
        return false;
    list(t, false, true, text);
    (void)gad_fail(ret, 0,
                   "no row is labelled normal, but %s: --normal NAME gives the normal label", text);
    return true;
}

int labels_need_normal(const struct gad_table *t, struct gad_diag *d)
{
    struct gad_diag why = {0};

    return labels_lack_normal(t, &why) ? gad_fail(d, GAD_EINVAL, "%s", why.text) : 0;
}

/* Whether only "normal" is normal, in a column "label" if there is a head. */
static bool is_as_expected(const struct gad_table *t)
{
    for (size_t i = 0; i < gad_table_n_sources(t); i++) {
        const char *column = gad_table_source(t, i)->label_column;
        if (column[0] != '\0' && strcmp(column, "label") != 0)
            return false;
    }
    for (size_t i = 0; i < gad_table_n_labels(t); i++)
        if (gad_table_label_is_normal(t, i) != (strcmp(gad_table_label_name(t, i), "normal") == 0))
            return false;
    return true;
}

/* Each name once, as many as fit: files of one fit mostly have the same column. */
static void list_columns(const struct gad_table *t, char text[static TEXT_MAX])
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < gad_table_n_sources(t) && at < TEXT_MAX / 2; i++) {
        char one[64];
        (void)snprintf(one, sizeof(one), "'%s'", gad_table_source(t, i)->label_column);
        if (one[1] != '\'' && !strstr(text, one))
            at +=
                (size_t)snprintf(text + at, TEXT_MAX - at, "%s%s", at > 0 ? ", " : " column ", one);
    }
}

void labels_print(const struct gad_table *t, bool quiet)
{
    char column[TEXT_MAX], normal[TEXT_MAX], other[TEXT_MAX];

    if (!gad_table_is_labelled(t) || count_normal(t) == 0 || (quiet && is_as_expected(t)))
        return;
    list_columns(t, column);
    list(t, true, false, normal);
    list(t, false, false, other);
    cli_say("labels%s%s: normal is %s; not normal is %s", column[0] ? " of" : "", column, normal,
            other[0] ? other : "none");
}

void labels_command(const struct gad_table *t, const struct cli_list *normal, struct gad_buf *b)
{
    size_t n = count_normal(t);

    for (size_t i = 0; i < normal->n; i++)
        gad_buf_printf(b, " --normal %s", normal->item[i]);
    if (normal->n > 0 || (n == 1 && gad_table_has_label(t, "normal")))
        return;
    for (size_t i = 0; i < gad_table_n_labels(t); i++)
        if (gad_table_label_is_normal(t, i))
            gad_buf_printf(b, " --normal %s", gad_table_label_name(t, i));
}
