/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/source_gz.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/z_mem.h"

enum {
    RAW_LEN = 128 * 1024,
    STREAM_LEN = 128 * 1024,
    GZIP_WINDOW = 15 + 16, /* the largest window; gzip header and trailer, nothing else */
};

_Static_assert((int)RAW_LEN > (int)GAD_FILE_HEAD_MAX, "the head fits, and more");

struct gad_gz {
    int fd;
    gad_source_wait_fn *wait; /* or NULL */
    void *wait_arg;
    bool is_gzip, in_member, raw_ended, is_cut;
    z_stream z;
    int error;
    /* 0 .. raw_pos  used      raw_pos .. raw_len  unused */
    size_t raw_pos, raw_len;
    uint8_t raw[RAW_LEN];
    char stream[STREAM_LEN]; /* stdio's buffer */
};

static ssize_t read_some(const struct gad_gz *z, void *p, size_t len)
{
    ssize_t n;

    do {
        if (z->wait && !z->wait(z->wait_arg, z->fd))
            return 0;
        n = read(z->fd, p, len);
    } while (n < 0 && (errno == EINTR || (z->wait && errno == EAGAIN)));
    return n;
}

/* Appends bytes; false: a system error, in errno. */
static bool fill_raw(struct gad_gz *z)
{
    ssize_t n = read_some(z, z->raw + z->raw_len, RAW_LEN - z->raw_len);
    if (n < 0)
        return false;
    z->raw_len += (size_t)n;
    z->raw_ended = n == 0;
    return true;
}

static ssize_t unpack(struct gad_gz *z, char *p, size_t len)
{
    for (;;) {
        if (z->raw_pos == z->raw_len && !z->raw_ended) {
            z->raw_pos = z->raw_len = 0;
            if (!fill_raw(z))
                return -1;
        }
        if (z->raw_pos == z->raw_len) {
            z->is_cut = z->in_member;
            return 0;
        }
        if (!z->in_member) { /* after a member comes another one, or inflate() fails */
            (void)inflateReset(&z->z);
            z->in_member = true;
        }
        z->z.next_in = z->raw + z->raw_pos;
        z->z.avail_in = (uInt)(z->raw_len - z->raw_pos); /* <= RAW_LEN */
        z->z.next_out = (Bytef *)p;
        z->z.avail_out = (uInt)len;
        int r = inflate(&z->z, Z_NO_FLUSH);
        z->raw_pos = z->raw_len - z->z.avail_in;
        if (r == Z_STREAM_END)
            z->in_member = false;
        else if (r != Z_OK) {
            z->error = r == Z_MEM_ERROR ? GAD_ENOMEM : GAD_EFORMAT;
            errno = EIO;
            return -1;
        }
        if (len > z->z.avail_out)
            return (ssize_t)(len - z->z.avail_out);
    }
}

static ssize_t stream_read(void *cookie, char *p, size_t len)
{
    struct gad_gz *z = cookie;

    if (len > INT32_MAX)
        len = INT32_MAX; /* zlib counts in unsigned int */
    if (z->is_gzip)
        return unpack(z, p, len);
    size_t n = z->raw_len - z->raw_pos; /* read by gad_gz_open() */
    if (n == 0)
        return z->raw_ended ? 0 : read_some(z, p, len);
    if (n > len)
        n = len;
    memcpy(p, z->raw + z->raw_pos, n);
    z->raw_pos += n;
    return (ssize_t)n;
}

/* A regular file never blocks. */
static bool is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int gad_gz_open(const struct gad_gz_input *in, struct gad_gz **ret, struct gad_diag *d)
{
    gad_assert(in->head_len <= GAD_FILE_HEAD_MAX);
    struct gad_gz *z = gad_calloc(1, sizeof(*z));
    int r = 0;

    if (!z)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    z->fd = in->fd;
    z->wait = is_regular(in->fd) ? NULL : in->wait;
    z->wait_arg = in->wait_arg;
    if (in->head_len > 0)
        memcpy(z->raw, in->head, in->head_len);
    z->raw_len = in->head_len;
    while (r == 0 && z->raw_len < 2 && !z->raw_ended) /* a pipe can deliver one byte at a time */
        if (!fill_raw(z))
            r = gad_fail(d, -errno, "cannot read: %s", gad_strerror(-errno));
    if (r == 0 && z->raw_len >= 2 && z->raw[0] == 0x1f && z->raw[1] == 0x8b) {
        z->z = GAD_Z_STREAM;
        z->is_gzip = z->in_member = inflateInit2(&z->z, GZIP_WINDOW) == Z_OK;
        if (!z->is_gzip)
            r = gad_fail(d, GAD_ENOMEM, "no memory to unpack gzip");
    }
    if (r != 0) {
        gad_gz_close(z);
        return r;
    }
    *ret = z;
    return 0;
}

FILE *gad_gz_stream(struct gad_gz *z)
{
    FILE *f = fopencookie(z, "r", (cookie_io_functions_t){.read = stream_read});
    if (f)
        (void)setvbuf(f, z->stream, _IOFBF, sizeof(z->stream));
    return f;
}

bool gad_gz_is_cut(const struct gad_gz *z)
{
    return z->is_cut;
}

int gad_gz_error(const struct gad_gz *z)
{
    return z->error;
}

void gad_gz_close(struct gad_gz *z)
{
    if (!z)
        return;
    if (z->is_gzip)
        (void)inflateEnd(&z->z);
    gad_free(z);
}
