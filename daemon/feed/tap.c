/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/tap.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/feed/output.h"
#include "daemon/log.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"

enum { QUEUE_MAX = 1 << 20 };

struct tap {
    const struct config *config;
    struct output *out;
    uint64_t len; /* of the file, with what is queued */
};

static void look_at_len(struct tap *t)
{
    struct stat st;

    t->len = gad_buf_left(&t->out->queue);
    if (t->out->fd >= 0 && fstat(t->out->fd, &st) == 0)
        t->len += (uint64_t)st.st_size;
}

int tap_new(struct event_base *base, const struct config *c, struct stats *st, struct tap **ret,
            struct gad_diag *d)
{
    *ret = NULL;
    if (!*c->records.file)
        return 0;
    gad_cleanup(tap_freep) struct tap *t = gad_calloc(1, sizeof(*t));
    if (!t)
        return gad_fail(d, GAD_ENOMEM, "records: no memory");
    t->config = c;
    int r =
        output_new(&output_file, c->records.file, QUEUE_MAX, base, &st->records_lost, &t->out, d);
    if (r != 0)
        return r;
    look_at_len(t);
    *ret = gad_steal(&t);
    return 0;
}

void tap_free(struct tap *t)
{
    if (!t)
        return;
    output_free(t->out);
    gad_free(t);
}

/* FILE.n, or FILE for 0; false if that is too long. */
static bool name_of(const struct tap *t, uint64_t n, char name[static PATH_MAX])
{
    int len = n == 0 ? snprintf(name, PATH_MAX, "%s", t->config->records.file)
                     : snprintf(name, PATH_MAX, "%s.%llu", t->config->records.file,
                                (unsigned long long)n);
    return len > 0 && len < PATH_MAX;
}

static void rotate(struct tap *t)
{
    char from[PATH_MAX], to[PATH_MAX];

    output_flush(t->out);
    for (uint64_t n = t->config->records.files; n-- > 0;) {
        if (!name_of(t, n, from) || !name_of(t, n + 1, to))
            continue;
        if (rename(from, to) != 0 && (n == 0 || errno != ENOENT))
            log_warn("records", "'%s' cannot be moved away: %s", from, gad_strerror(-errno));
    }
    tap_reopen(t);
}

void tap_add(struct tap *t, const struct gad_record *r)
{
    char line[GAD_DATASET_LINE_MAX];

    if (!t)
        return;
    size_t len = gad_row_write(r, NULL, line);
    if (t->len > 0 && t->len + len > t->config->records.file_size)
        rotate(t);
    t->len += len;
    output_add(t->out, (const uint8_t *)line, len);
}

void tap_flush(struct tap *t)
{
    if (t)
        output_flush(t->out);
}

void tap_reopen(struct tap *t)
{
    if (!t)
        return;
    output_reopen(t->out);
    look_at_len(t);
}
