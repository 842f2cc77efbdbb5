/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/feedback.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/alert/feedback.h"
#include "daemon/alert/recent.h"
#include "daemon/feed/feed.h"
#include "daemon/ingest/reply.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/suppress/rule.h"
#include "lib/wire/frame.h"

enum {
    VERDICTS = 100,                                 /* of one answer */
    TEXT_MAX = 2 * VERDICTS * GAD_VERDICT_LINE_MAX, /* a verdict and what undid it */
    RULE_DAYS = 7,
};

#define DAY_NS    INT64_C(86400000000000)
#define ABOVE     1.2 /* a rule covers scores up to this multiple of the one that was shown */
#define SCORE_MAX 1e6

/* A message and everything that it points to. */
struct answer {
    Ganad__V1__FeedbackReply m;
    char *list[2 * VERDICTS];
    size_t at[2 * VERDICTS]; /* where a line begins in @text, which moves while it grows */
    struct gad_buf text, rule;
};

bool control_feedback_is(const Ganad__V1__ControlRequest *m)
{
    return m->command >= GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_ADD &&
           m->command <= GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_UNDO;
}

/* --- lines --- */

static void end_line(struct answer *a, size_t from)
{
    if (!a->text.bad)
        a->text.p[a->text.len - 1] = '\0'; /* in place of the LF */
    a->at[a->m.n_line++] = from;
}

static void add_lines(struct answer *a, const struct gad_verdict *v)
{
    size_t from = a->text.len;

    gad_verdict_write(v, &a->text);
    end_line(a, from);
    if (v->undone.id == 0)
        return;
    from = a->text.len;
    gad_verdict_write_undo(&v->undone, v->by.id, &a->text);
    end_line(a, from);
}

static int list(const struct gad_feedback *f, uint64_t from, struct answer *a)
{
    size_t n = gad_feedback_count(f);

    for (size_t i = from < n ? (size_t)from : n, end = i + VERDICTS; i < n; i++) {
        if (i == end) {
            a->m.next = i;
            break;
        }
        add_lines(a, gad_feedback_at(f, i));
    }
    return a->text.bad ? GAD_ENOMEM : 0;
}

/* --- a rule --- */

/* A name that needs no quoting in a rule or in a shell. */
static bool is_plain(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:") ==
                     strlen(s);
}

static void set_host(struct gad_network *n, uint8_t family, const uint8_t *address)
{
    n->family = family;
    n->bits = family == 4 ? 32 : 128;
    memcpy(n->addr, address, sizeof(n->addr));
}

/* Nothing that is clearly more anomalous: a sender cannot hide behind the rule. */
static double limit_of(double score)
{
    double most = score > 0 ? ABOVE * score : score / ABOVE;

    most = fabs(most) < 10 ? ceil(most * 1e4) / 1e4 : ceil(most);
    return most > score && fabs(most) <= SCORE_MAX ? most : (double)NAN;
}

/*
 * A rule for what the records have in common. None, if they share neither source nor target: it
 * would cover all hosts.
 */
static const char *propose(const struct gad_verdict *v, struct gad_buf *out)
{
    struct gad_rule r = {.proto = v->proto > 0 ? v->proto : -1,
                         .service = v->service == GAD_NAME_UNKNOWN ? GAD_RULE_ANY : v->service,
                         .score_below = limit_of((double)v->score),
                         .expires = {v->by.time.ns + RULE_DAYS * DAY_NS}};

    if (!v->has_src && !v->has_dst)
        return "its records share neither source nor target: a rule would cover all hosts";
    if (!is_plain(v->model))
        return "a rule cannot name its model";
    if (v->has_src)
        set_host(&r.src, v->family, v->src);
    if (v->has_dst)
        set_host(&r.dst, v->family, v->dst);
    if (v->port != 0)
        r.dport = (struct gad_ports){true, v->port, v->port};
    memcpy(r.model, v->model, sizeof(r.model));
    (void)snprintf(r.comment, sizeof(r.comment), "verdict %llu", (unsigned long long)v->by.id);
    gad_rule_write(&r, out);
    return NULL;
}

/* --- commands --- */

/* The facts of an alert that the client has, which came from an output. */
static int take_facts(const Ganad__V1__Feedback *m, struct gad_verdict *ret, struct gad_diag *d)
{
    uint64_t of;
    int r = gad_verdict_parse(m->facts, strlen(m->facts), ret, &of, d);

    if (r == 0 && of != 0)
        r = gad_fail(d, GAD_EINVAL, "the facts are not of a verdict");
    return r;
}

static int find_facts(struct recent *recent, const Ganad__V1__Feedback *m, struct gad_verdict *ret,
                      uint64_t *number, struct gad_diag *d)
{
    const struct gad_event *e = recent_find(recent, m->of);

    if (!e)
        return gad_fail(d, GAD_EUNKNOWN,
                        "'%.200s' is not listed: ganadd lists the last %d incidents of this run, "
                        "and finds them by their last %d alerts; 'ganadctl incidents' shows them. "
                        "For another one give the alert as JSON with --from",
                        m->of, RECENT_MAX, RECENT_EVENTS);
    gad_verdict_of(e, ret);
    *number = e->alert.incident.number;
    return 0;
}

static const char *id_of(const struct gad_verdict *v)
{
    return *v->incident ? v->incident : v->event;
}

static int add(struct feedback *f, struct recent *recent, const Ganad__V1__Feedback *m, uid_t uid,
               struct answer *a, struct gad_diag *d)
{
    struct gad_verdict v;
    uint64_t number = 0;

    if (!m || (!*m->of && !*m->facts))
        return gad_fail(d, GAD_EINVAL, "no alert or incident is named");
    int r = gad_verdict_check_comment(m->comment, d);
    if (r == 0)
        r = *m->facts ? take_facts(m, &v, d) : find_facts(recent, m, &v, &number, d);
    if (r != 0)
        return r;
    v.is_true = m->is_true;
    memset(v.comment, 0, sizeof(v.comment));
    memcpy(v.comment, m->comment, strlen(m->comment));
    r = feedback_add(f, &v, uid, number, d);
    if (r != 0)
        return r;
    recent_judge(recent, id_of(&v), v.is_true ? GAD_FEEDBACK_TRUE : GAD_FEEDBACK_FALSE);
    a->m.id = v.by.id;
    add_lines(a, &v);
    const char *why = v.is_true ? NULL : propose(&v, &a->rule);
    if (why)
        a->m.no_rule = (char *)(uintptr_t)why;
    return 0;
}

static int answer_command(struct feedback *f, struct recent *recent,
                          const Ganad__V1__ControlRequest *m, uid_t uid, struct answer *a,
                          struct gad_diag *d)
{
    struct gad_verdict undone;
    int r;

    switch (m->command) {
    case GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_ADD:
        return add(f, recent, m->feedback, uid, a, d);
    case GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_LIST:
        return list(feedback_list(f), m->id, a);
    default:
        r = feedback_undo(f, m->id, uid, &undone, d);
        if (r != 0)
            return r;
        recent_judge(recent, id_of(&undone), GAD_FEEDBACK_NONE);
        a->m.id = m->id;
        add_lines(a, &undone);
        return 0;
    }
}

static int pack(struct answer *a, struct gad_buf *out)
{
    gad_buf_add(&a->rule, "", 1);
    if (a->text.bad || a->rule.bad)
        return GAD_ENOMEM;
    a->m.rule = (char *)a->rule.p;
    for (size_t i = 0; i < a->m.n_line; i++)
        a->list[i] = (char *)a->text.p + a->at[i];
    size_t len = ganad__v1__feedback_reply__get_packed_size(&a->m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__FEEDBACK_REPLY, len);
    out->len += ganad__v1__feedback_reply__pack(&a->m, out->p + out->len);
    return 0;
}

int control_feedback(struct feedback *f, const struct feed *feed,
                     const Ganad__V1__ControlRequest *m, uid_t uid, struct gad_buf *out)
{
    gad_cleanup(gad_freep) struct answer *a = gad_calloc(1, sizeof(*a));
    struct gad_diag d = {"no memory"};

    if (!a)
        return GAD_ENOMEM;
    ganad__v1__feedback_reply__init(&a->m);
    a->m.line = a->list;
    a->text = GAD_BUF_INIT(TEXT_MAX);
    a->rule = GAD_BUF_INIT(GAD_RULE_TEXT);
    int r = f ? answer_command(f, feed_recent(feed), m, uid, a, &d)
              : gad_fail(&d, GAD_EINVAL, "verdicts are not available");
    r = r == 0 ? pack(a, out) : reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED, d.text, out);
    gad_buf_deinit(&a->text);
    gad_buf_deinit(&a->rule);
    return r;
}
