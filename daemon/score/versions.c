/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/versions.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"

struct table {
    size_t n;
    struct gad_claim of[VERSIONS_MAX];
};

static int take_line(struct table *t, const char *line, size_t len, const char *path,
                     struct gad_diag *d)
{
    struct gad_claim *c = &t->of[t->n];

    if (t->n == VERSIONS_MAX)
        return gad_fail(d, GAD_ELIMIT, "%s: more than %d models", path, VERSIONS_MAX);
    if (gad_claim_parse(line, len, c, NULL) != 0 || !*c->model || c->version == 0)
        return gad_fail(d, GAD_EFORMAT,
                        "%s:%zu: not 'ganad model=NAME version=N': correct or delete the line",
                        path, t->n + 1);
    t->n++;
    return 0;
}

static int read_all(const char *path, struct table *t, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    size_t len = 0, at = 0;

    t->n = 0;
    int r = gad_file_read(path, VERSIONS_FILE_MAX, &text, &len, d);
    if (r == -ENOENT)
        return 0;
    while (r == 0 && at < len) {
        const char *line = (const char *)text + at;
        const char *end = memchr(line, '\n', len - at);
        if (!end)
            return gad_fail(d, GAD_ETRUNC, "%s: its last line has no end", path);
        r = take_line(t, line, (size_t)(end - line), path, d);
        at += (size_t)(end - line) + 1;
    }
    return r;
}

static struct gad_claim *find(struct table *t, const char *model)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->of[i].model, model) == 0)
            return &t->of[i];
    return NULL;
}

int versions_find(const char *path, const char *model, uint64_t *ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct table *t = *path ? gad_calloc(1, sizeof(*t)) : NULL;
    uint64_t version = 0;

    if (*path && !t)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = t ? read_all(path, t, d) : 0;
    const struct gad_claim *c = r == 0 && t ? find(t, model) : NULL;
    if (c)
        version = c->version;
    if (r == 0)
        *ret = version;
    return r;
}

static int put(struct table *t, const struct gad_claim *c, bool *ret_changes)
{
    struct gad_claim *was = find(t, c->model);

    if (!was && t->n == VERSIONS_MAX)
        return GAD_ELIMIT;
    *ret_changes = *ret_changes || !was || was->version != c->version;
    *(was ? was : &t->of[t->n++]) = *c;
    return 0;
}

int versions_store(const char *path, const struct gad_claim *model, size_t n, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct table *t = gad_calloc(1, sizeof(*t));
    bool changes = false;

    if (!t)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = read_all(path, t, d);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = put(t, &model[i], &changes);
    if (r == GAD_ELIMIT)
        return gad_fail(d, r, "%s: more than %d models: delete lines of old ones", path,
                        VERSIONS_MAX);
    if (r != 0 || !changes)
        return r;
    struct gad_buf b = GAD_BUF_INIT(VERSIONS_FILE_MAX);
    for (size_t i = 0; i < t->n; i++)
        gad_buf_printf(&b, "ganad model=%s version=%" PRIu64 "\n", t->of[i].model,
                       t->of[i].version);
    r = b.bad ? gad_fail(d, GAD_ENOMEM, "no memory") : gad_file_write_atomic(path, b.p, b.len, d);
    gad_buf_deinit(&b);
    return r;
}
