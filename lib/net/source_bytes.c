/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/source_bytes.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"

enum {
    RAW_LEN = 128 * 1024,
    AT_ONCE = 128 * 1024, /* bytes a read adds to the window, so that they stay in the cache */
};

_Static_assert((int)RAW_LEN > (int)GAD_FILE_HEAD_MAX, "the head fits, and more");
_Static_assert((int)GAD_BYTES_WINDOW >= (int)RAW_LEN, "the head fits into the window");

struct gad_bytes {
    int fd;
    gad_source_wait_fn *wait; /* or NULL */
    void *wait_arg;
    enum gad_packed kind;
    struct gad_unpack *unpack; /* NULL: not packed */
    bool in_member;
    bool raw_ended, has_ended; /* of the file, of the content */
    int error;
    uint64_t offset;
    /* 0 .. pos  used      pos .. end  content that is not used yet */
    size_t pos, end;
    /* the same for the bytes of a packed file; and for the first bytes of any file */
    size_t raw_pos, raw_len;
    uint8_t *raw; /* (RAW_LEN) */
    uint8_t window[GAD_BYTES_WINDOW];
};

static ssize_t read_some(const struct gad_bytes *b, void *p, size_t len)
{
    ssize_t n;

    do {
        if (b->wait && !b->wait(b->wait_arg, b->fd))
            return 0;
        n = read(b->fd, p, len);
    } while (n < 0 && (errno == EINTR || (b->wait && errno == EAGAIN)));
    return n;
}

/* Moves unused bytes to the front and appends some. */
static void fill_raw(struct gad_bytes *b)
{
    if (b->raw_pos > 0)
        memmove(b->raw, b->raw + b->raw_pos, b->raw_len - b->raw_pos);
    b->raw_len -= b->raw_pos;
    b->raw_pos = 0;
    ssize_t n = read_some(b, b->raw + b->raw_len, RAW_LEN - b->raw_len);
    if (n < 0)
        b->error = -errno;
    else
        b->raw_len += (size_t)n;
    b->raw_ended = n <= 0;
}

/* After a member comes another one, zeros to the end (gzip -d and zcat accept that padding), or
 * what does not belong there. */
static void next_member(struct gad_bytes *b)
{
    enum gad_packed kind = GAD_PACKED_NONE;
    int r = GAD_MORE;

    for (;;) {
        while (b->raw_pos < b->raw_len && b->raw[b->raw_pos] == 0)
            b->raw_pos++;
        if (b->raw_pos < b->raw_len)
            r = gad_packed_kind(b->raw + b->raw_pos, b->raw_len - b->raw_pos, &kind);
        if (r == 0 || b->raw_ended)
            break;
        fill_raw(b);
    }
    if (b->error != 0 || b->raw_pos == b->raw_len)
        b->has_ended = true;
    else if (r == GAD_MORE)
        b->error = GAD_ETRUNC;
    else if (kind != b->kind)
        b->error = GAD_EMISMATCH;
    else
        b->error = gad_unpack_next(b->unpack);
    b->has_ended = b->has_ended || b->error != 0;
    b->in_member = !b->has_ended;
}

/* Appends unpacked bytes to the window, or ends the content. */
static void fill_packed(struct gad_bytes *b)
{
    size_t room = GAD_BYTES_WINDOW - b->end < AT_ONCE ? GAD_BYTES_WINDOW - b->end : AT_ONCE;
    size_t made = 0;

    while (made == 0 && !b->has_ended) {
        if (b->raw_pos == b->raw_len && !b->raw_ended)
            fill_raw(b);
        if (!b->in_member) {
            next_member(b);
            continue;
        }
        size_t left = b->raw_len - b->raw_pos;
        struct gad_unpack_io io = {b->raw + b->raw_pos, left, b->window + b->end, room};
        int r = gad_unpack_step(b->unpack, &io);
        b->raw_pos += left - io.in_len;
        made = room - io.out_len;
        b->end += made;
        if (r == GAD_END)
            b->in_member = false;
        else if (r < 0)
            b->error = r;
        else if (made == 0 && io.in_len == left && b->error == 0)
            /* no progress: without input at the end of the file, or against the library's rules */
            b->error = left > 0 ? GAD_EFORMAT : b->raw_ended ? GAD_ETRUNC : 0;
        b->has_ended = r < 0 || (made == 0 && b->error != 0);
    }
}

static void fill(struct gad_bytes *b)
{
    size_t room = GAD_BYTES_WINDOW - b->end < AT_ONCE ? GAD_BYTES_WINDOW - b->end : AT_ONCE;

    if (b->unpack) {
        fill_packed(b);
        return;
    }
    ssize_t n = b->raw_ended ? 0 : read_some(b, b->window + b->end, room);
    if (n < 0)
        b->error = -errno;
    b->has_ended = n <= 0;
    b->end += n > 0 ? (size_t)n : 0;
}

/* A regular file never blocks. */
static bool is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Reads until it is known how the file is packed. Without packing its first bytes are content. */
static int look(struct gad_bytes *b, struct gad_diag *d)
{
    int r;

    while ((r = gad_packed_kind(b->raw, b->raw_len, &b->kind)) == GAD_MORE && !b->raw_ended)
        fill_raw(b); /* a pipe can deliver one byte at a time */
    if (b->error != 0)
        return gad_fail(d, b->error, "cannot read: %s", gad_strerror(b->error));
    if (r == 0 && b->kind != GAD_PACKED_NONE) {
        r = gad_unpack_new(b->kind, &b->unpack);
        b->in_member = true;
        const char *name = gad_packed_name(b->kind);
        if (r == GAD_EUNKNOWN)
            return gad_fail(d, r,
                            "packed with %s, which is not read here: use '%s FILE | ...' with - as "
                            "the file",
                            name, gad_packed_command(b->kind));
        return r == 0 ? 0 : gad_fail(d, r, "no memory to unpack %s", name);
    }
    memcpy(b->window, b->raw, b->raw_len);
    b->end = b->raw_len;
    return 0;
}

int gad_bytes_open(const struct gad_bytes_input *in, struct gad_bytes **ret, struct gad_diag *d)
{
    gad_assert(in->head_len <= GAD_FILE_HEAD_MAX);
    gad_cleanup(gad_bytes_closep) struct gad_bytes *b = gad_calloc(1, sizeof(*b));

    if (b)
        b->raw = gad_calloc(1, RAW_LEN);
    if (!b || !b->raw)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    b->fd = in->fd;
    b->wait = is_regular(in->fd) ? NULL : in->wait;
    b->wait_arg = in->wait_arg;
    if (in->head_len > 0)
        memcpy(b->raw, in->head, in->head_len);
    b->raw_len = in->head_len;
    int r = look(b, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&b);
    return 0;
}

void gad_bytes_close(struct gad_bytes *b)
{
    if (!b)
        return;
    gad_unpack_free(b->unpack);
    gad_free(b->raw);
    gad_free(b);
}

const uint8_t *gad_bytes_need(struct gad_bytes *b, size_t n, size_t *ret_n)
{
    gad_assert(n <= GAD_BYTES_WINDOW);
    if (b->end - b->pos < n && b->pos > 0 && !b->has_ended) {
        memmove(b->window, b->window + b->pos, b->end - b->pos);
        b->end -= b->pos;
        b->pos = 0;
    }
    while (b->end - b->pos < n && !b->has_ended)
        fill(b);
    *ret_n = b->end - b->pos;
    return b->window + b->pos;
}

void gad_bytes_take(struct gad_bytes *b, size_t n)
{
    gad_assert(n <= b->end - b->pos);
    b->pos += n;
    b->offset += n;
}

uint64_t gad_bytes_offset(const struct gad_bytes *b)
{
    return b->offset;
}

enum gad_packed gad_bytes_packed(const struct gad_bytes *b)
{
    return b->kind;
}

int gad_bytes_end(const struct gad_bytes *b)
{
    return b->error;
}
