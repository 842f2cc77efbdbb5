/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/checkpoint.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/checkpoint/internal.h"

enum { MEMORY_MAX = 2 * GAD_CKPT_FILE_MAX }; /* for building, and then for the file */

/* The message behind room for a header, then the header. */
static int encode(const struct gad_checkpoint *c, struct gad_buf *file, uint8_t sum[static 32],
                  struct gad_diag *d)
{
    gad_cleanup(gad_ckpt_arena_freep) struct gad_ckpt_arena *a = gad_ckpt_arena_new(MEMORY_MAX);
    Ganad__Checkpoint__Checkpoint m;

    if (!a || (!gad_ckpt_build(a, c, &m) && !a->over))
        return gad_fail(d, GAD_ENOMEM, "no memory");
    if (a->over)
        return gad_fail(d, GAD_ELIMIT, "would be more than %d bytes", GAD_CKPT_FILE_MAX);
    size_t len = ganad__checkpoint__checkpoint__get_packed_size(&m);
    uint8_t *p = gad_buf_room(file, GAD_CKPT_HEADER_LEN + len);
    if (!p)
        return gad_fail(d, GAD_ENOMEM, "no memory for %zu bytes", len);
    (void)ganad__checkpoint__checkpoint__pack(&m, p + GAD_CKPT_HEADER_LEN);
    int r = gad_ckpt_sha256(p + GAD_CKPT_HEADER_LEN, len, sum, d);
    if (r != 0)
        return r;
    gad_buf_add(file, gad_ckpt_magic, sizeof(gad_ckpt_magic));
    gad_buf_add_u32le(file, GAD_CKPT_VERSION);
    gad_buf_add_u32le(file, 0);
    gad_buf_add_u64le(file, len);
    gad_buf_add(file, sum, 32);
    gad_assert(!file->bad && file->len == GAD_CKPT_HEADER_LEN);
    file->len += len;
    return 0;
}

static int pack(const char *name, struct gad_checkpoint *c, struct gad_buf *file,
                struct gad_diag *d)
{
    struct gad_checkpoint *back;
    uint8_t sum[32];

    int r = encode(c, file, sum, d);
    if (r != 0) {
        gad_diag_prefix(d, "%s", name);
        return r;
    }
    r = gad_checkpoint_parse(name, file->p, file->len, &back, d);
    if (r != 0)
        return r;
    gad_checkpoint_free(back);
    memcpy(c->sha256, sum, sizeof(sum));
    return 0;
}

int gad_checkpoint_write(struct gad_checkpoint *c, const char *path, struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf file = GAD_BUF_INIT(MEMORY_MAX);

    int r = pack(path, c, &file, d);
    return r != 0 ? r : gad_file_write_atomic(path, file.p, file.len, d);
}

int gad_checkpoint_pack(struct gad_checkpoint *c, uint8_t **ret, size_t *ret_len,
                        struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf file = GAD_BUF_INIT(MEMORY_MAX);

    int r = pack("checkpoint", c, &file, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&file.p);
    *ret_len = file.len;
    return 0;
}
