/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/output.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"

enum { CHUNK = 256 * 1024, BUFFER_MAX = 4 * CHUNK };

/* For the signal handler: the file to remove, or "". */
static char temporary[PATH_MAX];
static char target[PATH_MAX]; /* the file to replace, with symbolic links resolved */

static void interrupted(int sig)
{
    if (temporary[0])
        (void)unlink(temporary);
    (void)raise(sig); /* SA_RESETHAND: takes the default action */
}

static void watch_interrupts(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct sigaction act = {.sa_handler = interrupted, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    (void)sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)sigaction(signals[i], &act, NULL);
}

static const char *name_of(const struct output *o)
{
    return o->path ? o->path : "the standard output";
}

static int cannot(const struct output *o, const char *what, struct gad_diag *d)
{
    int err = -errno;
    return gad_fail(d, err, "%s: cannot %s: %s", name_of(o), what, gad_strerror(err));
}

static int open_temporary(struct output *o, struct gad_diag *d)
{
    if (!realpath(o->path, target)) /* it does not exist yet */
        (void)snprintf(target, sizeof(target), "%s", o->path);
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", target) >= sizeof(temporary)) {
        temporary[0] = '\0';
        return gad_fail(d, GAD_ELIMIT, "%s: path too long", o->path);
    }
    o->fd = mkostemp(temporary, O_CLOEXEC);
    if (o->fd < 0) {
        temporary[0] = '\0';
        return cannot(o, "create a temporary file in its directory", d);
    }
    o->is_temporary = true;
    watch_interrupts();
    mode_t mask = umask(0);
    (void)umask(mask);
    return fchmod(o->fd, 0644 & ~mask) == 0 ? 0 : cannot(o, "set its mode", d);
}

int output_open(struct output *o, const char *path, struct gad_diag *d)
{
    struct stat st;

    *o = (struct output){.fd = STDOUT_FILENO, .buf = GAD_BUF_INIT(BUFFER_MAX)};
    if (!path || strcmp(path, "-") == 0)
        return 0;
    o->path = path;
    o->fd = -1;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return open_temporary(o, d);
    o->fd = open(path, O_WRONLY | O_CLOEXEC);
    return o->fd >= 0 ? 0 : cannot(o, "open", d);
}

static int write_all(struct output *o, struct gad_diag *d)
{
    if (o->buf.bad)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory", name_of(o));
    while (gad_buf_left(&o->buf) > 0) {
        ssize_t n = write(o->fd, o->buf.p + o->buf.pos, gad_buf_left(&o->buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot(o, "write", d);
        gad_buf_consume(&o->buf, (size_t)n);
    }
    return 0;
}

int output_flush(struct output *o, struct gad_diag *d)
{
    return gad_buf_left(&o->buf) < CHUNK && !o->buf.bad ? 0 : write_all(o, d);
}

/* A rename is on disk once its directory is synced. */
static int sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[PATH_MAX];
    int len = slash ? (int)(slash - path) + 1 : 0;

    (void)snprintf(dir, sizeof(dir), "%.*s", slash ? len : 1, slash ? path : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return r;
}

int output_commit(struct output *o, struct gad_diag *d)
{
    int r = write_all(o, d);

    if (r != 0 || !o->is_temporary)
        return r;
    if (fsync(o->fd) != 0 || rename(temporary, target) != 0)
        return cannot(o, "write", d);
    temporary[0] = '\0';
    o->is_temporary = false;
    return sync_directory(target) == 0 ? 0 : cannot(o, "sync its directory", d);
}

void output_deinit(struct output *o)
{
    if (o->is_temporary)
        (void)unlink(temporary);
    temporary[0] = '\0';
    if (o->path && o->fd >= 0)
        close(o->fd);
    gad_buf_deinit(&o->buf);
    *o = (struct output){.fd = -1};
}
