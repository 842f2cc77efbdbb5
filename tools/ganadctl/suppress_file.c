/* SPDX-License-Identifier: Apache-2.0 */
/* What needs no ganadd: to look into a file of rules, such as one that ganadd refuses, and to check a rule. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/suppress/list.h"
#include "tools/ganadctl/suppress.h"

static void show(struct suppress *s, const struct gad_suppressed *one)
{
    Ganad__V1__SuppressReply__Rule r;
    struct gad_buf text = GAD_BUF_INIT(GAD_RULE_TEXT + 1);

    gad_rule_write(&one->rule, &text);
    gad_buf_add(&text, "", 1);
    ganad__v1__suppress_reply__rule__init(&r);
    r.id = one->id;
    r.rule = text.bad ? r.rule : (char *)text.p;
    r.created_ns = one->created.ns;
    r.hits = one->hits;
    r.last_hit_ns = one->last_hit.ns;
    r.expires_ns = one->rule.expires.ns;
    suppress_show(s, &r);
    gad_buf_deinit(&text);
}

static int load(const struct suppress *s, struct gad_suppress **ret)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    gad_cleanup(gad_suppress_freep) struct gad_suppress *list = NULL;
    struct gad_diag d = {"no memory"};
    size_t len;

    int r = gad_suppress_new(&list);
    r = r ? r : gad_file_read(s->file, GAD_SUPPRESS_FILE_MAX, &text, &len, &d);
    if (r == 0) {
        r = gad_suppress_read(list, (const char *)text, len, &d);
        gad_diag_prefix(&d, "%s", s->file);
    }
    if (r != 0) {
        ctl_say("%s", d.text);
        return CTL_ERROR;
    }
    *ret = gad_steal(&list);
    return CTL_OK;
}

int suppress_file_list(struct suppress *s)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *list = NULL;
    const struct gad_suppressed *one;

    int code = load(s, &list);
    if (code != CTL_OK)
        return code;
    for (uint64_t from = 1; (one = gad_suppress_from(list, from)) != NULL; from = one->id + 1)
        show(s, one);
    return CTL_OK;
}

int suppress_file_test(struct suppress *s, const struct suppress_asked *a)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *list = NULL;
    gad_cleanup(gad_freep) uint64_t *id = gad_calloc(GAD_SUPPRESS_MAX, sizeof(*id));

    int code = load(s, &list);
    if (code != CTL_OK)
        return code;
    if (!id) {
        ctl_say("no memory");
        return CTL_ERROR;
    }
    size_t n = gad_suppress_test(list, &a->rec, a->model, (float)a->score, gad_time_wall(), id,
                                 GAD_SUPPRESS_MAX);
    for (size_t i = 0; i < n; i++)
        show(s, gad_suppress_from(list, id[i]));
    if (n == 0 && !s->json)
        printf("no rule: it would raise an alert\n");
    return suppress_finish(s);
}

int suppress_file_check(struct suppress *s, const char *rule)
{
    struct gad_suppressed one = {.created = gad_time_wall()};
    struct gad_buf text = GAD_BUF_INIT(GAD_RULE_TEXT + 1);
    struct gad_diag d = {""};

    if (gad_rule_parse(rule, strlen(rule), one.created, &one.rule, &d) != 0) {
        ctl_say("%s", d.text);
        return CTL_ERROR;
    }
    if (s->json) {
        show(s, &one);
    } else {
        gad_rule_write(&one.rule, &text);
        printf("%.*s\n", (int)text.len, (const char *)text.p);
        gad_buf_deinit(&text);
    }
    return suppress_finish(s);
}
