/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/state.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "models/trainer.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/train.h"

struct snapshot {
    size_t n_nets;
    struct gad_ckpt_net nets[GAD_CKPT_NETS_MAX];
    struct gad_ckpt_layer layers[GAD_CKPT_LAYERS_MAX];
    size_t n_weights;
    float *weights; /* of all layers, each weight before its bias */
};

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    gad_free(s->weights);
    gad_free(s);
}

static const float *copy(float **at, const float *from, size_t n)
{
    float *to = *at;
    memcpy(to, from, n * sizeof(*to));
    *at += n;
    return to;
}

int snapshot_new(const struct gad_checkpoint *c, struct snapshot **ret)
{
    gad_cleanup(snapshot_freep) struct snapshot *s = gad_calloc(1, sizeof(*s));
    size_t n_layers = 0, n_weights = 0;

    if (!s)
        return GAD_ENOMEM;
    gad_assert(c->n_nets <= GAD_CKPT_NETS_MAX);
    for (size_t i = 0; i < c->n_nets; i++) {
        s->nets[i] = c->nets[i];
        s->nets[i].layers = s->layers + n_layers;
        for (size_t k = 0; k < c->nets[i].n_layers; k++) {
            const struct gad_ckpt_layer *l = &c->nets[i].layers[k];
            gad_assert(n_layers < GAD_CKPT_LAYERS_MAX);
            s->layers[n_layers++] = *l;
            n_weights += (size_t)l->in * l->out + l->out; /* dims are at most GAD_CKPT_DIM_MAX */
        }
    }
    s->n_nets = c->n_nets;
    s->n_weights = n_weights;
    s->weights = gad_calloc(n_weights, sizeof(*s->weights));
    if (!s->weights)
        return GAD_ENOMEM;
    float *at = s->weights;
    for (size_t k = 0; k < n_layers; k++) {
        struct gad_ckpt_layer *l = &s->layers[k];
        l->weight = copy(&at, l->weight, (size_t)l->in * l->out);
        l->bias = copy(&at, l->bias, l->out);
    }
    *ret = gad_steal(&s);
    return 0;
}

void snapshot_fill(struct snapshot *s, struct gad_checkpoint *c)
{
    c->n_nets = s->n_nets;
    c->nets = s->nets;
}

/* Far above the size of networks and history within a checkpoint's limits. */
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

/* What must be equal for a training to be the same: program, settings, data. */
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
    size_t n_blocks = gad_trainer_state(t, block);
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
    gad_buf_add(&b, r->kept->weights, r->kept->n_weights * sizeof(*r->kept->weights));
    for (size_t i = 0; i < n_blocks; i++)
        gad_buf_add(&b, block[i].p, block[i].len);
    if (b.bad || sum_of(b.p, b.len, sum) != 0)
        return GAD_ENOMEM;
    gad_buf_add(&b, sum, SUM);
    return b.bad ? GAD_ENOMEM : gad_file_write_atomic(path, b.p, b.len, d);
}

/* Checks that the file is complete and of this training. The cursor is after the identity then. */
static int check_file(const char *path, struct gad_cursor *cur, const struct gad_checkpoint *c,
                      struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf id = GAD_BUF_INIT(STATE_MAX);
    uint8_t sum[SUM];

    if (cur->left < SUM + MAGIC || memcmp(cur->p, magic, MAGIC) != 0)
        return gad_fail(d, GAD_EFORMAT, "%s: not a training state; it is not changed", path);
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
            "%s: of a training with other settings, data or version of ganad-train; give the "
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

/* Sum and identity are right, so sizes can be wrong only by a bug or a forged file. */
static int restore(const char *path, struct gad_cursor cur, const struct fit_options *o,
                   struct gad_trainer *t, struct gad_checkpoint *c, struct training *r,
                   struct gad_diag *d)
{
    gad_cleanup(snapshot_freep) struct snapshot *kept = NULL;
    struct gad_train_block block[GAD_TRAIN_BLOCKS_MAX];
    size_t n_blocks = gad_trainer_state(t, block), len = 0;

    gad_trainer_fill(t, c);
    if (snapshot_new(c, &kept) != 0)
        return GAD_ENOMEM;
    size_t weights_len = kept->n_weights * sizeof(*kept->weights);
    uint64_t epochs = gad_cursor_u64le(&cur), epoch = gad_cursor_u64le(&cur);
    double figure = get_f64(&cur), held_out = get_f64(&cur);
    for (size_t i = 0; i < n_blocks; i++)
        len += block[i].len;
    if (cur.bad || cur.left != history_len(o) + weights_len + len || epochs > o->epochs ||
        epoch < 1 || epoch > epochs)
        return gad_fail(d, GAD_EFORMAT, "%s: damaged; remove it to train from the start", path);
    memcpy(r->history.loss_d, gad_cursor_take(&cur, history_len(o)), history_len(o));
    memcpy(kept->weights, gad_cursor_take(&cur, weights_len), weights_len);
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
