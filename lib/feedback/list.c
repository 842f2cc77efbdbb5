/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feedback/list.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"

const char gad_feedback_head[] = "# ganad feedback 1\n";

struct gad_feedback {
    size_t n, room;
    struct gad_verdict *verdict; /* (n), by id */
    uint64_t last;               /* the highest id of a line */
};

int gad_feedback_new(struct gad_feedback **ret)
{
    *ret = gad_calloc(1, sizeof(**ret));
    return *ret ? 0 : GAD_ENOMEM;
}

void gad_feedback_free(struct gad_feedback *f)
{
    if (!f)
        return;
    gad_free(f->verdict);
    gad_free(f);
}

size_t gad_feedback_count(const struct gad_feedback *f)
{
    return f->n;
}

const struct gad_verdict *gad_feedback_at(const struct gad_feedback *f, size_t i)
{
    gad_assert(i < f->n);
    return &f->verdict[i];
}

uint64_t gad_feedback_next(const struct gad_feedback *f)
{
    return f->last + 1;
}

static bool is_same(const char *a, const char *b)
{
    return *a && strcmp(a, b) == 0;
}

/* An alert without an incident is known by its event; others by their incident. */
static const struct gad_verdict *standing_on(const struct gad_feedback *f, const char *event,
                                             const char *incident)
{
    for (size_t i = f->n; i-- > 0;) {
        const struct gad_verdict *v = &f->verdict[i];
        if (v->undone.id == 0 && (is_same(v->incident, incident) || is_same(v->event, event)))
            return v;
    }
    return NULL;
}

int gad_feedback_check(const struct gad_feedback *f, const struct gad_verdict *v,
                       struct gad_diag *d)
{
    if (f->n == GAD_FEEDBACK_MAX)
        return gad_fail(d, GAD_ELIMIT,
                        "the file has %d verdicts, which is the maximum: move it to another name, "
                        "and restart ganadd",
                        GAD_FEEDBACK_MAX);
    if (f->n > 0 && v->by.id <= f->verdict[f->n - 1].by.id)
        return gad_fail(d, GAD_EINVAL, "id=%" PRIu64 ": the ids of verdicts must rise", v->by.id);
    const struct gad_verdict *old = standing_on(f, v->event, v->incident);
    return !old ? 0
                : gad_fail(d, GAD_EINVAL, "verdict %" PRIu64 " says '%s' of it already", old->by.id,
                           old->is_true ? "true" : "false");
}

static void use_id(struct gad_feedback *f, uint64_t id)
{
    f->last = id > f->last ? id : f->last;
}

int gad_feedback_add(struct gad_feedback *f, const struct gad_verdict *v, struct gad_diag *d)
{
    int r = gad_feedback_check(f, v, d);

    if (r != 0)
        return r;
    if (f->n == f->room) {
        size_t room = f->room ? 2 * f->room : 16;
        struct gad_verdict *more = gad_realloc_array(f->verdict, room, sizeof(*more));
        if (!more)
            return gad_fail(d, GAD_ENOMEM, "no memory");
        f->verdict = more;
        f->room = room;
    }
    f->verdict[f->n] = *v;
    f->verdict[f->n++].undone = (struct gad_verdict_mark){0};
    use_id(f, v->by.id);
    return 0;
}

static struct gad_verdict *find(const struct gad_feedback *f, uint64_t id)
{
    size_t from = 0, n = f->n;

    while (n > 0) {
        bool is_before = f->verdict[from + n / 2].by.id < id;
        from += is_before ? n / 2 + 1 : 0;
        n = is_before ? n - n / 2 - 1 : n / 2;
    }
    return from < f->n && f->verdict[from].by.id == id ? &f->verdict[from] : NULL;
}

int gad_feedback_check_undo(const struct gad_feedback *f, uint64_t of,
                            const struct gad_verdict_mark *m, struct gad_diag *d)
{
    const struct gad_verdict *v = find(f, of);

    if (!v)
        return gad_fail(d, GAD_EUNKNOWN, "no verdict %" PRIu64, of);
    if (v->undone.id != 0)
        return gad_fail(d, GAD_EINVAL, "verdict %" PRIu64 " is undone already", of);
    return m->id > of ? 0 : gad_fail(d, GAD_EINVAL, "an id below that of the verdict");
}

int gad_feedback_undo(struct gad_feedback *f, uint64_t of, const struct gad_verdict_mark *m,
                      struct gad_diag *d)
{
    int r = gad_feedback_check_undo(f, of, m, d);

    if (r != 0)
        return r;
    find(f, of)->undone = *m;
    use_id(f, m->id);
    return 0;
}

static int read_line(struct gad_feedback *f, const char *line, size_t len, struct gad_diag *d)
{
    struct gad_verdict v;
    uint64_t of;
    int r = gad_verdict_parse(line, len, &v, &of, d);

    if (r != 0)
        return r;
    return of == 0 ? gad_feedback_add(f, &v, d) : gad_feedback_undo(f, of, &v.undone, d);
}

int gad_feedback_read(struct gad_feedback *f, const char *text, size_t len,
                      void (*bad)(void *arg, unsigned line, const char *why), void *arg,
                      struct gad_diag *d)
{
    const size_t head = strlen(gad_feedback_head);
    const char *p = text + head, *end = text + len;

    if (len == 0)
        return 0;
    if (len < head || memcmp(text, gad_feedback_head, head) != 0)
        return gad_fail(d, GAD_EFORMAT, "line 1: not a file of verdicts: it must begin with '%.*s'",
                        (int)head - 1, gad_feedback_head);
    for (unsigned line = 2; p < end; line++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p)), *to = lf ? lf : end;
        struct gad_diag why = {""};
        int r = lf ? read_line(f, p, (size_t)(to - p), &why)
                   : gad_fail(&why, GAD_ETRUNC, "no line end: the line is truncated");
        if (r == GAD_ENOMEM || (r == GAD_ELIMIT && f->n == GAD_FEEDBACK_MAX))
            return gad_fail(d, r, "line %u: %s", line, why.text);
        if (r != 0)
            bad(arg, line, why.text);
        p = to + 1;
    }
    return 0;
}
