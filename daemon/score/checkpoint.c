/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/score/versions.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/detector.h"

bool checkpoint_is_bound(const struct config_model *c, const struct config_trust *t)
{
    return t->bind || c->minimum_version > 0;
}

/* --- what a signature has to be --- */

static const char *requirement(const struct config_model *c, const struct config_trust *t)
{
    return t->require_signature     ? "[trust] require_signature is yes"
           : t->bind                ? "[trust] bind is yes"
           : c->minimum_version > 0 ? "minimum_version is set"
                                    : NULL;
}

static int check_signed(const char *file, const struct config_model *c,
                        const struct config_trust *t, const struct gad_signed *is,
                        struct gad_diag *d)
{
    const char *why = requirement(c, t);

    if (is->state == GAD_SIGNED || !why)
        return 0;
    if (is->state == GAD_SIGNED_UNKNOWN)
        return gad_fail(d, -EPERM, "%s: signed by key %s, which is not in %s, and %s", file,
                        is->key, t->keys, why);
    return gad_fail(d, -EPERM, "%s: not signed, and %s", file, why);
}

/* A shadow raises no alert, and may try what is signed for another model. */
static int check_claim(const char *file, const struct config_model *c, const struct config_trust *t,
                       const struct gad_claim *claim, struct gad_diag *d)
{
    bool is_bound = checkpoint_is_bound(c, t);

    if (is_bound && (!*claim->model || claim->version == 0))
        return gad_fail(d, -EPERM,
                        "%s: its signature does not state 'ganad model=%s version=N' in the "
                        "trusted comment, and %s",
                        file, c->name, t->bind ? "[trust] bind is yes" : "minimum_version is set");
    if (*claim->model && strcmp(claim->model, c->name) != 0 && !c->shadow)
        return gad_fail(d, -EPERM, "%s: signed for model '%s', not for '%s'", file, claim->model,
                        c->name);
    if (is_bound && claim->version < c->minimum_version)
        return gad_fail(d, -EPERM, "%s: signed as version %" PRIu64 ", minimum_version is %" PRIu64,
                        file, claim->version, c->minimum_version);
    return 0;
}

static int check_highest(const char *file, const struct config_model *c,
                         const struct config_trust *t, const struct gad_claim *claim,
                         struct gad_diag *d)
{
    uint64_t highest = 0;

    if (!checkpoint_is_bound(c, t) || c->shadow)
        return 0;
    int r = versions_find(t->versions, c->name, &highest, d);
    if (r != 0 || claim->version >= highest)
        return r;
    return gad_fail(d, -EPERM,
                    "%s: signed as version %" PRIu64 ", but version %" PRIu64
                    " was in use: an old checkpoint; if it is wanted, correct %s",
                    file, claim->version, highest, t->versions);
}

/* --- which signature there is --- */

static int read_keys(const struct config_trust *t, struct gad_sign_keys **ret, struct gad_diag *d)
{
    struct gad_sign_keys *keys = gad_calloc(1, sizeof(*keys));
    int r = keys ? gad_sign_keys_read(t->keys, keys, d) : gad_fail(d, GAD_ENOMEM, "no memory");

    if (r == 0)
        *ret = keys;
    else
        gad_free(keys);
    return r;
}

static int read_claim(const char *file, struct checkpoint_proof *p, struct gad_diag *d)
{
    p->claim = (struct gad_claim){.version = 0};
    if (p->is.state != GAD_SIGNED)
        return 0;
    int r = gad_claim_parse(p->is.comment, strlen(p->is.comment), &p->claim, d);
    if (r < 0)
        gad_diag_prefix(d, "%s.minisig", file);
    return r < 0 ? r : 0;
}

static int prove(const char *file, const uint8_t *content, size_t len, const struct config_model *c,
                 const struct config_trust *t, struct checkpoint_proof *p, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct gad_sign_keys *keys = NULL;

    if (!gad_blake2b(content, len, p->hash))
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = read_keys(t, &keys, d);
    if (r == 0)
        r = gad_signed_check(file, content, len, keys, &p->is, d);
    if (r == 0)
        r = check_signed(file, c, t, &p->is, d);
    if (r == 0)
        r = read_claim(file, p, d);
    return r == 0 ? check_claim(file, c, t, &p->claim, d) : r;
}

/* The file has another checkpoint now: what was verified before holds if its key is trusted. */
static int prove_key(const char *file, const struct config_model *c, const struct config_trust *t,
                     struct checkpoint_proof *p, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct gad_sign_keys *keys = NULL;
    int r = read_keys(t, &keys, d);

    if (r != 0)
        return r;
    if (p->is.state == GAD_SIGNED && !gad_sign_keys_have(keys, &p->is.by))
        p->is.state = GAD_SIGNED_UNKNOWN;
    r = check_signed(file, c, t, &p->is, d);
    if (r == 0)
        r = read_claim(file, p, d);
    return r == 0 ? check_claim(file, c, t, &p->claim, d) : r;
}

int checkpoint_prove_again(const char *file, const struct config_model *c,
                           const struct config_trust *t, struct checkpoint_proof *p,
                           struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *content = NULL;
    struct checkpoint_proof now = *p;
    uint8_t hash[GAD_BLAKE2B];
    size_t len = 0;

    bool is_there = gad_file_read(file, GAD_CKPT_FILE_MAX, &content, &len, NULL) == 0;
    bool is_same =
        is_there && gad_blake2b(content, len, hash) && memcmp(hash, p->hash, sizeof(hash)) == 0;
    int r = is_same ? prove(file, content, len, c, t, &now, d) : prove_key(file, c, t, &now, d);
    if (r == 0)
        *p = now;
    return r;
}

int checkpoint_open(const char *file, const struct config_model *c, const struct config_trust *t,
                    struct gad_detector **ret, struct checkpoint_proof *ret_proof,
                    struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *checkpoint = NULL;
    size_t len = 0;

    int r = gad_file_read(file, GAD_CKPT_FILE_MAX, &p, &len, d);
    if (r == 0)
        r = prove(file, p, len, c, t, ret_proof, d);
    if (r == 0)
        r = check_highest(file, c, t, &ret_proof->claim, d);
    if (r == 0)
        r = gad_checkpoint_parse(file, p, len, &checkpoint, d);
    return r == 0 ? gad_detector_new(file, checkpoint, ret, d) : r;
}
