/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/feedback.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"

enum {
    BAD_LOGGED = 10, /* damaged lines that are logged one by one */
    MODE = 0640,
};

/* A verdict that stands on an incident of this run. */
struct judged {
    uint64_t number, id;
    bool is_true;
};

struct feedback {
    const char *path;
    struct stats *stats;
    struct gad_feedback *list;
    size_t n, room;
    struct judged *judged; /* (n) */
    uint64_t bad;          /* damaged lines */
};

/* --- the file --- */

static void bad_line(void *arg, unsigned line, const char *why)
{
    struct feedback *f = arg;

    if (f->bad++ < BAD_LOGGED)
        log_error("feedback", "%s: line %u: %s; the other lines are used", f->path, line, why);
}

static int load(struct feedback *f, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    size_t len;

    /* any other error is reported by the read below: an existing list must not be lost */
    if (!*f->path || (access(f->path, F_OK) != 0 && errno == ENOENT))
        return 0;
    int r = gad_file_read(f->path, GAD_FEEDBACK_FILE_MAX, &text, &len, d);
    if (r != 0)
        return r;
    r = gad_feedback_read(f->list, (const char *)text, len, bad_line, f, d);
    if (r != 0)
        gad_diag_prefix(d, "%s", f->path);
    else if (f->bad > 0)
        log_error("feedback", "%s: %llu damaged lines are left out", f->path,
                  (unsigned long long)f->bad);
    return r;
}

static int put(int fd, const struct gad_buf *b)
{
    for (size_t done = 0; done < b->len;) {
        ssize_t n = write(fd, b->p + done, b->len - done);
        if (n <= 0 && errno != EINTR)
            return n < 0 ? -errno : -EIO;
        done += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

/* So that the name of a new file survives a power loss. */
static int sync_directory(const char *path)
{
    char copy[PATH_MAX];

    (void)snprintf(copy, sizeof(copy), "%s", path);
    gad_cleanup(gad_closep) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? 0 : -errno;
}

/* Puts what must be before the line into @b: the first line, or the end of a truncated one. */
static int begin(int fd, off_t size, struct gad_buf *b)
{
    char last = '\n';

    if (size == 0)
        gad_buf_add(b, gad_feedback_head, strlen(gad_feedback_head));
    else if (pread(fd, &last, 1, size - 1) != 1)
        return errno != 0 ? -errno : -EIO;
    if (last != '\n')
        gad_buf_add(b, "\n", 1);
    return 0;
}

static int append_to(int fd, const char *path, const struct gad_buf *line, struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT((size_t)2 * GAD_VERDICT_LINE_MAX);
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return gad_fail(d, GAD_EINVAL, "%s: is not a regular file", path);
    if (st.st_size > GAD_FEEDBACK_FILE_MAX - 2 * GAD_VERDICT_LINE_MAX)
        return gad_fail(d, GAD_ELIMIT,
                        "%s: has %lld bytes, which is the maximum: move it to another name, and "
                        "restart ganadd",
                        path, (long long)st.st_size);
    int r = begin(fd, st.st_size, &b);
    gad_buf_add(&b, line->p, line->len);
    if (r == 0 && b.bad)
        r = GAD_ENOMEM;
    if (r == 0)
        r = put(fd, &b);
    if (r == 0 && st.st_size == 0)
        r = sync_directory(path);
    if (r == 0)
        return 0;
    (void)gad_fail(d, r, "%s: %s", path, gad_strerror(r));
    if (ftruncate(fd, st.st_size) != 0)
        gad_diag_prefix(d, "the file can have a line that does not count");
    return r;
}

static int append(const struct feedback *f, const struct gad_buf *line, struct gad_diag *d)
{
    if (line->bad || line->len > GAD_VERDICT_LINE_MAX)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    gad_cleanup(gad_closep) int fd =
        open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, MODE);
    if (fd < 0)
        return gad_fail(d, -errno, "%s: %s", f->path, gad_strerror(-errno));
    return append_to(fd, f->path, line, d);
}

int feedback_new(const char *path, struct stats *stats, struct feedback **ret, struct gad_diag *d)
{
    gad_cleanup(feedback_freep) struct feedback *f = gad_calloc(1, sizeof(*f));

    if (!f || gad_feedback_new(&f->list) != 0)
        return gad_fail(d, GAD_ENOMEM, "feedback: no memory");
    f->path = path;
    f->stats = stats;
    int r = load(f, d);
    if (r != 0)
        return r;
    stats->feedback_damaged = f->bad;
    *ret = gad_steal(&f);
    return 0;
}

int feedback_check(const char *path, struct gad_diag *d)
{
    struct feedback f = {.path = path};
    int r = gad_feedback_new(&f.list);

    if (r != 0)
        return gad_fail(d, r, "no memory");
    r = load(&f, d);
    gad_feedback_free(f.list);
    return r;
}

void feedback_free(struct feedback *f)
{
    if (!f)
        return;
    gad_feedback_free(f->list);
    gad_free(f->judged);
    gad_free(f);
}

/* --- who --- */

/* The name of the user in /etc/passwd; "": none. A name service could stall the main loop. */
static void name_of(uint32_t uid, char to[static GAD_VERDICT_WHO])
{
    char text[4096];
    struct passwd pw, *found = NULL;
    FILE *file = fopen("/etc/passwd", "re");

    *to = '\0';
    while (file && fgetpwent_r(file, &pw, text, sizeof(text), &found) == 0 && found)
        if (found->pw_uid == uid) {
            (void)snprintf(to, GAD_VERDICT_WHO, "%s", found->pw_name);
            break;
        }
    if (file)
        (void)fclose(file);
    for (size_t i = 0; to[i]; i++)
        if (to[i] <= ' ' || to[i] > '~')
            to[i] = '?';
}

static struct gad_verdict_mark mark_of(const struct feedback *f, uint32_t uid)
{
    struct gad_verdict_mark m = {
        .id = gad_feedback_next(f->list), .time = gad_time_wall(), .uid = uid};

    name_of(uid, m.who);
    return m;
}

/* --- verdicts --- */

static int check_is_on(const struct feedback *f, struct gad_diag *d)
{
    return *f->path ? 0
                    : gad_fail(d, GAD_EINVAL,
                               "feedback is off: name its file in [alerts] feedback, and restart");
}

static int make_room(struct feedback *f)
{
    if (f->n < f->room)
        return 0;
    size_t room = f->room ? 2 * f->room : 16;
    struct judged *more = gad_realloc_array(f->judged, room, sizeof(*more));
    if (!more)
        return GAD_ENOMEM;
    f->judged = more;
    f->room = room;
    return 0;
}

/* Makes sure that what is written can be read again. */
static int write_line(const struct gad_verdict *v, struct gad_buf *b, struct gad_diag *d)
{
    struct gad_verdict back;
    uint64_t of;

    gad_verdict_write(v, b);
    return b->bad ? gad_fail(d, GAD_ENOMEM, "no memory")
                  : gad_verdict_parse((const char *)b->p, b->len - 1, &back, &of, d);
}

int feedback_add(struct feedback *f, struct gad_verdict *v, uint32_t uid, uint64_t number,
                 struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(GAD_VERDICT_LINE_MAX);
    int r = check_is_on(f, d);

    if (r == 0 && make_room(f) != 0)
        r = gad_fail(d, GAD_ENOMEM, "no memory");
    v->by = mark_of(f, uid);
    if (r == 0)
        r = gad_feedback_check(f->list, v, d);
    if (r == 0)
        r = write_line(v, &b, d);
    if (r == 0)
        r = append(f, &b, d);
    if (r == 0)
        r = gad_feedback_add(f->list, v, d); /* can fail for lack of memory; a restart reads it */
    if (r != 0)
        return r;
    if (number != 0)
        f->judged[f->n++] = (struct judged){number, v->by.id, v->is_true};
    *(v->is_true ? &f->stats->feedback_true : &f->stats->feedback_false) += 1;
    log_notice("feedback", "verdict %llu: user %lu says '%s' of %s", (unsigned long long)v->by.id,
               (unsigned long)uid, v->is_true ? "true" : "false",
               *v->incident ? v->incident : v->event);
    return 0;
}

int feedback_undo(struct feedback *f, uint64_t id, uint32_t uid, struct gad_verdict *ret,
                  struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(GAD_VERDICT_LINE_MAX);
    const struct gad_verdict_mark m = mark_of(f, uid);
    int r = check_is_on(f, d);

    if (r == 0)
        r = gad_feedback_check_undo(f->list, id, &m, d);
    gad_verdict_write_undo(&m, id, &b);
    if (r == 0)
        r = append(f, &b, d);
    if (r == 0)
        r = gad_feedback_undo(f->list, id, &m, d);
    if (r != 0)
        return r;
    for (size_t i = 0; i < f->n; i++)
        if (f->judged[i].id == id)
            f->judged[i] = f->judged[--f->n];
    for (size_t i = 0; i < gad_feedback_count(f->list); i++)
        if (gad_feedback_at(f->list, i)->by.id == id)
            *ret = *gad_feedback_at(f->list, i);
    f->stats->feedback_undone++;
    log_notice("feedback", "user %lu undid verdict %llu", (unsigned long)uid,
               (unsigned long long)id);
    return 0;
}

enum gad_feedback_state feedback_of_incident(const struct feedback *f, uint64_t number)
{
    for (size_t i = 0; f && i < f->n; i++)
        if (f->judged[i].number == number)
            return f->judged[i].is_true ? GAD_FEEDBACK_TRUE : GAD_FEEDBACK_FALSE;
    return GAD_FEEDBACK_NONE;
}

const struct gad_feedback *feedback_list(const struct feedback *f)
{
    return f->list;
}
