/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/checkpoint.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/checkpoint/internal.h"

const uint8_t gad_ckpt_magic[8] = {'G', 'A', 'N', 'A', 'D', 'C', 'K', 'P'};

/* Memory for unpacking a message of len bytes: tensors and tables are copied once, and the
 * limits on everything that is repeated keep the rest under a megabyte. */
enum { BUDGET_EXTRA = 1 << 20 };

int gad_ckpt_sha256(const void *p, size_t len, uint8_t sum[static 32], struct gad_diag *d)
{
    if (EVP_Digest(p, len, sum, NULL, EVP_sha256(), NULL) != 1)
        return gad_fail(d, GAD_ENOMEM, "no memory for SHA-256");
    return 0;
}

/* Moves the cursor to the message, whose checksum is stored in @sum. */
static int read_header(struct gad_cursor *in, uint8_t sum[static 32], struct gad_diag *d)
{
    size_t file_len = in->left;
    const uint8_t *magic = gad_cursor_take(in, sizeof(gad_ckpt_magic));
    uint32_t version = gad_cursor_u32le(in), reserved = gad_cursor_u32le(in);
    uint64_t len = gad_cursor_u64le(in);
    const uint8_t *want = gad_cursor_take(in, 32);

    if (magic && memcmp(magic, gad_ckpt_magic, sizeof(gad_ckpt_magic)) != 0)
        return gad_fail(d, GAD_EFORMAT, "not a checkpoint");
    if (in->bad)
        return gad_fail(d, GAD_ETRUNC, "%zu bytes, shorter than a checkpoint's header", file_len);
    if (version != GAD_CKPT_VERSION)
        return gad_fail(d, GAD_EVERSION, "format version %u, this program reads %d", version,
                        GAD_CKPT_VERSION);
    if (reserved != 0)
        return gad_fail(d, GAD_EFORMAT, "header: reserved bytes are not zero");
    if (len > in->left)
        return gad_fail(d, GAD_ETRUNC,
                        "truncated: the header announces %llu bytes, %zu are present",
                        (unsigned long long)len, in->left);
    if (len < in->left)
        return gad_fail(d, GAD_EFORMAT, "%zu bytes after the message", in->left - (size_t)len);

    int r = gad_ckpt_sha256(in->p, in->left, sum, d);
    if (r == 0 && memcmp(sum, want, 32) != 0)
        r = gad_fail(d, GAD_EMISMATCH, "damaged: SHA-256 of the message differs from the header");
    return r;
}

static void *alloc_cb(void *arena, size_t size)
{
    return gad_ckpt_arena_alloc(arena, 1, size);
}

static void free_cb(void *arena, void *p)
{
    (void)arena; /* the arena frees everything at once */
    (void)p;
}

/* Returns the n messages of field f of m; by memcpy(), because the offsets are not typed. */
static const void *submessages(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                               size_t *n)
{
    const uint8_t *base = (const uint8_t *)m;
    const void *p;

    memcpy(&p, base + f->offset, sizeof(p));
    *n = p != NULL;
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        memcpy(n, base + f->quantifier_offset, sizeof(*n));
    return p;
}

/* The recursion is as deep as checkpoint.proto nests: four messages. */
static int refuse_unknown(const ProtobufCMessage *m, struct gad_diag *d)
{
    const ProtobufCMessageDescriptor *desc = m->descriptor;

    if (m->n_unknown_fields > 0)
        return gad_fail(d, GAD_EFORMAT, "message %s has an unknown field %u", desc->short_name,
                        m->unknown_fields[0].tag);
    for (unsigned i = 0; i < desc->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &desc->fields[i];
        size_t n;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const void *sub = submessages(m, f, &n);
        for (size_t k = 0; k < n; k++) {
            const ProtobufCMessage *s = sub;
            if (f->label == PROTOBUF_C_LABEL_REPEATED)
                memcpy(&s, (const uint8_t *)sub + k * sizeof(sub), sizeof(sub)); /* of pointers */
            int r = refuse_unknown(s, d);
            if (r != 0)
                return r;
        }
    }
    return 0;
}

struct comparison {
    ProtobufCBuffer base;
    struct gad_cursor want;
    bool differs;
};

static void compare_cb(ProtobufCBuffer *buffer, size_t len, const uint8_t *p)
{
    struct comparison *c = (struct comparison *)buffer;
    const uint8_t *want = gad_cursor_take(&c->want, len);

    c->differs = c->differs || !want || (len > 0 && memcmp(want, p, len) != 0);
}

/*
 * Each content has exactly one encoding: fields ascend, defaults are absent, arrays are packed in
 * one piece, a varint is as short as possible, a string has no NUL inside. So an accepted file is
 * identical to the one that the writer would write, and two programs cannot read different contents
 * from one file.
 */
static int refuse_other_encodings(const ProtobufCMessage *m, const uint8_t *p, size_t len,
                                  struct gad_diag *d)
{
    struct comparison c = {.base = {.append = compare_cb}, .want = gad_cursor_init(p, len)};

    (void)protobuf_c_message_pack_to_buffer(m, &c.base);
    if (c.differs || c.want.left > 0)
        return gad_fail(d, GAD_EFORMAT, "message is not in its canonical encoding");
    return 0;
}

static int parse_message(const uint8_t *p, size_t len, struct gad_ckpt_arena *a,
                         struct gad_checkpoint *c, struct gad_diag *d)
{
    ProtobufCAllocator allocator = {.alloc = alloc_cb, .free = free_cb, .allocator_data = a};
    Ganad__Checkpoint__Checkpoint *m = ganad__checkpoint__checkpoint__unpack(&allocator, len, p);
    if (!m && (a->over || a->no_memory))
        return gad_ckpt_arena_fail(a, d);
    if (!m)
        return gad_fail(d, GAD_EFORMAT, "not a valid Checkpoint message");

    int r = refuse_unknown(&m->base, d);
    if (r == 0)
        r = refuse_other_encodings(&m->base, p, len, d);
    if (r == 0)
        r = gad_ckpt_convert(m, a, c, d);
    if (r == 0)
        r = gad_ckpt_verify_nets(c, d);
    if (r == 0)
        r = gad_ckpt_bind_tensors(m, c, d);
    if (r == 0)
        r = gad_ckpt_verify_rest(c, d);
    return r;
}

static int parse(const void *p, size_t len, struct gad_checkpoint **ret, struct gad_diag *d)
{
    struct gad_cursor in = gad_cursor_init(p, len);
    uint8_t sum[32];

    if (len > GAD_CKPT_FILE_MAX)
        return gad_fail(d, GAD_ELIMIT, "%zu bytes, the limit is %d", len, GAD_CKPT_FILE_MAX);
    int r = read_header(&in, sum, d);
    if (r != 0)
        return r;

    /* FILE_MAX limits the sum */
    gad_cleanup(gad_ckpt_arena_freep) struct gad_ckpt_arena *a =
        gad_ckpt_arena_new(2 * in.left + BUDGET_EXTRA);
    struct gad_checkpoint *c = a ? gad_ckpt_arena_alloc(a, 1, sizeof(*c)) : NULL;
    if (!c)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    r = parse_message(in.p, in.left, a, c, d);
    if (r != 0)
        return r;
    memcpy(c->sha256, sum, sizeof(c->sha256));
    c->arena = gad_steal(&a);
    *ret = c;
    return 0;
}

int gad_checkpoint_parse(const char *name, const void *p, size_t len, struct gad_checkpoint **ret,
                         struct gad_diag *d)
{
    int r = parse(p, len, ret, d);
    if (r != 0)
        gad_diag_prefix(d, "%s", name);
    return r;
}

int gad_checkpoint_read(const char *path, struct gad_checkpoint **ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    size_t len;

    int r = gad_file_read(path, GAD_CKPT_FILE_MAX, &p, &len, d);
    return r != 0 ? r : gad_checkpoint_parse(path, p, len, ret, d);
}

void gad_checkpoint_free(struct gad_checkpoint *c)
{
    if (!c)
        return;
    gad_assert(c->arena);
    gad_ckpt_arena_free(c->arena); /* which contains c */
}

const struct gad_ckpt_net *gad_checkpoint_net(const struct gad_checkpoint *c, const char *name)
{
    for (size_t i = 0; i < c->n_nets; i++)
        if (strcmp(c->nets[i].name, name) == 0)
            return &c->nets[i];
    return NULL;
}
