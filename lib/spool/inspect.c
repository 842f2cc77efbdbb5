/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/inspect.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/directory.h"
#include "lib/spool/scan.h"

static void closep(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static int view_state(int directory, struct gad_spool_view *v, struct gad_diag *d)
{
    struct gad_spool_state st = {0};
    unsigned slot;
    gad_cleanup(closep) int fd =
        openat(directory, GAD_SPOOL_STATE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    int r = fd >= 0 ? gad_spool_state_load(fd, &st, &slot, &v->slots_whole) : -errno;
    if (r == GAD_END || r == GAD_EMISMATCH || r == -ENOENT) {
        v->slots_whole = 0;
        return 0;
    }
    if (r != 0)
        return gad_fail(d, r, "%s: %s", GAD_SPOOL_STATE_NAME, gad_strerror(r));
    v->clean = st.clean;
    v->sync = st.sync;
    v->next = st.next;
    v->reserved = st.reserved;
    v->totals = st.totals;
    memcpy(v->cursor, st.cursor, sizeof(v->cursor));
    v->gaps = st.gaps;
    return 0;
}

static int view_segments(struct gad_spool_directory *f, struct gad_spool_view *v,
                         struct gad_diag *d)
{
    int r = gad_spool_directory_list(f, d);

    if (r != 0)
        return r;
    v->segment = gad_calloc(f->n, sizeof(*v->segment));
    if (!v->segment && f->n > 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for the list of segments");
    for (size_t i = 0; i < f->n; i++) {
        v->segment[i] = (struct gad_spool_segment_view){f->seg[i].first, f->seg[i].bytes};
        v->bytes += f->seg[i].bytes;
    }
    v->n_segments = f->n;
    v->n_foreign = f->n_foreign;
    return 0;
}

int gad_spool_view(const char *directory, struct gad_spool_view *ret, struct gad_diag *d)
{
    gad_cleanup(gad_spool_directory_deinit) struct gad_spool_directory f = {.fd = -1};
    struct gad_spool_view v = {0};

    int r = gad_spool_directory_open(directory, &f.fd, d);
    if (r != 0)
        return r;
    r = view_state(f.fd, &v, d);
    if (r == 0)
        r = view_segments(&f, &v, d);
    if (r != 0) {
        gad_diag_prefix(d, "%s", directory);
        return r;
    }
    *ret = v;
    return 0;
}

struct gad_spool_share gad_spool_view_share(const struct gad_spool_view *v, size_t cursor)
{
    uint64_t oldest = v->n_segments > 0 ? v->segment[0].first : v->next;
    return gad_spool_cursor_share(&v->cursor[cursor], &v->gaps, oldest, v->next);
}

void gad_spool_view_deinit(struct gad_spool_view *v)
{
    gad_free(v->segment);
    v->segment = NULL;
    v->n_segments = 0;
}

static int walk(struct gad_spool_scan *scan, int (*each)(void *arg, const struct gad_spool_item *),
                void *arg, struct gad_spool_content *c)
{
    struct gad_spool_record rec;
    int r;

    while ((r = gad_spool_scan_next(scan, &rec)) == 0) {
        const struct gad_spool_item item = {.seq = rec.seq,
                                            .end = rec.seq + 1,
                                            .time = {rec.time},
                                            .p = rec.p,
                                            .len = rec.len,
                                            .kind = rec.kind};
        if (c->n++ == 0) {
            c->first = rec.seq;
            c->first_time = item.time;
        }
        c->last = rec.seq;
        c->last_time = item.time;
        r = each ? each(arg, &item) : 0;
        if (r != 0)
            return r;
    }
    return r == GAD_END ? 0 : r;
}

int gad_spool_look(const char *directory, uint64_t first,
                   int (*each)(void *arg, const struct gad_spool_item *item), void *arg,
                   struct gad_spool_content *ret, struct gad_diag *d)
{
    gad_cleanup(closep) int dir = -1, fd = -1;
    gad_cleanup(gad_freep) uint8_t *buf = gad_calloc(1, GAD_SPOOL_SCAN_BUF);
    struct gad_spool_content c = {0};
    struct gad_spool_head h;
    struct gad_spool_scan scan;
    uint8_t head[GAD_SPOOL_HEAD];
    struct stat st;

    if (!buf)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = gad_spool_directory_open(directory, &dir, d);
    if (r != 0)
        return r;
    r = gad_spool_segment_open(dir, first, &fd);
    ssize_t n = r == 0 ? gad_spool_pread(fd, head, sizeof(head), 0) : 0;
    if (r == 0 && n < 0)
        r = (int)n;
    if (r == 0 && fstat(fd, &st) != 0)
        r = -errno;
    if (r != 0)
        return gad_fail(d, r, "%s: segment %016llx: %s", directory, (unsigned long long)first,
                        gad_strerror(r));
    c.head = gad_spool_head_read(head, (size_t)n, &h);
    if (c.head == 0 && h.first != first)
        c.head = GAD_EMISMATCH;
    if (c.head == 0) {
        c.created.ns = h.created;
        gad_spool_scan_begin(&scan, fd, h.salt, buf);
        r = walk(&scan, each, arg, &c);
        c.damaged = r == 0 ? (uint64_t)st.st_size - scan.at + scan.damaged : scan.damaged;
        if ((uint64_t)st.st_size < scan.at) /* a writer has extended it */
            c.damaged = scan.damaged;
    }
    *ret = c;
    return r;
}
