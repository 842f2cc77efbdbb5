/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feedback/verdict.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/line.h"
#include "lib/flow/conn.h"

static const char verdict_word[] = "verdict", undo_word[] = "undo";

/* --- from an alert --- */

static bool has_service(enum gad_nature n)
{
    return n == GAD_NATURE_LOGIN || n == GAD_NATURE_TRAFFIC || n == GAD_NATURE_CONTENT;
}

static bool has_port(const struct gad_tuple *t)
{
    return t->family != 0 && (t->proto == GAD_IP_TCP || t->proto == GAD_IP_UDP);
}

static void set_ends(const struct gad_alert *a, bool is_alone, struct gad_verdict *v)
{
    const struct gad_tuple *t = &a->record.tuple;

    v->has_src = t->family != 0 && (is_alone || a->incident.sources.n <= 1);
    v->has_dst = t->family != 0 && (is_alone || a->incident.targets.n <= 1);
    v->family = v->has_src || v->has_dst ? t->family : 0;
    if (v->has_src)
        memcpy(v->src, t->src, sizeof(v->src));
    if (v->has_dst)
        memcpy(v->dst, t->dst, sizeof(v->dst));
    if (has_port(t) && (is_alone || a->incident.ports.n <= 1))
        v->port = t->dst_port;
    v->proto = t->family != 0 ? t->proto : 0;
}

void gad_verdict_of(const struct gad_event *e, struct gad_verdict *ret)
{
    const struct gad_alert *a = &e->alert;
    const struct gad_record *r = &a->record;
    bool is_alone = a->incident.number == 0;
    enum gad_nature nature = is_alone ? gad_nature_of(r) : a->incident.nature;

    *ret = (struct gad_verdict){.first = is_alone ? a->first : a->incident.first,
                                .last = is_alone ? a->last : a->incident.last,
                                .score = a->score,
                                .service = GAD_NAME_UNKNOWN,
                                .has_features = true};
    gad_event_id(e, ret->event);
    gad_incident_id(e, ret->incident);
    memcpy(ret->model, a->model, sizeof(ret->model));
    memcpy(ret->v, r->v, sizeof(ret->v));
    set_ends(a, is_alone, ret);
    /* the record that follows an interim one can be of another nature */
    if (!(r->notes & GAD_NOTE_INTERIM))
        ret->nature = nature;
    if (is_alone || has_service(nature))
        ret->service = (int)r->v[GAD_SERVICE];
}

/* --- writing --- */

static void write_mark(const struct gad_verdict_mark *m, struct gad_buf *b)
{
    char time[GAD_TIME_TEXT];

    gad_time_text(m->time, time);
    gad_buf_printf(b, "\tid=%" PRIu64 "\ttime=%s\twho=%s\tuid=%" PRIu32, m->id, time, m->who,
                   m->uid);
}

static void write_time(struct gad_time t, const char *key, struct gad_buf *b)
{
    char text[GAD_TIME_TEXT];

    gad_time_text(t, text);
    gad_buf_printf(b, "\t%s=%s", key, t.ns > 0 ? text : "");
}

static void write_address(const char *key, bool is_known, uint8_t family, const uint8_t *address,
                          struct gad_buf *b)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (is_known)
        (void)inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
    gad_buf_printf(b, "\t%s=%s", key, text);
}

static void write_number(const char *key, unsigned n, struct gad_buf *b)
{
    if (n > 0)
        gad_buf_printf(b, "\t%s=%u", key, n);
    else
        gad_buf_printf(b, "\t%s=", key);
}

static void write_features(const struct gad_verdict *v, struct gad_buf *b)
{
    char line[GAD_DATASET_LINE_MAX];
    struct gad_record r = {0};

    memcpy(r.v, v->v, sizeof(r.v));
    size_t len = v->has_features ? gad_row_write(&r, NULL, line) - 1 : 0;
    gad_buf_printf(b, "\tfeatures=");
    gad_buf_add(b, line, len);
}

void gad_verdict_write(const struct gad_verdict *v, struct gad_buf *out)
{
    gad_buf_printf(out, "%s", verdict_word);
    write_mark(&v->by, out);
    gad_buf_printf(out, "\tevent=%s\tincident=%s\tis=%s", v->event, v->incident,
                   v->is_true ? "true" : "false");
    write_time(v->first, "first", out);
    write_time(v->last, "last", out);
    write_address("src", v->has_src, v->family, v->src, out);
    write_address("dst", v->has_dst, v->family, v->dst, out);
    write_number("port", v->port, out);
    write_number("proto", v->proto, out);
    gad_buf_printf(out, "\tservice=%s\tnature=%s\tmodel=%s\tscore=%.9g\tcomment=%s",
                   v->service == GAD_NAME_UNKNOWN ? "" : gad_name_text(GAD_SERVICE, v->service),
                   gad_nature_name(v->nature), v->model, (double)v->score, v->comment);
    write_features(v, out);
    gad_buf_add(out, "\n", 1);
}

void gad_verdict_write_undo(const struct gad_verdict_mark *m, uint64_t of, struct gad_buf *out)
{
    gad_buf_printf(out, "%s", undo_word);
    write_mark(m, out);
    gad_buf_printf(out, "\tof=%" PRIu64 "\n", of);
}

/* --- reading --- */

struct reader {
    const char *p, *end; /* behind the word, or behind the last field */
    struct gad_diag *d;
};

struct value {
    const char *p;
    size_t len;
};

static int refuse(const struct reader *r, const char *key, const struct value *v, const char *why)
{
    return gad_fail(r->d, GAD_EFORMAT, "field '%s': '%.*s': %s", key,
                    (int)(v->len < 60 ? v->len : 60), v->p, why);
}

/* Takes the next field, which must have this key. */
static int next(struct reader *r, const char *key, struct value *ret)
{
    size_t len = strlen(key);

    if ((size_t)(r->end - r->p) < len + 2 || r->p[0] != '\t' || memcmp(r->p + 1, key, len) != 0 ||
        r->p[len + 1] != '=')
        return gad_fail(r->d, GAD_EFORMAT, "expected the field '%s' after a tab", key);
    ret->p = r->p + len + 2;
    const char *tab = memchr(ret->p, '\t', (size_t)(r->end - ret->p));
    r->p = tab ? tab : r->end;
    ret->len = (size_t)(r->p - ret->p);
    return 0;
}

/* Copies printable UTF-8 to @size bytes. */
static int take_text(struct reader *r, const char *key, size_t size, char *to)
{
    struct value v = {0};
    int e = next(r, key, &v);

    if (e != 0)
        return e;
    if (v.len >= size || memchr(v.p, '\0', v.len))
        return refuse(r, key, &v, "is too long, or has a NUL");
    memcpy(to, v.p, v.len);
    memset(to + v.len, 0, size - v.len);
    for (size_t i = 0, n; i < v.len; i += n)
        if ((n = gad_text_printable(to + i)) == 0)
            return refuse(r, key, &v, "is not printable UTF-8");
    return 0;
}

static int take_number(struct reader *r, const char *key, uint64_t max, bool may_be_empty,
                       uint64_t *ret)
{
    struct value v = {0};
    int e = next(r, key, &v);

    *ret = 0;
    if (e != 0 || (v.len == 0 && may_be_empty))
        return e;
    bool is_canonical = v.len == 1 || *v.p != '0';
    if (gad_text_u64(v.p, v.len, max, ret) != 0 || !is_canonical || (may_be_empty && *ret == 0))
        return refuse(r, key, &v, "is not a number of this field");
    return 0;
}

static int take_time(struct reader *r, const char *key, bool may_be_empty, struct gad_time *ret)
{
    char back[GAD_TIME_TEXT];
    struct value v = {0};
    int e = next(r, key, &v);

    ret->ns = 0;
    if (e != 0 || (v.len == 0 && may_be_empty))
        return e;
    if (gad_time_parse(v.p, v.len, ret) != 0 || ret->ns <= 0)
        return refuse(r, key, &v, "is not a time such as 2026-12-01T08:00:00.000000Z");
    gad_time_text(*ret, back);
    if (strlen(back) != v.len || memcmp(back, v.p, v.len) != 0)
        return refuse(r, key, &v, "is not a time in UTC with microseconds");
    return 0;
}

static int take_address(struct reader *r, const char *key, struct gad_verdict *to, bool *has,
                        uint8_t address[static 16])
{
    char text[INET6_ADDRSTRLEN], back[INET6_ADDRSTRLEN];
    struct value v = {0};
    int e = next(r, key, &v);

    if (e != 0 || v.len == 0)
        return e;
    uint8_t family = memchr(v.p, ':', v.len) ? 6 : 4;
    int af = family == 4 ? AF_INET : AF_INET6;
    if (v.len >= sizeof(text) || memchr(v.p, '\0', v.len))
        return refuse(r, key, &v, "is not an address");
    memcpy(text, v.p, v.len);
    text[v.len] = '\0';
    if (inet_pton(af, text, address) != 1 || !inet_ntop(af, address, back, sizeof(back)) ||
        strcmp(text, back) != 0)
        return refuse(r, key, &v, "is not an address in its usual form");
    if (to->family != 0 && to->family != family)
        return refuse(r, key, &v, "is of another family than the source");
    to->family = family;
    *has = true;
    return 0;
}

static int take_is(struct reader *r, bool *ret)
{
    struct value v = {0};
    int e = next(r, "is", &v);

    if (e != 0)
        return e;
    *ret = v.len == 4 && memcmp(v.p, "true", 4) == 0;
    return *ret || (v.len == 5 && memcmp(v.p, "false", 5) == 0)
               ? 0
               : refuse(r, "is", &v, "must be true or false");
}

static int take_service(struct reader *r, int *ret)
{
    struct value v = {0};
    int e = next(r, "service", &v);

    *ret = GAD_NAME_UNKNOWN;
    if (e != 0 || v.len == 0)
        return e;
    *ret = gad_name_number(GAD_SERVICE, v.p, v.len);
    return *ret != GAD_NAME_UNKNOWN ? 0 : refuse(r, "service", &v, "is no service of KDD99");
}

static int take_nature(struct reader *r, enum gad_nature *ret)
{
    struct value v = {0};
    int e = next(r, "nature", &v);

    if (e != 0)
        return e;
    for (int i = GAD_NATURE_NONE; i < GAD_N_NATURES; i++) {
        const char *name = gad_nature_name((enum gad_nature)i);
        if (strlen(name) == v.len && memcmp(name, v.p, v.len) == 0) {
            *ret = (enum gad_nature)i;
            return 0;
        }
    }
    return refuse(r, "nature", &v, "is no nature of a record");
}

static int take_score(struct reader *r, float *ret)
{
    char back[40];
    struct value v = {0};
    double score;
    int e = next(r, "score", &v);

    if (e != 0)
        return e;
    if (gad_text_real(v.p, v.len, &score) != 0 || !isfinite((float)score))
        return refuse(r, "score", &v, "is not a finite number");
    *ret = (float)score;
    (void)snprintf(back, sizeof(back), "%.9g", (double)*ret);
    return strlen(back) == v.len && memcmp(back, v.p, v.len) == 0
               ? 0
               : refuse(r, "score", &v, "is not a score as ganadd writes it");
}

static int take_features(struct reader *r, struct gad_verdict *to)
{
    static const struct gad_head none = {.n_columns = 0};
    char line[GAD_VERDICT_LINE_MAX + 1 + GAD_LINE_PAD] = "", back[GAD_DATASET_LINE_MAX];
    struct gad_line_fault fault;
    struct gad_row row;
    struct value v = {0};
    unsigned unknown = 0;
    int columns, e = next(r, "features", &v);

    if (e != 0 || v.len == 0)
        return e;
    memcpy(line, v.p, v.len); /* a line is not longer */
    line[v.len] = '\n';
    if (gad_line_parse(line, &none, &row, &columns, &unknown, &fault) != line + v.len + 1 ||
        columns != GAD_N_COLUMNS)
        return refuse(r, "features", &v, "are not the 41 features of a record");
    size_t len = gad_row_write(&row.rec, NULL, back);
    if (len != v.len + 1 || memcmp(back, line, len) != 0)
        return refuse(r, "features", &v, "are not written as ganadd writes them");
    memcpy(to->v, row.rec.v, sizeof(to->v));
    to->has_features = true;
    return 0;
}

static int take_mark(struct reader *r, struct gad_verdict_mark *m)
{
    uint64_t uid;
    int e = take_number(r, "id", GAD_VERDICT_ID_MAX - 1, false, &m->id);

    if (e == 0)
        e = take_time(r, "time", false, &m->time);
    if (e == 0)
        e = take_text(r, "who", sizeof(m->who), m->who);
    if (e == 0)
        e = take_number(r, "uid", UINT32_MAX, false, &uid);
    if (e != 0)
        return e;
    m->uid = (uint32_t)uid;
    return m->id > 0 ? 0 : gad_fail(r->d, GAD_EFORMAT, "field 'id': ids begin at 1");
}

static int take_facts(struct reader *r, struct gad_verdict *v)
{
    uint64_t port = 0, proto = 0;
    int e;

    if ((e = take_time(r, "first", true, &v->first)) != 0 ||
        (e = take_time(r, "last", true, &v->last)) != 0 ||
        (e = take_address(r, "src", v, &v->has_src, v->src)) != 0 ||
        (e = take_address(r, "dst", v, &v->has_dst, v->dst)) != 0 ||
        (e = take_number(r, "port", 65535, true, &port)) != 0 ||
        (e = take_number(r, "proto", 255, true, &proto)) != 0 ||
        (e = take_service(r, &v->service)) != 0 || (e = take_nature(r, &v->nature)) != 0 ||
        (e = take_text(r, "model", sizeof(v->model), v->model)) != 0 ||
        (e = take_score(r, &v->score)) != 0 ||
        (e = take_text(r, "comment", sizeof(v->comment), v->comment)) != 0 ||
        (e = take_features(r, v)) != 0)
        return e;
    v->port = (uint16_t)port;
    v->proto = (uint8_t)proto;
    return v->last.ns < v->first.ns ? gad_fail(r->d, GAD_EFORMAT, "'last' is before 'first'") : 0;
}

static bool begins(const struct reader *r, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(r->end - r->p) > len && memcmp(r->p, word, len) == 0 && r->p[len] == '\t';
}

int gad_verdict_parse(const char *line, size_t len, struct gad_verdict *ret, uint64_t *ret_of,
                      struct gad_diag *d)
{
    struct reader r = {line, line + len, d};
    bool is_undo = begins(&r, undo_word);
    int e;

    *ret = (struct gad_verdict){.service = GAD_NAME_UNKNOWN};
    *ret_of = 0;
    if (len >= GAD_VERDICT_LINE_MAX)
        return gad_fail(d, GAD_ELIMIT, "the line is longer than %d bytes", GAD_VERDICT_LINE_MAX);
    if (!is_undo && !begins(&r, verdict_word))
        return gad_fail(d, GAD_EFORMAT, "begins with neither '%s' nor '%s' and a tab", verdict_word,
                        undo_word);
    r.p += strlen(is_undo ? undo_word : verdict_word);
    if ((e = take_mark(&r, is_undo ? &ret->undone : &ret->by)) != 0)
        return e;
    if (is_undo) {
        e = take_number(&r, "of", GAD_VERDICT_ID_MAX - 1, false, ret_of);
        if (e == 0 && (*ret_of == 0 || *ret_of >= ret->undone.id))
            e = gad_fail(d, GAD_EFORMAT, "field 'of': is not the id of an earlier verdict");
    } else if ((e = take_text(&r, "event", sizeof(ret->event), ret->event)) == 0 &&
               (e = take_text(&r, "incident", sizeof(ret->incident), ret->incident)) == 0 &&
               (e = take_is(&r, &ret->is_true)) == 0) {
        e = take_facts(&r, ret);
    }
    if (e != 0)
        return e;
    if (r.p != r.end)
        return gad_fail(d, GAD_EFORMAT, "more than the fields of this line");
    return *ret_of != 0 || *ret->event || *ret->incident
               ? 0
               : gad_fail(d, GAD_EFORMAT, "names neither an event nor an incident");
}

int gad_verdict_check_comment(const char *text, struct gad_diag *d)
{
    size_t len = strlen(text);

    if (len >= GAD_VERDICT_COMMENT)
        return gad_fail(d, GAD_ELIMIT, "the comment is longer than %d bytes",
                        GAD_VERDICT_COMMENT - 1);
    for (size_t i = 0, n; i < len; i += n)
        if ((n = gad_text_printable(text + i)) == 0)
            return gad_fail(d, GAD_EINVAL,
                            "the comment is not printable UTF-8: it has a line end, a tab or other "
                            "control characters, or is no UTF-8");
    return 0;
}
