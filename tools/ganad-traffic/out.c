/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"

enum { OUT_MAX = 64 << 20 };

int out_open(struct out *o, const char *path, struct gad_diag *d)
{
    struct stat st;

    *o = (struct out){.fd = -1, .buf = GAD_BUF_INIT(OUT_MAX)};
    if (!path)
        return 0;
    if (strcmp(path, "-") == 0) {
        o->fd = STDOUT_FILENO;
        return 0;
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a FIFO or a device is not replaced */
        o->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (o->fd < 0)
            return gad_fail(d, -errno, "%s: cannot open: %s", path, gad_strerror(-errno));
        o->path = path;
        return 0;
    }
    if ((size_t)snprintf(o->tmp, sizeof(o->tmp), "%s.XXXXXX", path) >= sizeof(o->tmp))
        return gad_fail(d, GAD_ELIMIT, "%s: path too long", path);
    o->fd = mkostemp(o->tmp, O_CLOEXEC);
    if (o->fd < 0) {
        int err = errno;
        return gad_fail(d, -err, "%s: cannot create a temporary file in its directory: %s", path,
                        gad_strerror(-err));
    }
    o->path = path;
    return 0;
}

/* Room for n more bytes, or NULL. */
static uint8_t *room(struct out *o, size_t n)
{
    uint8_t *p = gad_buf_room(&o->buf, n);
    if (!p && o->err == 0)
        o->err = GAD_ENOMEM;
    return p;
}

int out_flush(struct out *o, size_t above)
{
    if (gad_buf_left(&o->buf) <= above)
        return o->err;
    while (o->err == 0 && o->fd >= 0 && gad_buf_left(&o->buf) > 0) {
        ssize_t n = write(o->fd, o->buf.p + o->buf.pos, gad_buf_left(&o->buf));
        if (n >= 0)
            gad_buf_consume(&o->buf, (size_t)n);
        else if (errno != EINTR)
            o->err = -errno;
    }
    gad_buf_consume(&o->buf, gad_buf_left(&o->buf));
    return o->err;
}

int out_commit(struct out *o, struct gad_diag *d)
{
    const char *name = o->path ? o->path : "standard output";
    int err = o->buf.bad ? GAD_ENOMEM : out_flush(o, 0);

    if (err != 0)
        return gad_fail(d, err, "%s: cannot write: %s", name, gad_strerror(err));
    if (!o->tmp[0])
        return 0;
    mode_t mask = umask(0);
    (void)umask(mask);
    if (fchmod(o->fd, 0644 & ~mask) != 0 || fsync(o->fd) != 0 || rename(o->tmp, o->path) != 0) {
        err = -errno;
        return gad_fail(d, err, "%s: cannot write: %s", name, gad_strerror(err));
    }
    o->tmp[0] = '\0';
    return 0;
}

void out_close(struct out *o)
{
    if (o->path && o->fd >= 0) {
        if (o->tmp[0])
            (void)unlink(o->tmp);
        close(o->fd);
    }
    o->fd = -1;
    gad_buf_deinit(&o->buf);
}

/* --- pcap --- */

enum { RECORD_HEADER = 16, SNAPLEN = 262144, ETHERNET = 1 };

void pcap_out_header(struct out *o)
{
    gad_buf_add_u32le(&o->buf, 0xa1b2c3d4); /* microseconds */
    gad_buf_add_u32le(&o->buf, 4u << 16 | 2u);
    gad_buf_add_u64le(&o->buf, 0); /* time zone, accuracy: always 0 */
    gad_buf_add_u32le(&o->buf, SNAPLEN);
    gad_buf_add_u32le(&o->buf, ETHERNET);
}

uint8_t *pcap_out_room(struct out *o, size_t max)
{
    uint8_t *p = room(o, RECORD_HEADER + max);
    return p ? p + RECORD_HEADER : NULL;
}

void pcap_out_frame(struct out *o, int64_t time_us, size_t len)
{
    /* pcap_out_room() reserved the bytes, so none of these can fail. */
    gad_buf_add_u32le(&o->buf, (uint32_t)(time_us / 1000000));
    gad_buf_add_u32le(&o->buf, (uint32_t)(time_us % 1000000));
    gad_buf_add_u32le(&o->buf, (uint32_t)len);
    gad_buf_add_u32le(&o->buf, (uint32_t)len);
    o->buf.len += len;
}
