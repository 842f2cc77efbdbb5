/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/input.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/z_mem.h"

enum {
    RAW_LEN = 64 * 1024,
    NAME_MAX_LEN = 200,    /* of a diagnostic's 511, so that the reason is not truncated */
    GZIP_WINDOW = 15 + 16, /* the largest window; gzip header and trailer, nothing else */
};

_Static_assert((int)RAW_LEN > (int)GAD_FILE_HEAD_MAX, "the head fits, and more");

struct gad_input {
    int fd; /* -1: memory */
    const uint8_t *mem;
    size_t mem_left;
    bool is_gzip, in_member, raw_ended;
    z_stream z;
    EVP_MD_CTX *sha; /* or NULL */
    char name[NAME_MAX_LEN + 1];
    /* 0 .. raw_pos  used      raw_pos .. raw_len  unused */
    size_t raw_pos, raw_len;
    uint8_t raw[RAW_LEN];
};

static int read_file(struct gad_input *in, void *p, size_t len, size_t *ret_n, struct gad_diag *d)
{
    ssize_t n;
    do
        n = read(in->fd, p, len);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        int err = -errno;
        return gad_fail(d, err, "%s: cannot read: %s", in->name,
                        err == -EISDIR ? "it is a directory: pass the files in it"
                                       : gad_strerror(err));
    }
    *ret_n = (size_t)n;
    return 0;
}

/* Reads stored bytes; 0 of them at the end. */
static int read_stored(struct gad_input *in, void *p, size_t len, size_t *ret_n, struct gad_diag *d)
{
    size_t n = len < in->mem_left ? len : in->mem_left;

    if (in->fd >= 0) {
        int r = read_file(in, p, len, &n, d);
        if (r != 0)
            return r;
    } else if (n > 0) {
        memcpy(p, in->mem, n);
        in->mem += n;
        in->mem_left -= n;
    }
    if (in->sha && EVP_DigestUpdate(in->sha, p, n) != 1)
        return gad_fail(d, GAD_ENOMEM, "%s: cannot hash", in->name);
    *ret_n = n;
    return 0;
}

static int fill_raw(struct gad_input *in, struct gad_diag *d)
{
    size_t n = 0;
    int r = read_stored(in, in->raw + in->raw_len, RAW_LEN - in->raw_len, &n, d);
    if (r != 0)
        return r;
    in->raw_len += n;
    in->raw_ended = n == 0;
    return 0;
}

/* A pipe can deliver its first two bytes one at a time. */
static int detect_gzip(struct gad_input *in, struct gad_diag *d)
{
    while (in->raw_len < 2 && !in->raw_ended) {
        int r = fill_raw(in, d);
        if (r != 0)
            return r;
    }
    if (in->raw_len < 2 || in->raw[0] != 0x1f || in->raw[1] != 0x8b)
        return 0;
    in->z = GAD_Z_STREAM;
    if (inflateInit2(&in->z, GZIP_WINDOW) != Z_OK)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory to unpack gzip", in->name);
    in->is_gzip = true;
    in->in_member = true;
    return 0;
}

/* NULL: no memory, and @d says so. */
static struct gad_input *input_new(const char *name, bool sha256, struct gad_diag *d)
{
    gad_cleanup(gad_input_closep) struct gad_input *in = gad_calloc(1, sizeof(*in));
    bool ok = in != NULL;

    if (ok) {
        in->fd = -1;
        in->sha = sha256 ? EVP_MD_CTX_new() : NULL;
        ok = !sha256 || (in->sha && EVP_DigestInit_ex(in->sha, EVP_sha256(), NULL) == 1);
        (void)snprintf(in->name, sizeof(in->name), "%s", name);
    }
    if (!ok) {
        (void)gad_fail(d, GAD_ENOMEM, "%.*s: no memory", NAME_MAX_LEN, name);
        return NULL;
    }
    return gad_steal(&in);
}

int gad_input_open_begun(const struct gad_file_begun *f, bool sha256, struct gad_input **ret,
                         struct gad_diag *d)
{
    gad_assert(f->head_len <= GAD_FILE_HEAD_MAX);
    gad_cleanup(gad_input_closep) struct gad_input *in = input_new(f->name, sha256, d);

    if (!in) {
        if (f->fd != STDIN_FILENO)
            close(f->fd);
        return GAD_ENOMEM;
    }
    in->fd = f->fd;
    if (f->head_len > 0)
        memcpy(in->raw, f->head, f->head_len);
    in->raw_len = f->head_len;
    if (in->sha && EVP_DigestUpdate(in->sha, in->raw, in->raw_len) != 1)
        return gad_fail(d, GAD_ENOMEM, "%s: cannot hash", in->name);
    int r = detect_gzip(in, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&in);
    return 0;
}

int gad_input_open(const char *path, bool sha256, struct gad_input **ret, struct gad_diag *d)
{
    struct gad_file_begun f = {.name = path};

    if (strcmp(path, "-") == 0) {
        f.name = "stdin";
        f.fd = STDIN_FILENO;
    } else if ((f.fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        int err = -errno;
        return gad_fail(d, err, "%.*s: cannot open: %s", NAME_MAX_LEN, path, gad_strerror(err));
    }
    return gad_input_open_begun(&f, sha256, ret, d);
}

int gad_input_open_memory(const char *name, const void *p, size_t len, bool sha256,
                          struct gad_input **ret, struct gad_diag *d)
{
    struct gad_input *in = input_new(name, sha256, d);

    if (!in)
        return GAD_ENOMEM;
    in->mem = p;
    in->mem_left = len;
    *ret = in;
    return 0;
}

void gad_input_close(struct gad_input *in)
{
    if (!in)
        return;
    if (in->is_gzip)
        (void)inflateEnd(&in->z);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    EVP_MD_CTX_free(in->sha);
    gad_free(in);
}

const char *gad_input_name(const struct gad_input *in)
{
    return in->name;
}

static int gzip_error(struct gad_input *in, int z, struct gad_diag *d)
{
    if (z == Z_MEM_ERROR)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory to unpack gzip", in->name);
    return gad_fail(d, GAD_EFORMAT, "%s: broken gzip stream: %s", in->name,
                    in->z.msg ? in->z.msg : "it makes no progress");
}

static int read_gzip(struct gad_input *in, char *p, size_t len, size_t *ret_n, struct gad_diag *d)
{
    for (;;) {
        if (in->raw_pos == in->raw_len && !in->raw_ended) {
            in->raw_pos = in->raw_len = 0;
            int r = fill_raw(in, d);
            if (r != 0)
                return r;
        }
        if (in->raw_pos == in->raw_len) {
            *ret_n = 0;
            if (in->in_member)
                return gad_fail(d, GAD_ETRUNC, "%s: truncated gzip stream", in->name);
            return 0;
        }
        if (!in->in_member) { /* after a member comes another one, or inflate() fails */
            (void)inflateReset(&in->z);
            in->in_member = true;
        }
        in->z.next_in = in->raw + in->raw_pos;
        in->z.avail_in = (uInt)(in->raw_len - in->raw_pos); /* <= RAW_LEN */
        in->z.next_out = (Bytef *)p;
        in->z.avail_out = (uInt)len;
        int z = inflate(&in->z, Z_NO_FLUSH);
        in->raw_pos = in->raw_len - in->z.avail_in;
        if (z == Z_STREAM_END)
            in->in_member = false;
        else if (z != Z_OK)
            return gzip_error(in, z, d);
        *ret_n = len - in->z.avail_out;
        if (*ret_n > 0)
            return 0;
    }
}

int gad_input_read(struct gad_input *in, char *p, size_t len, size_t *ret_n, struct gad_diag *d)
{
    if (len > UINT32_MAX / 2)
        len = UINT32_MAX / 2; /* zlib counts in unsigned int */
    if (in->is_gzip)
        return read_gzip(in, p, len, ret_n, d);

    size_t n = in->raw_len - in->raw_pos; /* read by detect_gzip() */
    if (n == 0)
        return read_stored(in, p, len, ret_n, d);
    if (n > len)
        n = len;
    memcpy(p, in->raw + in->raw_pos, n);
    in->raw_pos += n;
    *ret_n = n;
    return 0;
}

int gad_input_sha256(struct gad_input *in, uint8_t sum[static 32])
{
    uint8_t md[EVP_MAX_MD_SIZE];

    if (!in->sha || EVP_DigestFinal_ex(in->sha, md, NULL) != 1)
        return GAD_EINVAL;
    memcpy(sum, md, 32);
    return 0;
}
