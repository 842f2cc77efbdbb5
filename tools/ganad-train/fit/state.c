/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/state.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/trainer.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/snapshot.h"
#include "tools/ganad-train/fit/train.h"

/* Far above what networks and history within a checkpoint's limits take. */
enum { STATE_MAX = 1 << 30, SUM = 32, MAGIC = 8 };
static const char magic[MAGIC + 1] = "ganadst1";

static size_t history_len(const struct fit_options *o)
{
    return 4 * (size_t)o->epochs * sizeof(double);
}

static int sum_of(const uint8_t *p, size_t len, uint8_t sum[static SUM])
{
    return EVP_Digest(p, len, sum, NULL, EVP_sha256(), NULL) == 1 ? 0 : GAD_ENOMEM;
}

/* What must be the same for a training to be the same: program, settings, data. */
static void add_identity(struct gad_buf *b, const struct gad_checkpoint *c)
{
    gad_buf_printf(b, "%s\n%s\n", c->provenance.software, c->provenance.command);
    for (size_t i = 0; i < c->provenance.n_data; i++)
        gad_buf_printf(b, "%s\n", c->provenance.data[i].sha256);
}

static void add_f64(struct gad_buf *b, double v)
{
    gad_buf_add(b, &v, sizeof(v));
}

int state_save(const char *path, const struct fit_options *o, struct gad_trainer *t,
               const struct gad_checkpoint *c, struct training *r, struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(STATE_MAX),
                                               id = GAD_BUF_INIT(STATE_MAX);
    struct gad_train_block block[GAD_TRAIN_BLOCKS_MAX];
    size_t n_blocks = gad_trainer_state(t, block), n_kept;
    const float *kept = snapshot_weights(r->kept, &n_kept);
    uint8_t sum[SUM];

    add_identity(&id, c);
    gad_buf_add(&b, magic, MAGIC);
    gad_buf_add_u32le(&b, (uint32_t)id.len);
    gad_buf_add(&b, id.p, id.len);
    gad_buf_deinit(&id);
    gad_buf_add_u64le(&b, r->epochs);
    gad_buf_add_u64le(&b, r->epoch);
    add_f64(&b, r->figure);
    add_f64(&b, r->held_out);
    gad_buf_add(&b, r->history.loss_d, history_len(o));
    gad_buf_add(&b, kept, n_kept * sizeof(*kept));
    for (size_t i = 0; i < n_blocks; i++)
        gad_buf_add(&b, block[i].p, block[i].len);
    if (b.bad || sum_of(b.p, b.len, sum) != 0)
        return GAD_ENOMEM;
    gad_buf_add(&b, sum, SUM);
    return b.bad ? GAD_ENOMEM : gad_file_write_atomic(path, b.p, b.len, d);
}

/* Whole, and of this training? The cursor stands behind the identity then. */
static int check_file(const char *path, struct gad_cursor *cur, const struct gad_checkpoint *c,
                      struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf id = GAD_BUF_INIT(STATE_MAX);
    uint8_t sum[SUM];

    if (cur->left < SUM + MAGIC || memcmp(cur->p, magic, MAGIC) != 0)
        return gad_fail(d, GAD_EFORMAT, "%s: not a state of training; it is left alone", path);
    cur->left -= SUM;
    if (sum_of(cur->p, cur->left, sum) != 0)
        return GAD_ENOMEM;
    if (memcmp(cur->p + cur->left, sum, SUM) != 0)
        return gad_fail(d, GAD_EFORMAT, "%s: damaged; remove it to train from the start", path);
    (void)gad_cursor_take(cur, MAGIC);
    struct gad_cursor theirs = gad_cursor_sub(cur, gad_cursor_u32le(cur));
    add_identity(&id, c);
    if (id.bad)
        return GAD_ENOMEM;
    if (theirs.bad || theirs.left != id.len || memcmp(theirs.p, id.p, id.len) != 0)
        return gad_fail(
            d, GAD_EMISMATCH,
            "%s: is of a training with other settings, data or version of ganad-train; give the "
            "command that began it, or remove the file to train from the start",
            path);
    return 0;
}

static double get_f64(struct gad_cursor *cur)
{
    double v = 0.0;
    const uint8_t *p = gad_cursor_take(cur, sizeof(v));

    if (p)
        memcpy(&v, p, sizeof(v));
    return v;
}

/* The sum was right and so is the identity: sizes can be wrong only by our own fault, or by a hand's. */
static int restore(const char *path, struct gad_cursor cur, const struct fit_options *o,
                   struct gad_trainer *t, struct gad_checkpoint *c, struct training *r,
                   struct gad_diag *d)
{
    gad_cleanup(snapshot_freep) struct snapshot *kept = NULL;
    struct gad_train_block block[GAD_TRAIN_BLOCKS_MAX];
    size_t n_blocks = gad_trainer_state(t, block), n_kept, len = 0;

    gad_trainer_fill(t, c);
    if (snapshot_new(c, &kept) != 0)
        return GAD_ENOMEM;
    float *weights = snapshot_weights(kept, &n_kept);
    uint64_t epochs = gad_cursor_u64le(&cur), epoch = gad_cursor_u64le(&cur);
    double figure = get_f64(&cur), held_out = get_f64(&cur);
    for (size_t i = 0; i < n_blocks; i++)
        len += block[i].len;
    if (cur.bad || cur.left != history_len(o) + n_kept * sizeof(*weights) + len ||
        epochs > o->epochs || epoch < 1 || epoch > epochs)
        return gad_fail(d, GAD_EFORMAT, "%s: damaged; remove it to train from the start", path);
    memcpy(r->history.loss_d, gad_cursor_take(&cur, history_len(o)), history_len(o));
    memcpy(weights, gad_cursor_take(&cur, n_kept * sizeof(*weights)), n_kept * sizeof(*weights));
    for (size_t i = 0; i < n_blocks; i++)
        memcpy(block[i].p, gad_cursor_take(&cur, block[i].len), block[i].len);
    r->kept = gad_steal(&kept);
    r->epochs = (uint32_t)epochs;
    r->epoch = (uint32_t)epoch;
    r->figure = figure;
    r->held_out = held_out;
    return 0;
}

int state_load(const char *path, const struct fit_options *o, struct gad_trainer *t,
               struct gad_checkpoint *c, struct training *r, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    size_t len;

    if (access(path, F_OK) != 0 && errno == ENOENT)
        return GAD_END;
    int err = gad_file_read(path, STATE_MAX, &p, &len, d);
    if (err != 0)
        return err;
    struct gad_cursor cur = gad_cursor_init(p, len);
    err = check_file(path, &cur, c, d);
    return err != 0 ? err : restore(path, cur, o, t, c, r, d);
}
